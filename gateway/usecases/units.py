"""The production list comes in: each row checked, the good ones stored under blind indexes, the others reported."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Final

from gateway.usecases.listed_rows import RefusedRow
from gateway.usecases.production_list import Row
from gateway.usecases.repositories.units import ListedUnit
from gateway.usecases.transaction import Database, Transaction
from gateway.usecases.unit_rows import CheckedRow, UnitIntake, check_row, unique_of

BATCH_ROWS: Final = 1000
"""Rows of one transaction."""

MAX_REFUSALS_KEPT: Final = 1000
"""Refused rows in the report. All are counted, and all are told to the listener."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """How far an import has come, or how it ended."""

    rows: int = 0
    taken: int = 0
    unchanged: int = 0
    """Rows whose unit was known with exactly these data."""
    refused: int = 0
    refusals: tuple[RefusedRow, ...] = ()
    """The first `MAX_REFUSALS_KEPT` of them, in the order of the file."""


async def import_units(
    database: Database,
    intake: UnitIntake,
    rows: Iterable[Row | RefusedRow],
    now: datetime,
    *,
    progress: Callable[[ImportReport], None] | None = None,
    on_refusal: Callable[[RefusedRow], None] | None = None,
) -> ImportReport:
    """Take the good rows of a production list, 1,000 a transaction, and report the others.

    The same list again changes nothing, so an import that was interrupted is simply repeated. A row that shares
    something unique with another unit (known, or earlier in the list) without being the same is refused.

    Args:
        database: where to.
        intake: the services that rows are checked and sealed with.
        rows: as `production_list.read_production_list` gives them; read on a thread, batch by batch.
        now: when the new units came in.
        progress: called after each transaction with the report so far.
        on_refusal: called for each refused row.

    Raises:
        DatabaseUnavailableError: what was committed before stays; repeat the import.
        ListError: the file is no production list.
    """
    report = ImportReport()
    source = iter(rows)
    while batch := await asyncio.to_thread(_next_batch, intake, source, now):
        checked = [row for row in batch if isinstance(row, CheckedRow)]
        refused = [row for row in batch if isinstance(row, RefusedRow)]
        taken, unchanged, conflicts = await database.run(partial(_store, batch=checked))
        refused = sorted([*refused, *conflicts], key=lambda row: row.line)
        if on_refusal is not None:
            for row in refused:
                on_refusal(row)
        report = ImportReport(
            report.rows + len(batch),
            report.taken + taken,
            report.unchanged + unchanged,
            report.refused + len(refused),
            (*report.refusals, *refused[: MAX_REFUSALS_KEPT - len(report.refusals)]),
        )
        if progress is not None:
            progress(report)
    return report


def _next_batch(intake: UnitIntake, rows: Iterator[Row | RefusedRow], now: datetime) -> list[CheckedRow | RefusedRow]:
    return [row if isinstance(row, RefusedRow) else check_row(row, intake, now) for row in islice(rows, BATCH_ROWS)]


def _store(tx: Transaction, *, batch: list[CheckedRow]) -> tuple[int, int, list[RefusedRow]]:
    """Add what is new; tell how many were taken and unchanged, and which are in conflict."""
    owners: dict[tuple[str, bytes | str], tuple[ListedUnit, int | None]] = {}
    for known in tx.units.sharing([row.listed for row in batch]):
        for column, value in unique_of(known).items():
            owners[column, value] = (known, None)
    new: list[ListedUnit] = []
    unchanged = 0
    conflicts: list[RefusedRow] = []
    for row in batch:
        shared = [(column, owners[column, value]) for column, value in row.unique.items() if (column, value) in owners]
        if not shared:
            new.append(row.listed)
            for column, value in row.unique.items():
                owners[column, value] = (row.listed, row.line)
        elif all(_same(owner, row.listed) for _, (owner, _) in shared):
            unchanged += 1
        else:
            conflicts.append(_conflict(row, shared))
    tx.units.add(new)
    return len(new), unchanged, conflicts


def _same(one: ListedUnit, other: ListedUnit) -> bool:
    return one.unit.type_id == other.unit.type_id and unique_of(one) == unique_of(other)


def _conflict(row: CheckedRow, shared: list[tuple[str, tuple[ListedUnit, int | None]]]) -> RefusedRow:
    """Say what is wrong in the terms of somebody who has the list before them."""
    owners = {owner.unit.unit_id: (owner, line) for _, (owner, line) in shared}
    columns = [column for column, _ in shared]
    if len(owners) > 1:
        return RefusedRow(row.line, columns[0], f"{' and '.join(columns)} belong to different units")
    ((owner, line),) = owners.values()
    where = "a unit that is known already" if line is None else f"the unit of line {line}"
    if "mac" in columns and "machine_code" in columns:
        before, after = unique_of(owner), row.unique
        differing = [
            column for column in ("credential", "claim_id", "setup_code") if before.get(column) != after.get(column)
        ] or ["type_id"]
        return RefusedRow(row.line, differing[0], f"differs from {where} (same MAC and machine code)")
    return RefusedRow(row.line, columns[0], f"is that of {where}, whose other data differ")
