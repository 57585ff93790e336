"""A gateway without sockets for whoever asks for one."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.databases import DURABLE, fresh_url, opened
from tests.usecases.household import Household
from tests.usecases.indoors import Indoors, indoors


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Indoors]:
    async with indoors(tmp_path) as one:
        yield one


@pytest.fixture(params=DURABLE)
def household(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Household]:
    """On each of the databases that several gateways can share."""
    with fresh_url(request.param, tmp_path) as url, opened(url) as database:
        one = Household(database)
        yield one
        one.persons.close()
