"""A database that is full, locked, stopped, restarted, or shared by two processes."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, func, select, text
from sqlalchemy.exc import DBAPIError

from gateway.storage.database import Database
from gateway.storage.engine import engine_for
from gateway.storage.migrate import migrate
from gateway.storage.tables.operation import received_messages
from gateway.usecases.outbox import Committed
from gateway.usecases.transaction import DatabaseUnavailableError, Transaction
from tests.databases import GATEWAY, PostgresqlServer, opened, postgresql_server
from tests.storage.records import NOW, account_id, device_id


def remember(tx: Transaction, name: str) -> bool:
    return tx.received.first_time(device_id(), name, NOW)


def remembered(tx: Any) -> int:
    count: int = tx.statements.execute(select(func.count()).select_from(received_messages)).scalar_one()
    return count


class Limits:
    """Settings that SQLite's connections of a test get; a later connection gets the later ones."""

    def __init__(self) -> None:
        self.pages = 1_000_000
        self.busy_ms = 50

    def apply(self, connection: Any, _record: object) -> None:
        connection.execute(f"PRAGMA max_page_count={self.pages}")
        connection.execute(f"PRAGMA busy_timeout={self.busy_ms}")


@pytest.fixture
def limits() -> Limits:
    return Limits()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "hearthgate.db"


@pytest.fixture
def sqlite(file: Path, limits: Limits) -> Iterator[Database]:
    engine = engine_for(f"sqlite:///{file}", threads=3)
    migrate(engine)
    engine.dispose()
    event.listen(engine, "connect", limits.apply)
    database = Database(engine, gateway_id=GATEWAY)
    yield database
    database.close()


async def test_a_full_disk_fails_all_that_share_the_commit_and_is_over_when_there_is_room(
    sqlite: Database, limits: Limits
) -> None:
    limits.pages = 1  # below what is used already: not one page more
    seen: list[Committed] = []
    sqlite.on_commit(seen.append)

    def fill(tx: Transaction, number: int) -> None:
        tx.emit(account_id(), "k", {"much": "x" * 50_000}, NOW)
        remember(tx, f"full {number}")

    results = await asyncio.gather(
        *(sqlite.run(partial(fill, number=number)) for number in range(5)), return_exceptions=True
    )
    assert {type(result) for result in results} == {DatabaseUnavailableError}
    assert seen == []
    limits.pages = 1_000_000
    await sqlite.run(partial(fill, number=9))
    assert await sqlite.read(remembered) == 1
    assert len(seen) == 1


async def test_a_file_that_another_process_holds_is_unavailable_until_it_is_let_go(
    sqlite: Database, file: Path
) -> None:
    holder = engine_for(f"sqlite:///{file}", threads=1)
    with holder.connect() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseUnavailableError):
            await sqlite.run(partial(remember, name="locked out"))
        assert await sqlite.read(remembered) == 0, "reading goes on"
        connection.exec_driver_sql("ROLLBACK")
    assert await sqlite.run(partial(remember, name="let in"))
    holder.dispose()


async def test_a_commit_that_fails_fails_all_that_share_it(sqlite: Database) -> None:
    started, go_on = threading.Event(), threading.Event()

    def first(tx: Transaction) -> None:
        started.set()
        go_on.wait(10)
        remember(tx, "first")

    def spoiling(tx: Any) -> None:
        tx.statements.execute(text("PRAGMA defer_foreign_keys=ON"))  # noticed at the commit, not at the row
        tx.statements.execute(text("INSERT INTO certificate_keys VALUES (x'00', 'd-nobody')"))

    def last(tx: Transaction) -> None:
        remember(tx, "last")

    async with asyncio.TaskGroup() as tasks:
        calls = [tasks.create_task(_outcome(sqlite, work)) for work in (first, spoiling, last)]
        await asyncio.to_thread(started.wait, 10)
        go_on.set()
    assert [type(call.result()) for call in calls] == [DatabaseUnavailableError] * 3
    assert await sqlite.read(remembered) == 0
    assert await sqlite.run(partial(remember, name="afterwards"))


async def _outcome(database: Database, work: Any) -> Any:
    try:
        return await database.run(work)
    except (DatabaseUnavailableError, DBAPIError) as error:
        return error


async def test_a_batch_goes_on_after_a_use_case_that_ends_the_transaction_itself(sqlite: Database) -> None:
    def vandal(tx: Any) -> None:
        remember(tx, "vandal")
        tx.statements.execute(text("COMMIT"))

    with pytest.raises(Exception):  # noqa: B017, PT011 - any will do: nobody may do that
        await sqlite.run(vandal)
    assert await sqlite.run(partial(remember, name="afterwards"))


