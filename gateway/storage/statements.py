"""A connection, narrowed to what repositories do with it, for one purpose.

A repository is made with `Statements`, which have one maker: `Connected.reading`, which asks for what. Whatever the
data map does not allow for that purpose is refused before it reaches the database.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol, cast

from sqlalchemy import Connection, Executable, Insert, TextClause, Update

from gateway.domain.read_purposes import ReadPurpose
from gateway.storage.prepared import Outcome, Prepared
from gateway.storage.reading import UNGUARDED, Guard, guard
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


class Connected:
    """A connection for which no purpose was stated. On SQLite, statements run as `prepared` has them.

    No repository takes one.
    """

    def __init__(self, connection: Connection, *, read_only: bool = False, looks: Guard = UNGUARDED) -> None:
        self._connection: Final = connection
        self.read_only: Final = read_only
        """Nothing can be changed, and PostgreSQL refuses to lock rows."""
        self.is_postgresql: Final = connection.dialect.name == "postgresql"
        self._driver: Final[sqlite3.Connection | None] = (
            None if self.is_postgresql else cast("sqlite3.Connection", connection.connection.dbapi_connection)
        )
        self._guard: Final = looks

    def reading(self, purpose: ReadPurpose) -> "Statements":
        """The same connection for what reads for this purpose."""
        return Statements(self._connection, purpose, read_only=self.read_only)

    def execute(self, statement: Executable, values: Mapping[str, Any] | None = None) -> Done:
        """Run one statement."""
        prepared = self._prepared(statement, values)
        if prepared is None or self._driver is None:
            return self._connection.execute(statement, values)
        cursor = prepared.run(self._driver, values)
        rows = prepared.rows(cursor) if cursor.description is not None else []
        return Outcome(cursor.rowcount, rows)

    def execute_many(self, statement: Executable, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run one statement for many rows; nothing for none."""
        if not rows:
            return
        prepared = self._prepared(statement, rows[0])
        if prepared is None or self._driver is None:
            self._connection.execute(statement, list(rows))
            return
        prepared.run_many(self._driver, rows)

    def first(self, statement: Executable, values: Mapping[str, Any] | None = None) -> AnyRow | None:
        """The only row, or None."""
        prepared = self._prepared(statement, values)
        if prepared is None or self._driver is None:
            return self._connection.execute(statement, values).first()
        return prepared.first(prepared.run(self._driver, values))

    def all(self, statement: Executable, values: Mapping[str, Any] | None = None) -> Sequence[AnyRow]:
        """All rows."""
        prepared = self._prepared(statement, values)
        if prepared is None or self._driver is None:
            return self._connection.execute(statement, values).all()
        return prepared.rows(prepared.run(self._driver, values))

    def tuples(self, statement: TextClause, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """All rows as the driver hands them over: for the few places where naming columns is what takes the time."""
        self._guard.permit(statement)
        result = self._connection.execute(statement, values)
        rows = cast("list[tuple[Any, ...]]", result.cursor.fetchall())
        result.close()
        return rows

    def write_rows(self, sql: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """Write rows with SQL in the driver's own form: for the place where all else takes too long."""
        self._guard.permit_text(sql)
        self._connection.exec_driver_sql(sql, list(rows))

    def execute_guarded(self, statement: Executable, values: Mapping[str, Any]) -> None:
        """Run an update that names the version it read; its being gone starts the transaction again."""
        if self.execute(statement, values).rowcount != 1:
            raise StaleVersionError

    def _prepared(self, statement: Executable, values: Mapping[str, Any] | None) -> Prepared | None:
        if self._driver is None:
            self._guard.permit(statement)
            return None
        # Which columns an INSERT or UPDATE sets depends on what is given; of a query everything is in it.
        names = tuple(values) if values and isinstance(statement, (Insert, Update)) else ()
        return self._guard.prepare(statement, names, self._connection.dialect)


class Statements(Connected):
    """A connection for one purpose. Proves that it was stated; has one maker: `Connected.reading`.

    Every function raises `reading.PurposeRefusedError` for a statement that reads what the purpose may not.
    """

    def __init__(self, connection: Connection, purpose: ReadPurpose, *, read_only: bool) -> None:
        super().__init__(connection, read_only=read_only, looks=guard(purpose))
        self.purpose: Final = purpose
        """For what it reads."""
