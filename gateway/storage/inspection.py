"""A look at a database that changes no row and no table: for whoever wants to know why a gateway would not start."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, func, select
from sqlalchemy.exc import SQLAlchemyError

from gateway.storage.engine import engine_for
from gateway.storage.key_checks import MASTER_KEY
from gateway.storage.migrate import SCHEMA, schema_of
from gateway.storage.tables.delivery import events, key_checks
from gateway.storage.tables.lifecycle import attempts
from gateway.storage.tables.registry import certificates
from gateway.storage.tables.schema import Instant
from gateway.storage.trouble import as_told

_MOMENTS: Final = (attempts.c.updated_at, events.c.at, certificates.c.prepared_at)


@dataclass(frozen=True, slots=True)
class DatabaseLook:
    """What was found."""

    schema: str | None
    """The migration that it stands at; None for an empty one."""
    is_current: bool
    journal: str | None
    """SQLite's journal mode; None on PostgreSQL."""
    key_record: bytes | None = field(repr=False)
    """What the master key must open; None before the first start."""
    newest: datetime | None
    """The latest moment that any row tells."""


def inspect_database(url: str) -> DatabaseLook:
    """Look at a database. A file of SQLite that does not exist would be made: ask for the file before.

    Raises:
        DatabaseUnavailableError: it cannot be reached.
        ValueError: it is a database of another kind.
    """
    engine = engine_for(url, threads=1)
    try:
        with engine.connect() as connection:
            schema = schema_of(connection)
            journal = None
            if engine.dialect.name == "sqlite":
                journal = connection.exec_driver_sql("PRAGMA journal_mode").scalar()
            current = schema == SCHEMA
            record = _key_record(connection) if current else None
            return DatabaseLook(schema, current, journal, record, _newest(connection) if current else None)
    except SQLAlchemyError as error:
        told = as_told(error)
        if told is error:
            raise
        raise told from error
    finally:
        engine.dispose()


def _key_record(connection: Connection) -> bytes | None:
    record: bytes | None = connection.execute(
        select(key_checks.c.record).where(key_checks.c.name == MASTER_KEY),
    ).scalar()
    return record


def _newest(connection: Connection) -> datetime | None:
    told = [connection.execute(select(func.max(column, type_=Instant()))).scalar() for column in _MOMENTS]
    return max((moment for moment in told if moment is not None), default=None)
