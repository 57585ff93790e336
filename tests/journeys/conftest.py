"""One gateway a module, on NATS and on Mosquitto: starting one takes longer than most journeys."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.home import Home, home, settings_for

BOTH = ["nats", pytest.param("mosquitto", marks=pytest.mark.needs_mosquitto)]
"""Brokers, for tests that start their own gateway."""

PLENTY: dict[str, Any] = {
    "account_burst_requests": 100_000,
    "account_requests_per_second": 10_000,
    "address_burst_requests": 100_000,
    "address_requests_per_second": 10_000,
}
"""Limits out of the way of tests that look often. Those of appliances stay as they are."""


@contextlib.asynccontextmanager
async def kept(folder: Path, *, kind: str, **limits: Any) -> AsyncIterator[Home]:
    """A home in a task of its own: a fixture's two halves run in different ones, which a TaskGroup does not stand."""
    opened: asyncio.Future[Home] = asyncio.get_running_loop().create_future()
    over = asyncio.Event()

    async def keep() -> None:
        try:
            settings = settings_for(folder / "gateway", kind=kind, **{**PLENTY, **limits})
            async with home(folder, settings) as one:
                opened.set_result(one)
                await over.wait()
        except BaseException as error:
            if not opened.done():
                opened.set_exception(error)
            raise

    keeper = asyncio.get_running_loop().create_task(keep())
    yield await opened
    over.set()
    await keeper


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=BOTH)
async def at(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Home]:
    """A home that the tests of a module share; each makes its own appliances and people."""
    async with kept(tmp_path_factory.mktemp(request.param), kind=request.param) as one:
        yield one
