"""A household for what runs beside it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import DURABLE, fresh_url, opened
from tests.usecases.household import Household


@pytest.fixture(params=DURABLE)
def household(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Household]:
    """On each of the databases that several gateways can share."""
    with fresh_url(request.param, tmp_path) as url, opened(url) as database:
        yield Household(database)
