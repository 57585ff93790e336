"""A statement that names what the data map does not allow for its purpose never reaches the database."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import (
    Executable,
    FromClause,
    bindparam,
    delete,
    exists,
    func,
    insert,
    literal,
    literal_column,
    select,
    text,
    update,
)
from sqlalchemy.dialects import sqlite

from gateway.domain.read_purposes import ReadPurpose
from gateway.storage.data_map import DATA_MAP, Reader, Sensitivity
from gateway.storage.data_map.purposes import GUARDED, READS, read_for, touches
from gateway.storage.reading import PurposeRefusedError, guard, named, refused
from gateway.storage.tables import metadata

COLUMNS = [(table, column) for table, entry in DATA_MAP.items() for column in entry.columns]
bindings, whereabouts, accounts = (metadata.tables[name] for name in ("bindings", "whereabouts", "accounts"))


def allowed(purpose: ReadPurpose, table: str, column: str) -> bool:
    return purpose in read_for(table, DATA_MAP[table], column)


def refusal(purpose: ReadPurpose, statement: Executable) -> frozenset[str]:
    """What the guard says, through the same function that repositories run."""
    try:
        guard(purpose).permit(statement)
    except PurposeRefusedError as wrong:
        return wrong.refused
    return frozenset()


# -- the property: for any purpose and columns, exactly what the map does not allow


def plainly(table: FromClause, columns: list[str]) -> Executable:
    return select(*(table.c[name] for name in columns))


def under_another_name(table: FromClause, columns: list[str]) -> Executable:
    other = table.alias("other")
    return select(*(other.c[name].label(f"x_{name}") for name in columns))


def through_a_subquery(table: FromClause, columns: list[str]) -> Executable:
    inner = select(*(table.c[name] for name in columns)).subquery()
    return select(inner)


def through_a_cte(table: FromClause, columns: list[str]) -> Executable:
    inner = select(*(table.c[name] for name in columns)).cte("inner")
    return select(*(inner.c[name] for name in columns))


def in_conditions(table: FromClause, columns: list[str]) -> Executable:
    return select(literal(1)).select_from(table).where(*(table.c[name].is_not(None) for name in columns))


def as_it_is_removed(table: Any, columns: list[str]) -> Executable:
    return delete(table).returning(*(table.c[name] for name in columns))


def by_a_change(table: Any, columns: list[str]) -> Executable:
    first, *others = columns
    changed = update(table).where(*(table.c[name].is_(None) for name in others))
    return changed.values({"note": func.coalesce(table.c[first], "")} if "note" in table.c else {}).where(
        table.c[first].is_not(None)
    )


def in_words(table: FromClause, columns: list[str]) -> Executable:
    return text(f"SELECT {', '.join(columns)} FROM {table.name}".upper())  # type: ignore[attr-defined]  # noqa: S608


FORMS = [
    plainly,
    under_another_name,
    through_a_subquery,
    through_a_cte,
    in_conditions,
    as_it_is_removed,
    by_a_change,
    in_words,
]


@given(st.data())
def test_a_statement_is_refused_for_exactly_what_the_map_does_not_allow(data: st.DataObject) -> None:
    purpose = data.draw(st.sampled_from(list(ReadPurpose)))
    table = data.draw(st.sampled_from(sorted(DATA_MAP)))
    names = data.draw(st.lists(st.sampled_from(list(DATA_MAP[table].columns)), min_size=1, unique=True))
    statement = data.draw(st.sampled_from(FORMS))(metadata.tables[table], names)
    expected = {f"{table}.{name}" for name in names if not allowed(purpose, table, name)}
    if not touches(table, DATA_MAP[table], purpose):
        expected |= {table, *(f"{table}.{name}" for name in names)}
    assert refusal(purpose, statement) == expected
    assert refusal(purpose, statement) == expected  # the second time as well


@given(st.sampled_from(list(ReadPurpose)), st.lists(st.sampled_from(COLUMNS), min_size=2, max_size=6, unique=True))
def test_in_a_query_over_several_tables_one_forbidden_column_is_enough(
    purpose: ReadPurpose, columns: list[tuple[str, str]]
) -> None:
    statement = select(*(metadata.tables[table].c[column] for table, column in columns))
    expected = {f"{table}.{column}" for table, column in columns if not allowed(purpose, table, column)}
    expected |= {table for table, _ in columns if not touches(table, DATA_MAP[table], purpose)}
    assert refusal(purpose, statement) == expected


def test_the_property_has_both_outcomes_in_plenty() -> None:
    pairs = [(purpose, *where) for purpose in ReadPurpose for where in COLUMNS]
    yes = [pair for pair in pairs if allowed(*pair)]
    assert len(yes) > 500
    assert len(pairs) - len(yes) > 1000


# -- what the map says, read from privacy.md and not from the map


@pytest.mark.parametrize(
    ("column", "purposes"),
    [
        ("whereabouts.told_sealed", {ReadPurpose.LOCATION, ReadPurpose.OWN_DATA}),
        ("passwords.hash", {ReadPurpose.SECURITY}),
        ("accounts.login_index", {ReadPurpose.SECURITY}),
        ("session_tokens.digest", {ReadPurpose.SECURITY, ReadPurpose.RETENTION}),
        ("bindings.nickname_sealed", {ReadPurpose.SERVICE, ReadPurpose.OWN_DATA}),
        ("requests.text_sealed", {ReadPurpose.PRIVACY_OFFICE, ReadPurpose.OWN_DATA}),
        ("recipients.secret_sealed", {ReadPurpose.DELIVERY}),
        ("units.unit_key_sealed", {ReadPurpose.SERVICE}),
        ("export_pieces.sealed", {ReadPurpose.OWN_DATA}),
        ("staff.totp_sealed", {ReadPurpose.STAFF}),
        ("support_codes.digest", {ReadPurpose.SUPPORT_CUSTOMER}),
    ],
)
def test_what_is_most_private_is_read_for_these_purposes_and_no_others(column: str, purposes: set[ReadPurpose]) -> None:
    table, name = column.split(".")
    assert read_for(table, DATA_MAP[table], name) == purposes


@pytest.mark.parametrize(("table", "column"), COLUMNS)
def test_the_unit_view_reads_nothing_personal_and_no_secret(table: str, column: str) -> None:
    if DATA_MAP[table].columns[column].sensitivity in {Sensitivity.PERSONAL, Sensitivity.SECRET}:
        assert not allowed(ReadPurpose.SUPPORT_UNIT, table, column)


@pytest.mark.parametrize(("table", "column"), COLUMNS)
def test_the_person_sees_what_is_theirs_and_removing_opens_nothing_sealed(table: str, column: str) -> None:
    entry = DATA_MAP[table].columns[column]
    if Reader.PERSON in entry.readers:
        assert allowed(ReadPurpose.OWN_DATA, table, column)
    if column.endswith("sealed") or entry.sealed_at:
        assert not allowed(ReadPurpose.RETENTION, table, column)


def test_nobody_who_works_here_reads_where_somebody_is() -> None:
    staff = {
        ReadPurpose.SUPPORT_UNIT,
        ReadPurpose.SUPPORT_CUSTOMER,
        ReadPurpose.PRIVACY_OFFICE,
        ReadPurpose.STAFF,
    }
    for table in ("whereabouts", "home_members", "automations", "automation_firings", "automation_lines"):
        for purpose in staff:
            assert not touches(table, DATA_MAP[table], purpose), (table, purpose)


def test_every_table_says_what_it_is_read_for_and_names_only_columns_that_need_it() -> None:
    assert set(READS) == set(DATA_MAP)
    for table, reads in READS.items():
        entry = DATA_MAP[table]
        for purpose, columns in reads.some.items():
            assert columns <= entry.columns.keys(), table
            assert purpose not in reads.whole, table
            assert {entry.columns[name].sensitivity for name in columns} <= GUARDED, table
        guarded = [one for one in entry.columns.values() if one.sensitivity in GUARDED]
        assert bool(reads.whole) == bool(guarded) or table == "key_checks", table  # read before any transaction is


# -- how a column can be named


@pytest.mark.parametrize(
    "statement",
    [
        select(bindings),
        select(func.max(bindings.c.nickname_sealed)),
        select(literal(1)).where(bindings.c.nickname_sealed.is_not(None)),
        select(accounts.c.account_id).where(
            exists().where(bindings.c.account_id == accounts.c.account_id, bindings.c.nickname_sealed.is_(None))
        ),
        select(accounts.c.account_id).union(select(bindings.c.nickname_sealed)),
        select(accounts.c.account_id, select(bindings.c.nickname_sealed).scalar_subquery()),
        select(accounts.c.account_id).order_by(bindings.c.nickname_sealed),
        select(accounts.c.account_id).join(bindings, bindings.c.nickname_sealed == accounts.c.account_id),
        update(bindings).values(role="owner").returning(bindings),
        update(bindings).values(role=bindings.c.nickname_sealed),
        insert(accounts).from_select(["account_id"], select(bindings.c.nickname_sealed)),
        select(literal_column("nickname_sealed")).select_from(bindings),
        select(text("*")).select_from(bindings),
        text("SELECT b.* FROM bindings AS b"),
        text('SELECT b."nickname_sealed" FROM "bindings" b'),
    ],
    ids=str,
)
def test_a_column_cannot_hide(statement: Executable) -> None:
    assert ("bindings", "nickname_sealed") in named(statement).columns
    assert "bindings.nickname_sealed" in refusal(ReadPurpose.SUPPORT_UNIT, statement)


def test_that_there_is_a_row_is_told_to_nobody_who_may_not_know_the_table() -> None:
    for statement in (
        select(func.count()).select_from(whereabouts),
        text("SELECT count(*) FROM whereabouts"),
        select(exists().select_from(whereabouts)),
    ):
        assert refusal(ReadPurpose.SUPPORT_CUSTOMER, statement) == {"whereabouts"}
        assert refusal(ReadPurpose.RETENTION, statement) == frozenset()


def test_what_is_only_written_is_not_read() -> None:
    made = sqlite.insert(bindings)
    made = made.on_conflict_do_update(index_elements=["device_id"], set_={"role": made.excluded.role})
    assert named(made).columns == frozenset()
    changed = update(bindings).where(bindings.c.device_id == bindparam("x")).values(nickname_sealed=None)
    assert named(changed).columns == {("bindings", "device_id")}


def test_a_table_that_the_map_does_not_know_is_for_no_purpose() -> None:
    what = named(text("SELECT 1 FROM bindings"))
    assert refused(type(what)(frozenset({"nowhere"}), frozenset()), ReadPurpose.SERVICE) == {"nowhere"}


def test_a_refusal_names_the_column_and_the_purpose_and_no_value() -> None:
    statement = select(whereabouts.c.told_sealed).where(whereabouts.c.account_id == "a-somebody")
    with pytest.raises(PurposeRefusedError) as refusal:
        guard(ReadPurpose.SUPPORT_UNIT).permit(statement)
    assert (
        str(refusal.value) == "support_unit may not read whereabouts, whereabouts.account_id, whereabouts.told_sealed"
    )
