"""How support comes to see a customer's device, each step with its row in the audit.

The unit view (`look_up`) tells nothing about people. The customer view needs a grant: by the code that the customer
reads out, or by two of the staff (`usecases.break_glass`). A grant is looked at again in the transaction of every
reading (`view_customer`). Every function for staff raises `MayNotError` when none of their roles allows it, and has
then done nothing.
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
    GRANT_LIFE,
    LOOKUP_WINDOW,
    Case,
    CodeRefused,
    CodeTaken,
    Grant,
    GrantEnd,
    GrantId,
    GrantKind,
    LookedEnough,
    NotOpened,
    holds,
    may_look,
    take_code,
)
from gateway.usecases import audit
from gateway.usecases.outbox import Counted
from gateway.usecases.services import Identifiers, TokenPurpose, Tokens
from gateway.usecases.staff_sessions import SignedIn, entry_of
from gateway.usecases.support_notes import (
    about_grant,
    end_and_tell,
    open_to,
    owner_of,
    without_strangers,
)
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
class NoDevice:
    """What was meant is no device of ours."""


def no_device(tx: Transaction, who: SignedIn, action: Action, case: Case, now: datetime) -> NoDevice:
    """The row of somebody who meant none; not what they typed."""
    entry = entry_of(who, action, Result.NOT_FOUND, now)
    audit.append(tx, replace(entry, case=case.number, reason=case.reason))
    return NoDevice()


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
    tx.audit.hold()  # and then read the grant: what its customer ended while this waited is not looked at any more
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
    tx.audit.hold()
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
    """End one's own grant before its time; False when there is none of this id. One that is over is no error."""
    entry = entry_of(who, Action.END_GRANT, Result.GRANTED, now)
    tx.audit.hold()
    grant = tx.support_access.grant(grant_id)
    if grant is None or grant.staff_id != who.staff_id:
        audit.append(tx, replace(entry, result=Result.NOT_FOUND))
        return False
    if not end_and_tell(tx, grant, GrantEnd.STAFF, entry, now):
        audit.append(tx, about_grant(replace(entry, result=Result.NOT_FOUND), grant))
    return True
