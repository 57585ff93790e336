"""Statements that SQLAlchemy compiles once and SQLite's own driver runs.

What SQLAlchemy does around each execution costs four times what SQLite needs for a small statement, and a command or an
activation has dozens of them on one thread. So the compiled text and the column types' own converters are kept (all of
it documented: `Compiled`, `TypeEngine.bind_processor` and `result_processor`), and the rest is left out. What cannot be
compiled beforehand (a list that becomes so many parameters) is not prepared; SQLAlchemy runs it.
"""

import sqlite3
from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Dialect, Executable
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

REMEMBERED: Final = 2048
"""Statements; there are some hundreds, all made at import or remembered by their makers."""

Convert = Callable[[Any], Any]

_REQUIRED: Final = object()


class Outcome:
    """What a statement did, with as much of SQLAlchemy's result as repositories use."""

    __slots__ = ("_rows", "rowcount")

    def __init__(self, rowcount: int, rows: list[Any]) -> None:
        self.rowcount: Final = rowcount
        self._rows: Final = rows

    def scalar_one(self) -> Any:
        """The first column of the only row."""
        [row] = self._rows
        return row[0]

    def scalar_one_or_none(self) -> Any:
        """The same, or None without a row."""
        return self._rows[0][0] if self._rows else None


@dataclass(frozen=True, slots=True)
class Prepared:
    """One statement for SQLite's driver."""

    sql: str
    parameters: tuple[tuple[str, Any, Convert | None], ...]
    """In order: the name, the value where the caller gives none, and what makes the driver's value of it."""
    row: Callable[[Iterable[Any]], Any] | None
    """Makes a row with names; None where the driver's own description names the columns, or there are none."""
    results: tuple[tuple[int, Convert], ...]
    """Columns whose values are not the driver's."""

    def run(self, driver: sqlite3.Connection, values: Mapping[str, Any] | None) -> sqlite3.Cursor:
        """Run it.

        Raises:
            sqlalchemy.exc.DBAPIError: the kind that SQLAlchemy raises, without values in its text.
            KeyError: a parameter has no value.
        """
        try:
            return driver.execute(self.sql, self._row(values or {}))
        except sqlite3.Error as failed:
            raise _as_sqlalchemy_has_it(failed, self.sql) from failed

    def run_many(self, driver: sqlite3.Connection, rows: Iterable[Mapping[str, Any]]) -> None:
        """Run it for each row. Raises as `run` does."""
        try:
            driver.executemany(self.sql, [self._row(values) for values in rows])
        except sqlite3.Error as failed:
            raise _as_sqlalchemy_has_it(failed, self.sql) from failed

    def _row(self, values: Mapping[str, Any]) -> list[Any]:
        row = []
        for name, absent, convert in self.parameters:
            value = values.get(name, absent)
            if value is _REQUIRED:
                raise KeyError(name)
            row.append(value if convert is None else convert(value))
        return row

    def named(self, cursor: sqlite3.Cursor, row: tuple[Any, ...]) -> Any:
        """A row of the driver with names, its values converted."""
        values = row
        if self.results:
            changed = list(row)
            for place, convert in self.results:
                changed[place] = convert(changed[place])
            values = tuple(changed)
        make = self.row or _maker(tuple(column[0] for column in cursor.description))
        return make(values)

    def rows(self, cursor: sqlite3.Cursor) -> list[Any]:
        """All rows; the statement is finished then."""
        return [self.named(cursor, row) for row in cursor.fetchall()]

    def first(self, cursor: sqlite3.Cursor) -> Any:
        """The first row or None; the statement is finished then."""
        row = cursor.fetchone()
        named = None if row is None else self.named(cursor, row)
        cursor.close()
        return named


@lru_cache(maxsize=REMEMBERED)
def prepare(statement: Executable, names: tuple[str, ...], dialect: Dialect) -> Prepared | None:
    """Compile a statement for SQLite; None when it cannot be compiled before its values are known.

    Args:
        statement: a query, a change or a text, of which the same object comes again.
        names: of the parameters that come with it: an INSERT has the columns that are given.
        dialect: SQLite's.
    """
    compiled = statement.compile(dialect=dialect, column_keys=list(names) or None)  # type: ignore[attr-defined]  # ClauseElement has it
    if not isinstance(compiled, SQLCompiler) or compiled.post_compile_params or compiled.positiontup is None:
        return None
    columns = list(getattr(statement, "exported_columns", ()))
    converters = ((place, _from_driver(column.type, dialect)) for place, column in enumerate(columns))
    return Prepared(
        sql=str(compiled),
        parameters=tuple(_parameter(compiled, name, dialect) for name in compiled.positiontup),
        row=_maker(tuple(column.name for column in columns)) if columns else None,
        results=tuple((place, convert) for place, convert in converters if convert is not None),
    )


def _parameter(compiled: SQLCompiler, name: str, dialect: Dialect) -> tuple[str, Any, Convert | None]:
    bound = compiled.binds[name]
    absent = _REQUIRED if bound.required else compiled.params[name]
    convert: Convert | None = bound.type.dialect_impl(dialect).bind_processor(dialect)
    return name, absent, convert


def _from_driver(kind: TypeEngine[Any], dialect: Dialect) -> Convert | None:
    # SQLite's driver tells no column types, and no converter of its dialect asks for them.
    convert: Convert | None = kind.dialect_impl(dialect).result_processor(dialect, None)
    return convert


@lru_cache(maxsize=REMEMBERED)
def _maker(names: tuple[str, ...]) -> Callable[[Iterable[Any]], Any]:
    """A row that is a tuple with names; one without a name of its own (`count(*)`) has its place alone."""
    row: Any = namedtuple("Row", names, rename=True)  # type: ignore[misc]  # noqa: PYI024 - the statement has the names
    make: Callable[[Iterable[Any]], Any] = row._make
    return make


def _as_sqlalchemy_has_it(failed: sqlite3.Error, sql: str) -> BaseException:
    error: BaseException = DBAPIError.instance(sql, None, failed, sqlite3.Error, hide_parameters=True)
    return error
