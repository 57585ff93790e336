"""A victim, an attacker and a gateway at one nats-server."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from gateway.broker.nats.link import Address
from gateway.broker.nats.observer import NatsObserver, observer
from gateway.broker.probe import Probe
from gateway.transport.nats import NatsTransport
from tests.contracts.nats_rig import NatsRig
from tests.contracts.pki import Leaf


class Scene:
    """A broker, an attacker's appliance and a victim's."""

    def __init__(self, rig: NatsRig, transport: NatsTransport, eyes: NatsObserver) -> None:
        self.rig, self.transport, self.eyes = rig, transport, eyes
        self.attacker, self.victim = rig.pki.appliance(), rig.pki.appliance()

    def topic(self, leaf: Leaf, channel: str) -> str:
        return f"hg/v1/dev/{leaf.common_name}/{channel}"

    async def arrives(self, marker: bytes) -> bool:
        """Whether this reached the gateway's side, once something sent later has."""
        fence = b"canary-fence-" + marker
        probe = await self.rig.connect(self.rig.pki.appliance("g"))
        await probe.publish("hg/v1/bus/fence", fence)
        assert await self.eyes.saw(fence, 5)
        await probe.close()
        return await self.eyes.saw(marker, 0.05)

    async def hears_only(self, probe: Probe, leaf: Leaf) -> list[str]:
        """What this probe hears besides the message that it must hear."""
        await self.transport.publish(self.topic(leaf, "down/fence"), b"fence")
        others = []
        async with asyncio.timeout(5):
            while (heard := await probe.heard.get()).payload != b"fence":
                others.append(heard.topic)
        return others


@contextlib.asynccontextmanager
async def scene(folder: Path) -> AsyncIterator[Scene]:
    async with NatsRig(folder) as rig:
        transport = await rig.open_transport()
        async with observer(Address(rig.urls, "gateway", rig.credentials.gateway)) as eyes:
            yield Scene(rig, transport, eyes)
