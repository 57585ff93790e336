"""A connection, narrowed to what repositories do with it."""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol, cast

from sqlalchemy import Connection, Executable, Insert, TextClause, Update

from gateway.storage.prepared import Outcome, Prepared, prepare
from gateway.usecases.transaction import StaleVersionError

AnyRow = Any
"""A row whose columns are known by name, not by type."""


class Done(Protocol):
    """What a statement did: a part of SQLAlchemy's result."""

    @property
    def rowcount(self) -> int:
        """Rows that were changed."""

    def scalar_one(self) -> Any:
        """The first column of the only row."""

    def scalar_one_or_none(self) -> Any:
        """The same, or None without a row."""


class Statements:
    """A connection, narrowed to what repositories do with it. On SQLite, statements run as `prepared` has them."""

    def __init__(self, connection: Connection, *, read_only: bool = False) -> None:
        self.connection: Final = connection
        self.read_only: Final = read_only
        """Nothing can be changed, and PostgreSQL refuses to lock rows."""
        self.is_postgresql: Final = connection.dialect.name == "postgresql"
        self._driver: Final[sqlite3.Connection | None] = (
            None if self.is_postgresql else cast("sqlite3.Connection", connection.connection.dbapi_connection)
        )

    def execute(self, statement: Executable, values: Mapping[str, Any] | None = None) -> Done:
        """Run one statement."""
        prepared = self._prepared(statement, values)
        if prepared is None or self._driver is None:
            return self.connection.execute(statement, values)
        cursor = prepared.run(self._driver, values)
        rows = prepared.rows(cursor) if cursor.description is not None else []
        return Outcome(cursor.rowcount, rows)

    def execute_many(self, statement: Executable, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run one statement for many rows; nothing for none."""
        if not rows:
            return
        prepared = self._prepared(statement, rows[0])
        if prepared is None or self._driver is None:
            self.connection.execute(statement, list(rows))
            return
        prepared.run_many(self._driver, rows)

    def first(self, statement: Executable, values: Mapping[str, Any] | None = None) -> AnyRow | None:
        """The only row, or None."""
        prepared = self._prepared(statement, values)
        if prepared is None or self._driver is None:
            return self.connection.execute(statement, values).first()
        return prepared.first(prepared.run(self._driver, values))

    def all(self, statement: Executable, values: Mapping[str, Any] | None = None) -> Sequence[AnyRow]:
        """All rows."""
        prepared = self._prepared(statement, values)
        if prepared is None or self._driver is None:
            return self.connection.execute(statement, values).all()
        return prepared.rows(prepared.run(self._driver, values))

    def tuples(self, statement: TextClause, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """All rows as the driver hands them over: for the few places where naming columns is what takes the time."""
        result = self.connection.execute(statement, values)
        rows = cast("list[tuple[Any, ...]]", result.cursor.fetchall())
        result.close()
        return rows

    def execute_guarded(self, statement: Executable, values: Mapping[str, Any]) -> None:
        """Run an update that names the version it read; its being gone starts the transaction again."""
        if self.execute(statement, values).rowcount != 1:
            raise StaleVersionError

    def _prepared(self, statement: Executable, values: Mapping[str, Any] | None) -> Prepared | None:
        if self._driver is None:
            return None
        # Which columns an INSERT or UPDATE sets depends on what is given; of a query everything is in it.
        names = tuple(values) if values and isinstance(statement, (Insert, Update)) else ()
        return prepare(statement, names, self.connection.dialect)
