"""What was removed is not on the disk either."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter, sleep

import pytest
from sqlalchemy import delete, insert, make_url, update

from gateway.storage import freed_space
from gateway.storage.database import Database
from gateway.storage.engine import engine_for
from gateway.storage.freed_space import overwrite
from gateway.storage.tables.delivery import tallies
from gateway.usecases.transaction import DatabaseUnavailableError
from tests.databases import DURABLE, SQLITE_FILE, SQLITE_MEMORY, opened
from tests.usecases.household import START

MARK = "somebody-who-was-here"


def everything(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def write_and_remove(database: Database) -> None:
    with database.engine.connect() as connection:
        for number in range(2000):
            connection.execute(insert(tallies), {"name": f"{MARK}-{number}", "day": "d" * (number % 90), "value": 1})
        connection.execute(delete(tallies).where(tallies.c.name.startswith(MARK)))
        connection.commit()


@pytest.mark.parametrize("most", [None, 0], ids=["written anew", "too large to be written anew"])
def test_nothing_is_left_in_any_file_of_sqlite(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int | None
) -> None:
    if most is not None:
        monkeypatch.setattr(freed_space, "REWRITTEN_UP_TO", most)
    with opened(f"sqlite:///{tmp_path}/hearthgate.db") as database:
        write_and_remove(database)
        assert MARK.encode() in everything(tmp_path)  # in the log: removing alone is not enough
        overwrite(database.engine)
        assert MARK.encode() not in everything(tmp_path)


@pytest.mark.parametrize("database_kind", [*DURABLE, SQLITE_MEMORY])
async def test_it_says_what_was_done_and_leaves_the_rest(database: Database) -> None:
    await database.run(lambda tx: tx.publish("topic", b"{}", START))
    assert overwrite(database.engine)["done"]
    assert len(await database.take_over(START, 10, mine=True)) == 1


@pytest.mark.parametrize("database_kind", [SQLITE_FILE])
def test_while_a_backup_reads_others_go_on_writing_and_the_log_does_not_grow(
    database: Database, database_url: str
) -> None:
    overwrite(database.engine)  # the log is empty
    reader, writer = engine_for(database_url, threads=1), engine_for(database_url, threads=1)
    with reader.connect() as reading, ThreadPoolExecutor(1) as other:
        reading.exec_driver_sql("BEGIN")
        reading.exec_driver_sql("SELECT count(*) FROM tallies").all()
        with writer.connect() as connection:
            connection.execute(insert(tallies), {"name": "somebody", "day": "d", "value": 1})
            connection.commit()
            log = Path(f"{make_url(database_url).database}-wal")
            before = log.stat().st_size
            erasing = other.submit(overwrite, database.engine)
            waited = []
            while not erasing.done():
                began = perf_counter()
                connection.execute(update(tallies).values(value=tallies.c.value + 1))
                connection.commit()
                waited.append(perf_counter() - began)
                sleep(0.02)
            with pytest.raises(DatabaseUnavailableError):
                erasing.result()
            assert max(waited) < 2.0
            assert log.stat().st_size - before <= 4 * 4120 * len(waited)  # of those writings, and of nothing else
        reading.exec_driver_sql("COMMIT")
    assert overwrite(database.engine)["done"]
    reader.dispose()
    writer.dispose()


@pytest.mark.parametrize("database_kind", [SQLITE_FILE])
@pytest.mark.parametrize("most", [freed_space.REWRITTEN_UP_TO, 0], ids=["written anew", "too large to be written anew"])
def test_who_still_reads_in_the_log_is_waited_for(
    database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(freed_space, "REWRITTEN_UP_TO", most)
    write_and_remove(database)
    reader = engine_for(database_url, threads=1)
    with reader.connect() as connection:
        connection.exec_driver_sql("BEGIN")
        connection.exec_driver_sql("SELECT count(*) FROM tallies").all()
        write_and_remove(database)
        # Its snapshot needs the log. Ten seconds are a long time for a test.
        monkeypatch.setattr("gateway.storage.engine.BUSY_TIMEOUT_MS", 100)
        hasty = engine_for(database_url, threads=1)
        with pytest.raises(DatabaseUnavailableError):
            overwrite(hasty)
        hasty.dispose()
        connection.exec_driver_sql("COMMIT")
    overwrite(database.engine)
    reader.dispose()
