"""The audit on SQL. One counter numbers its rows; its lock makes one chain of what several gateways write."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import BigInteger, bindparam, case, func, insert, literal, select, update
from sqlalchemy.dialects import postgresql, sqlite

from gateway.domain.audit import AuditEntry, AuditRow, Checkpoint, Result
from gateway.domain.identity import AccountId, DeviceId
from gateway.domain.staff import Action, StaffId
from gateway.domain.support_access import RecentLookups
from gateway.storage.statements import AnyRow, Statements
from gateway.storage.tables.audit import audit_checkpoints, audit_rows
from gateway.storage.tables.delivery import counters
from gateway.storage.tables.schema import Instant

COUNTER: Final = "audit"
"""Row of `counters` that holds the number given out last."""

_LOOKUPS: Final = (Action.VIEW_UNIT.value, Action.READ_TRACE.value)

_END: Final = select(counters.c.value).where(counters.c.name == COUNTER)
_HOLD: Final = _END.with_for_update()
_ADVANCE: Final = (
    update(counters)
    .where(counters.c.name == COUNTER, counters.c.value == bindparam("before"))
    .values(value=bindparam("number"))
)
_ADD: Final = insert(audit_rows)
_ROW: Final = select(audit_rows).where(audit_rows.c.number == bindparam("number"))
_AFTER: Final = (
    select(audit_rows)
    .where(audit_rows.c.number > bindparam("number"))
    .order_by(audit_rows.c.number)
    .limit(bindparam("at_most"))
)
_BEFORE: Final = (
    select(audit_rows)
    .where(audit_rows.c.number < bindparam("number", type_=BigInteger()))
    .order_by(audit_rows.c.number.desc())
    .limit(bindparam("at_most"))
)
_BEFORE_OF_ACCOUNT: Final = _BEFORE.where(audit_rows.c.account_id == bindparam("account_id"))
_RECENT: Final = select(
    func.count().label("total"),
    func.coalesce(func.sum(case((audit_rows.c.result == Result.NOT_FOUND.value, 1), else_=0)), literal(0)).label(
        "misses"
    ),
    func.min(audit_rows.c.at, type_=Instant()).label("oldest_at"),
).where(
    audit_rows.c.staff_id == bindparam("staff_id"),
    audit_rows.c.at > bindparam("since", type_=Instant()),
    audit_rows.c.action.in_(_LOOKUPS),
    audit_rows.c.result != Result.REFUSED.value,
)
_CHECKPOINTS: Final = select(audit_checkpoints).order_by(audit_checkpoints.c.number)
_NEWEST: Final = select(audit_checkpoints).order_by(audit_checkpoints.c.number.desc()).limit(1)
_SIGN: Final = {
    True: postgresql.insert(audit_checkpoints).on_conflict_do_nothing().returning(audit_checkpoints.c.number),
    False: sqlite.insert(audit_checkpoints).on_conflict_do_nothing().returning(audit_checkpoints.c.number),
}

_FAR: Final = 2**62


class SqlAudit:
    """Implements `usecases.repositories.audit.AuditRepository`."""

    def __init__(self, statements: Statements) -> None:
        self._statements: Final = statements

    def hold(self) -> int:
        """See the protocol."""
        value: int = self._statements.execute(_HOLD).scalar_one()
        return value

    def row(self, number: int) -> AuditRow | None:
        """See the protocol."""
        row = self._statements.first(_ROW, {"number": number})
        return None if row is None else _row(row)

    def add(self, row: AuditRow) -> None:
        """See the protocol."""
        self._statements.execute_guarded(_ADVANCE, {"before": row.number - 1, "number": row.number})
        self._statements.execute(_ADD, _columns(row))

    def end(self) -> int:
        """See the protocol."""
        value: int = self._statements.execute(_END).scalar_one()
        return value

    def after(self, number: int, at_most: int) -> list[AuditRow]:
        """See the protocol."""
        return [_row(row) for row in self._statements.all(_AFTER, {"number": number, "at_most": at_most})]

    def before(self, number: int | None, at_most: int) -> list[AuditRow]:
        """See the protocol."""
        values = {"number": _FAR if number is None else number, "at_most": at_most}
        return [_row(row) for row in self._statements.all(_BEFORE, values)]

    def of_account(self, account_id: AccountId, before: int | None, at_most: int) -> list[AuditRow]:
        """See the protocol."""
        values = {"number": _FAR if before is None else before, "at_most": at_most, "account_id": account_id}
        return [_row(row) for row in self._statements.all(_BEFORE_OF_ACCOUNT, values)]

    def lookups(self, staff_id: StaffId, since: datetime) -> RecentLookups:
        """See the protocol."""
        row = self._statements.first(_RECENT, {"staff_id": staff_id, "since": since})
        return RecentLookups(None, 0, 0) if row is None else RecentLookups(row.oldest_at, row.total, row.misses)

    def checkpoints(self) -> list[Checkpoint]:
        """See the protocol."""
        return [_checkpoint(row) for row in self._statements.all(_CHECKPOINTS)]

    def newest_checkpoint(self) -> Checkpoint | None:
        """See the protocol."""
        row = self._statements.first(_NEWEST)
        return None if row is None else _checkpoint(row)

    def add_checkpoint(self, checkpoint: Checkpoint) -> bool:
        """See the protocol."""
        values = {
            "number": checkpoint.number,
            "hash": checkpoint.hash,
            "at": checkpoint.at,
            "signature": checkpoint.signature,
        }
        return self._statements.first(_SIGN[self._statements.is_postgresql], values) is not None


def _columns(row: AuditRow) -> dict[str, Any]:
    entry = row.entry
    return {
        "number": row.number,
        "at": entry.at,
        "staff_id": entry.staff_id,
        "role": entry.role,
        "action": str(entry.action),
        "result": str(entry.result),
        "device_id": entry.device_id,
        "account_id": entry.account_id,
        "target": entry.target,
        "case_number": entry.case,
        "reason": entry.reason,
        "previous": row.previous,
        "hash": row.hash,
    }


def _row(row: AnyRow) -> AuditRow:
    entry = AuditEntry(
        at=row.at,
        staff_id=None if row.staff_id is None else StaffId(row.staff_id),
        role=row.role,
        action=row.action,
        result=row.result,
        device_id=None if row.device_id is None else DeviceId(row.device_id),
        account_id=None if row.account_id is None else AccountId(row.account_id),
        target=row.target,
        case=row.case_number,
        reason=row.reason,
    )
    return AuditRow(row.number, entry, row.previous, row.hash)


def _checkpoint(row: AnyRow) -> Checkpoint:
    return Checkpoint(row.number, row.hash, row.at, row.signature)
