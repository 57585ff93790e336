"""Whatever is stored about one person, read as the data map says: nothing here names a table but by its path.

A row belongs to a person by a column that names their account, or by what it has in common with a row that does. So a
new table is in every copy as soon as it is in the map, and a test holds the map complete.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from string import Formatter
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Integer,
    LargeBinary,
    Select,
    Table,
    Text,
    and_,
    bindparam,
    exists,
    or_,
    select,
    tuple_,
)

from gateway.domain.identity import AccountId, DeviceId
from gateway.storage.data_map import DATA_MAP, Entry, Reader, TableEntry
from gateway.storage.statements import AnyRow, Statements
from gateway.storage.tables import metadata
from gateway.storage.tables.schema import Instant
from gateway.usecases.repositories.subject_rows import SealedValue, SubjectPage, SubjectRow

_BINDINGS: Final = "bindings"
_DEVICE: Final = "device_id"


def _read(entry: TableEntry) -> tuple[str, ...]:
    """The columns that a person may read."""
    return tuple(name for name, one in entry.columns.items() if Reader.PERSON in one.readers)


_TABLES: Final = tuple(name for name, entry in DATA_MAP.items() if not entry.nobody and _read(entry))


def _of_person(name: str) -> ColumnElement[bool]:
    """The rows of a table that belong to the account."""
    table, entry = metadata.tables[name], DATA_MAP[name]
    if entry.subject is not None:
        named = table.c[entry.subject] == bindparam("account_id")
        return or_(named, table.c[entry.also] == bindparam("account_id")) if entry.also else named
    if entry.path is None:
        raise LookupError(name)
    path = entry.path
    other = metadata.tables[path.table]
    theirs = _of_person(path.table)
    if path.table == _BINDINGS:
        # A guest whose stay is over has the row of it still, and nothing of the appliance any more.
        theirs = and_(theirs, or_(other.c.until.is_(None), other.c.until > bindparam("now", type_=Instant())))
    joined = other.c[path.other or path.column]
    if path.form is not None:
        before, after = path.form
        return exists().where(table.c[path.column].like(before + joined + after + "%"), theirs)
    if path.same:
        here = tuple_(table.c[path.column], *(table.c[column] for column in path.same))
        return here.in_(select(joined, *(other.c[column] for column in path.same)).where(theirs))
    return table.c[path.column].in_(select(joined).where(theirs))


def _of_device(name: str) -> ColumnElement[bool] | None:
    """The rows of a table that belong to a device; None where none do."""
    table, entry = metadata.tables[name], DATA_MAP[name]
    if _DEVICE in table.c:
        return table.c[_DEVICE] == bindparam("device_id")
    if entry.path is None:
        return None
    path = entry.path
    theirs = _of_device(path.table)
    if theirs is None:
        return None
    other = metadata.tables[path.table]
    joined = other.c[path.other or path.column]
    if path.form is not None:
        before, after = path.form
        return table.c[path.column].like(before + bindparam("device_id", type_=Text()) + after + "%")
    return table.c[path.column].in_(select(joined).where(theirs))


_TABLES_OF_DEVICES: Final = tuple(name for name in _TABLES if _of_device(name) is not None)


@lru_cache
def _selection(name: str) -> Select[Any]:
    table, entry = metadata.tables[name], DATA_MAP[name]
    wanted = [table.c[column] for column in _read(entry)]
    wanted += [column for column in table.primary_key.columns if column not in wanted]
    # The place of a sealed value names columns of its row.
    places = [entry.columns[column].sealed_at for column in _read(entry)]
    named = {name for place in places for _, name, _, _ in Formatter().parse(place) if name}
    wanted += [table.c[name] for name in sorted(named) if table.c[name] not in wanted]
    key = tuple(table.primary_key.columns)
    return select(*wanted).where(_of_person(name)).order_by(*key).limit(bindparam("at_most"))


@lru_cache
def _following(name: str) -> Select[Any]:
    key = tuple(metadata.tables[name].primary_key.columns)
    after = tuple_(*(bindparam(f"after_{column.name}", type_=column.type) for column in key))
    return _selection(name).where(tuple_(*key) > after)


@lru_cache
def _device_rows(name: str) -> Select[Any]:
    condition = _of_device(name)
    if condition is None:
        raise LookupError(name)
    # The latest first, by the moment at which a row began: so many are shown, and no further.
    table = metadata.tables[name]
    moments = [column for column in table.columns if isinstance(column.type, Instant) and not column.nullable]
    order = [column.desc() for column in (*moments[:1], *table.primary_key.columns)]
    return _selection(name).where(condition).order_by(None).order_by(*order)


class SqlSubjectRows:
    """Implements `usecases.repositories.subject_rows.SubjectRowRepository`."""

    def __init__(self, statements: Statements) -> None:
        self._statements: Final = statements

    def tables(self) -> tuple[str, ...]:
        """See the protocol."""
        return _TABLES

    def tables_of_devices(self) -> tuple[str, ...]:
        """See the protocol."""
        return _TABLES_OF_DEVICES

    def page(self, account_id: AccountId, table: str, after: str | None, at_most: int, now: datetime) -> SubjectPage:
        """See the protocol."""
        values: dict[str, Any] = {"account_id": account_id, "now": now, "at_most": at_most + 1}
        if after is None:
            found = self._statements.all(_selection(table), values)
        else:
            found = self._statements.all(_following(table), {**values, **_place(metadata.tables[table], after)})
        rows = found[:at_most]
        following = _written(metadata.tables[table], rows[-1]) if len(found) > at_most else None
        return SubjectPage(tuple(_row(table, row) for row in rows), following)

    def of_device(
        self, account_id: AccountId, device_id: DeviceId, table: str, at_most: int, now: datetime
    ) -> tuple[SubjectRow, ...]:
        """See the protocol."""
        values = {"account_id": account_id, "device_id": device_id, "now": now, "at_most": at_most}
        return tuple(_row(table, row) for row in self._statements.all(_device_rows(table), values))

    def schema(self) -> Mapping[str, Any]:
        """See the protocol."""
        return _SCHEMA


# -- values


class _Named(dict[str, Any]):
    """The columns of a row by name, for a template that wants a few of them."""

    def __init__(self, row: AnyRow) -> None:
        super().__init__()
        self._row = row

    def __missing__(self, name: str) -> Any:
        return getattr(self._row, name)


def _row(name: str, row: AnyRow) -> SubjectRow:
    table, entry = metadata.tables[name], DATA_MAP[name]
    return SubjectRow({column: _value(table.c[column], entry.columns[column], row) for column in _read(entry)})


def _value(column: Column[Any], entry: Entry, row: AnyRow) -> Any:
    value = getattr(row, column.name)
    if value is None:
        return None
    if entry.sealed_at:
        return SealedValue(value, entry.sealed_at.format_map(_Named(row)), entry.is_json)
    if entry.is_json:
        return json.loads(value) if value else None
    match value:
        case datetime():
            return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        case bytes():
            return value.hex()
        case _:
            return value


def _written(table: Table, row: AnyRow) -> str:
    """The key of a row as text."""
    parts = (getattr(row, column.name) for column in table.primary_key.columns)
    return json.dumps([part.hex() if isinstance(part, bytes) else part for part in parts])


def _place(table: Table, after: str) -> dict[str, Any]:
    """The parameters of a key that was written as text."""
    return {
        f"after_{column.name}": bytes.fromhex(part) if isinstance(column.type, LargeBinary) else part
        for column, part in zip(table.primary_key.columns, json.loads(after), strict=True)
    }


# -- the schema


def _type(column: Column[Any], entry: Entry) -> dict[str, Any]:
    if entry.is_json:
        return {}
    if entry.sealed_at or isinstance(column.type, Text):
        kind: dict[str, Any] = {"type": "string"}
    elif isinstance(column.type, Instant):
        kind = {"type": "string", "format": "date-time"}
    elif isinstance(column.type, Boolean):
        kind = {"type": "boolean"}
    elif isinstance(column.type, (Integer, BigInteger)):
        kind = {"type": "integer"}
    elif isinstance(column.type, LargeBinary):
        kind = {"type": "string", "pattern": "^[0-9a-f]*$"}
    else:
        raise TypeError(str(column))
    if column.nullable:
        kind["type"] = [kind["type"], "null"]
    return kind


def _rows_of(name: str) -> dict[str, Any]:
    table, entry = metadata.tables[name], DATA_MAP[name]
    columns = {
        column: {**_type(table.c[column], entry.columns[column]), "description": entry.columns[column].purpose}
        for column in _read(entry)
    }
    row = {"type": "object", "properties": columns, "required": list(columns), "additionalProperties": False}
    return {"type": "array", "description": entry.told, "items": row}


_SCHEMA: Final[Mapping[str, Any]] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Everything that a Hearthgate gateway holds about one person",
    "type": "object",
    "properties": {name: _rows_of(name) for name in _TABLES},
    "required": list(_TABLES),
    "additionalProperties": False,
}
