"""Support codes, grants and break-glass on SQL."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from gateway.domain.identity import AccountId, DeviceId
from gateway.domain.staff import StaffId
from gateway.domain.support_access import (
    BreakGlass,
    BreakGlassId,
    GlassState,
    Grant,
    GrantEnd,
    GrantId,
    GrantKind,
    SupportCode,
)
from gateway.storage.statements import AnyRow, Statements
from gateway.storage.tables.staff import break_glass, support_codes, support_grants

_CODE: Final = select(support_codes).where(support_codes.c.device_id == bindparam("device_id")).with_for_update()


def _show(dialect: Any) -> Any:
    shown = dialect.insert(support_codes)
    names = ("epoch", "account_id", "digest", "shown_at", "expires_at", "tries_left")
    return shown.on_conflict_do_update(
        index_elements=["device_id"],
        # The version goes on counting: whoever still tries the former code must notice.
        set_={**{name: shown.excluded[name] for name in names}, "version": support_codes.c.version + 1},
    )


_SHOW: Final = {True: _show(postgresql), False: _show(sqlite)}
_THIS_CODE: Final = (
    support_codes.c.device_id == bindparam("b_device_id"),
    support_codes.c.version == bindparam("b_version"),
)
_PUT_CODE: Final = (
    update(support_codes)
    .where(*_THIS_CODE)
    .values(tries_left=bindparam("tries_left"), version=support_codes.c.version + 1)
)
_REMOVE_CODE: Final = delete(support_codes).where(*_THIS_CODE)

_ADD_GRANT: Final = insert(support_grants)
_GRANT: Final = select(support_grants).where(support_grants.c.grant_id == bindparam("grant_id"))
_OPEN: Final = (
    select(support_grants)
    .where(support_grants.c.ended_at.is_(None), support_grants.c.until > bindparam("now"))
    .order_by(support_grants.c.opened_at.desc(), support_grants.c.grant_id)
)
_OPEN_OF_ACCOUNT: Final = _OPEN.where(support_grants.c.account_id == bindparam("account_id"))
_OPEN_OF_STAFF: Final = (
    select(support_grants)
    .where(
        support_grants.c.staff_id == bindparam("staff_id"),
        support_grants.c.device_id == bindparam("device_id"),
        support_grants.c.ended_at.is_(None),
        support_grants.c.until > bindparam("now"),
    )
    .order_by(support_grants.c.epoch.desc(), support_grants.c.until.desc())
    .limit(1)
)
_END_GRANT: Final = (
    update(support_grants)
    .where(support_grants.c.grant_id == bindparam("b_grant_id"), support_grants.c.ended_at.is_(None))
    .values(ended_at=bindparam("ended_at"), end_reason=bindparam("end_reason"))
)

_ADD_GLASS: Final = insert(break_glass)
_GLASS: Final = select(break_glass).where(break_glass.c.glass_id == bindparam("glass_id"))
_DECIDED: Final = ("state", "decided_by", "decided_at", "reviewed_by", "reviewed_at", "justified")
_PUT_GLASS: Final = (
    update(break_glass)
    .where(break_glass.c.glass_id == bindparam("b_glass_id"), break_glass.c.version == bindparam("b_version"))
    .values({**{name: bindparam(name) for name in _DECIDED}, "version": break_glass.c.version + 1})
)
_WAITING: Final = (
    select(break_glass)
    .where(break_glass.c.state == GlassState.ASKED.value, break_glass.c.asked_at > bindparam("after"))
    .order_by(break_glass.c.asked_at, break_glass.c.glass_id)
)
_TO_REVIEW: Final = (
    select(break_glass)
    .where(
        break_glass.c.state == GlassState.APPROVED.value,
        break_glass.c.reviewed_at.is_(None),
        break_glass.c.decided_at <= bindparam("before"),
    )
    .order_by(break_glass.c.asked_at, break_glass.c.glass_id)
)


class SqlSupportAccess:
    """Implements `usecases.repositories.support_access.SupportAccessRepository`."""

    def __init__(self, statements: Statements) -> None:
        self._statements: Final = statements

    def code(self, device_id: DeviceId) -> SupportCode | None:
        """See the protocol."""
        row = self._statements.first(_CODE, {"device_id": device_id})
        return None if row is None else _code(row)

    def show_code(self, code: SupportCode) -> None:
        """See the protocol."""
        self._statements.execute(
            _SHOW[self._statements.is_postgresql],
            {
                "device_id": code.device_id,
                "epoch": code.epoch,
                "account_id": code.account_id,
                "digest": code.digest,
                "shown_at": code.shown_at,
                "expires_at": code.expires_at,
                "tries_left": code.tries_left,
                "version": code.version,
            },
        )

    def put_code(self, code: SupportCode) -> None:
        """See the protocol."""
        values = {"b_device_id": code.device_id, "b_version": code.version, "tries_left": code.tries_left}
        self._statements.execute_guarded(_PUT_CODE, values)

    def remove_code(self, code: SupportCode) -> None:
        """See the protocol."""
        self._statements.execute_guarded(_REMOVE_CODE, {"b_device_id": code.device_id, "b_version": code.version})

    def add_grant(self, grant: Grant) -> None:
        """See the protocol."""
        self._statements.execute(
            _ADD_GRANT,
            {
                "grant_id": grant.grant_id,
                "kind": grant.kind.value,
                "device_id": grant.device_id,
                "epoch": grant.epoch,
                "account_id": grant.account_id,
                "staff_id": grant.staff_id,
                "case_number": grant.case,
                "reason": grant.reason,
                "opened_at": grant.opened_at,
                "until": grant.until,
                "ended_at": grant.ended_at,
                "end_reason": None if grant.end is None else grant.end.value,
            },
        )

    def grant(self, grant_id: GrantId) -> Grant | None:
        """See the protocol."""
        row = self._statements.first(_GRANT, {"grant_id": grant_id})
        return None if row is None else _grant(row)

    def grant_of(self, staff_id: StaffId, device_id: DeviceId, now: datetime) -> Grant | None:
        """See the protocol."""
        values = {"staff_id": staff_id, "device_id": device_id, "now": now}
        row = self._statements.first(_OPEN_OF_STAFF, values)
        return None if row is None else _grant(row)

    def end_grant(self, grant: Grant) -> bool:
        """See the protocol."""
        why = None if grant.end is None else grant.end.value
        values = {"b_grant_id": grant.grant_id, "ended_at": grant.ended_at, "end_reason": why}
        return self._statements.execute(_END_GRANT, values).rowcount == 1

    def open_grants(self, now: datetime, *, account_id: AccountId | None = None) -> list[Grant]:
        """See the protocol."""
        if account_id is None:
            return [_grant(row) for row in self._statements.all(_OPEN, {"now": now})]
        return [_grant(row) for row in self._statements.all(_OPEN_OF_ACCOUNT, {"now": now, "account_id": account_id})]

    def add_glass(self, glass: BreakGlass) -> None:
        """See the protocol."""
        self._statements.execute(
            _ADD_GLASS,
            {
                "glass_id": glass.glass_id,
                "device_id": glass.device_id,
                "epoch": glass.epoch,
                "account_id": glass.account_id,
                "asked_by": glass.asked_by,
                "case_number": glass.case,
                "reason": glass.reason,
                "asked_at": glass.asked_at,
                "version": glass.version,
                **_decision(glass),
            },
        )

    def glass(self, glass_id: BreakGlassId) -> BreakGlass | None:
        """See the protocol."""
        row = self._statements.first(_GLASS, {"glass_id": glass_id})
        return None if row is None else _glass(row)

    def put_glass(self, glass: BreakGlass) -> None:
        """See the protocol."""
        values = {"b_glass_id": glass.glass_id, "b_version": glass.version, **_decision(glass)}
        self._statements.execute_guarded(_PUT_GLASS, values)

    def glasses_waiting(self, asked_after: datetime) -> list[BreakGlass]:
        """See the protocol."""
        return [_glass(row) for row in self._statements.all(_WAITING, {"after": asked_after})]

    def glasses_to_review(self, decided_before: datetime) -> list[BreakGlass]:
        """See the protocol."""
        return [_glass(row) for row in self._statements.all(_TO_REVIEW, {"before": decided_before})]


def _code(row: AnyRow) -> SupportCode:
    return SupportCode(
        device_id=DeviceId(row.device_id),
        epoch=row.epoch,
        account_id=AccountId(row.account_id),
        digest=row.digest,
        shown_at=row.shown_at,
        expires_at=row.expires_at,
        tries_left=row.tries_left,
        version=row.version,
    )


def _grant(row: AnyRow) -> Grant:
    return Grant(
        grant_id=GrantId(row.grant_id),
        kind=GrantKind(row.kind),
        device_id=DeviceId(row.device_id),
        epoch=row.epoch,
        account_id=AccountId(row.account_id),
        staff_id=StaffId(row.staff_id),
        case=row.case_number,
        reason=row.reason,
        opened_at=row.opened_at,
        until=row.until,
        ended_at=row.ended_at,
        end=None if row.end_reason is None else GrantEnd(row.end_reason),
    )


def _glass(row: AnyRow) -> BreakGlass:
    return BreakGlass(
        glass_id=BreakGlassId(row.glass_id),
        device_id=DeviceId(row.device_id),
        epoch=row.epoch,
        account_id=AccountId(row.account_id),
        asked_by=StaffId(row.asked_by),
        case=row.case_number,
        reason=row.reason,
        asked_at=row.asked_at,
        state=GlassState(row.state),
        decided_by=None if row.decided_by is None else StaffId(row.decided_by),
        decided_at=row.decided_at,
        reviewed_by=None if row.reviewed_by is None else StaffId(row.reviewed_by),
        reviewed_at=row.reviewed_at,
        justified=row.justified,
        version=row.version,
    )


def _decision(glass: BreakGlass) -> dict[str, Any]:
    return {
        "state": glass.state.value,
        "decided_by": glass.decided_by,
        "decided_at": glass.decided_at,
        "reviewed_by": glass.reviewed_by,
        "reviewed_at": glass.reviewed_at,
        "justified": glass.justified,
    }
