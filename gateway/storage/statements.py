"""A connection, narrowed to what repositories do with it."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from sqlalchemy import Connection, CursorResult, Executable, Row, TextClause

from gateway.usecases.transaction import StaleVersionError

AnyRow = Row[*tuple[Any, ...]]
"""A row whose columns are known by name, not by type."""


class Statements:
    """A connection, narrowed to what repositories do with it."""

    def __init__(self, connection: Connection, *, read_only: bool = False) -> None:
        self.connection: Final = connection
        self.read_only: Final = read_only
        """Nothing can be changed, and PostgreSQL refuses to lock rows."""
        self.is_postgresql: Final = connection.dialect.name == "postgresql"

    def execute(self, statement: Executable, values: Mapping[str, Any] | None = None) -> CursorResult[*tuple[Any, ...]]:
        """Run one statement."""
        return self.connection.execute(statement, values)

    def execute_many(self, statement: Executable, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run one statement for many rows; nothing for none."""
        if rows:
            self.connection.execute(statement, list(rows))

    def first(self, statement: Executable, values: Mapping[str, Any] | None = None) -> AnyRow | None:
        """The only row, or None."""
        return self.connection.execute(statement, values).first()

    def all(self, statement: Executable, values: Mapping[str, Any] | None = None) -> Sequence[AnyRow]:
        """All rows."""
        return self.connection.execute(statement, values).all()

    def tuples(self, statement: TextClause, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """All rows as the driver hands them over: for the few places where naming columns is what takes the time."""
        result = self.connection.execute(statement, values)
        rows = cast("list[tuple[Any, ...]]", result.cursor.fetchall())
        result.close()
        return rows

    def execute_guarded(self, statement: Executable, values: Mapping[str, Any]) -> None:
        """Run an update that names the version it read; its being gone starts the transaction again."""
        if self.connection.execute(statement, values).rowcount != 1:
            raise StaleVersionError
