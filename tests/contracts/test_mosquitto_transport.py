"""The transport contract on a real Mosquitto."""

from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from tests.contracts.mosquitto_rig import MosquittoRig
from tests.contracts.transport_contract import TransportContract
from tests.contracts.transport_rig import TransportRig


@pytest.mark.needs_mosquitto
class TestMosquittoTransport(TransportContract):
    def rig(self, folder: Path) -> AbstractAsyncContextManager[TransportRig]:
        return MosquittoRig(folder)
