"""How support comes to see a customer's device, each step with its row in the audit.

The unit view (`look_up`) tells nothing about people. The customer view needs a grant: by the code that the customer
reads out, or by two of the staff. A grant is looked at again in the transaction of every reading (`view_customer`).
Every function for staff raises `MayNotError` when none of their roles allows it, and has then done nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Generic, TypeVar

from gateway.domain.audit import AuditEntry, Result
from gateway.domain.devices import Device
from gateway.domain.identity import DeviceId
from gateway.domain.staff import Action
from gateway.domain.support_access import (
    ASK_LIFE,
    GLASS_LIFE,
    GRANT_LIFE,
    LOOKUP_WINDOW,
    BreakGlass,
    BreakGlassId,
    Case,
    CodeRefused,
    CodeTaken,
    GlassState,
    Grant,
    GrantEnd,
    GrantId,
    GrantKind,
    LookedEnough,
    NotDecided,
    NotOpened,
    decide,
    holds,
    may_look,
    review,
    take_code,
)
from gateway.usecases import audit
from gateway.usecases.outbox import Counted
from gateway.usecases.services import Identifiers, TokenPurpose, Tokens
from gateway.usecases.staff_sessions import SignedIn, entry_of
from gateway.usecases.support_notes import about_glass, end_and_tell, open_to, owner_of, without_strangers
from gateway.usecases.transaction import Transaction

T = TypeVar("T")


# -- look-ups: the unit view and traces


@dataclass(frozen=True, slots=True)
class Looked(Generic[T]):
    """A look-up that was made; `found` is None for a miss."""

    found: T | None
    alarm: bool
    """This miss was one too many: it was counted, and is worth a line in the log (without whose or what)."""


def look_up(
    tx: Transaction,
    who: SignedIn,
    *,
    action: Action,
    target: bytes,
    find: Callable[[Transaction], T | None],
    device_of: Callable[[T], DeviceId | None],
    now: datetime,
) -> Looked[T] | LookedEnough:
    """Look something up by its exact name, within the limit of thirty an hour, with its row in the audit.

    Args:
        tx: the transaction.
        who: who looks.
        action: `VIEW_UNIT` or `READ_TRACE`.
        target: keyed digest (`IndexedField.AUDIT_TARGET`) of what was typed.
        find: reads it; the answer must hold no personal data.
        device_of: the device that was found, so that its owner sees in their activity that it was looked at.
        now: the present moment.
    """
    entry = replace(entry_of(who, action, Result.GRANTED, now), target=target)
    tx.audit.hold()  # before counting: of two at once the second counts the first
    verdict = may_look(tx.audit.lookups(who.staff_id, now - LOOKUP_WINDOW), now)
    if isinstance(verdict, LookedEnough):
        tx.count(Counted.LOOK_UP, "refused")
        audit.append(tx, replace(entry, result=Result.REFUSED))
        return verdict
    found = find(tx)
    tx.count(Counted.LOOK_UP, "miss" if found is None else "hit")
    if found is None:
        if verdict.last_miss_before_alarm:
            tx.count(Counted.SUPPORT_ALARM, "misses")
        audit.append(tx, replace(entry, result=Result.NOT_FOUND))
        return Looked(None, alarm=verdict.last_miss_before_alarm)
    device_id = device_of(found)
    audit.append(tx, entry if device_id is None else concerning(tx, entry, device_id, now))
    return Looked(found, alarm=False)


def concerning(tx: Transaction, entry: AuditEntry, device_id: DeviceId, now: datetime) -> AuditEntry:
    """The entry with the device, and with the account of its owner, who will see it."""
    return replace(entry, device_id=device_id, account_id=owner_of(tx, device_id, now))


# -- the customer view


@dataclass(frozen=True, slots=True)
class OpenedDevice:
    """A device that is open to somebody now. Has one maker: `view_customer`."""

    grant: Grant
    device: Device


@dataclass(frozen=True, slots=True)
class NoGrant:
    """It is not open to them: no grant, over, ended by the customer, or of another owner. All look alike."""


def view_customer(tx: Transaction, who: SignedIn, device_id: DeviceId, now: datetime) -> OpenedDevice | NoGrant:
    """Proof that somebody may read about this customer's device in this transaction, with the row that says so."""
    entry = concerning(tx, entry_of(who, Action.VIEW_CUSTOMER, Result.GRANTED, now), device_id, now)
    grant = tx.support_access.grant_of(who.staff_id, device_id, now)
    device = tx.devices.get(device_id)
    if grant is None or device is None or not holds(grant, epoch=device.epoch, now=now):
        audit.append(tx, without_strangers(replace(entry, result=Result.REFUSED), device))
        return NoGrant()
    audit.append(tx, replace(entry, case=grant.case, reason=grant.reason))
    return OpenedDevice(grant, device)


