"""Who has which message: waiting here, handed out, or done, and in which order the broker hears of it.

One `Flight` belongs to one connection of the MQTT transport. It knows nothing of sockets.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Any

from gateway.transport.port import Inbound, TransportClosedError


class _Session:
    """One life of the connection: packet identifiers mean something within it only."""


class Flight:
    """Messages of one connection between their arrival and their acknowledgement."""

    def __init__(self, capacity: int, *, lossy: bool = False) -> None:
        """`capacity`: how many may be handed out and not acknowledged; as many again may wait here.

        `lossy`: messages are hints, and the oldest give way when there are too many.
        """
        self._capacity = capacity
        self._lossy = lossy
        self._session = _Session()
        self._waiting: deque[Inbound] = deque()
        self._order: deque[bytes] = deque()
        self._handed: set[bytes] = set()
        self._done: set[bytes] = set()
        self._arrived = asyncio.Event()
        self._closed = False

    def arrive(self, topic: str, payload: bytes, identifier: bytes | None) -> None:
        """Take one message from the connection. `wake` follows once for all that came together."""
        if identifier is None:
            if self._lossy and len(self._waiting) >= self._capacity:
                self._waiting.popleft()
            self._waiting.append(Inbound(topic, payload))
        else:
            self._order.append(identifier)
            self._waiting.append(Inbound(topic, payload, (self._session, identifier)))

    def wake(self) -> None:
        """Let `take` look again."""
        self._arrived.set()

    @property
    def is_full(self) -> bool:
        """True when no more should be read from the connection."""
        return len(self._waiting) >= self._capacity

    @property
    def has_room(self) -> bool:
        """True when reading should go on: half of the room is free, so that it does not stop at each message."""
        return len(self._waiting) <= self._capacity // 2

    async def take(self, at_most: int) -> list[Inbound]:
        """Wait for messages; one at least, `at_most` at most, never more handed out than the capacity.

        Raises:
            TransportClosedError: the transport has ended.
        """
        while not (count := min(at_most, len(self._waiting), self._capacity - len(self._handed))):
            if self._closed:
                raise TransportClosedError
            self._arrived.clear()
            await self._arrived.wait()
        taken = [self._waiting.popleft() for _ in range(count)]
        for message in taken:
            receipt: Any = message.receipt
            if receipt is not None:
                self._handed.add(receipt[1])
        return taken

    def finish(self, messages: Sequence[Inbound]) -> list[bytes]:
        """Mark these as done; returns the packet identifiers that may be acknowledged now.

        MQTT wants acknowledgements in the order in which the messages came [MQTT-4.6.0-2], so one that is done
        before an earlier one waits for it. A receipt of an earlier connection means nothing any more: that
        message comes again.
        """
        ready: list[bytes] = []
        order, handed, done = self._order, self._handed, self._done
        for message in messages:
            receipt: Any = message.receipt
            if receipt is None:
                continue
            session, identifier = receipt
            if session is not self._session or identifier not in handed:
                continue
            handed.remove(identifier)
            if order[0] == identifier:
                ready.append(order.popleft())
            else:
                done.add(identifier)
        while done and order[0] in done:
            done.remove(order[0])
            ready.append(order.popleft())
        self._arrived.set()
        return ready

    def put_back(self, messages: Sequence[Inbound]) -> bool:
        """Take messages back; True when the connection must begin anew so that the broker sends them again.

        Messages of QoS 0 exist nowhere else, so they wait here again, before all others.
        """
        self._waiting.extendleft(reversed([m for m in messages if m.receipt is None]))
        self._arrived.set()
        receipts: list[Any] = [m.receipt for m in messages if m.receipt is not None]
        return any(receipt[0] is self._session for receipt in receipts)

    def begin_anew(self) -> None:
        """The connection ended: the broker has everything that was not acknowledged, and will send it again."""
        self._session = _Session()
        self._waiting = deque(m for m in self._waiting if m.receipt is None)
        self._order.clear()
        self._handed.clear()
        self._done.clear()
        self._arrived.set()

    def close(self) -> None:
        """No message will come any more."""
        self._closed = True
        self._arrived.set()
