"""Fixtures of `tests.api.house`: to be imported by the test files that use them."""

import pytest

from tests.api.house import House, Person
from tests.api.rig import Client, Rig


@pytest.fixture
async def house(rig: Rig, client: Client) -> House:
    return House(rig, client)


@pytest.fixture
async def ann(house: House) -> Person:
    return await house.person("ann@example.org")


@pytest.fixture
async def bob(house: House) -> Person:
    return await house.person("bob@example.org")
