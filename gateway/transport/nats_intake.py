"""One intake on NATS: a durable pull consumer that all gateways share, drained with standing requests.

Messages move through three places: asked for (credit given to the server), waiting here, in the reader's hands. The
last two are *held*: the server counts them as pending, and we tell it every few seconds that we still work on them, so
that it does not give them to another gateway in the meantime.

Order: the server delivers in stream order, one reader takes in that order, and what is given back is put in front again
by its place in the stream. So one appliance's messages keep their order as long as the reader has one batch in hand at
a time. Between gateways there is no order: a gateway that dies leaves its messages to the others after `ack_wait`, when
later ones may have passed. The `seq` of a report, and the ids of everything else, are there for that.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from gateway.transport.nats_client import FastClient
from gateway.transport.port import Inbound

STREAM: Final = "$MQTT_msgs"
"""The stream in which nats-server stores what MQTT clients publish with QoS 1."""

_PREFIX: Final = len("$MQTT.msgs.")
_ASK_NANOSECONDS: Final = 30_000_000_000
_HEARTBEAT_SECONDS: Final = 5
_HEARTBEAT_NANOSECONDS: Final = _HEARTBEAT_SECONDS * 1_000_000_000
MOST_TROUBLE: Final = 12
"""Refusals in a row after which the connection is made anew, and with it the consumers."""

_LEAST_ASK: Final = 8
_SEQUENCE: Final = 5
"""Position of the stream's sequence in `$JS.ACK.<stream>.<consumer>.<delivered>.<stream seq>.<consumer seq>.…`."""


class NatsIntake:
    """Messages of one durable consumer.

    Args:
        consumer: its durable name.
        in_flight: most messages that are held at a time.
        pause: seconds before what was given back is delivered again.
    """

    def __init__(self, consumer: str, *, in_flight: int, pause: float) -> None:
        self.consumer = consumer
        self._in_flight = in_flight
        self._pause = pause
        self._held: dict[bytes, bytes] = {}
        """Stream sequence to the subject that acknowledges it; everything that is waiting or in hand."""
        self._waiting: deque[Inbound] = deque()
        self._arrived = asyncio.Event()
        self._asked = 0
        self._heard = 0.0
        self._resume_at = 0.0
        self._old: frozenset[bytes] = frozenset()
        self._client: FastClient | None = None
        self._inbox = b""
        self._loop = asyncio.get_running_loop()
        self._ask_again: Callable[[], None] = lambda: None
        self.in_trouble = 0
        """Refusals of the server (no leader, no consumer) since the last message."""

        self.returned = 0
        """How often messages were given back."""

    async def attach(self, client: FastClient, ask_again: Callable[[], None]) -> None:
        """Start taking messages from this connection. `ask_again` is called when there may be room for more."""
        inbox = client.new_inbox()
        await client.subscribe_sink(inbox, self._take)
        self._inbox, self._client, self._ask_again = inbox.encode(), client, ask_again
        self._asked, self._heard, self.in_trouble = 0, self._loop.time(), 0

    def detach(self) -> None:
        """The connection is gone. What is held stays held: its acknowledgements work on the next one, too."""
        self._client = None
        self._asked = 0

    def ask(self) -> Iterator[bytes]:
        """Protocol lines that ask for as much as fits, when that is worth a request."""
        room = self._in_flight - len(self._held) - self._asked
        if room < min(self._in_flight, max(_LEAST_ASK, self._in_flight // 4)):
            return
        self._asked += room
        body = b'{"batch":%d,"expires":%d,"idle_heartbeat":%d}' % (room, _ASK_NANOSECONDS, _HEARTBEAT_NANOSECONDS)
        subject = f"$JS.API.CONSUMER.MSG.NEXT.{STREAM}.{self.consumer}".encode()
        yield b"PUB %b %b %d\r\n%b\r\n" % (subject, self._inbox, len(body), body)

    def check(self) -> None:
        """Notice that the server forgot a request: neither a message nor a heartbeat in twice its time."""
        if self._asked and self._loop.time() - self._heard > 2 * _HEARTBEAT_SECONDS + 1:
            self.in_trouble = MOST_TROUBLE + 1

    def still_working(self) -> Iterator[bytes]:
        """Protocol lines that stop the server's clock for what has been held since the call before."""
        now = frozenset(self._held)
        for sequence in self._old & now:
            yield b"PUB %b 4\r\n+WPI\r\n" % self._held[sequence]
        self._old = now

    async def receive(self, at_most: int) -> list[Inbound]:
        """Wait for messages; see the port."""
        while True:
            pause = self._resume_at - self._loop.time()
            if pause > 0:
                await asyncio.sleep(pause)
            elif self._waiting:
                break
            else:
                self._arrived.clear()
                await self._arrived.wait()
        waiting = self._waiting
        if at_most >= len(waiting):
            out = list(waiting)
            waiting.clear()
            return out
        return [waiting.popleft() for _ in range(at_most)]

    def acknowledge(self, messages: Sequence[Inbound]) -> list[bytes]:
        """Let go of these; the protocol lines that tell the server. An empty message is an acknowledgement."""
        held = self._held
        lines = [
            b"PUB %b 0\r\n\r\n" % reply
            for message in messages
            if (reply := held.pop(message.receipt, None)) is not None  # type: ignore[call-overload]
        ]
        self._ask_again()
        return lines

    def give_back(self, messages: Sequence[Inbound]) -> None:
        """Put these in front of what waits, in the stream's order, and pause."""
        mine = [message for message in messages if message.receipt in self._held]
        if not mine:
            return
        self._waiting.extend(mine)
        self._waiting = deque(sorted(self._waiting, key=_place))
        self._resume_at = self._loop.time() + self._pause
        self.returned += 1
        self._arrived.set()

    def _take(self, subject: bytes, reply: bytes, header: bytes, payload: bytes) -> None:
        self._heard = self._loop.time()
        if not reply.startswith(b"$JS.ACK."):
            self._status(header)
            return
        self._asked = max(0, self._asked - 1)
        self.in_trouble = 0
        sequence = reply.split(b".", _SEQUENCE + 1)[_SEQUENCE]
        held = self._held
        again = sequence in held
        held[sequence] = reply
        if again:
            return  # delivered twice while we hold it; the newer reply is the one that counts
        topic = subject[_PREFIX:].decode("utf-8", "replace").replace(".", "/")
        self._waiting.append(Inbound(topic, payload, sequence))
        self._arrived.set()

    def _status(self, header: bytes) -> None:
        """A request ended or a heartbeat came (NATS ADR-37): `NATS/1.0 408 …`, with what was left of the request."""
        if header.startswith(b"NATS/1.0 100"):
            self.in_trouble = 0
            return
        if not header.startswith((b"NATS/1.0 404", b"NATS/1.0 408")):
            self.in_trouble += MOST_TROUBLE + 1 if b"Consumer Deleted" in header else 1
        left = self._asked
        at = header.find(b"Nats-Pending-Messages: ")
        if at >= 0:
            number = header[at + 23 : header.find(b"\r\n", at)]
            left = int(number) if number.isdigit() else left
        self._asked = max(0, self._asked - left)
        self._ask_again()


def _place(message: Inbound) -> int:
    return int(message.receipt)  # type: ignore[call-overload,no-any-return]
