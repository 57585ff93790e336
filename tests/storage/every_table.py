"""Fills every table with rows about a person, whatever tables there are: a new one is filled without being named."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Integer, LargeBinary, Table, insert
from sqlalchemy.engine import Connection

from gateway.storage.data_map import DATA_MAP
from gateway.storage.tables import metadata
from gateway.storage.tables.schema import Instant
from tests.usecases.household import START

Rows = dict[str, dict[str, Any]]


def fill(connection: Connection, person: str) -> Rows:
    """A row in every table, all of them about one person, whose name is part of every text. Returns them."""
    made: Rows = {}
    for table in _in_order():
        row = {column.name: value for column, value in _values(table, person, made)}
        connection.execute(insert(table), row)
        made[table.name] = row
    return made


def _in_order() -> Iterator[Table]:
    """Tables after those that they refer to, by a key or by the path of the data map."""
    left = [table for table in metadata.sorted_tables if table.name != "counters"]
    while left:
        waiting = {table.name for table in left}
        ready = next(table for table in left if not (_needed(table) - {table.name}) & waiting)
        left.remove(ready)
        yield ready


def _needed(table: Table) -> set[str]:
    path = DATA_MAP[table.name].path
    referred = {key.column.table.name for key in table.foreign_keys}
    if path is None or table in {key.column.table for key in metadata.tables[path.table].foreign_keys}:
        return referred
    return referred | {path.table}


def _values(table: Table, person: str, made: Rows) -> Iterator[tuple[Column[Any], Any]]:
    entry = DATA_MAP[table.name]
    path = entry.path
    for column in table.columns:
        if column.name == "guardian_id" and table.name == "accounts":
            yield column, None
        elif column.foreign_keys:
            [refers, *_] = column.foreign_keys
            yield column, made[refers.column.table.name][refers.column.name]
        elif column.name == entry.subject:
            yield column, made["accounts"]["account_id"] if table.name != "accounts" else person
        elif path is not None and column.name == path.column and path.table in made:
            reached = made[path.table][path.other or path.column]
            yield column, path.form[0] + reached + path.form[1] + "down/command" if path.form else reached
        else:
            yield column, _plain(table, column, person)


def _plain(table: Table, column: Column[Any], person: str) -> Any:
    number = int.from_bytes(person.encode()[-3:])
    match column.type:
        case Instant():
            return START
        case Boolean():
            return True
        case BigInteger() | Integer():
            return number
        case LargeBinary():
            return f"{column.name} {person[::-1]}".encode()
        case _:
            # Texts that are names of other things hold the person's name backwards: only what names the account
            # itself holds it as it is.
            return "[]" if column.name in {"devices", "rows", "done"} else f"{table.name}.{column.name} {person[::-1]}"
