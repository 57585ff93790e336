"""What was removed is not on the disk either."""

from pathlib import Path

import pytest
from sqlalchemy import delete, insert

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
def test_who_still_reads_in_the_log_is_waited_for(
    database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(freed_space, "REWRITTEN_UP_TO", 0)
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
