"""Messages in and out over NATS: durable pull consumers that all gateways share, core publish to appliances."""

import asyncio
import re
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from nats import errors

from gateway.transport.nats_client import FastClient, NatsAddress, connection
from gateway.transport.nats_intake import MOST_TROUBLE, NatsIntake
from gateway.transport.nats_stream import (
    PRESENCE,
    JetStreamRefusedError,
    is_alone,
    make_consumer,
    make_streams,
    take_over,
)
from gateway.transport.port import Inbound, Intake, TransportClosedError

__all__ = ["NatsAddress", "NatsTransport", "NatsTransportSettings"]

_UP: Final = ("hello", "bye", "event", "ack", "bind", "renew", "log")
_FILTERS: Final[Mapping[Intake, tuple[str, ...]]] = {
    Intake.INGEST: ("$MQTT.msgs.hg.v1.dev.*.up.state",),
    Intake.CONTROL: ("$MQTT.msgs.hg.v1.claim.*.req", *(f"$MQTT.msgs.hg.v1.dev.*.up.{each}" for each in _UP)),
}
_BUS: Final = "hg.v1.bus.*"
_TOPIC: Final = re.compile(r"[0-9A-Za-z_-]+(?:/[0-9A-Za-z_-]+)*")
"""Topics that mean the same to MQTT and, with dots, to NATS."""

_MOST_BUS: Final = 10_000
_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 2.0
_STEADY_SECONDS: Final = 10.0
_TICK_SECONDS: Final = 2.5
"""A message is spoken for after two of these at the latest, well before the server's `ack_wait` of 10 s."""

_FLUSH_SECONDS: Final = 5
_TROUBLE_SECONDS: Final = 0.25


@dataclass(frozen=True, slots=True)
class NatsTransportSettings:
    """How a gateway uses NATS.

    Attributes:
        address: servers and log-in.
        in_flight: most messages received and not acknowledged, by intake.
        most_bytes: limit of the stored messages (JetStream reserves it: it must fit into the store).
        replicas: copies of each stored message; 3 in a cluster.
        give_back_pause: seconds before what was given back comes again.
    """

    address: NatsAddress
    in_flight: Mapping[Intake, int] = field(default_factory=lambda: {Intake.INGEST: 2000, Intake.CONTROL: 256})
    most_bytes: int = 1024**3
    replicas: int = 1
    give_back_pause: float = 1.0


