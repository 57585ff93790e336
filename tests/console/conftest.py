"""One gateway's console for a test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.console.rig import Console


@pytest.fixture
async def console(tmp_path: Path) -> AsyncIterator[Console]:
    made = Console(str(tmp_path / "gateway.db"))
    yield made
    await made.close()
