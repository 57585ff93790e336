"""All rows of a database as lines of JSON, from one moment, and back: the same for both databases.

The first line says which schema it is and which columns there are, the last one how many rows each table has. Whatever
schema a dump was made under, it is filled into that schema and brought up to date from there.
"""

import base64
import json
from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Engine,
    Integer,
    LargeBinary,
    Table,
    Text,
    column,
    delete,
    func,
    insert,
    inspect,
    select,
    table,
    text,
)
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.types import TypeEngine

from gateway.storage.migrate import SCHEMA, create_at, known_schemas, upgrade
from gateway.storage.tables import metadata
from gateway.storage.tables.schema import Instant
from gateway.storage.trouble import as_told

TOGETHER: Final = 500
"""Rows of one line."""

_KINDS: Final[dict[str, type[TypeEngine[Any]]]] = {
    "bool": Boolean,
    "bytes": LargeBinary,
    "int": BigInteger,
    "text": Text,
}


class DumpError(Exception):
    """This is no dump that can be filled in; the text says why."""


def dump(engine: Engine) -> Iterator[bytes]:
    """Every row of every table as it was at one moment, while others go on reading and writing.

    Raises:
        DatabaseUnavailableError: it cannot be reached.
    """
    try:
        with engine.connect() as connection:
            if engine.dialect.name == "postgresql":
                connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            else:
                connection.exec_driver_sql("BEGIN")  # in WAL: a snapshot from the first reading on
            yield from _lines(connection)
            connection.rollback()
    except SQLAlchemyError as error:
        told = as_told(error)
        if told is error:
            raise
        raise told from error


def fill(connection: Connection, lines: Iterator[bytes]) -> dict[str, int]:
    """Fill an empty database from a dump, in the transaction that is open, and bring it up to date.

    Returns:
        How many rows each table was given.

    Raises:
        DumpError: it is none, of a newer program, or not complete.
    """
    head = _read(next(lines, b""))
    schema, tables = _head(head)
    create_at(connection, schema)
    made = [_light(name, columns) for name, columns in tables]
    for one in reversed(made):
        connection.execute(delete(one))  # first rows of counters
    many = dict.fromkeys((name for name, _ in tables), 0)
    for line in lines:
        found = _read(line)
        if "end" in found:
            if found["end"] != many:
                raise DumpError("rows are missing")
            break
        into, (name, columns) = made[found["t"]], tables[found["t"]]
        rows = [dict(zip(columns, _values(columns, row), strict=True)) for row in found["r"]]
        connection.execute(insert(into), rows)
        many[name] += len(rows)
    else:
        raise DumpError("its end is missing")
    if schema != SCHEMA:
        upgrade(connection)
    if connection.dialect.name == "postgresql":
        _go_on_counting(connection)
    return many


def _lines(connection: Connection) -> Iterator[bytes]:
    tables = metadata.sorted_tables
    columns = [{one.name: _kind(one) for one in each.columns} for each in tables]
    yield _line(
        {
            "what": "hearthgate rows 1",
            "schema": SCHEMA,
            "tables": [[each.name, kinds] for each, kinds in zip(tables, columns, strict=True)],
        }
    )
    many = {}
    for number, (each, kinds) in enumerate(zip(tables, columns, strict=True)):
        many[each.name] = 0
        light = _light(each.name, kinds)
        result = connection.execution_options(yield_per=TOGETHER).execute(select(light).order_by(*_key(each, light)))
        for rows in result.partitions(TOGETHER):
            many[each.name] += len(rows)
            yield _line({"t": number, "r": [[_plain(value) for value in row] for row in rows]})
    yield _line({"end": many})


def _key(each: Table, light: Any) -> list[Any]:
    return [light.c[one.name] for one in each.primary_key.columns]


def _kind(one: Column[Any]) -> str:
    match one.type:
        case Instant() | BigInteger() | Integer():
            return "int"
        case Boolean():
            return "bool"
        case LargeBinary():
            return "bytes"
        case Text():
            return "text"
        case other:
            raise TypeError(f"{one.table.name}.{one.name} has a type that no dump holds: {other!r}")


def _light(name: str, columns: dict[str, str]) -> Any:
    """A table by its names alone: of whatever schema, and with the values as the database has them."""
    return table(name, *(column(one, _KINDS[kind]()) for one, kind in columns.items()))


def _plain(value: Any) -> Any:
    return [base64.b64encode(value).decode()] if isinstance(value, (bytes, memoryview)) else value


def _values(columns: dict[str, str], row: list[Any]) -> Iterator[Any]:
    for kind, value in zip(columns.values(), row, strict=True):
        yield base64.b64decode(value[0]) if kind == "bytes" and value is not None else value


def _line(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _read(line: bytes) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:
        raise DumpError("it holds what no dump holds") from None
    if not isinstance(found, dict):
        raise DumpError("it holds what no dump holds")
    return found


def _head(head: dict[str, Any]) -> tuple[str, list[tuple[str, dict[str, str]]]]:
    if head.get("what") != "hearthgate rows 1":
        raise DumpError("it does not begin as a dump does")
    schema = head["schema"]
    if schema not in known_schemas():
        raise DumpError(f"it has schema {schema}, this program knows none newer than {SCHEMA}")
    tables = [(name, columns) for name, columns in head["tables"]]
    names = [name for name, _ in tables] + [one for _, columns in tables for one in columns]
    if not all(name.isidentifier() for name in names):
        raise DumpError("it names a table in a way that none is called")
    return schema, tables


def _go_on_counting(connection: Connection) -> None:
    """PostgreSQL counts on from where its sequence is, not from the rows that are there."""
    there = set(inspect(connection).get_table_names())
    for each in metadata.sorted_tables:
        counted = each.autoincrement_column
        if each.name not in there or counted is None:
            continue
        sequence = connection.execute(select(func.pg_get_serial_sequence(each.name, counted.name))).scalar()
        if sequence is not None:
            highest = connection.execute(select(func.coalesce(func.max(counted), 0))).scalar_one()
            connection.execute(
                text("SELECT setval(:sequence, :next, false)"), {"sequence": sequence, "next": highest + 1}
            )