class NatsTransport:
    """The `Transport` port on NATS. Make it inside a running event loop."""

    def __init__(self, settings: NatsTransportSettings) -> None:
        self._settings = settings
        self._intakes = {
            intake: NatsIntake(
                f"hearthgate-{intake.value}",
                in_flight=settings.in_flight[intake],
                pause=settings.give_back_pause,
            )
            for intake in _FILTERS
        }
        self._bus: deque[Inbound] = deque(maxlen=_MOST_BUS)
        self._bus_arrived = asyncio.Event()
        self._client: FastClient | None = None
        self._standing = asyncio.Event()
        self._room = asyncio.Event()
        self._questions: list[bytes] = []
        self._late: list[bytes] = []
        """Acknowledgements given while there was no connection; at most as many as messages may be in flight."""

    async def run(self) -> None:
        """Stay connected until cancelled; see the port."""
        pause, turn = _FIRST_PAUSE, 0
        servers = self._settings.address.servers
        while True:
            began = time.monotonic()
            try:
                async with connection(self._settings.address, servers[turn % len(servers)]) as client:
                    await self._serve(client)
            except (OSError, TimeoutError, errors.Error, JetStreamRefusedError):
                pass  # not there, no leader yet, or restarting: the next turn will tell
            finally:
                self._lost()
            if time.monotonic() - began > _STEADY_SECONDS:
                pause = _FIRST_PAUSE
            await asyncio.sleep(pause)
            pause, turn = min(pause * 2, _LONGEST_PAUSE), turn + 1

    async def connected(self) -> None:
        """Return once the connection and all intakes stand."""
        await self._standing.wait()

    @property
    def is_connected(self) -> bool:
        """True while the connection and all intakes stand."""
        return self._standing.is_set()

    async def receive(self, intake: Intake, at_most: int) -> list[Inbound]:
        """Wait for messages; see the port."""
        if intake is not Intake.BUS:
            return await self._intakes[intake].receive(at_most)
        while not self._bus:
            self._bus_arrived.clear()
            await self._bus_arrived.wait()
        return [self._bus.popleft() for _ in range(min(at_most, len(self._bus)))]

    async def acknowledge(self, messages: Sequence[Inbound]) -> None:
        """Tell the broker that these are done. Without a connection it is told at the next one."""
        lines: list[bytes] = []
        for intake in self._intakes.values():
            lines += intake.acknowledge(messages)
        if not lines:
            return
        client = self._client
        try:
            if client is None:
                raise ConnectionResetError
            await client.send(lines)
        except OSError:
            self._late += lines

    async def give_back(self, messages: Sequence[Inbound]) -> None:
        """Have these delivered again, in order, after a pause.

        They stay with this gateway: going back to the server, the later ones of an appliance would overtake them.
        """
        for intake in self._intakes.values():
            intake.give_back(messages)

    async def publish(self, topic: str, payload: bytes) -> None:
        """Hand one message to the broker; it reaches who is subscribed now (QoS 0).

        Raises:
            TransportClosedError: not connected.
            ValueError: a topic that cannot be a subject.
        """
        if _TOPIC.fullmatch(topic) is None:
            raise ValueError("not a topic of ours")
        client = self._client
        if client is None:
            raise TransportClosedError("not connected")
        line = b"PUB %b %d\r\n" % (topic.replace("/", ".").encode(), len(payload))
        try:
            await client.send((line, payload, b"\r\n"))
        except OSError:
            raise TransportClosedError("the connection ended") from None

    async def flush(self) -> None:
        """Return once the server has taken everything published so far.

        Raises:
            TransportClosedError: not connected, or no answer in 5 s.
        """
        client = self._client
        if client is None:
            raise TransportClosedError("not connected")
        try:
            await client.flush(timeout=_FLUSH_SECONDS)
        except (errors.Error, TimeoutError, OSError):
            raise TransportClosedError("the connection ended") from None

    async def _serve(self, client: FastClient) -> None:
        settings = self._settings
        await self._send_late(client)  # first: what is acknowledged here must not be taken over below
        await make_streams(client, most_bytes=settings.most_bytes, replicas=settings.replicas)
        alone = await is_alone(client)
        for intake, filters in _FILTERS.items():
            mine = self._intakes[intake]
            pending = await make_consumer(
                client, mine.consumer, filters, most_pending=4 * settings.in_flight[intake], replicas=settings.replicas
            )
            if alone and pending:
                await take_over(client, mine.consumer)
            await mine.attach(client, self._room.set)
        await client.subscribe_sink(_BUS, self._take_bus)
        await client.subscribe_sink(PRESENCE, self._say_present)
        await client.flush()
        self._client = client
        await self._send_late(client)
        self._standing.set()
        try:
            async with asyncio.TaskGroup() as tasks:
                asking = tasks.create_task(self._keep_asking(client))
                ticking = tasks.create_task(self._tick(client))
                await client.ended.wait()
                asking.cancel()
                ticking.cancel()
        except* (OSError, TimeoutError, errors.Error):
            pass  # sending failed: the connection is over, which is what this waits for

    async def _send_late(self, client: FastClient) -> None:
        late, self._late = self._late, []
        if late:
            await client.send(late)
            await client.flush()

    def _say_present(self, _subject: bytes, reply: bytes, _header: bytes, _payload: bytes) -> None:
        self._questions.append(reply)
        self._room.set()

    async def _keep_asking(self, client: FastClient) -> None:
        while True:
            questions, self._questions = self._questions, []
            if questions:
                await client.send(b"PUB %b 0\r\n\r\n" % reply for reply in questions)
            if any(intake.in_trouble for intake in self._intakes.values()):
                # No leader, or no consumer any more: asking at once would be answered at once, for ever.
                await asyncio.sleep(_TROUBLE_SECONDS)
            if any(intake.in_trouble > MOST_TROUBLE for intake in self._intakes.values()):
                raise ConnectionResetError  # begin anew, and make the consumers again
            lines = [line for intake in self._intakes.values() for line in intake.ask()]
            if lines:
                await client.send(lines)
            self._room.clear()
            await self._room.wait()

    async def _tick(self, client: FastClient) -> None:
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            lines: list[bytes] = []
            for intake in self._intakes.values():
                intake.check()
                lines += intake.still_working()
            if lines:
                await client.send(lines)
            self._room.set()

    def _lost(self) -> None:
        self._standing.clear()
        self._client = None
        for intake in self._intakes.values():
            intake.detach()

    def _take_bus(self, subject: bytes, _reply: bytes, _header: bytes, payload: bytes) -> None:
        self._bus.append(Inbound(subject.decode("utf-8", "replace").replace(".", "/"), payload))
        self._bus_arrived.set()
