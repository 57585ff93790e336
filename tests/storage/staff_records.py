"""Records of staff, support and audit to store, each complete and different from the next."""

from dataclasses import replace
from datetime import datetime, timedelta

from gateway.domain.audit import AuditEntry, Result
from gateway.domain.staff import Action, Staff, StaffId, StaffRole
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
from gateway.usecases.services import PasswordRecord
from tests.storage.records import NOW, account_id, device_id, digest, named


def staff_id(number: int = 1) -> StaffId:
    return StaffId(named("w", number))


def a_password(number: int = 1) -> PasswordRecord:
    return PasswordRecord("pw1", f"staff hash {number}", "00")


def a_staff(number: int = 1, *roles: StaffRole) -> Staff:
    return Staff(
        staff_id=staff_id(number),
        name_index=digest(f"staff name {number}"),
        name_sealed=b"sealed name %d" % number,
        roles=frozenset(roles or (StaffRole.AGENT,)),
        created_at=NOW + timedelta(seconds=number),
        totp_sealed=b"sealed secret %d" % number,
        totp_step=1_000_000 + number,
    )


def a_code(device: int = 1) -> SupportCode:
    return SupportCode(device_id(device), 3, account_id(), digest("code"), NOW, NOW + timedelta(minutes=15))


def a_grant(number: int = 1, *, until: datetime | None = None, device: int = 1, staff: int = 1) -> Grant:
    return Grant(
        grant_id=GrantId(named("x", number)),
        kind=GrantKind.CODE,
        device_id=device_id(device),
        epoch=3,
        account_id=account_id(),
        staff_id=staff_id(staff),
        case=f"T-{number}",
        reason="does not heat since monday",
        opened_at=NOW - timedelta(hours=24) + timedelta(seconds=number),
        until=until or NOW + timedelta(hours=1),
    )


def an_ended_grant(number: int = 1) -> Grant:
    return replace(a_grant(number), ended_at=NOW, end=GrantEnd.CUSTOMER)


def a_glass(number: int = 1) -> BreakGlass:
    return BreakGlass(
        glass_id=BreakGlassId(named("b", number)),
        device_id=device_id(),
        epoch=3,
        account_id=account_id(),
        asked_by=staff_id(1),
        case=f"T-{number}",
        reason="smoke was reported",
        asked_at=NOW,
    )


def a_reviewed_glass(number: int = 1) -> BreakGlass:
    return replace(
        a_glass(number),
        asked_at=NOW - timedelta(hours=3),
        state=GlassState.APPROVED,
        decided_by=staff_id(2),
        decided_at=NOW - timedelta(hours=2),
        reviewed_by=staff_id(3),
        reviewed_at=NOW,
        justified=True,
    )


def an_entry(at: datetime = NOW, *, staff: int = 1, result: Result = Result.GRANTED) -> AuditEntry:
    return AuditEntry(
        at=at,
        staff_id=staff_id(staff),
        role=StaffRole.AGENT,
        action=Action.VIEW_UNIT,
        result=result,
        device_id=device_id(),
        account_id=account_id(),
        target=digest("target"),
        case="T-1",
        reason="küche bleibt kalt",
    )
