"""No repository gets around the guard: each has a connection for one purpose, and nothing else."""

import ast
import inspect
import typing
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import (
    func,
    select,
    text,
)

from gateway import storage
from gateway.domain.read_purposes import ReadPurpose
from gateway.storage.data_map import DATA_MAP
from gateway.storage.database import Database
from gateway.storage.reading import PurposeRefusedError
from gateway.storage.statements import Connected, Statements
from gateway.storage.support import SqlSupport
from gateway.storage.tables import metadata
from gateway.storage.transaction import SqlTransaction

COLUMNS = [(table, column) for table, entry in DATA_MAP.items() for column in entry.columns]
bindings, whereabouts, accounts = (metadata.tables[name] for name in ("bindings", "whereabouts", "accounts"))


# -- every way to run a statement, on every database


FORBIDDEN = select(whereabouts.c.told_sealed)
WAYS: dict[str, Callable[[Statements], object]] = {
    "execute": lambda statements: statements.execute(FORBIDDEN),
    "execute_many": lambda statements: statements.execute_many(FORBIDDEN, [{}]),
    "first": lambda statements: statements.first(FORBIDDEN),
    "all": lambda statements: statements.all(FORBIDDEN),
    "tuples": lambda statements: statements.tuples(text("SELECT told_sealed FROM whereabouts"), {}),
    "execute_guarded": lambda statements: statements.execute_guarded(FORBIDDEN, {}),
    "write_rows": lambda statements: statements.write_rows("INSERT INTO whereabouts VALUES (1)", []),
}


@pytest.mark.parametrize("way", WAYS)
def test_no_function_of_a_connection_leads_around_it(database: Database, way: str) -> None:
    with database.engine.connect() as connection:
        statements = Connected(connection).reading(ReadPurpose.SUPPORT_UNIT)
        with pytest.raises(PurposeRefusedError):
            WAYS[way](statements)


def test_every_function_that_runs_something_is_tried() -> None:
    public = {name for name, _ in inspect.getmembers(Connected, inspect.isfunction) if not name.startswith("_")}
    assert public - {"reading"} == set(WAYS)


class Curious(SqlSupport):
    """A repository of support's that somebody extended by mistake."""

    def nicknames(self) -> Any:
        return self._statements.all(select(bindings.c.nickname_sealed))

    def where_everybody_is(self) -> Any:
        return self._statements.all(select(whereabouts))

    def how_many_are_home(self) -> Any:
        return self._statements.execute(select(func.count()).select_from(whereabouts)).scalar_one()


@pytest.mark.parametrize("question", ["nicknames", "where_everybody_is", "how_many_are_home"])
def test_support_that_asks_for_names_or_presence_is_refused(database: Database, question: str) -> None:
    with database.engine.connect() as connection:
        transaction = SqlTransaction(connection, "")
        curious = Curious(transaction.support._statements)
        with pytest.raises(PurposeRefusedError, match=r"^support_unit may not read "):
            getattr(curious, question)()
        assert transaction.support.tallies(*_ANY_SPAN) == []  # what it is there for goes on


_ANY_SPAN = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC))


# -- every repository is bound


REPOSITORIES = sorted(
    name
    for name, member in vars(SqlTransaction).items()
    if isinstance(member, cached_property) and not name.startswith("_")
)


@pytest.mark.parametrize("name", REPOSITORIES)
def test_a_repository_has_nothing_but_a_connection_for_a_purpose(database: Database, name: str) -> None:
    with database.engine.connect() as connection:
        repository = getattr(SqlTransaction(connection, ""), name)
        found = list(_connections(repository))
    assert found
    assert all(type(one) is Statements for one in found)
    assert {one.purpose for one in found} == {PURPOSES.get(name, ReadPurpose.SERVICE)}


def _connections(thing: Any) -> list[Any]:
    """Every connection that an object or its parts hold."""
    held = list(vars(thing).values()) if hasattr(thing, "__dict__") else []
    mine = [one for one in held if isinstance(one, Connected)]
    parts = [
        one for one in held if type(one).__module__.startswith(storage.__name__) and not isinstance(one, Connected)
    ]
    return [*mine, *(one for part in parts for one in _connections(part))]


PURPOSES = {
    "accounts": ReadPurpose.SECURITY,
    "sessions": ReadPurpose.SECURITY,
    "throttles": ReadPurpose.SECURITY,
    "idempotency": ReadPurpose.SECURITY,
    "support": ReadPurpose.SUPPORT_UNIT,
    "support_access": ReadPurpose.SUPPORT_CUSTOMER,
    "staff": ReadPurpose.STAFF,
    "staff_sessions": ReadPurpose.STAFF,
    "audit": ReadPurpose.STAFF,
    "policies": ReadPurpose.CONSENT,
    "consents": ReadPurpose.CONSENT,
    "guardians": ReadPurpose.CONSENT,
    "whereabouts": ReadPurpose.LOCATION,
    "automations": ReadPurpose.LOCATION,
    "requests": ReadPurpose.PRIVACY_OFFICE,
    "incidents": ReadPurpose.PRIVACY_OFFICE,
    "disclosures": ReadPurpose.DELIVERY,
    "exports": ReadPurpose.OWN_DATA,
    "subject_rows": ReadPurpose.OWN_DATA,
    "deletions": ReadPurpose.OWN_DATA,
    "closures": ReadPurpose.OWN_DATA,
    "retention": ReadPurpose.RETENTION,
    "erasures": ReadPurpose.RETENTION,
}
"""All others are for the service. A repository of another purpose is a decision, and belongs here."""


@pytest.mark.parametrize("name", REPOSITORIES)
def test_mypy_refuses_a_repository_that_is_made_without_a_purpose(database: Database, name: str) -> None:
    with database.engine.connect() as connection:
        kind = type(getattr(SqlTransaction(connection, ""), name))
    hints = typing.get_type_hints(kind.__init__)
    assert hints["statements"] is Statements  # a `Connected` is none, nor is a bare connection


SOURCES = sorted(Path(storage.__file__).parent.glob("*.py"))
MAKERS = {"statements.py", "transaction.py", "database.py"}


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_purposes_are_stated_where_repositories_are_made_and_nowhere_else(source: Path) -> None:
    tree = ast.parse(source.read_text(encoding="utf-8"))
    calls = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    members = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    if source.name not in MAKERS:
        assert not calls & {"Connected", "Statements"}
        assert "reading" not in members
    if source.name in {"transaction.py", "database.py"}:
        assert "Statements" not in calls
