"""What a commit leaves behind: listeners that hear of it, outbox rows, and numbers in its order. On every database."""

import asyncio
from functools import partial
from typing import Any

import pytest

from gateway.domain.throttle import Throttle
from gateway.storage.database import Database
from gateway.storage.tables.delivery import events
from gateway.usecases.outbox import CLAIM_FOR, Committed, Kind
from gateway.usecases.transaction import DatabaseUnavailableError, Transaction
from tests.databases import DURABLE, opened
from tests.storage.records import NOW, SECOND, account_id, device_id, digest
from tests.storage.test_database import RefusedError, count, is_remembered, remember

OTHER_GATEWAY = "g-" + "1" * 26


async def test_listeners_hear_once_after_the_commit_on_the_loop_and_before_the_caller(database: Database) -> None:
    order: list[Any] = []
    loop = asyncio.get_running_loop()

    def listener(committed: Committed) -> None:
        assert asyncio.get_running_loop() is loop
        order.append([row.target for row in committed.outbox])

    database.on_commit(listener)
    await database.run(lambda tx: tx.publish("one", b"1", NOW))
    order.append("caller")
    await database.run(lambda tx: remember(tx, "leaves nothing to do"))
    await database.read(lambda tx: is_remembered(tx, "x"))
    assert order == [["one"], "caller"]


async def test_a_listener_that_fails_keeps_nobody_waiting(database: Database) -> None:
    complaints: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context["exception"]))
    heard: list[Committed] = []

    def failing(_: Committed) -> None:
        raise RefusedError

    database.on_commit(failing)
    database.on_commit(heard.append)
    await database.run(lambda tx: tx.touch(account_id()))
    assert len(heard) == 1
    assert [type(one) for one in complaints] == [RefusedError]


async def test_what_a_commit_left_to_do_is_told(database: Database) -> None:
    seen: list[Committed] = []
    database.on_commit(seen.append)

    def work(tx: Transaction) -> None:
        tx.publish("topic", b"payload", NOW, expires_at=NOW + SECOND)
        tx.evict("c-name", NOW)
        tx.emit(account_id(1), "device.bound", {"a": "ü"}, NOW, device_id=device_id(), epoch=1)
        tx.touch(account_id(2))
        tx.ring_at(NOW)

    await database.run(work)
    (committed,) = seen
    first, second = committed.outbox
    assert (first.kind, first.target, first.payload) == (Kind.PUBLISH, "topic", b"payload")
    assert (first.expires_at, first.claimed_until) == (NOW + SECOND, NOW + CLAIM_FOR)
    assert (second.kind, second.target, second.expires_at) == (Kind.EVICT, "c-name", None)
    assert second.outbox_id > first.outbox_id
    assert committed.accounts == {account_id(1), account_id(2)}
    assert committed.ring_at is not None


async def test_sent_rows_are_gone_and_the_others_wait(database: Database) -> None:
    seen: list[Committed] = []
    database.on_commit(seen.append)
    for number in range(3):
        await database.run(lambda tx, n=number: tx.publish(f"t {n}", b"", NOW))  # type: ignore[misc]
    rows = [committed.outbox[0] for committed in seen]
    await database.sent([rows[0].outbox_id, rows[2].outbox_id])
    await database.sent([])
    taken = await database.take_over(NOW + CLAIM_FOR + SECOND, 10)
    assert [row.target for row in taken] == ["t 1"]


async def test_a_dead_senders_rows_are_taken_over_once_oldest_first(database: Database) -> None:
    for number in range(5):
        await database.run(lambda tx, n=number: tx.publish(f"t {n}", b"p", NOW, expires_at=NOW))  # type: ignore[misc]
    assert await database.take_over(NOW + CLAIM_FOR - SECOND, 10) == []
    late = NOW + CLAIM_FOR + SECOND
    first = await database.take_over(late, 3)
    second = await database.take_over(late, 3)
    assert [row.target for row in first + second] == [f"t {n}" for n in range(5)]
    assert {(row.payload, row.expires_at, row.claimed_until) for row in first} == {(b"p", NOW, late + CLAIM_FOR)}
    assert await database.take_over(late, 3) == []


async def test_a_gateway_that_starts_again_takes_its_own_rows_at_once(database: Database) -> None:
    await database.run(lambda tx: tx.publish("mine", b"", NOW))
    assert await database.take_over(NOW + SECOND, 10) == []
    assert [row.target for row in await database.take_over(NOW + SECOND, 10, mine=True)] == ["mine"]


@pytest.mark.parametrize("database_kind", DURABLE)
async def test_another_gateways_rows_are_left_to_it_until_its_claim_ends(database_url: str, database: Database) -> None:
    with opened(database_url, gateway_id=OTHER_GATEWAY) as other:
        await database.run(lambda tx: tx.publish("mine", b"", NOW))
        assert await other.take_over(NOW + SECOND, 10, mine=True) == []
        taken = await asyncio.gather(*(one.take_over(NOW + CLAIM_FOR, 10) for one in (other, database)))
        assert sorted(len(rows) for rows in taken) == [0, 1]


async def test_event_numbers_rise_in_the_order_of_commits(database: Database) -> None:
    """Whoever has seen number n never meets a smaller one afterwards, however many commit at once."""
    seen: list[int] = []
    done = asyncio.Event()

    async def watch() -> None:
        while not done.is_set():
            log = await database.read(lambda tx: tx.events.of_account(account_id(), 0, 10_000))
            numbers = [event.number for event in log]
            assert numbers[: len(seen)] == seen, "a number appeared below one that was visible before"
            seen[:] = numbers

    def work(tx: Transaction, number: int) -> None:
        for part in range(1 + number % 3):
            tx.emit(account_id(), "k", {"number": number, "part": part}, NOW)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(watch())
        await asyncio.gather(*(database.run(partial(work, number=number)) for number in range(150)))
        done.set()
    total = await database.read(count(events))
    assert await database.read(lambda tx: tx.events.newest()) == total == sum(1 + n % 3 for n in range(150))


async def test_revisions_and_events_share_one_order(database: Database) -> None:
    def work(tx: Transaction) -> int:
        tx.emit(account_id(), "k", {}, NOW)
        return tx.next_revision()

    assert await database.run(work) == 1
    assert await database.run(work) == 3
    assert [event.number for event in await database.read(lambda tx: tx.events.of_account(account_id(), 0, 9))] == [
        2,
        4,
    ]


@pytest.mark.parametrize("database_kind", DURABLE)
async def test_two_gateways_count_without_losing_any(database_url: str, database: Database) -> None:
    def work(tx: Transaction) -> None:
        before = tx.throttles.get(digest("name"))
        tx.throttles.put(digest("name"), Throttle(1 if before is None else before.failures + 1, NOW))

    async def until_done(one: Database) -> None:
        while True:
            try:
                return await one.run(work)
            except DatabaseUnavailableError:
                continue  # too many at once: as a caller would, again

    with opened(database_url, gateway_id=OTHER_GATEWAY) as other:
        await asyncio.gather(*(until_done(one) for one in (database, other) for _ in range(40)))
    throttle = await database.run(lambda tx: tx.throttles.get(digest("name")))
    assert throttle is not None
    assert throttle.failures == 80
