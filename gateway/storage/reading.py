"""What a statement reads, and whether the data map allows that for a purpose.

A statement is looked at once for each purpose and remembered: statements are made at import, or remembered by their
makers, so that the same objects come again and again. Everything that is named counts, in conditions as in results: a
query that only asks whether a value is there tells it as well. What an INSERT or UPDATE only writes does not count.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Final, cast

from sqlalchemy import Column, ColumnClause, Dialect, Executable, Select, Table, TextClause, text
from sqlalchemy.sql import visitors
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.sql.functions import count
from sqlalchemy.sql.selectable import Alias, Exists

from gateway.domain.read_purposes import ReadPurpose
from gateway.storage.data_map import DATA_MAP
from gateway.storage.data_map.purposes import read_for, touches
from gateway.storage.prepared import REMEMBERED, Prepared, prepare
from gateway.storage.tables import metadata

_WORD: Final = re.compile(r"\w+")
_EVERYTHING: Final = re.compile(r"(?<!\()\*")
"""A star that is not `count(*)`."""
_TO_BE_WRITTEN: Final = "excluded"
"""How ON CONFLICT names the row that is about to be written."""


class PurposeRefusedError(Exception):
    """A statement names what the data map does not allow for the purpose. A mistake in the program, never a user's.

    Its text has names of tables and columns, never a value.
    """

    def __init__(self, purpose: ReadPurpose, refused: frozenset[str]) -> None:
        super().__init__(f"{purpose.value} may not read {', '.join(sorted(refused))}")
        self.purpose: Final = purpose
        self.refused: Final = refused
        """`table.column`, or a table alone of which the purpose may know nothing."""


@dataclass(frozen=True, slots=True)
class Named:
    """What a statement names."""

    tables: frozenset[str]
    columns: frozenset[tuple[str, str]]
    """Table and column."""


def named(statement: Executable) -> Named:
    """The tables that a statement touches and the columns that it reads.

    Of SQL that is written as text, every column counts whose name is a word of it, in every table that is one: rather
    too many than one too few.
    """
    elements = list(_elements(statement))
    columns = frozenset(one for element in elements for one in _columns(element))
    tables = {element.name for element in elements if isinstance(element, Table)} | {table for table, _ in columns}
    for sql in (text.lower() for element in elements if (text := _text(element)) is not None):
        tables |= frozenset(_WORD.findall(sql)) & metadata.tables.keys()
        columns |= frozenset(one for table in tables & metadata.tables.keys() for one in _words(sql, table))
    return Named(frozenset(tables), columns)


def _columns(element: Any) -> Iterator[tuple[str, str]]:
    """The columns of tables that an element names or brings back."""
    match element:
        case Column():
            yield from _stored(element)
        case Select():
            for column in element.selected_columns:
                yield from _stored(column)
        case UpdateBase():
            for column in element.exported_columns:
                yield from _stored(column)
        case _:
            return


def _text(element: Any) -> str | None:
    """What it says that is nothing but text."""
    match element:
        case TextClause():
            return element.text
        case ColumnClause() if element.is_literal:
            return element.name
        case _:
            return None


def _words(sql: str, table: str) -> Iterator[tuple[str, str]]:
    words = frozenset(_WORD.findall(sql))
    everything = _EVERYTHING.search(sql) is not None
    return ((table, one.name) for one in metadata.tables[table].columns if everything or one.name in words)


def _elements(statement: Executable) -> Iterator[Any]:
    """Every part of a statement, but for the star of `count(*)` and of EXISTS, which reads nothing of a row."""
    found = list(visitors.iterate(cast("visitors.ExternallyTraversible", statement)))
    counted = {id(part) for one in found if isinstance(one, (count, Exists)) for part in visitors.iterate(one)}
    for element in found:
        if isinstance(element, ColumnClause) and element.name == "*" and id(element) in counted:
            continue
        yield element


def _stored(column: Any) -> set[tuple[str, str]]:
    """The columns of tables that a column of a query, a part of it, or an alias comes from."""
    source = getattr(column, "table", None)
    if isinstance(source, Alias) and source.name == _TO_BE_WRITTEN:
        return set()
    return {
        (base.table.name, base.name)
        for base in column.base_columns
        if isinstance(base, Column) and isinstance(base.table, Table)
    }


def refused(what: Named, purpose: ReadPurpose) -> frozenset[str]:
    """What of it the data map does not allow: `table.column`, or a table alone.

    A table that the map does not know is not allowed for anything.
    """
    columns = (f"{table}.{column}" for table, column in what.columns if not _may_read(purpose, table, column))
    return frozenset([*columns, *(table for table in what.tables if not _may_touch(purpose, table))])


def _may_read(purpose: ReadPurpose, table: str, column: str) -> bool:
    entry = DATA_MAP.get(table)
    return entry is not None and column in entry.columns and purpose in read_for(table, entry, column)


def _may_touch(purpose: ReadPurpose, table: str) -> bool:
    entry = DATA_MAP.get(table)
    return entry is not None and touches(table, entry, purpose)


@dataclass(frozen=True, slots=True)
class Guard:
    """Statements of one purpose. Both functions remember what they were given, and look at it only once."""

    permit: Callable[[Executable], None]
    """Raises `PurposeRefusedError`, each time."""
    permit_text: Callable[[str], None]
    prepare: Callable[[Executable, tuple[str, ...], Dialect], Prepared | None]
    """`prepared.prepare` for what is permitted."""


@cache
def guard(purpose: ReadPurpose) -> Guard:
    """The only one of a purpose."""

    @lru_cache(maxsize=REMEMBERED)
    def permit(statement: Executable) -> None:
        wrong = refused(named(statement), purpose)
        if wrong:  # not remembered: an exception is not a result
            raise PurposeRefusedError(purpose, wrong)

    @lru_cache(maxsize=REMEMBERED)
    def permit_text(sql: str) -> None:
        permit(text(sql))

    @lru_cache(maxsize=REMEMBERED)
    def permitted(statement: Executable, names: tuple[str, ...], dialect: Dialect) -> Prepared | None:
        permit(statement)
        return prepare(statement, names, dialect)

    return Guard(permit, permit_text, permitted)


UNGUARDED: Final = Guard(lambda _statement: None, lambda _sql: None, prepare)
"""Looks at nothing: where no purpose was stated."""
