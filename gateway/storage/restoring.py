"""Puts the rows of a dump in the place of a database: a file beside the present one, or all at once on PostgreSQL."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, inspect, make_url, select, text

from gateway.storage.dump import DumpError, fill
from gateway.storage.engine import engine_for
from gateway.storage.migrate import VERSION_TABLE, alone
from gateway.storage.tables import metadata
from gateway.storage.tables.delivery import key_checks

_GATEWAYS: Final = (
    "SELECT count(*) FROM pg_stat_activity "
    "WHERE datname = current_database() AND application_name = 'hearthgate' AND pid <> pg_backend_pid()"
)


def file_of(url: str) -> Path | None:
    """The file of an SQLite database; None for one on PostgreSQL.

    Raises:
        DumpError: it is in memory, where nothing can be put back.
    """
    target = make_url(url)
    if target.get_backend_name() != "sqlite":
        return None
    if target.database in (None, "", ":memory:"):
        raise DumpError("the database is in memory")
    return Path(str(target.database))


def fill_file(file: Path, lines: Iterator[bytes]) -> int:
    """Make a new SQLite database of a dump, up to date. Returns how many rows it has.

    Raises:
        DumpError: the dump cannot be used.
    """
    engine = engine_for(f"sqlite:///{file}", threads=1)
    try:
        with alone(engine) as connection:
            return _filled(connection, lines)
    finally:
        engine.dispose()


def refill(url: str, lines: Iterator[bytes], before_commit: Callable[[dict[str, bytes]], None]) -> int:
    """Replace everything in a PostgreSQL database by a dump, in one transaction. Returns how many rows it has.

    Args:
        url: of the database.
        lines: the dump.
        before_commit: is given the key checks that came with it; what it raises undoes all of it.

    Raises:
        DumpError: the dump cannot be used, or a gateway is connected.
    """
    engine = engine_for(url, threads=1)
    try:
        with alone(engine) as connection:
            if connection.exec_driver_sql(_GATEWAYS).scalar():
                raise DumpError("a gateway is connected to the database; stop it first")
            there = set(inspect(connection).get_table_names())
            for name in there & {*metadata.tables, VERSION_TABLE}:
                connection.execute(text(f"DROP TABLE {name} CASCADE"))  # names of our own tables
            rows = _filled(connection, lines)
            before_commit({row.name: row.record for row in connection.execute(select(key_checks))})
            return rows
    finally:
        engine.dispose()


def beside(file: Path) -> list[Path]:
    """The files that SQLite keeps beside a database."""
    return [file.with_name(file.name + end) for end in ("-wal", "-shm", "-journal")]


def _filled(connection: Connection, lines: Iterator[bytes]) -> int:
    many = fill(connection, lines)
    for _ in lines:  # only the end of the file proves that it is whole
        raise DumpError("something follows its end")
    return sum(many.values())
