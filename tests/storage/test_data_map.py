"""The data map covers every column, and what is rendered of it says everything."""

import json

import pytest
from sqlalchemy import Table

from gateway.storage import data_map
from gateway.storage.data_map import DATA_MAP, Reader, Sensitivity
from gateway.storage.retention import RULES
from gateway.storage.tables import metadata
from gateway.usecases.repositories.retention import RetentionClass
from gateway.usecases.retention import PERIODS

TABLES = list(metadata.tables.values())
COLUMNS = [(name, column) for name, entry in DATA_MAP.items() for column in entry.columns]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_column_has_an_entry_and_every_entry_a_column(table: Table) -> None:
    assert list(DATA_MAP[table.name].columns) == list(table.columns.keys())


def test_every_entry_has_a_table() -> None:
    assert set(DATA_MAP) == set(metadata.tables)


@pytest.mark.parametrize(("table", "column"), COLUMNS)
def test_an_entry_says_what_for_for_whom_and_how_long(table: str, column: str) -> None:
    entry = DATA_MAP[table].columns[column]
    assert entry.purpose
    assert Reader.GATEWAY in entry.readers
    assert len(set(entry.readers)) == len(entry.readers)
    assert entry.retention or DATA_MAP[table].retention
    assert entry.told or DATA_MAP[table].told


@pytest.mark.parametrize(("table", "column"), COLUMNS)
def test_secrets_are_for_the_gateway_alone(table: str, column: str) -> None:
    entry = DATA_MAP[table].columns[column]
    if entry.sensitivity is Sensitivity.SECRET:
        assert entry.readers == (Reader.GATEWAY,)


@pytest.mark.parametrize(("table", "column"), COLUMNS)
def test_the_unit_view_and_the_operator_get_nothing_personal(table: str, column: str) -> None:
    entry = DATA_MAP[table].columns[column]
    if {Reader.VIEWER, Reader.OPERATOR} & set(entry.readers):
        assert entry.sensitivity is not Sensitivity.PERSONAL


def test_what_cannot_be_kept_has_no_column() -> None:
    names = {f"{table}.{column}" for table, column in COLUMNS}
    for never in ("ssid", "wifi", "latitude", "longitude", "location", "birth", "address_text", "phone", "mail"):
        # `idempotent_requests.location` is the HTTP header of that name: the path of what was made.
        assert [name for name in names if never in name and name != "idempotent_requests.location"] == []


def test_a_subject_is_a_column_of_its_table() -> None:
    for entry in DATA_MAP.values():
        assert entry.subject is None or entry.subject in entry.columns


def test_every_table_says_how_its_rows_belong_to_a_person_or_why_none_does() -> None:
    for name, entry in DATA_MAP.items():
        given = [entry.subject is not None, entry.path is not None, bool(entry.nobody)]
        assert given.count(True) == 1, name


def test_a_path_leads_over_columns_that_exist_to_a_table_that_names_the_account() -> None:
    for name in DATA_MAP:
        here, entry = name, DATA_MAP[name]
        seen = {name}
        while entry.path is not None:
            path = entry.path
            assert {path.column, *path.same} <= entry.columns.keys(), here
            here, entry = path.table, DATA_MAP[path.table]
            assert {path.other or path.column, *path.same} <= entry.columns.keys(), name
            assert here not in seen, name
            seen.add(here)
        assert DATA_MAP[name].nobody or entry.subject is not None, name


def test_what_a_person_may_read_of_a_sealed_column_can_be_opened() -> None:
    for name, entry in DATA_MAP.items():
        for column, one in entry.columns.items():
            if column.endswith("_sealed") and Reader.PERSON in one.readers:
                assert one.sealed_at, f"{name}.{column}"
                assert one.sealed_at.format_map(dict.fromkeys(entry.columns, "x")), f"{name}.{column}"


def test_what_is_about_nobody_is_shown_to_no_person() -> None:
    for name, entry in DATA_MAP.items():
        if entry.nobody:
            assert not any(Reader.PERSON in one.readers for one in entry.columns.values()), name


def test_every_column_named_for_an_account_makes_its_table_one_with_a_subject() -> None:
    for name, entry in DATA_MAP.items():
        if "account_id" in entry.columns:
            assert entry.subject == "account_id", name


def test_every_class_that_time_ends_has_a_period_a_rule_and_a_column() -> None:
    assert set(data_map.ended_by_time()) == set(PERIODS) == set(RULES)


@pytest.mark.parametrize("which", list(RULES))
def test_a_rule_removes_from_the_tables_that_the_map_says(which: RetentionClass) -> None:
    table = RULES[which].table.name
    mapped = {name for name, entry in DATA_MAP.items() if which in entry.retention} | {
        name for name, entry in DATA_MAP.items() for one in entry.columns.values() if which in one.retention
    }
    # What refers to a removed row goes with it.
    dependent = {
        RetentionClass.PAIRING: {"pairing_steps"},
        RetentionClass.ATTEMPT: {"evidence"},
        RetentionClass.ATTEMPT_SUCCEEDED: {"evidence"},
        RetentionClass.EXPORT: {"export_pieces"},
        RetentionClass.INCIDENT: {"incident_accounts"},
    }.get(which, set())
    assert mapped == {table} | dependent


def test_the_json_form_holds_every_column() -> None:
    exported = json.loads(data_map.as_json())
    found = [(table["table"], column["column"]) for table in exported["tables"] for column in table["columns"]]
    assert found == COLUMNS
    assert exported["tables"][0]["columns"][0] == {
        "column": "account_id",
        "purpose": "name of the account",
        "sensitivity": "identifier",
        "retention": [{"class": "account", "kept": "until the account closes"}],
        "readers": ["gateway", "person", "agent"],
        "read_for": ["delivery", "own_data", "privacy_office", "retention", "security", "service", "support_customer"],
        "told": "Your account: a random number, and your login name in a form that cannot be read back.",
    }


def test_the_markdown_form_holds_every_column_in_a_row_of_its_own() -> None:
    lines = data_map.as_markdown().splitlines()
    for table in DATA_MAP:
        start = lines.index(f"## {table}")
        rows = [line for line in lines[start : start + 40] if line.startswith("| ")]
        for column in DATA_MAP[table].columns:
            assert any(row.startswith(f"| {column} |") and row.count("|") == 6 for row in rows)


def test_the_page_for_people_names_periods_in_words() -> None:
    page = data_map.for_person()
    assert "- What you told your appliance to do in the last 30 days, and whether it did. Kept: 30 days." in page
    assert "Kept: 10 minutes." in page
    assert "digest of the network address" in page
    assert "guards against" not in page
