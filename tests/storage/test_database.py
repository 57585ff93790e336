"""Running use cases: commits, conflicts, cancelled callers, closing. On every database."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from gateway.storage.database import Database
from gateway.storage.tables.delivery import outbox
from gateway.usecases.outbox import Committed
from gateway.usecases.transaction import DatabaseUnavailableError, StaleVersionError, Transaction
from tests.databases import GATEWAY, POSTGRESQL, READ_APART, fresh_url, opened
from tests.storage.records import NOW, account_id, device_id, with_accounts


class RefusedError(Exception):
    """A use case's own exception."""


def remember(tx: Transaction, name: str) -> bool:
    return tx.received.first_time(device_id(), name, NOW)


def is_remembered(tx: Transaction, name: str) -> bool:
    table = text("SELECT 1 FROM received_messages WHERE message_id = :name")
    return tx.statements.first(table, {"name": name}) is not None  # type: ignore[attr-defined]


def count(table: Any) -> Callable[[Any], int]:
    return lambda tx: tx.statements.execute(select(func.count()).select_from(table)).scalar_one()


async def test_a_result_is_seen_after_its_commit(database: Database) -> None:
    assert await database.run(lambda tx: remember(tx, "one")) is True
    assert await database.read(lambda tx: is_remembered(tx, "one"))
    assert await database.run(lambda tx: remember(tx, "one")) is False


async def test_an_exception_undoes_everything_and_reaches_the_caller(database: Database) -> None:
    def work(tx: Transaction) -> None:
        remember(tx, "gone")
        tx.publish("t", b"x", NOW)
        raise RefusedError

    with pytest.raises(RefusedError):
        await database.run(work)
    assert not await database.read(lambda tx: is_remembered(tx, "gone"))
    assert await database.read(count(outbox)) == 0


async def test_whoever_left_while_a_use_case_ran_makes_it_run_again(database: Database) -> None:
    runs: list[int] = []

    def work(tx: Transaction) -> str:
        runs.append(1)
        if len(runs) == 1:  # read when the account was still there
            tx.notices.add(account_id(9), "incident", {}, NOW)
        return "told the others"

    assert await database.run(work) == "told the others"
    assert len(runs) == 2


async def test_a_row_of_somebody_who_is_not_there_is_no_fault_of_the_gateway(database: Database) -> None:
    with pytest.raises(DatabaseUnavailableError):
        await database.run(lambda tx: tx.notices.add(account_id(9), "incident", {}, NOW))


async def test_a_failing_use_case_does_not_harm_its_neighbours(database: Database) -> None:
    def work(tx: Transaction, number: int) -> int:
        remember(tx, f"n {number}")
        if number % 3 == 0:
            raise RefusedError
        if number % 3 == 1:
            tx.statements.execute(text("INSERT INTO nowhere VALUES (1)"))  # type: ignore[attr-defined]
        return number

    results = await asyncio.gather(
        *(database.run(partial(work, number=number)) for number in range(60)), return_exceptions=True
    )
    for number, result in enumerate(results):
        kept = await database.read(lambda tx, number=number: is_remembered(tx, f"n {number}"))  # type: ignore[misc]
        assert kept == (number % 3 == 2)
        if number % 3 == 2:
            assert result == number
        else:
            assert isinstance(result, RefusedError if number % 3 == 0 else DBAPIError)


async def test_a_mistake_in_a_statement_is_not_an_unavailable_database(database: Database) -> None:
    def work(tx: Any) -> None:
        tx.statements.execute(text("SELECT nothing FROM nowhere"))

    for way in (database.run, database.read):
        with pytest.raises(DBAPIError):
            await way(work)


async def test_an_exception_of_the_database_shows_no_values(database: Database) -> None:
    def work(tx: Transaction) -> None:
        with_accounts(tx, 1)
        again = text(
            "INSERT INTO passwords (account_id, scheme, hash, pepper_id, salt_first, changed_at) "
            "VALUES (:id, 's', :hash, 'p', true, 1)"
        )
        tx.statements.execute(again, {"id": account_id(), "hash": "h4sh"})  # type: ignore[attr-defined]

    with pytest.raises(DBAPIError) as caught:
        await database.run(work)
    shown = f"{caught.value} {caught.value!r} {caught.value.orig} {caught.value.orig!r}"
    assert account_id() not in shown
    assert "h4sh" not in shown


