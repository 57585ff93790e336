"""One gateway's API for a test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.api.rig import Client, Rig


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    made = Rig(str(tmp_path / "gateway.db"))
    yield made
    await made.close()


@pytest.fixture
async def client(rig: Rig) -> Client:
    return await rig.client()
