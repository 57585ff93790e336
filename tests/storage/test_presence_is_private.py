"""Support staff never see where anybody is: not by the data map, not by what a reading may name, not by any import."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Column, Table, literal, select

import gateway
from gateway.domain.read_purposes import ReadPurpose
from gateway.storage.data_map import DATA_MAP, Reader
from gateway.storage.database import Database
from gateway.storage.reading import PurposeRefusedError, guard
from gateway.storage.tables.automations import automation_firings, automation_lines, automations
from gateway.storage.tables.households import home_invitations, home_members, homes, whereabouts
from tests.storage.location_records import with_presence

LOCATED: tuple[Table, ...] = (
    homes,
    home_members,
    home_invitations,
    whereabouts,
    automations,
    automation_firings,
    automation_lines,
)
COLUMNS = [column for table in LOCATED for column in table.columns]
OF_STAFF = (
    ReadPurpose.SUPPORT_UNIT,
    ReadPurpose.SUPPORT_CUSTOMER,
    ReadPurpose.PRIVACY_OFFICE,
    ReadPurpose.STAFF,
    ReadPurpose.SECURITY,
    ReadPurpose.CONSENT,
)
"""Everything for which a page of the console, or the way to it, reads."""
TELLING = (whereabouts, automations, automation_firings, automation_lines)
"""What also the service at large may not read: only what a location consent was given for."""

SOURCE = Path(gateway.__file__).parent
FOR_STAFF = (
    *sorted((SOURCE / "console").rglob("*.py")),
    *sorted((SOURCE / "usecases").glob("support*.py")),
    *sorted((SOURCE / "usecases").glob("staff*.py")),
    *(SOURCE / "usecases" / name for name in ("audit.py", "run_check.py", "verdicts.py", "asking.py")),
    *sorted((SOURCE / "storage").glob("support*.py")),
    *(SOURCE / "storage" / name for name in ("staff.py", "audit.py")),
    SOURCE / "api" / "support.py",
)
PRIVATE = {"location", "households", "automations", "firings", "firing_ends", "whereabouts"}


@pytest.mark.parametrize("column", COLUMNS, ids=str)
def test_only_the_person_and_the_program_read_it(column: Column[object]) -> None:
    readers = DATA_MAP[column.table.name].columns[column.name].readers
    assert set(readers) <= {Reader.GATEWAY, Reader.PERSON}


@pytest.mark.parametrize("purpose", OF_STAFF)
def test_no_reading_for_staff_may_name_a_column_of_it(purpose: ReadPurpose) -> None:
    for column in COLUMNS:
        with pytest.raises(PurposeRefusedError):
            guard(purpose).permit(select(column))
        with pytest.raises(PurposeRefusedError):
            guard(purpose).permit(select(literal(1)).where(column.is_not(None)))


@pytest.mark.parametrize("table", TELLING, ids=lambda table: table.name)
def test_only_what_the_consent_is_for_reads_who_came_and_went(table: Table) -> None:
    for purpose in set(ReadPurpose) - {ReadPurpose.LOCATION, ReadPurpose.OWN_DATA, ReadPurpose.RETENTION}:
        for column in table.columns:
            with pytest.raises(PurposeRefusedError):
                guard(purpose).permit(select(column))
    guard(ReadPurpose.LOCATION).permit(select(table))


async def test_support_is_refused_in_a_transaction_too(database: Database) -> None:
    await database.run(with_presence)
    query = select(whereabouts.c.told_sealed)
    with pytest.raises(PurposeRefusedError):
        await database.read(lambda tx: tx.support._statements.all(query))  # type: ignore[attr-defined]
    found = await database.read(lambda tx: tx.whereabouts._statements.all(query))  # type: ignore[attr-defined]
    assert [row.told_sealed for row in found] == [b"sealed"], "where it may be read, it is there"


@pytest.mark.parametrize("file", FOR_STAFF, ids=lambda file: str(file.relative_to(SOURCE)))
def test_what_works_for_staff_imports_nothing_of_it_and_asks_no_repository_of_it(file: Path) -> None:
    tree = ast.parse(file.read_text())
    imported = {part for name in _imported(tree) for part in name.split(".")}
    asked = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert not imported & PRIVATE
    assert not asked & {"households", "automations", "whereabouts"}


def _imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (each.name for each in names)
            case ast.ImportFrom(module=module, names=names):
                yield module or ""
                yield from (each.name for each in names)
            case _:
                continue


def test_the_search_for_imports_finds_one() -> None:
    tree = ast.parse("from gateway.usecases import audit, location\nimport gateway.domain.firings")
    assert {"location", "gateway.domain.firings"} <= set(_imported(tree))
    assert len(FOR_STAFF) > 20
    assert all(file.exists() for file in FOR_STAFF)
