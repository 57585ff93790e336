"""The database is gone for a while, in the middle of everything: nothing acknowledged is lost, all goes on by itself.

`HEARTHGATE_TEST_OUTAGE_S` says for how long (10 s; a release is tested with 30).
"""

import asyncio
import os
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from random import Random

import aiohttp
import pytest

from tests.databases import PostgresqlServer
from tests.faults.house import House, house, house_settings, waited
from tests.faults.load import Busy

OUTAGE_S = float(os.environ.get("HEARTHGATE_TEST_OUTAGE_S", "10"))


@pytest.fixture
def server() -> Iterator[PostgresqlServer]:
    """A PostgreSQL that nobody else uses: it is going to be stopped."""
    own = PostgresqlServer()
    yield own
    own.end()


async def test_a_database_that_is_gone_for_a_while_costs_nothing_but_time(
    tmp_path: Path, server: PostgresqlServer
) -> None:
    async with house(tmp_path, house_settings(tmp_path, database_url=server.new_database())) as at:
        phone = await at.phone()
        people, boxes = await at.make(9), await at.make(20, seed=2)
        wandering = {people[8]: await at.phone("wanderer@example.org", seed=2)}
        for number, resident in enumerate(people):
            await at.move_in(resident, wandering.get(resident, phone), seed=number)
        life = at.gateway.child
        # What is acknowledged during the outage waits in the broker: looked at afterwards, not page by page.
        busy = Busy(at, phone, Random(1), pause_s=0.4)  # noqa: S311 - who reports when
        async with busy.going_on(people[:8], wandering=wandering, boxes=boxes):
            await asyncio.sleep(2)
            before = busy.reports
            await asyncio.to_thread(server.stop)
            at.books.database_is_gone = True
            await asyncio.sleep(OUTAGE_S / 2)
            await _refuses_politely(at)
            await asyncio.sleep(OUTAGE_S / 2)
            during = busy.reports - before
            await asyncio.to_thread(server.start)
            at.books.database_is_gone = False
            await asyncio.sleep(3)
        await at.settled()
        await at.all_is_well()
        assert life.is_alive, "the gateway lived through it"
        assert during > 10, "reports were acknowledged by the broker all the time"
        refusals = phone.refusals + next(iter(wandering.values())).refusals
        assert refusals[HTTPStatus.SERVICE_UNAVAILABLE, "http.unavailable"] > 0
        assert busy.arrivals > 0


async def _refuses_politely(at: House) -> None:
    """The API and the readiness say what is the matter, at once and in their own words."""
    url = f"http://127.0.0.1:{at.settings.api.port}/v1/sessions"
    login = {"login_name": "anna@example.org", "password": "correct horse battery"}
    async with at.http.post(url, json=login, timeout=aiohttp.ClientTimeout(total=15)) as answer:
        assert answer.status == HTTPStatus.SERVICE_UNAVAILABLE
        assert answer.content_type == "application/problem+json"
        assert "Retry-After" in answer.headers
    ready = f"http://127.0.0.1:{at.settings.operator.port}/readyz"
    async with at.http.get(ready, timeout=aiohttp.ClientTimeout(total=15)) as answer:
        assert answer.status == HTTPStatus.SERVICE_UNAVAILABLE
    await waited(lambda: at.gateway.child.is_alive, lambda: "the gateway died")