_OTHER_PROCESS = """
import asyncio, sys
from functools import partial
from tests.databases import opened
from tests.storage.test_database_trouble import remember

async def main(url, who):
    with opened(url) as database:
        print("ready", flush=True)
        sys.stdin.readline()
        await asyncio.gather(*(caller(database, who, part) for part in range(20)))

async def caller(database, who, part):
    for number in range(20):
        assert await database.run(partial(remember, name=f"{who} {part} {number}"))

asyncio.run(main(*sys.argv[1:]))
"""


def test_two_processes_share_one_file(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/shared.db"
    with opened(url) as database:
        processes = [
            subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, "-c", _OTHER_PROCESS, url, str(number)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                cwd=Path(__file__).parents[2],
            )
            for number in range(2)
        ]
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            process.communicate("go\n", timeout=60)
            assert process.returncode == 0
        assert asyncio.run(database.read(remembered)) == 800


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresqlServer]:
    """A server of this module's own, to be stopped at will."""
    server = PostgresqlServer()
    yield server
    server.end()


async def test_a_stopped_server_is_unavailable_and_works_again_when_it_is_back(server: PostgresqlServer) -> None:
    url = server.new_database()
    seen: list[Committed] = []
    with opened(url, writers=3) as database:
        database.on_commit(seen.append)
        assert all(await asyncio.gather(*(database.run(partial(remember, name=f"before {n}")) for n in range(9))))
        await asyncio.to_thread(server.stop)
        try:
            for way in (database.run, database.read):
                with pytest.raises(DatabaseUnavailableError):
                    await way(remembered)
            with pytest.raises(DatabaseUnavailableError):
                await database.run(lambda tx: tx.touch(account_id()))
        finally:
            await asyncio.to_thread(server.start)
        assert all(await asyncio.gather(*(database.run(partial(remember, name=f"after {n}")) for n in range(9))))
        assert await database.read(remembered) == 18
        assert seen == []


async def test_a_restart_between_two_use_cases_is_not_noticed(server: PostgresqlServer) -> None:
    with opened(server.new_database(), writers=3) as database:
        assert await database.run(partial(remember, name="before"))
        await asyncio.to_thread(server.stop)
        await asyncio.to_thread(server.start)
        assert await database.run(partial(remember, name="after"))
        assert await database.read(remembered) == 2


async def test_a_connection_lost_before_the_commit_is_replaced_and_the_work_done_once() -> None:
    server = postgresql_server()
    tries: list[int] = []

    def work(tx: Any) -> None:
        tries.append(len(tries))
        remember(tx, f"try {len(tries)}")
        if len(tries) == 1:
            tx.statements.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    url = server.new_database()
    with opened(url) as database:
        await database.run(work)
        assert len(tries) == 2
        assert await database.read(remembered) == 1
    server.drop_database(url)


async def test_a_connection_lost_in_the_commit_is_never_repeated_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody knows what became of it; the caller decides, and finds by its ids what it did."""
    from gateway.storage.transaction import SqlTransaction

    server = postgresql_server()
    finish = SqlTransaction.finish
    tries: list[int] = []

    def finish_and_die(tx: SqlTransaction) -> Committed:
        committed = finish(tx)
        pid = tx.statements.execute(text("SELECT pg_backend_pid()")).scalar_one()
        server.execute(f"SELECT pg_terminate_backend({pid}, 5000)")
        return committed

    def work(tx: Transaction) -> None:
        tries.append(len(tries))
        remember(tx, "once")

    url = server.new_database()
    with opened(url) as database:
        with monkeypatch.context() as patched:
            patched.setattr(SqlTransaction, "finish", finish_and_die)
            with pytest.raises(DatabaseUnavailableError):
                await database.run(work)
        assert len(tries) == 1
        assert await database.read(remembered) == 0
    server.drop_database(url)


async def test_a_database_that_nobody_may_write_is_unavailable(tmp_path: Path) -> None:
    server = postgresql_server()
    url = server.new_database()
    with opened(url) as database:
        await database.run(partial(remember, name="before"))
        name = url.split("/")[-1].split("?", maxsplit=1)[0]
        server.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        database.engine.dispose()
        with pytest.raises(DatabaseUnavailableError):
            await database.run(partial(remember, name="on a standby"))
    server.drop_database(url)
