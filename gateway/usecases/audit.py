"""Writing the audit with what it is about, and reading it. Signing and checking it: `usecases.audit_checks`.

No answer leaves whose row was not committed before, and no row tells of a look that did not take place: an action and
its row are one transaction, and what only reads is read first, answered last.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

from gateway.domain.audit import GENESIS, AuditEntry, AuditRow
from gateway.domain.identity import AccountId, DeviceId
from gateway.protocol.canonical import canonical
from gateway.usecases.transaction import Database, DatabaseUnavailableError, Transaction

T = TypeVar("T")


class AuditUnavailableError(DatabaseUnavailableError):
    """The row could not be written, so nothing was read and nothing was done; there is no answer without it."""


# -- writing


def append(tx: Transaction, entry: AuditEntry) -> AuditRow:
    """Write an entry at the end of the chain, in the transaction of what it tells.

    It locks the end of the chain until the commit. A use case that locks rows besides, or decides by what others may
    change meanwhile, calls `tx.audit.hold()` first: all of them lock in that order, so none waits for another in turn.

    Raises:
        AuditUnavailableError: the row before is gone. `hearthgate audit verify` tells more.
    """
    last = tx.audit.hold()
    before = tx.audit.row(last) if last else None
    if last and before is None:
        raise AuditUnavailableError("the end of the audit is missing")
    entry = replace(entry, at=entry.at.replace(microsecond=entry.at.microsecond // 1000 * 1000))  # as it is stored
    previous = GENESIS if before is None else before.hash
    row = AuditRow(last + 1, entry, previous, digest_of(last + 1, entry, previous))
    tx.audit.add(row)
    return row


async def audited(
    database: Database, entry: AuditEntry | Callable[[T], AuditEntry], work: Callable[[Transaction], T]
) -> T:
    """Read, then write the row and commit it, and only then answer.

    Reading is a transaction of its own that cannot write: a funnel of many attempts must not hold up those who commit.

    Args:
        database: where both happen.
        entry: what to write; or makes it of what `work` found, a refusal as well.
        work: the reading. It cannot write a row of its own: see `recorded` for use cases that do.

    Raises:
        AuditUnavailableError: the row was not committed; what was read must not be shown, and is not.
    """
    try:
        found = await database.read(work)
    except DatabaseUnavailableError as trouble:
        raise AuditUnavailableError("nothing can be read") from trouble
    row = entry if isinstance(entry, AuditEntry) else entry(found)
    await recorded(database, lambda tx: append(tx, row))
    return found


async def recorded(database: Database, work: Callable[[Transaction], T]) -> T:
    """Run a use case that writes its own row (all of `staff`, `staff_sessions` and `support_access` do).

    Raises:
        AuditUnavailableError: nothing was committed, the row neither.
    """
    try:
        return await database.run(work)
    except DatabaseUnavailableError as trouble:
        raise AuditUnavailableError("the audit cannot be written") from trouble


def digest_of(number: int, entry: AuditEntry, previous: bytes) -> bytes:
    """The hash of a row: SHA-256 over its canonical JSON (RFC 8785 as in `protocol.canonical`)."""
    return hashlib.sha256(
        canonical(
            {
                "number": number,
                "previous": previous.hex(),
                "at": entry.at.isoformat(timespec="milliseconds"),
                "staff": entry.staff_id,
                "role": entry.role,
                "action": str(entry.action),
                "result": str(entry.result),
                "device": entry.device_id,
                "account": entry.account_id,
                "target": None if entry.target is None else entry.target.hex(),
                "case": entry.case,
                "reason": entry.reason,
            }
        )
    ).digest()


# -- reading


def page(tx: Transaction, before: int | None, at_most: int) -> tuple[list[AuditRow], int | None]:
    """A piece of the audit for an auditor, newest first, and the number to go on before; None at the end.

    Reading the audit is an action of its own: wrap this with `audited`.
    """
    rows = tx.audit.before(before, at_most + 1)
    return rows[:at_most], rows[at_most - 1].number if len(rows) > at_most else None


@dataclass(frozen=True, slots=True)
class Activity:
    """One look at something of an account's, as its person may see it: not who, but in which role."""

    number: int
    at: datetime
    role: str
    action: str
    result: str
    device_id: DeviceId | None = field(repr=False)
    case: str = field(repr=False)
    reason: str = field(repr=False)


def activity_of(
    tx: Transaction, account_id: AccountId, before: int | None, at_most: int
) -> tuple[list[Activity], int | None]:
    """A piece of an account's activity, newest first, and the number to go on before; None at the end."""
    rows = tx.audit.of_account(account_id, before, at_most + 1)
    following = rows[at_most - 1].number if len(rows) > at_most else None
    return [_activity(row) for row in rows[:at_most]], following


def _activity(row: AuditRow) -> Activity:
    entry = row.entry
    return Activity(
        row.number, entry.at, entry.role, entry.action, entry.result, entry.device_id, entry.case, entry.reason
    )