def open_with_code(
    tx: Transaction,
    who: SignedIn,
    device_id: DeviceId,
    case: Case,
    code: str,
    *,
    tokens: Tokens,
    identifiers: Identifiers,
    now: datetime,
) -> Grant | NotOpened:
    """Open one device for 24 hours with the code that the customer reads out. The code works once."""
    entry = concerning(tx, entry_of(who, Action.USE_CODE, Result.GRANTED, now), device_id, now)
    entry = replace(entry, case=case.number, reason=case.reason)
    device = tx.devices.get(device_id)
    shown = tx.support_access.code(device_id)
    presented = tokens.digest(TokenPurpose.SUPPORT_CODE, f"{device_id}\0{''.join(code.split())}")
    match take_code(shown, epoch=-1 if device is None else device.epoch, presented=presented, now=now):
        case CodeRefused(why=why, code=tried):
            if tried is not None:
                tx.support_access.put_code(tried)
            audit.append(tx, without_strangers(replace(entry, result=Result.REFUSED), device))
            return why
        case CodeTaken(code=right):
            tx.support_access.remove_code(right)
            grant = Grant(
                grant_id=GrantId(identifiers.new("x")),
                kind=GrantKind.CODE,
                device_id=device_id,
                epoch=right.epoch,
                account_id=right.account_id,
                staff_id=who.staff_id,
                case=case.number,
                reason=case.reason,
                opened_at=now,
                until=now + GRANT_LIFE,
            )
            open_to(tx, grant, now)
            audit.append(tx, entry)
            return grant


def open_grants(tx: Transaction, who: SignedIn, now: datetime) -> list[Grant]:
    """What is open to whom: to leads and privacy officers everybody's, to an agent their own."""
    role = who.role_in(Action.LIST_GRANTS)
    everybodys = who.role_for(Action.REVIEW_BREAK_GLASS) is not None
    grants = [grant for grant in tx.support_access.open_grants(now) if everybodys or grant.staff_id == who.staff_id]
    entry = AuditEntry(at=now, staff_id=who.staff_id, role=role, action=Action.LIST_GRANTS, result=Result.GRANTED)
    audit.append(tx, entry)
    return grants


def give_back(tx: Transaction, who: SignedIn, grant_id: GrantId, now: datetime) -> bool:
    """End one's own grant before its time; False when there is none of this id."""
    entry = entry_of(who, Action.END_GRANT, Result.GRANTED, now)
    grant = tx.support_access.grant(grant_id)
    if grant is None or grant.staff_id != who.staff_id:
        audit.append(tx, replace(entry, result=Result.NOT_FOUND))
        return False
    end_and_tell(tx, grant, GrantEnd.STAFF, entry, now)
    return True


# -- break-glass


@dataclass(frozen=True, slots=True)
class NoCustomer:
    """The device does not exist or belongs to nobody: there is no customer view of it."""


def ask_break_glass(
    tx: Transaction, who: SignedIn, device_id: DeviceId, case: Case, *, identifiers: Identifiers, now: datetime
) -> BreakGlass | NoCustomer:
    """Ask to see a device without its customer's code; it waits an hour for a second person."""
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
    glass = tx.support_access.glass(glass_id)
    reviewed = review(glass, by=who.staff_id, justified=justified, now=now)
    if isinstance(reviewed, NotDecided):
        audit.append(tx, about_glass(replace(entry, result=Result.REFUSED), glass))
        return reviewed
    tx.support_access.put_glass(reviewed)
    audit.append(tx, about_glass(entry, reviewed))
    return reviewed
