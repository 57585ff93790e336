"""Tries are counted by name and by address, and one's own success does not clear another's count."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.domain.throttle import Allowed, Wait
from gateway.usecases import throttling
from gateway.usecases.throttling import ADDRESS_FREE_TRIES, ThrottleKeys, keys_of
from tests.api.rig import Rig


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    made = Rig(f"sqlite:///{tmp_path / 'gateway.db'}")
    yield made
    await made.close()


def keys(rig: Rig, name: str = "ann", address: str = "192.0.2.1", what: str = "login") -> ThrottleKeys:
    return keys_of(rig.indexes, what=what, name=name, address=address)


async def take(rig: Rig, which: ThrottleKeys) -> Allowed | Wait:
    return await rig.database.run(lambda tx: throttling.take_try(tx, which, rig.time()))


async def test_a_name_waits_wherever_the_tries_come_from(rig: Rig) -> None:
    for number in range(5):
        assert await take(rig, keys(rig, address=f"192.0.2.{number}")) == Allowed()
    assert await take(rig, keys(rig, address="192.0.2.99")) == Wait(30)
    assert await take(rig, keys(rig, name="bob", address="192.0.2.99")) == Allowed()


async def test_an_address_waits_whatever_names_it_tries_but_never_longer_than_a_minute(rig: Rig) -> None:
    for number in range(ADDRESS_FREE_TRIES):
        assert await take(rig, keys(rig, name=f"n{number}")) == Allowed()
    waits = []
    for number in range(4):
        waited = await take(rig, keys(rig, name=f"m{number}"))
        assert isinstance(waited, Wait)
        waits.append(waited.seconds)
        rig.time.pass_by(seconds=waited.seconds)
        assert await take(rig, keys(rig, name=f"o{number}")) == Allowed()
    assert waits == [30, 60, 60, 60]
    assert await take(rig, keys(rig, name="p", address="192.0.2.2")) == Allowed()


async def test_success_clears_the_name_and_gives_the_address_one_try_back(rig: Rig) -> None:
    for number in range(ADDRESS_FREE_TRIES - 1):
        await take(rig, keys(rig, name=f"n{number}"))
    for _ in range(3):
        await take(rig, keys(rig, name="own"))
        rig.time.pass_by(seconds=61)
        await rig.database.run(lambda tx: throttling.forgive(tx, keys(rig, name="own")))
    assert await take(rig, keys(rig, name="own")) == Allowed()
    assert isinstance(await take(rig, keys(rig, name="another")), Wait)


async def test_tries_during_a_wait_do_not_prolong_it(rig: Rig) -> None:
    for _ in range(5):
        await take(rig, keys(rig))
    for _ in range(29):
        rig.time.pass_by(seconds=1)
        assert isinstance(await take(rig, keys(rig)), Wait)
    rig.time.pass_by(seconds=1)
    assert await take(rig, keys(rig)) == Allowed()


async def test_kinds_of_tries_are_counted_apart(rig: Rig) -> None:
    for _ in range(5):
        await take(rig, keys(rig))
    assert await take(rig, keys(rig, what="reauthentication")) == Allowed()


async def test_counts_are_forgotten_after_a_day_and_not_before(rig: Rig) -> None:
    await take(rig, keys(rig))
    rig.time.pass_by(hours=24)
    assert await rig.database.run(lambda tx: throttling.forget_old(tx, rig.time())) == 0
    rig.time.pass_by(milliseconds=1)
    assert await rig.database.run(lambda tx: throttling.forget_old(tx, rig.time())) == 2


async def test_the_table_names_neither_people_nor_addresses(rig: Rig) -> None:
    await take(rig, keys(rig, name="ann@example.org"))
    rig.database.close()
    content = b"".join(path.read_bytes() for path in Path(rig.engine.url.database or "").parent.iterdir())
    assert b"ann@example.org" not in content
    assert b"192.0.2.1" not in content
