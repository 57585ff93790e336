"""Tells a database in trouble from a mistake in a statement, and a conflict that a second try settles from both."""

import sqlite3
from typing import Final

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from gateway.usecases.transaction import DatabaseUnavailableError, StaleVersionError

TRIES: Final = 8
"""Runs of one use case before a conflict that does not go away counts as an unavailable database."""

_RETRIED_STATES: Final = frozenset({"40001", "40P01"})
"""PostgreSQL: serialization failure, deadlock detected."""

_NO_LONGER_THERE: Final = "23503"
"""PostgreSQL: a row refers to one that is not there."""

_READ_ONLY_STATE: Final = "25006"
"""PostgreSQL: a write on a standby, or on the former primary after a fail-over."""

_SQLITE_TROUBLE: Final = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_NOTADB,
    },
)
"""Primary result codes (https://www.sqlite.org/rescode.html) that are no fault of the statement."""


def is_conflict(error: BaseException) -> bool:
    """True when running the use case again from its start may succeed.

    So with a row that refers to one that was removed since it was read: whoever it belonged to just left.
    """
    if isinstance(error, StaleVersionError):
        return True
    if not isinstance(error, DBAPIError):
        return False
    if getattr(error.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
        return True
    state = getattr(error.orig, "sqlstate", None)
    return state in _RETRIED_STATES or state == _NO_LONGER_THERE


def is_trouble(error: BaseException, *, read_only: bool = False) -> bool:
    """True when the database could not be reached, or could not read or write; False for a faulty statement.

    A write is a fault itself within a transaction that was meant to be `read_only`.
    """
    if isinstance(error, PoolTimeoutError):
        return True
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, sqlite3.Error):
        code = getattr(cause, "sqlite_errorcode", None)
        primary = None if code is None else code & 0xFF
        return primary in _SQLITE_TROUBLE and not (read_only and primary == sqlite3.SQLITE_READONLY)
    if not isinstance(error, DBAPIError):
        return False
    if error.connection_invalidated or isinstance(error, (OperationalError, InterfaceError)):
        return True
    return getattr(cause, "sqlstate", None) == _READ_ONLY_STATE and not read_only


def as_told(error: BaseException, *, read_only: bool = False) -> BaseException:
    """What the caller is told: `DatabaseUnavailableError` for trouble, anything else as it is."""
    if not is_trouble(error, read_only=read_only):
        return error
    unavailable = DatabaseUnavailableError()
    unavailable.__cause__ = error
    return unavailable
