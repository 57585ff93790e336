"""All rows go out and come in again, from either database into either, and from older schemas too."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, inspect, select, text

from gateway.storage.database import Database
from gateway.storage.dump import DumpError, dump, fill
from gateway.storage.engine import engine_for
from gateway.storage.migrate import SCHEMA, alone, is_current, upgrade
from gateway.storage.tables import metadata
from tests.databases import DURABLE, POSTGRESQL, postgresql_server
from tests.storage.every_table import fill as fill_every_table
from tests.usecases.household import START

ANN, BOB = "a-" + "1" * 26, "a-" + "2" * 26


@pytest.fixture(params=DURABLE)
def database_kind(request: pytest.FixtureRequest) -> str:
    kind: str = request.param
    return kind


@pytest.fixture(params=DURABLE)
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database without any table."""
    server = postgresql_server() if request.param == POSTGRESQL else None
    url = f"sqlite:///{tmp_path}/restored.db" if server is None else server.empty_database()
    engine = engine_for(url, threads=2)
    yield engine
    engine.dispose()
    if server is not None:
        server.drop_database(url)


def everything(engine: Engine) -> dict[str, list[Any]]:
    with engine.connect() as connection:
        return {
            name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
            for name, table in metadata.tables.items()
        }


def filled_from(engine: Engine, lines: list[bytes]) -> dict[str, int]:
    with alone(engine) as connection:
        return fill(connection, iter(lines))


async def test_every_row_of_every_table_comes_back_in_either_database(database: Database, empty: Engine) -> None:
    with database.engine.begin() as connection:
        for person in (ANN, BOB):
            fill_every_table(connection, person)
    await database.run(lambda tx: tx.emit(ANN, "kind", {"text": '熱い \n " \\ \0x'[:9]}, START))  # type: ignore[arg-type]
    many = filled_from(empty, list(dump(database.engine)))
    assert is_current(empty)
    assert everything(empty) == everything(database.engine)
    assert many["accounts"] == 2
    assert many["counters"] == 3


async def test_numbers_that_the_database_gives_go_on_after_the_highest(database: Database, empty: Engine) -> None:
    for _ in range(3):
        await database.run(lambda tx: tx.publish("topic", b"{}", START))
    filled_from(empty, list(dump(database.engine)))
    restored = Database(empty, gateway_id="g-" + "1" * 26, writers=1)
    await restored.run(lambda tx: tx.publish("topic", b"{}", START))
    rows = await restored.take_over(START.replace(year=2030), 10)
    assert len({row.outbox_id for row in rows}) == 4


async def test_what_is_written_meanwhile_is_not_in_it(database: Database, empty: Engine) -> None:
    await database.run(lambda tx: tx.emit(ANN, "before", {}, START))  # type: ignore[arg-type]
    lines = dump(database.engine)
    begun = [next(lines)]
    begun.append(next(lines))  # it has read something
    await database.run(lambda tx: tx.emit(ANN, "after", {}, START))  # type: ignore[arg-type]
    filled_from(empty, begun + list(lines))
    with empty.connect() as connection:
        kinds = connection.execute(select(metadata.tables["events"].c.kind)).scalars().all()
        changes = connection.execute(text("SELECT value FROM counters WHERE name = 'changes'")).scalar()
    assert (kinds, changes) == (["before"], 1)


@pytest.mark.parametrize("schema", ["0001", "0002", "0003"])
def test_a_dump_of_an_older_schema_is_brought_up_to_date(empty: Engine, schema: str, tmp_path: Path) -> None:
    older = engine_for(f"sqlite:///{tmp_path}/older.db", threads=1)
    with alone(older) as connection:
        upgrade(connection, schema)
        connection.execute(
            text(
                "INSERT INTO accounts (account_id, login_index, login_index_key, login_kind, adult, created_at, "
                "version) VALUES ('a-1', X'00', 1, 'mail', 1, 5, 0)"
            )
        )
    lines = as_an_older_program_dumps(older, schema)
    many = filled_from(empty, lines)
    assert is_current(empty)
    assert many["accounts"] == 1
    with empty.connect() as connection:
        [row] = connection.execute(select(metadata.tables["accounts"])).all()
        assert (row.account_id, row.adult, row.login_index) == ("a-1", True, b"\0")
        assert connection.execute(text("SELECT count(*) FROM counters")).scalar() == 3
    older.dispose()


def as_an_older_program_dumps(engine: Engine, schema: str) -> list[bytes]:
    """What `dump` wrote when that schema was the newest."""
    with engine.connect() as connection:
        there = {name for name in inspect(connection).get_table_names() if name in metadata.tables}
        tables = [table for table in metadata.sorted_tables if table.name in there]
        head: list[Any] = []
        body: list[Any] = []
        for number, table in enumerate(tables):
            columns = {each["name"] for each in inspect(connection).get_columns(table.name)}
            kinds = {
                column.name: {"BIGINT": "int", "INTEGER": "int", "TEXT": "text", "BOOLEAN": "bool", "BLOB": "bytes"}[
                    str(column.type.compile(engine.dialect))
                ]
                for column in table.columns
                if column.name in columns
            }
            head.append([table.name, kinds])
            chosen = ", ".join(kinds)
            rows = [list(row) for row in connection.execute(text(f"SELECT {chosen} FROM {table.name}"))]  # noqa: S608 - names of our own
            for row in rows:
                for place, kind in enumerate(kinds.values()):
                    row[place] = ["AA=="] if kind == "bytes" else bool(row[place]) if kind == "bool" else row[place]
            body.append({"t": number, "r": rows})
        ends = {name: len(one["r"]) for (name, _), one in zip(head, body, strict=True)}
    lines = [{"what": "hearthgate rows 1", "schema": schema, "tables": head}, *(one for one in body if one["r"])]
    return [json.dumps(line).encode() for line in [*lines, {"end": ends}]]


def _without_end(lines: list[bytes]) -> list[bytes]:
    return lines[:-1]


def _without_rows(lines: list[bytes]) -> list[bytes]:
    return [lines[0], *lines[2:]]


def _newer(lines: list[bytes]) -> list[bytes]:
    return [lines[0].replace(f'"{SCHEMA}"'.encode(), b'"9999"'), *lines[1:]]


def _no_json(lines: list[bytes]) -> list[bytes]:
    return [lines[0], b"\xff", *lines[1:]]


def _no_names(lines: list[bytes]) -> list[bytes]:
    return [lines[0].replace(b'"account_id"', b'"account_id; DROP"'), *lines[1:]]


def _nothing(_: list[bytes]) -> list[bytes]:
    return []


@pytest.mark.parametrize("harm", [_without_end, _without_rows, _newer, _no_json, _no_names, _nothing])
async def test_what_is_no_whole_dump_leaves_the_database_empty(database: Database, empty: Engine, harm: Any) -> None:
    await database.run(lambda tx: tx.emit(ANN, "kind", {}, START))  # type: ignore[arg-type]
    lines = list(dump(database.engine))
    with pytest.raises(DumpError):
        filled_from(empty, harm(lines))
    assert inspect(empty).get_table_names() == []
