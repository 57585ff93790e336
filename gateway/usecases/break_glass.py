"""Break-glass: a customer's device is opened without their code, by two people and a reason, and reviewed by a third.

Each step is a row in the audit, the customer is told at once, and the grant that comes of it is like that of a code
(`support_access.view_customer`), for an hour.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from gateway.domain.audit import Result
from gateway.domain.identity import DeviceId
from gateway.domain.staff import Action
from gateway.domain.support_access import (
    ASK_LIFE,
    GLASS_LIFE,
    BreakGlass,
    BreakGlassId,
    Case,
    GlassState,
    Grant,
    GrantId,
    GrantKind,
    NotDecided,
    decide,
    review,
)
from gateway.usecases import audit
from gateway.usecases.services import Identifiers
from gateway.usecases.staff_sessions import SignedIn, entry_of
from gateway.usecases.support_access import concerning
from gateway.usecases.support_notes import about_glass, open_to, without_strangers
from gateway.usecases.transaction import Transaction


@dataclass(frozen=True, slots=True)
class NoCustomer:
    """The device does not exist or belongs to nobody: there is no customer view of it."""


def ask_break_glass(
    tx: Transaction, who: SignedIn, device_id: DeviceId, case: Case, *, identifiers: Identifiers, now: datetime
) -> BreakGlass | NoCustomer:
    """Ask to see a device without its customer's code; it waits an hour for a second person."""
    tx.audit.hold()
    entry = concerning(tx, entry_of(who, Action.ASK_BREAK_GLASS, Result.GRANTED, now), device_id, now)
    entry = replace(entry, case=case.number, reason=case.reason)
    device = tx.devices.get(device_id)
    if device is None or entry.account_id is None:
        audit.append(tx, without_strangers(replace(entry, result=Result.NOT_FOUND), device))
        return NoCustomer()
    glass = BreakGlass(
        glass_id=BreakGlassId(identifiers.new("b")),
        device_id=device_id,
        epoch=device.epoch,
        account_id=entry.account_id,
        asked_by=who.staff_id,
        case=case.number,
        reason=case.reason,
        asked_at=now,
    )
    tx.support_access.add_glass(glass)
    audit.append(tx, entry)
    return glass


def decide_break_glass(
    tx: Transaction, who: SignedIn, glass_id: BreakGlassId, *, approve: bool, identifiers: Identifiers, now: datetime
) -> Grant | BreakGlass | NotDecided:
    """The second person's decision. Approved: the device is open to who asked, for an hour, and the customer is told.

    Returns:
        The grant, or the question that was declined.
    """
    entry = entry_of(who, Action.APPROVE_BREAK_GLASS, Result.GRANTED, now)
    tx.audit.hold()
    glass = tx.support_access.glass(glass_id)
    device = None if glass is None else tx.devices.get(glass.device_id)
    decided = decide(glass, by=who.staff_id, approve=approve, epoch=-1 if device is None else device.epoch, now=now)
    if isinstance(decided, NotDecided):
        audit.append(tx, about_glass(replace(entry, result=Result.REFUSED), glass))
        return decided
    tx.support_access.put_glass(decided)
    if decided.state is not GlassState.APPROVED:
        audit.append(tx, about_glass(replace(entry, result=Result.REFUSED), decided))
        return decided
    grant = Grant(
        grant_id=GrantId(identifiers.new("x")),
        kind=GrantKind.BREAK_GLASS,
        device_id=decided.device_id,
        epoch=decided.epoch,
        account_id=decided.account_id,
        staff_id=decided.asked_by,
        case=decided.case,
        reason=decided.reason,
        opened_at=now,
        until=now + GLASS_LIFE,
    )
    open_to(tx, grant, now)
    audit.append(tx, about_glass(entry, decided))
    return grant


def break_glass_waiting(tx: Transaction, who: SignedIn, now: datetime) -> list[BreakGlass]:
    """Questions that wait for this person as the second one, oldest first."""
    who.role_in(Action.APPROVE_BREAK_GLASS)
    return [glass for glass in tx.support_access.glasses_waiting(now - ASK_LIFE) if glass.asked_by != who.staff_id]


def break_glass_to_review(tx: Transaction, who: SignedIn, now: datetime) -> list[BreakGlass]:
    """Those that are over and nobody has reviewed, oldest first; not the ones that this person took part in."""
    who.role_in(Action.REVIEW_BREAK_GLASS)
    glasses = tx.support_access.glasses_to_review(now - GLASS_LIFE)
    return [glass for glass in glasses if who.staff_id not in (glass.asked_by, glass.decided_by)]


def review_break_glass(
    tx: Transaction, who: SignedIn, glass_id: BreakGlassId, *, justified: bool, now: datetime
) -> BreakGlass | NotDecided:
    """Say afterwards whether it was right."""
    entry = entry_of(who, Action.REVIEW_BREAK_GLASS, Result.GRANTED, now)
    tx.audit.hold()
    glass = tx.support_access.glass(glass_id)
    reviewed = review(glass, by=who.staff_id, justified=justified, now=now)
    if isinstance(reviewed, NotDecided):
        audit.append(tx, about_glass(replace(entry, result=Result.REFUSED), glass))
        return reviewed
    tx.support_access.put_glass(reviewed)
    audit.append(tx, about_glass(entry, reviewed))
    return reviewed
