"""Engines for the two databases, set up so that a commit that was answered is on disk."""

from typing import Any, Final

from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.engine import URL, ExceptionContext
from sqlalchemy.pool import QueuePool, StaticPool

BUSY_TIMEOUT_MS: Final = 10_000
"""How long SQLite waits for another process's lock (a second gateway on one file, a backup)."""

_POSTGRESQL: Final = {
    "connect_timeout": 5,
    "application_name": "hearthgate",
    # A server that vanished without a word (power, cable) is noticed after 25 seconds, not after two hours.
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,
    # What another session holds for so long is an unavailable database; a session that stopped half-way must not hold
    # its locks for ever.
    "options": "-c lock_timeout=10s -c idle_in_transaction_session_timeout=60s -c timezone=UTC",
}


def engine_for(url: str, *, threads: int = 10) -> Engine:
    """An engine for `sqlite:///path`, `sqlite://` (in memory, for tests) or `postgresql+psycopg://…`.

    Args:
        url: SQLAlchemy's form; parameters in it win over those set here.
        threads: threads that use it at once: readers and writers of `Database` together.

    Raises:
        ValueError: another kind of database.
    """
    target = make_url(url)
    match target.get_backend_name():
        case "sqlite":
            return _sqlite(target, threads)
        case "postgresql":
            return _postgresql(target, threads)
        case other:
            message = f"database {other!r} is not supported: use sqlite or postgresql"
            raise ValueError(message)


def is_in_memory(engine: Engine) -> bool:
    """True for the database that all threads share one connection of, and that is gone with it."""
    return isinstance(engine.pool, StaticPool)


def _postgresql(target: URL, threads: int) -> Engine:
    engine = create_engine(
        target.set(drivername="postgresql+psycopg"),
        pool_size=threads,
        max_overflow=0,
        isolation_level="READ COMMITTED",
        hide_parameters=True,
        connect_args={name: value for name, value in _POSTGRESQL.items() if name not in target.query},
    )

    @event.listens_for(engine, "handle_error")
    def _without_values(context: ExceptionContext) -> None:
        """PostgreSQL's DETAIL line quotes the row. An exception's text ends in a log, where no value belongs."""
        told: Any = context.original_exception
        primary = getattr(getattr(told, "diag", None), "message_primary", None)
        if primary is not None:
            told.args = (primary,)
            if context.sqlalchemy_exception is not None:
                context.sqlalchemy_exception.args = (f"({type(told).__name__}) {primary}",)

    return engine


def _sqlite(target: URL, threads: int) -> Engine:
    in_memory = target.database in (None, "", ":memory:")
    pool: dict[str, Any] = (
        {"poolclass": StaticPool}
        if in_memory
        else {"poolclass": QueuePool, "pool_size": threads, "max_overflow": -1, "pool_reset_on_return": None}
    )
    # isolation_level None: the driver begins nothing by itself; `SqliteWriter` writes BEGIN IMMEDIATE.
    connect: dict[str, Any] = {"check_same_thread": False, "isolation_level": None, "cached_statements": 512}
    engine = create_engine(target, connect_args=connect, hide_parameters=True, **pool)

    @event.listens_for(engine, "connect")
    def _settings(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")  # first: the next line may have to wait already
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA secure_delete=ON")
        cursor.execute("PRAGMA cache_size=-65536")  # 64 MiB
        cursor.close()

    return engine