async def test_a_conflict_starts_the_use_case_again(database: Database) -> None:
    runs: list[int] = []

    def work(tx: Transaction) -> str:
        runs.append(len(runs))
        remember(tx, f"try {len(runs)}")
        tx.publish("t", b"x", NOW)
        if len(runs) < 3:
            raise StaleVersionError
        return "done"

    seen: list[Committed] = []
    database.on_commit(seen.append)
    assert await database.run(work) == "done"
    assert [await database.read(lambda tx, n=n: is_remembered(tx, f"try {n}")) for n in (1, 2, 3)] == [  # type: ignore[misc]
        False,
        False,
        True,
    ]
    assert len(seen) == 1
    assert await database.read(count(outbox)) == 1


async def test_a_conflict_that_does_not_go_away_is_an_unavailable_database(database: Database) -> None:
    def work(_: Transaction) -> None:
        raise StaleVersionError

    with pytest.raises(DatabaseUnavailableError):
        await database.run(work)
    assert await database.run(lambda tx: remember(tx, "next")) is True


async def test_reading_cannot_write(database: Database) -> None:
    with pytest.raises(DBAPIError):
        await database.read(lambda tx: remember(tx, "one"))
    assert await database.run(lambda tx: remember(tx, "one")) is True


async def test_reading_sees_one_moment(database: Database, database_kind: str) -> None:
    if database_kind not in READ_APART:
        return  # one thread: nothing can happen meanwhile
    loop = asyncio.get_running_loop()

    def work(tx: Transaction) -> tuple[bool, bool]:
        first = is_remembered(tx, "meanwhile")
        asyncio.run_coroutine_threadsafe(database.run(lambda tx: remember(tx, "meanwhile")), loop).result(10)
        return first, is_remembered(tx, "meanwhile")

    assert await database.read(work) == (False, False)
    assert await database.read(lambda tx: is_remembered(tx, "meanwhile"))


async def test_a_cancelled_caller_only_stops_waiting(database: Database) -> None:
    entered, go_on = threading.Event(), threading.Event()
    seen: asyncio.Queue[Committed] = asyncio.Queue()
    database.on_commit(seen.put_nowait)

    def work(tx: Transaction) -> None:
        entered.set()
        go_on.wait(10)
        remember(tx, "finished")
        tx.touch(account_id())

    async with asyncio.TaskGroup() as tasks:
        caller = tasks.create_task(database.run(work))
        assert await asyncio.to_thread(entered.wait, 10)
        caller.cancel()
        await asyncio.wait([caller])
        assert caller.cancelled()
        go_on.set()
    async with asyncio.timeout(10):
        committed = await seen.get()  # elsewhere than on SQLite's one thread, the next reading may come before it
    assert committed.accounts == frozenset({account_id()})
    assert await database.run(lambda tx: is_remembered(tx, "finished"))
    assert seen.empty()


async def test_closing_finishes_what_is_queued(database: Database) -> None:
    async with asyncio.TaskGroup() as tasks:
        queued = [tasks.create_task(database.run(partial(remember, name=f"q {number}"))) for number in range(50)]
        await asyncio.sleep(0)  # each has submitted its job
        await asyncio.to_thread(database.close)
    assert all(task.result() for task in queued)


async def test_a_closed_database_refuses(database: Database) -> None:
    database.close()
    for way in (database.run, database.read):
        with pytest.raises(DatabaseUnavailableError):
            await way(lambda tx: is_remembered(tx, "x"))
    database.close()


def test_one_database_serves_several_loops(tmp_path: Path) -> None:
    with ExitStack() as stack:
        url = stack.enter_context(fresh_url("sqlite-file", tmp_path))
        database = stack.enter_context(opened(url, gateway_id=GATEWAY))
        for number in range(3):
            assert asyncio.run(database.run(partial(remember, name=f"loop {number}")))


@pytest.mark.parametrize("database_kind", [POSTGRESQL])
async def test_a_deadlock_is_settled_by_a_second_try(database: Database) -> None:
    await database.run(lambda tx: with_accounts(tx, 1, 2))
    both = threading.Barrier(2)
    one_is_through = threading.Event()
    tries: list[int] = []

    def work(tx: Any, first: int, second: int) -> None:
        lock = text("UPDATE accounts SET version = version + 1 WHERE account_id = :id")
        tries.append(first)
        if len(tries) > 2:
            # At once it might come before the other has noticed, and the two would meet like this again.
            one_is_through.wait(10)
        tx.statements.execute(lock, {"id": account_id(first)})
        if len(tries) <= 2:
            both.wait(10)
        tx.statements.execute(lock, {"id": account_id(second)})

    async def through(first: int, second: int) -> None:
        await database.run(partial(work, first=first, second=second))
        one_is_through.set()

    await asyncio.gather(through(1, 2), through(2, 1))
    assert len(tries) == 3
    account = await database.read(lambda tx: tx.accounts.get(account_id(1)))
    assert account is not None
    assert account.version == 2
