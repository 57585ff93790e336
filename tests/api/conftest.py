"""One gateway's API for a test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.api.house import House, Person
from tests.api.rig import Client, Rig


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    made = Rig(f"sqlite:///{tmp_path / 'gateway.db'}")
    yield made
    await made.close()


@pytest.fixture
async def client(rig: Rig) -> Client:
    return await rig.client()


@pytest.fixture
async def house(rig: Rig, client: Client) -> House:
    return House(rig, client)


@pytest.fixture
async def ann(house: House) -> Person:
    return await house.person("ann@example.org")


@pytest.fixture
async def bob(house: House) -> Person:
    return await house.person("bob@example.org")
