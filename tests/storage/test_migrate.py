"""Migrations: one schema whichever way it came about, made once however many start."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect, select, text

from gateway.storage.engine import engine_for
from gateway.storage.key_checks import remembered_key_check
from gateway.storage.migrate import (
    SCHEMA,
    SEEDS,
    UnknownSchemaError,
    alembic_configuration,
    alone,
    is_current,
    migrate,
    upgrade,
)
from gateway.storage.tables import metadata
from gateway.storage.tables.delivery import counters
from gateway.usecases.transaction import DatabaseUnavailableError
from tests.databases import ALL, DURABLE, POSTGRESQL, SQLITE_FILE, SQLITE_MEMORY, postgresql_server


@pytest.fixture
def empty(database_kind: str, tmp_path: Path) -> Iterator[str]:
    """The address of a database without any table."""
    if database_kind == POSTGRESQL:
        server = postgresql_server()
        url = server.empty_database()
        yield url
        server.drop_database(url)
    else:
        yield "sqlite://" if database_kind == SQLITE_MEMORY else f"sqlite:///{tmp_path}/empty.db"


@pytest.fixture
def engine(empty: str) -> Iterator[Engine]:
    engine = engine_for(empty, threads=4)
    yield engine
    engine.dispose()


def by_migrations(engine: Engine) -> None:
    with alone(engine) as connection:
        upgrade(connection)


def schema(engine: Engine) -> dict[str, Any]:
    """Everything that the database itself says about its tables."""
    look = inspect(engine)
    found: dict[str, Any] = {}
    for table in sorted(look.get_table_names()):
        found[table] = {
            "columns": [{**column, "type": repr(column["type"])} for column in look.get_columns(table)],
            "primary key": look.get_pk_constraint(table),
            "foreign keys": sorted(look.get_foreign_keys(table), key=str),
            "unique": sorted(look.get_unique_constraints(table), key=str),
            "indexes": sorted(str(index | _options(index)) for index in look.get_indexes(table)),
        }
    return found


def _options(index: Any) -> dict[str, Any]:
    """An index's condition as text; SQLite's reflection hands over an object that equals only itself."""
    return {"dialect_options": {name: str(value) for name, value in index.get("dialect_options", {}).items()}}


def test_an_empty_database_gets_every_table_and_the_first_counters(engine: Engine) -> None:
    assert not is_current(engine)
    migrate(engine)
    assert is_current(engine)
    assert set(inspect(engine).get_table_names()) == {*metadata.tables, "alembic_version"}
    with engine.connect() as connection:
        rows = {row.name: row.value for row in connection.execute(select(counters))}
    assert rows == dict.fromkeys(SEEDS, 0)


def test_tables_made_at_once_and_by_migrations_are_identical(
    engine: Engine, database_kind: str, tmp_path: Path
) -> None:
    migrate(engine)
    at_once, seeds = schema(engine), _seeds(engine)
    server = postgresql_server() if database_kind == POSTGRESQL else None
    url = f"sqlite:///{tmp_path}/other.db" if server is None else server.empty_database()
    other = engine_for(url, threads=1)
    by_migrations(other)
    assert is_current(other)
    assert schema(other) == at_once
    assert _seeds(other) == seeds
    other.dispose()
    if server is not None:
        server.drop_database(url)


def _seeds(engine: Engine) -> list[Any]:
    with engine.connect() as connection:
        return sorted(tuple(row) for row in connection.execute(select(counters)))


@pytest.mark.parametrize("database_kind", DURABLE)
def test_alembic_finds_nothing_left_to_do(engine: Engine) -> None:
    migrate(engine)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_the_newest_migration_is_the_schema_of_the_program() -> None:
    assert ScriptDirectory.from_config(alembic_configuration()).get_heads() == [SCHEMA]


def test_everything_has_a_name_of_its_own() -> None:
    for table in metadata.tables.values():
        for constraint in table.constraints:
            assert constraint.name, f"{table.name}: {constraint}"
        for index in table.indexes:
            assert index.name, f"{table.name}: {index}"


def test_migrating_again_changes_nothing(engine: Engine) -> None:
    migrate(engine)
    with engine.connect() as connection:
        connection.execute(text("UPDATE counters SET value = 7"))
        connection.commit()
    migrate(engine)
    assert [value for _, value in _seeds(engine)] == [7] * len(SEEDS)


@pytest.mark.parametrize("database_kind", DURABLE)
@pytest.mark.parametrize("way", [migrate, by_migrations])
def test_two_gateways_that_start_at_once_make_one_schema(empty: str, way: Any) -> None:
    engines = [engine_for(empty, threads=2) for _ in range(4)]
    start = threading.Barrier(len(engines))
    failed: list[BaseException] = []

    def begin(engine: Engine) -> None:
        start.wait()
        try:
            way(engine)
        except BaseException as error:  # noqa: BLE001 - shown by the assertion
            failed.append(error)

    threads = [threading.Thread(target=begin, args=(engine,)) for engine in engines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert is_current(engines[0])
    assert len(_seeds(engines[0])) == len(SEEDS)
    for engine in engines:
        engine.dispose()


def test_a_database_of_a_newer_program_is_refused(engine: Engine) -> None:
    migrate(engine)
    with engine.connect() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        connection.commit()
    assert not is_current(engine)
    with pytest.raises(UnknownSchemaError, match="9999"):
        migrate(engine)


def test_tables_of_unknown_origin_are_left_alone(engine: Engine) -> None:
    with engine.connect() as connection:
        connection.execute(text("CREATE TABLE accounts (mine TEXT)"))
        connection.commit()
    with pytest.raises(UnknownSchemaError):
        migrate(engine)
    assert inspect(engine).get_table_names() == ["accounts"]


@pytest.mark.parametrize("database_kind", [SQLITE_FILE])
def test_a_database_that_cannot_be_opened_is_unavailable(tmp_path: Path, database_kind: str) -> None:
    engine = engine_for(f"sqlite:///{tmp_path}/nowhere/x.db", threads=1)
    with pytest.raises(DatabaseUnavailableError):
        migrate(engine)
    with pytest.raises(DatabaseUnavailableError):
        is_current(engine)
    engine.dispose()


def test_a_server_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    engine = engine_for(f"postgresql+psycopg://postgres@/x?host={tmp_path}", threads=1)
    with pytest.raises(DatabaseUnavailableError):
        migrate(engine)
    engine.dispose()


def test_a_database_in_memory_is_ready_at_once() -> None:
    took: list[float] = []
    for _ in range(3):
        started = time.perf_counter()
        engine = engine_for("sqlite://", threads=1)
        migrate(engine)
        took.append(time.perf_counter() - started)
        engine.dispose()
    assert min(took) < 0.1


def test_an_unknown_kind_of_database_is_refused() -> None:
    with pytest.raises(ValueError, match="use sqlite or postgresql"):
        engine_for("mysql://x", threads=1)


@pytest.mark.parametrize("database_kind", ALL)
def test_the_first_key_check_is_kept(engine: Engine) -> None:
    migrate(engine)
    assert remembered_key_check(engine, b"first") == b"first"
    assert remembered_key_check(engine, b"second") == b"first"
    assert remembered_key_check(engine, b"second", "another") == b"second"
