"""The transport contract on a real nats-server."""

from contextlib import AbstractAsyncContextManager
from pathlib import Path

from tests.contracts.nats_rig import NatsRig
from tests.contracts.transport_contract import TransportContract, TransportRig


class TestNatsTransport(TransportContract):
    def rig(self, folder: Path) -> AbstractAsyncContextManager[TransportRig]:
        return NatsRig(folder)
