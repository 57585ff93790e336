"""Engines for the two databases, set up so that a commit that was answered is on disk."""

from typing import Any, Final

from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.pool import QueuePool, StaticPool

BUSY_TIMEOUT_MS: Final = 10_000
"""How long SQLite waits for another process's lock (a second gateway on one file, a backup)."""


def engine_for(url: str, *, threads: int) -> Engine:
    """An engine for `sqlite:///path`, `sqlite://` (in memory, for tests) or `postgresql+psycopg://…`.

    Raises:
        ValueError: another kind of database.
    """
    target = make_url(url)
    match target.get_backend_name():
        case "sqlite":
            return _sqlite(target, threads)
        case "postgresql":
            return create_engine(
                target.set(drivername="postgresql+psycopg"),
                pool_size=threads,
                max_overflow=0,
                isolation_level="READ COMMITTED",
                connect_args={"connect_timeout": 5, "application_name": "hearthgate"},
            )
        case other:
            message = f"database {other!r} is not supported: use sqlite or postgresql"
            raise ValueError(message)


def _sqlite(target: URL, threads: int) -> Engine:
    in_memory = target.database in (None, "", ":memory:")
    pool: dict[str, Any] = (
        {"poolclass": StaticPool}
        if in_memory
        else {"poolclass": QueuePool, "pool_size": threads, "max_overflow": 0, "pool_reset_on_return": None}
    )
    # isolation_level None: the driver begins nothing by itself; `Database` writes BEGIN IMMEDIATE.
    engine = create_engine(target, connect_args={"check_same_thread": False, "isolation_level": None}, **pool)

    @event.listens_for(engine, "connect")
    def _settings(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA secure_delete=ON")
        cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        cursor.execute("PRAGMA cache_size=-65536")  # 64 MiB
        cursor.close()

    return engine
