"""The repositories of states and presences, the same on every database."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from gateway.domain.binding import Role
from gateway.domain.identity import DeviceId
from gateway.domain.presence import Gone, NeverSeen, Offline, Online, Presence
from gateway.domain.state import Known
from gateway.storage.database import Database
from gateway.usecases.repositories.states import StoredState, VisibleState
from gateway.usecases.transaction import DatabaseUnavailableError, Transaction
from tests.databases import DURABLE, POSTGRESQL, opened
from tests.storage.records import (
    NOW,
    SECOND,
    a_binding,
    a_device,
    a_state,
    account_id,
    device_id,
    with_accounts,
    with_devices,
)

NOBODY = DeviceId("d-nobody")


VALUES: dict[str, Any] = {
    "on": True,
    "t": 21.5,
    "name": "Küche \U0001f525 \u0000",
    "nothing": [],
    "deep": {"a": [1, None]},
    "big": 2**60,
}


def put(tx: Transaction, states: Sequence[StoredState], revision: int = 1) -> None:
    tx.states.lock([state.device_id for state in states])
    tx.states.put(states, revision)


def put_presences(tx: Transaction, *presences: tuple[DeviceId, Presence], revision: int | None = 1) -> None:
    tx.states.presences([device for device, _ in presences])
    tx.states.put_presences(presences, revision)


# -- states


async def test_states_are_read_as_they_were_written_and_overwritten(database: Database) -> None:
    bare = StoredState(device_id(2), 0, Known("", 0, {}), None, None)
    states = [a_state(1, **VALUES), bare]

    def seed(tx: Transaction) -> None:
        with_devices(tx, 1, 2)
        put(tx, states)

    await database.run(seed)
    asked = [device_id(1), device_id(2), NOBODY]
    assert await database.run(lambda tx: tx.states.lock(asked)) == {state.device_id: state for state in states}
    assert await database.read(lambda tx: tx.states.lock(asked)) == {state.device_id: state for state in states}
    newer = a_state(1, epoch=4, seq=2**40, a=1)
    await database.run(lambda tx: put(tx, [newer], 2))
    assert await database.run(lambda tx: tx.states.lock([device_id(1)])) == {device_id(1): newer}
    assert await database.run(lambda tx: tx.states.lock([])) == {}
    await database.run(lambda tx: tx.states.put([], 3))


async def test_a_state_is_seen_by_those_who_are_bound_and_in_their_epoch_only(database: Database) -> None:
    def seed(tx: Transaction) -> None:
        with_accounts(tx, 1, 2, 3)
        with_devices(tx, 1)
        tx.devices.update(replace(a_device(1), epoch=2))
        tx.bindings.put(a_binding(1, 1, epoch=2))
        tx.bindings.put(a_binding(1, 2, epoch=2, role=Role.ADULT))
        tx.bindings.put(a_binding(1, 3, epoch=1, role=Role.GUEST))  # a row that was left behind
        put(tx, [a_state(1, epoch=2, t=5)])
        put_presences(tx, (device_id(1), Online(NOW, NOW)))

    await database.run(seed)
    for account in (1, 2):
        seen = await database.read(lambda tx, a=account: tx.states.visible(account_id(a), device_id(1), -1))  # type: ignore[misc]
        assert seen == [VisibleState(device_id(1), 2, {"t": 5}, NOW - SECOND, NOW, Online(NOW, NOW), 1)]
    assert await database.read(lambda tx: tx.states.visible(account_id(3), device_id(1), -1)) == []
    assert await database.read(lambda tx: tx.states.visible(account_id(3), None, -1)) == []
    owners = await database.read(lambda tx: tx.states.owners([device_id(1), NOBODY]))
    assert {device: set(accounts) for device, accounts in owners.items()} == {
        device_id(1): {account_id(1), account_id(2)}
    }


async def test_nothing_of_an_earlier_epoch_is_visible(database: Database) -> None:
    def seed(tx: Transaction) -> None:
        with_accounts(tx, 1)
        with_devices(tx, 1)
        put(tx, [a_state(1, epoch=0, secret="earlier")])
        tx.devices.update(replace(a_device(1), epoch=1))
        tx.bindings.put(a_binding(1, 1, epoch=1))

    await database.run(seed)
    (seen,) = await database.read(lambda tx: tx.states.visible(account_id(1), device_id(1), -1))
    assert (seen.properties, seen.as_of, seen.received_at) == ({}, None, None)
    assert seen.presence == NeverSeen()
    assert await database.read(lambda tx: tx.states.visible(account_id(1), None, 0)) == []


async def test_changes_are_seen_after_a_number(database: Database) -> None:
    def seed(tx: Transaction) -> None:
        with_accounts(tx, 1)
        with_devices(tx, 1, 2, 3, 4)
        for number in (1, 2, 3, 4):
            tx.bindings.put(a_binding(number, 1))
        put(tx, [a_state(1, a=1)], 5)
        put(tx, [a_state(2, a=2)], 6)
        put_presences(tx, (device_id(3), Online(NOW, NOW)), revision=7)

    await database.run(seed)

    async def seen(after: int) -> list[tuple[DeviceId, int]]:
        states = await database.read(lambda tx: tx.states.visible(account_id(1), None, after))
        return [(state.device_id, state.revision) for state in states]

    assert await seen(-1) == [(device_id(1), 5), (device_id(2), 6), (device_id(3), 7), (device_id(4), 0)]
    assert await seen(5) == [(device_id(2), 6), (device_id(3), 7)]
    assert await seen(7) == []
    await database.run(lambda tx: put_presences(tx, (device_id(3), Online(NOW, NOW + SECOND)), revision=None))
    assert await seen(6) == [(device_id(3), 7)], "last seen alone is no change"


async def test_a_cleared_state_keeps_its_place_in_the_count(database: Database) -> None:
    def work(tx: Transaction) -> None:
        with_devices(tx, 1)
        put(tx, [a_state(1, seq=9, a=1)])
        tx.states.clear(device_id(1))

    await database.run(work)
    (left,) = (await database.run(lambda tx: tx.states.lock([device_id(1)]))).values()
    assert (left.known.boot, left.known.seq, left.known.earlier_boots) == ("boot-1", 9, ("boot-0",))
    assert (left.known.state, left.known.marks, left.as_of, left.received_at) == ({}, {}, None, None)


@pytest.mark.parametrize("database_kind", DURABLE)
async def test_two_gateways_that_merge_into_the_same_states_lose_nothing(database_url: str, database: Database) -> None:
    """Also the very first reports of a device, for which there is no row to lock yet."""
    devices = [device_id(number) for number in range(1, 6)]

    def merge(tx: Transaction, name: str) -> None:
        order = devices if name < "x 5" else devices[::-1]
        stored = tx.states.lock(order)
        merged = []
        for device in order:
            before = stored[device].known.state if device in stored else {}
            merged.append(StoredState(device, 0, Known("b", 1, {**before, name: 1}), None, NOW))
        tx.states.put(merged, tx.next_revision())

    async def until_done(one: Database, name: str) -> None:
        while True:
            try:
                return await one.run(partial(merge, name=name))
            except DatabaseUnavailableError:
                continue

    await database.run(lambda tx: with_devices(tx, 1, 2, 3, 4, 5))
    names = [f"x {number}" for number in range(10)]
    with opened(database_url) as other:
        await asyncio.gather(
            *(until_done(one, f"{name} {who}") for name in names for who, one in enumerate((database, other)))
        )
    states = await database.run(lambda tx: tx.states.lock(devices))
    assert len(states) == 5
    for state in states.values():
        assert set(state.known.state) == {f"{name} {who}" for name in names for who in range(2)}


@pytest.mark.parametrize("database_kind", [POSTGRESQL])
async def test_a_first_state_that_came_meanwhile_is_read_before_the_next_is_stored(database: Database) -> None:
    loop = asyncio.get_running_loop()
    found: list[dict[str, object]] = []

    def work(tx: Transaction) -> None:
        stored = tx.states.lock([device_id(1)])
        found.append({} if not stored else stored[device_id(1)].known.state)
        if len(found) == 1:
            meanwhile = database.run(lambda tx: put(tx, [a_state(1, theirs=1)]))
            asyncio.run_coroutine_threadsafe(meanwhile, loop).result(10)
        tx.states.put([a_state(1, **{**found[-1], "mine": 1})], 2)  # type: ignore[arg-type]

    await database.run(lambda tx: with_devices(tx, 1))
    await database.run(work)
    assert found == [{}, {"theirs": 1}]
    (kept,) = (await database.run(lambda tx: tx.states.lock([device_id(1)]))).values()
    assert kept.known.state == {"theirs": 1, "mine": 1}


async def test_a_state_is_overwritten_without_having_been_asked_for(database: Database) -> None:
    def seed(tx: Transaction) -> None:
        with_devices(tx, 1)
        tx.states.put([a_state(1, a=1)], 1)
        tx.states.put_presences([(device_id(1), Online(NOW, NOW))], 1)

    await database.run(seed)
    await database.run(lambda tx: tx.states.put([a_state(1, b=2)], 2))
    await database.run(lambda tx: tx.states.put_presences([(device_id(1), Online(NOW, NOW, "s"))], 1))
    assert await database.run(lambda tx: tx.states.lock([device_id(1)])) == {device_id(1): a_state(1, b=2)}
    assert await database.run(lambda tx: tx.states.presences([device_id(1)])) == {device_id(1): Online(NOW, NOW, "s")}


# -- presences


async def test_presences_are_read_as_they_were_written_and_overwritten(database: Database) -> None:
    online = Online(NOW, NOW + SECOND, "session")
    offline = Offline(NOW, NOW - SECOND, Gone.SILENCE)

    def seed(tx: Transaction) -> None:
        with_devices(tx, 1, 2)
        put_presences(tx, (device_id(1), online), (device_id(2), offline))

    await database.run(seed)
    asked = [device_id(1), device_id(2), NOBODY]
    assert await database.read(lambda tx: tx.states.presences(asked)) == {device_id(1): online, device_id(2): offline}
    await database.run(lambda tx: put_presences(tx, (device_id(1), offline), (device_id(2), online), revision=2))
    assert await database.run(lambda tx: tx.states.presences(asked)) == {device_id(1): offline, device_id(2): online}


async def test_who_was_never_seen_has_no_row(database: Database) -> None:
    await database.run(lambda tx: with_devices(tx, 1))
    with pytest.raises(ValueError, match="never seen"):
        await database.run(lambda tx: put_presences(tx, (device_id(1), NeverSeen())))


async def test_the_silent_come_longest_silent_first(database: Database) -> None:
    def seed(tx: Transaction) -> None:
        with_devices(tx, 1, 2, 3, 4)
        put_presences(
            tx,
            (device_id(1), Online(NOW, NOW + 2 * SECOND)),
            (device_id(2), Online(NOW, NOW + 1 * SECOND)),
            (device_id(3), Offline(NOW, NOW, Gone.BYE)),
            (device_id(4), Online(NOW, NOW + 3 * SECOND)),
        )

    assert await database.read(lambda tx: tx.states.longest_silent()) is None
    await database.run(seed)
    assert await database.read(lambda tx: tx.states.longest_silent()) == NOW + SECOND
    assert await database.read(lambda tx: tx.states.silent(NOW, 9)) == []
    assert await database.read(lambda tx: tx.states.silent(NOW + 2 * SECOND, 9)) == [device_id(2), device_id(1)]
    assert await database.read(lambda tx: tx.states.silent(NOW + 9 * SECOND, 1)) == [device_id(2)]
