"""Overwriting what a database freed: a removed row must not be found on the disk either."""

from typing import Any, Final

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import SQLAlchemyError

from gateway.storage.engine import is_in_memory
from gateway.storage.tables import metadata
from gateway.storage.trouble import as_told
from gateway.usecases.transaction import DatabaseUnavailableError

REWRITTEN_UP_TO: Final = 64 * 1024**2
"""Bytes of a database file that is written anew as a whole: half a second. In a larger one every freed cell and page
has been overwritten with zeros as it was freed (`secure_delete`), and that is what there is."""

READERS_WAITED_FOR_MS: Final = 200
"""Emptying the log keeps everybody from writing while it waits for those who still read in it: not for long. A backup
reads for minutes; emptying is tried again after it."""


def overwrite(engine: Engine) -> dict[str, str]:
    """Make sure that nothing that was removed before this call is in the database's files.

    SQLite: freed pages are zeros already; the log, which still holds former pages, is emptied, and a file that is not
    too large is written anew. PostgreSQL: dead rows are taken out of their pages; the server overwrites their place
    when it next needs it, and recycles its own log at its own time, both of which are the server's matter.

    Returns:
        What was done, for the receipt.

    Raises:
        DatabaseUnavailableError: somebody is reading in the log, or the database is away; try again.
    """
    try:
        if engine.dialect.name == "postgresql":
            return _vacuum(engine)
        if is_in_memory(engine):
            return {"done": "kept in memory only"}
        with engine.connect() as connection:
            try:
                return _rewrite(connection)
            finally:
                connection.invalidate()  # it would go on with the settings made here
    except SQLAlchemyError as error:
        told = as_told(error)
        if told is error:
            raise
        raise told from error


def _rewrite(connection: Connection) -> dict[str, str]:
    pages, size = _one(connection, "page_count"), _one(connection, "page_size")
    rewritten = pages * size <= REWRITTEN_UP_TO
    if rewritten:
        _empty_log(connection)  # first: while somebody reads in it, each attempt would add the whole file to it
        connection.exec_driver_sql("PRAGMA temp_store=MEMORY")  # else the whole content passes a temporary file
        connection.exec_driver_sql("VACUUM")
    _empty_log(connection)
    return {"done": "file written anew, log emptied" if rewritten else "freed pages overwritten, log emptied"}


def _empty_log(connection: Connection) -> None:
    before = _one(connection, "busy_timeout")
    connection.exec_driver_sql(f"PRAGMA busy_timeout={min(before, READERS_WAITED_FOR_MS)}")
    busy, *_ = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
    connection.exec_driver_sql(f"PRAGMA busy_timeout={before}")
    if busy:
        raise DatabaseUnavailableError("somebody reads in the log")


def _one(connection: Connection, pragma: str) -> int:
    value: int = connection.exec_driver_sql(f"PRAGMA {pragma}").scalar_one()
    return value


def _vacuum(engine: Engine) -> dict[str, str]:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        there: Any = set(inspect(connection).get_table_names())
        for name in sorted(metadata.tables.keys() & there):
            connection.execute(text(f"VACUUM (INDEX_CLEANUP ON) {name}"))  # names of our own tables
    return {"done": "dead rows vacuumed; the server overwrites their place and its log at its own time"}
