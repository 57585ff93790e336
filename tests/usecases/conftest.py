"""A gateway without sockets for whoever asks for one; the support desk and the audit on every durable database."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from gateway.storage.database import Database
from tests.databases import DURABLE, fresh_url, opened
from tests.staff_desk import Desk
from tests.usecases.audit_book import Book, book_of
from tests.usecases.household import Household
from tests.usecases.indoors import Indoors, indoors
from tests.usecases.support_home import move_in


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Indoors]:
    async with indoors(tmp_path) as one:
        yield one


@pytest.fixture(params=DURABLE)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Each of those that several gateways can share."""
    with fresh_url(request.param, tmp_path) as url, opened(url) as database:
        yield database


@pytest.fixture
def household(database: Database) -> Iterator[Household]:
    one = Household(database)
    yield one
    one.persons.close()


@pytest.fixture
def book(database: Database, tmp_path: Path) -> Book:
    return book_of(database, tmp_path)


@pytest.fixture
async def desk(database: Database) -> AsyncIterator[Desk]:
    one = Desk(database)
    yield one
    one.close()


@pytest.fixture
async def at_home(desk: Desk) -> None:
    """There are customers: see `support_home`."""
    await desk.run(move_in)
