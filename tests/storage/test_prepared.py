"""Statements that SQLite's driver runs itself do what SQLAlchemy's execution does."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection, bindparam, func, insert, select, text, update
from sqlalchemy.exc import IntegrityError, OperationalError

from gateway.storage.engine import engine_for
from gateway.storage.migrate import migrate
from gateway.storage.prepared import prepare
from gateway.storage.statements import Connected
from gateway.storage.tables.access import throttles
from gateway.storage.tables.delivery import counters
from gateway.usecases.transaction import StaleVersionError

NOW = datetime(2026, 3, 1, 12, 0, 0, 123_000, tzinfo=UTC)
ROW = {"key": b"\x00secret\xff", "failures": 3, "blocked_until": None, "updated_at": NOW, "version": 0}
ADD = insert(throttles)
ONE = select(throttles).where(throttles.c.key == bindparam("key"))


@pytest.fixture
def connection() -> Connection:
    engine = engine_for("sqlite://")
    migrate(engine)
    return engine.connect()


@pytest.fixture
def statements(connection: Connection) -> Connected:
    return Connected(connection)


def columns_of(row: object) -> dict[str, object]:
    return {column.name: getattr(row, column.name) for column in throttles.columns}


def test_values_come_back_as_sqlalchemy_brings_them(connection: Connection, statements: Connected) -> None:
    statements.execute_many(ADD, [ROW])
    mine = statements.first(ONE, {"key": ROW["key"]})
    theirs = connection.execute(ONE, {"key": ROW["key"]}).one()
    assert mine is not None
    assert columns_of(mine) == columns_of(theirs) == ROW
    assert [type(value) for value in mine] == [type(value) for value in theirs]
    assert statements.first(ONE, {"key": b"other"}) is None


def test_which_columns_are_set_depends_on_what_is_given(statements: Connected) -> None:
    statements.execute_many(insert(counters), [{"name": "a", "value": 1}, {"name": "b", "value": 2}])
    change = update(counters).where(counters.c.name == bindparam("b_name"))
    assert statements.execute(change, {"b_name": "a", "value": 7}).rowcount == 1
    assert statements.execute(change, {"b_name": "nobody", "value": 7}).rowcount == 0
    found = statements.all(select(counters).where(counters.c.value == 7))
    assert [row.name for row in found] == ["a"]


def test_a_changed_row_comes_back_at_once(statements: Connected) -> None:
    count = update(counters).where(counters.c.name == "changes").values(value=counters.c.value + bindparam("many"))
    assert statements.execute(count.returning(counters.c.value), {"many": 5}).scalar_one() == 5
    none = count.where(counters.c.value < 0).returning(counters.c.value)
    assert statements.execute(none, {"many": 5}).scalar_one_or_none() is None
    with pytest.raises(ValueError, match="not enough values"):
        statements.execute(none, {"many": 5}).scalar_one()
    with pytest.raises(StaleVersionError):
        statements.execute_guarded(none, {"many": 5})


def test_a_broken_rule_is_the_error_that_sqlalchemy_raises_without_its_values(statements: Connected) -> None:
    statements.execute_many(insert(counters), [{"name": "private-name", "value": 1}])
    with pytest.raises(IntegrityError) as found:
        statements.execute(insert(counters), {"name": "private-name", "value": 1})
    assert "private-name" not in str(found.value)
    with pytest.raises(OperationalError):
        statements.first(text("SELECT nothing FROM nowhere"))


def test_a_parameter_without_a_value_is_a_mistake_and_not_null(statements: Connected) -> None:
    with pytest.raises(KeyError, match="key"):
        statements.first(ONE, {})


def test_columns_without_a_name_of_their_own_have_their_place(statements: Connected) -> None:
    found = statements.first(select(func.count(), func.max(counters.c.value)).select_from(counters))
    assert found is not None
    assert found[0] >= 1
    assert statements.first(text("SELECT 1 AS one, 2 AS two")).two == 2  # type: ignore[union-attr]


def test_a_list_that_becomes_so_many_parameters_is_left_to_sqlalchemy(
    connection: Connection, statements: Connected
) -> None:
    several = select(counters.c.name).where(counters.c.name.in_(bindparam("names", expanding=True)))
    assert prepare(several, (), connection.dialect) is None
    assert [row.name for row in statements.all(several, {"names": ["changes", "x"]})] == ["changes"]
