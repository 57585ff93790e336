"""One gateway's console for a test, on each database that keeps what it is told."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.console.rig import Console
from tests.databases import DURABLE, fresh_url


@pytest.fixture(params=DURABLE)
async def console(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Console]:
    with fresh_url(request.param, tmp_path) as url:
        made = Console(url)
        yield made
        await made.close()
