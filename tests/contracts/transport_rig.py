"""What a runner of the transport contract gives, and what its tests do again and again with it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from gateway.broker.probe import Probe, ProbeRefusedError
from gateway.transport.port import Inbound, Intake, Transport

PATIENCE = 20.0
"""Seconds after which a wait is a failure."""


class Appliance:
    """A real MQTT client with its own certificate, which connects again as often as it must."""

    def __init__(self, name: str, connect: Callable[[], Awaitable[Probe]]) -> None:
        self.name = name
        self._connect = connect
        self._probe: Probe | None = None

    def topic(self, channel: str) -> str:
        return f"hg/v1/dev/{self.name}/{channel}"

    async def publish(self, channel: str, payload: bytes) -> None:
        """Publish with QoS 1 until there is a PUBACK; so it may be published twice, as the protocol allows."""
        async with asyncio.timeout(PATIENCE):
            while not await (await self.probe()).publish(self.topic(channel), payload):
                pass

    async def listen(self) -> None:
        probe = await self.probe()
        assert await probe.subscribe([self.topic("down/#")]) == [1]

    async def hear(self) -> tuple[str, bytes]:
        assert self._probe is not None
        heard = await asyncio.wait_for(self._probe.heard.get(), PATIENCE)
        return heard.topic, heard.payload

    async def probe(self) -> Probe:
        while self._probe is None or self._probe.ended.is_set():
            try:
                self._probe = await self._connect()
            except ProbeRefusedError:
                await asyncio.sleep(0.05)
        return self._probe


class TransportRig(Protocol):
    """A running broker."""

    async def open_transport(self, *, gateway: int = 0, in_flight: int = 1000) -> Transport:
        """A transport of this gateway, running and connected; the same number is the same gateway again."""

    async def end_transport(self, transport: Transport) -> None:
        """The gateway dies: its connections are cut and nothing more is acknowledged."""

    async def appliance(self) -> Appliance:
        """A new appliance with its own certificate, not connected yet."""

    async def kill_broker(self) -> None:
        """SIGKILL, and start it again on the same store."""


async def take(transport: Transport, intake: Intake, count: int, *, at_most: int = 500) -> list[Inbound]:
    """Receive this many messages."""
    got: list[Inbound] = []
    async with asyncio.timeout(PATIENCE):
        while len(got) < count:
            got += await transport.receive(intake, min(at_most, count - len(got)))
    return got


async def nothing_more(transport: Transport, intake: Intake, appliance: Appliance) -> None:
    """Show that nothing is left to come: what is published now is what comes next."""
    await appliance.publish("up/state" if intake is Intake.INGEST else "up/hello", b"marker")
    (message,) = await take(transport, intake, 1)
    assert message.payload == b"marker"
    await transport.acknowledge([message])


def payloads(messages: Sequence[Inbound]) -> list[bytes]:
    return [message.payload for message in messages]


def numbered(first: int, after: int) -> list[bytes]:
    return [b"%d" % number for number in range(first, after)]


async def collect(transport: Transport, wanted: set[bytes], intake: Intake = Intake.INGEST) -> list[bytes]:
    """Receive and acknowledge until all of these were seen; everything that was seen, repetitions included."""
    seen: list[bytes] = []
    async with asyncio.timeout(PATIENCE):
        while wanted - set(seen):
            some = await transport.receive(intake, 100)
            seen += payloads(some)
            await transport.acknowledge(some)
    return seen
