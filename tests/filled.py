"""A database with one row of every table for each person: made from the tables and the data map, naming none of them.

A table that somebody adds is filled as well, so whoever walks "everything about a person" in a test walks it too.
"""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Engine, Integer, LargeBinary, Table, Text, insert

from gateway.domain.identity import AccountId
from gateway.storage.data_map import DATA_MAP
from gateway.storage.tables import metadata
from gateway.storage.tables.schema import Instant
from gateway.usecases.persons import PersonKeys

NOW = datetime(2026, 3, 1, 12, 0, 0, 123000, tzinfo=UTC)
LATER = NOW + timedelta(days=3650)


def account_of(person: int) -> AccountId:
    """The account of a person, by their number."""
    return AccountId(f"a-{person:026}")


def fill(engine: Engine, people: tuple[int, ...], persons: PersonKeys) -> dict[tuple[str, int], dict[str, Any]]:
    """One row of every table for each of them. Returns what was written, readable, by table and person."""
    written: dict[tuple[str, int], dict[str, Any]] = {}
    with engine.begin() as connection:
        for table in metadata.sorted_tables:
            for person in people:
                row = {column.name: value_of(table, column, person) for column in table.columns}
                row |= {name: _sealed_text(table, name, person) for name in sealed_columns(table)}
                written[table.name, person] = row
                if table.name in {"counters", "key_checks"}:
                    continue  # of the installation, and there already
                connection.execute(insert(table), _as_stored(table, row, person, persons))
    return written


def sealed_columns(table: Table) -> list[str]:
    """Those that hold something under the person's key which the person may read."""
    return [name for name, entry in DATA_MAP[table.name].columns.items() if entry.sealed_at]


def value_of(table: Table, column: Column[Any], person: int) -> Any:
    """The value of a column in a person's row: theirs alone, and fitting the rows that it refers to."""
    entry = DATA_MAP[table.name]
    if column.name == entry.subject:
        return account_of(person)
    for key in column.foreign_keys:
        return value_of(key.column.table, key.column, person)
    path = entry.path
    if path is not None and column.name in {path.column, *path.same}:
        other = metadata.tables[path.table]
        theirs = other.c[path.other or path.column] if column.name == path.column else other.c[column.name]
        if column not in {key.column for key in theirs.foreign_keys}:  # else theirs is taken from here
            value = value_of(other, theirs, person)
            return value if path.form is None else f"{path.form[0]}{value}{path.form[1]}down/command"
    if table.name == "bindings" and column.name == "until":
        return LATER
    return _own_value(table, column, person)


def _sealed_text(table: Table, name: str, person: int) -> str:
    text = f"{table.name}.{name} of {person}"
    return json.dumps({"is": text}) if DATA_MAP[table.name].columns[name].is_json else text


def _own_value(table: Table, column: Column[Any], person: int) -> Any:
    """A value of its own: different for each table, column and person where the type allows."""
    place = list(metadata.tables).index(table.name) * 100 + list(table.columns).index(column)
    text = f"{table.name}.{column.name} of {person}"
    match column.type:
        case Instant():
            return NOW + timedelta(seconds=place, days=person)
        case Boolean():
            return bool(person % 2)
        case BigInteger() | Integer():
            return place * 10 + person
        case LargeBinary():
            return (
                json.dumps({"is": text}).encode()
                if DATA_MAP[table.name].columns[column.name].is_json
                else text.encode()
            )
        case Text() if DATA_MAP[table.name].columns[column.name].is_json:
            return json.dumps({"is": text})
        case Text():
            return text
    raise TypeError(str(column))


def _as_stored(table: Table, row: dict[str, Any], person: int, persons: PersonKeys) -> dict[str, Any]:
    sealer = persons.sealer(account_of(person))
    columns = DATA_MAP[table.name].columns
    sealed = {
        name: sealer.seal(str(row[name]).encode(), place=columns[name].sealed_at.format_map(row))
        for name in sealed_columns(table)
    }
    return {**row, **sealed}


def readable(table: Table, name: str, row: dict[str, Any]) -> Any:
    """What a person is to read of a column in a copy of their data."""
    value, entry = row[name], DATA_MAP[table.name].columns[name]
    if entry.is_json:
        return json.loads(value)
    match value:
        case datetime():
            return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        case bytes():
            return value.hex()
        case _:
            return value
