"""Members: whom an owner lets in, with which role, by invitations that work once.

Guests control; they do not invite, release or see others' data. Adults may invite guests. Nobody can hand on more than
they have, and an invitation is checked again when it is accepted: what was allowed yesterday may not be today.
"""

import hmac
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, assert_never

from gateway.domain.binding import Binding, Bound, Ownership, ReleaseWaiting, Role, Unbound, binding_of
from gateway.domain.devices import Device
from gateway.domain.identity import AccountId, DeviceId
from gateway.domain.ownership import OfferState, Refusal, Refused

INVITATION_LIFE: Final = timedelta(hours=24)
MEMBERS_LIMIT: Final = 20
"""People of one device besides its owner."""
LONGEST_STAY: Final = timedelta(days=365)
"""Of a guest."""


@dataclass(frozen=True, slots=True)
class Invitation:
    """An offer to become a member, for whoever brings the code, once."""

    device_id: DeviceId = field(repr=False)
    epoch: int
    inviter: AccountId = field(repr=False)
    role: Role
    code_digest: bytes = field(repr=False)
    expires_at: datetime
    stay_until: datetime | None = None
    """A guest's last moment; None for an adult."""
    state: OfferState = OfferState.OPEN


@dataclass(frozen=True, slots=True)
class Accepted:
    """A new member. Both are to be stored together."""

    binding: Binding
    invitation: Invitation


@dataclass(frozen=True, slots=True)
class Left:
    """Nobody of this device any more: streams close, commands that have not arrived are refused."""

    binding: Binding


def invite(
    *,
    device: Device,
    ownership: Ownership,
    by: AccountId,
    role: Role,
    code_digest: bytes,
    stay: timedelta | None,
    now: datetime,
) -> Invitation | Refused:
    """Make an invitation.

    Args:
        device: what to.
        ownership: whom it serves now.
        by: who invites.
        role: `adult` or `guest`.
        code_digest: keyed digest of the code that the invited person will bring.
        stay: how long a guest may stay; None for an adult.
        now: the present moment.
    """
    inviter = binding_of(ownership, by, now)
    if inviter is None:
        return Refused(Refusal.NOT_FOUND)
    if not _may_invite(inviter.role, role):
        return Refused(Refusal.OWNER_ONLY)
    if _members(ownership, now) >= MEMBERS_LIMIT:
        return Refused(Refusal.LIMIT_REACHED)
    stay_until = now + min(stay or LONGEST_STAY, LONGEST_STAY) if role is Role.GUEST else None
    return Invitation(device.device_id, device.epoch, by, role, code_digest, now + INVITATION_LIFE, stay_until)


def accept(
    *, device: Device, ownership: Ownership, invitation: Invitation, presented: bytes, by: AccountId, now: datetime
) -> Accepted | Refused:
    """Become a member. The inviter must still be somebody who may invite."""
    fits = (
        invitation.device_id == device.device_id
        and invitation.epoch == device.epoch
        and invitation.state is OfferState.OPEN
    )
    if not hmac.compare_digest(invitation.code_digest, presented) or not fits:
        return Refused(Refusal.OFFER_UNKNOWN)
    why = _acceptance_fault(ownership, invitation, by, now)
    if why is not None:
        return Refused(why)
    binding = Binding(
        device_id=device.device_id,
        epoch=device.epoch,
        account_id=by,
        role=invitation.role,
        since=now,
        until=invitation.stay_until,
        reset_counter=device.reset_counter,
    )
    return Accepted(binding, replace(invitation, state=OfferState.ACCEPTED))


def _acceptance_fault(ownership: Ownership, invitation: Invitation, by: AccountId, now: datetime) -> Refusal | None:
    over = invitation.stay_until is not None and now >= invitation.stay_until
    if now >= invitation.expires_at or over:
        return Refusal.OFFER_EXPIRED
    inviter = binding_of(ownership, invitation.inviter, now)
    if inviter is None or not _may_invite(inviter.role, invitation.role):
        return Refusal.OFFER_UNKNOWN
    if binding_of(ownership, by, now) is not None:
        return Refusal.ALREADY_YOURS
    return Refusal.LIMIT_REACHED if _members(ownership, now) >= MEMBERS_LIMIT else None


def withdraw(invitation: Invitation, *, ownership: Ownership, by: AccountId, now: datetime) -> Invitation | Refused:
    """Take an open invitation back: the inviter or the owner may."""
    binding = binding_of(ownership, by, now)
    if binding is None:
        return Refused(Refusal.NOT_FOUND)
    if binding.role is not Role.OWNER and by != invitation.inviter:
        return Refused(Refusal.OWNER_ONLY)
    if invitation.state is not OfferState.OPEN:
        return invitation
    return replace(invitation, state=OfferState.WITHDRAWN)


def remove(*, ownership: Ownership, who: AccountId, by: AccountId, now: datetime) -> Left | Refused:
    """The owner removes a member, or a member leaves. An owner cannot leave: they release or transfer."""
    actor = binding_of(ownership, by, now)
    leaving = next((one for one in _rows(ownership) if one.account_id == who), None)
    if actor is None or leaving is None:
        return Refused(Refusal.NOT_FOUND)
    if leaving.role is Role.OWNER or (actor.role is not Role.OWNER and by != who):
        return Refused(Refusal.OWNER_ONLY)
    return Left(leaving)


def _may_invite(inviter: Role, role: Role) -> bool:
    return (inviter, role) in {(Role.OWNER, Role.ADULT), (Role.OWNER, Role.GUEST), (Role.ADULT, Role.GUEST)}


def _rows(ownership: Ownership) -> tuple[Binding, ...]:
    match ownership:
        case Unbound():
            return ()
        case Bound(owner=owner, members=members) | ReleaseWaiting(owner=owner, members=members):
            return (owner, *members)
    assert_never(ownership)


def _members(ownership: Ownership, now: datetime) -> int:
    return sum(1 for one in _rows(ownership) if one.role is not Role.OWNER and one.holds(now))
