"""Ownership: how a device leaves its owner. By release, by transfer, or after a reset and 72 hours without objection.

Each of them ends an epoch. Whatever belongs to people carries the epoch it was made in, so one number takes members,
invitations, schedules, automations, commands, streams and state with it; whoever stores a departure removes all rows of
`ended_epoch` in the same transaction.
"""

import hmac
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum, unique
from typing import Final, assert_never

from gateway.domain.binding import DEVICES_LIMIT, Binding, Bound, Ownership, ReleaseWaiting, Role, Unbound, binding_of
from gateway.domain.devices import Device, DeviceStatus
from gateway.domain.identity import AccountId, DeviceId

TRANSFER_LIFE: Final = timedelta(hours=24)


@unique
class Refusal(StrEnum):
    """Why an owner's wish is not carried out; the value is what travels."""

    NOT_FOUND = "not_found"
    """Not theirs at all. Looks like a device that does not exist."""
    OWNER_ONLY = "owner_only"
    REAUTHENTICATION_REQUIRED = "reauthentication_required"
    LIMIT_REACHED = "limit_reached"
    OFFER_EXPIRED = "offer_expired"
    OFFER_UNKNOWN = "offer_unknown"
    ALREADY_YOURS = "already_yours"
    NOT_DUE = "not_due"
    DEVICE_BLOCKED = "device_blocked"


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing changes."""

    why: Refusal


@dataclass(frozen=True, slots=True)
class Released:
    """Nobody's any more. Store the device, remove everything of the ended epoch, tell the appliance to wipe."""

    device: Device
    ended_epoch: int
    former: tuple[AccountId, ...] = field(repr=False)
    """Everybody who could reach it, owner first: their streams close."""


def release(
    *, device: Device, ownership: Ownership, by: AccountId, reauthenticated: bool, now: datetime
) -> Released | Refused:
    """The owner lets go. A second request meets a device that is not theirs."""
    refusal = _unless_owner(ownership, by, now)
    if refusal is not None:
        return refusal
    if not reauthenticated:
        return Refused(Refusal.REAUTHENTICATION_REQUIRED)
    return _released(device, ownership)


def agree(*, device: Device, ownership: Ownership, by: AccountId, now: datetime) -> Released | Refused:
    """The former owner agrees that the newcomer may have it."""
    if not isinstance(ownership, ReleaseWaiting):
        return Refused(Refusal.NOT_FOUND)
    refusal = _unless_owner(ownership, by, now)
    return refusal if refusal is not None else _released(device, ownership)


def dispute(*, device: Device, ownership: Ownership, by: AccountId, now: datetime) -> Bound | Refused:
    """The owner objects. The device stays theirs; the stranger needs another reset, or support with two people."""
    if not isinstance(ownership, ReleaseWaiting):
        return Refused(Refusal.NOT_FOUND)
    refusal = _unless_owner(ownership, by, now)
    if refusal is not None:
        return refusal
    return Bound(replace(ownership.owner, reset_counter=device.reset_counter), ownership.members)


def lapse(*, device: Device, ownership: Ownership, now: datetime) -> Released | Refused:
    """72 hours passed without a word of the owner."""
    if not isinstance(ownership, ReleaseWaiting) or now < ownership.until:
        return Refused(Refusal.NOT_DUE)
    return _released(device, ownership)


def release_by_support(*, device: Device, ownership: Ownership, first: str, second: str) -> Released | Refused:
    """Two different people of support decide it; who and why is the audit's matter."""
    if isinstance(ownership, Unbound):
        return Refused(Refusal.NOT_FOUND)
    if first == second:
        return Refused(Refusal.REAUTHENTICATION_REQUIRED)
    return _released(device, ownership)


@unique
class OfferState(StrEnum):
    """Where an offer or invitation is. All but `open` are final."""

    OPEN = "open"
    ACCEPTED = "accepted"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class TransferOffer:
    """The owner offers the device to whoever brings the code."""

    device_id: DeviceId = field(repr=False)
    epoch: int
    code_digest: bytes = field(repr=False)
    offered_at: datetime
    expires_at: datetime
    state: OfferState = OfferState.OPEN


@dataclass(frozen=True, slots=True)
class Transferred:
    """Another's now. Everything of the ended epoch goes, as with a release; nobody's hands it was in between."""

    device: Device
    binding: Binding
    offer: TransferOffer
    ended_epoch: int
    former: tuple[AccountId, ...] = field(repr=False)


def offer_transfer(
    *, device: Device, ownership: Ownership, by: AccountId, code_digest: bytes, reauthenticated: bool, now: datetime
) -> TransferOffer | Refused:
    """Make an offer. It is worth nothing once the epoch has changed."""
    refusal = _unless_owner(ownership, by, now)
    if refusal is not None:
        return refusal
    if not reauthenticated:
        return Refused(Refusal.REAUTHENTICATION_REQUIRED)
    return TransferOffer(device.device_id, device.epoch, code_digest, now, now + TRANSFER_LIFE)


def accept_transfer(
    *,
    device: Device,
    ownership: Ownership,
    offer: TransferOffer,
    presented: bytes,
    by: AccountId,
    held: int,
    now: datetime,
) -> Transferred | Refused:
    """Take over. The limit is checked now, for the offer may be a day old."""
    fits = offer.device_id == device.device_id and offer.epoch == device.epoch and offer.state is OfferState.OPEN
    if not hmac.compare_digest(offer.code_digest, presented) or not fits or isinstance(ownership, Unbound):
        return Refused(Refusal.OFFER_UNKNOWN)
    why = _takeover_fault(device, ownership, offer, by, held, now)
    if why is not None:
        return Refused(why)
    moved = replace(device, epoch=device.epoch + 1)
    binding = Binding(
        device_id=device.device_id,
        epoch=moved.epoch,
        account_id=by,
        role=Role.OWNER,
        since=now,
        reset_counter=device.reset_counter,
    )
    accepted = replace(offer, state=OfferState.ACCEPTED)
    return Transferred(moved, binding, accepted, ended_epoch=device.epoch, former=_everybody(ownership))


def _takeover_fault(
    device: Device, ownership: Bound | ReleaseWaiting, offer: TransferOffer, by: AccountId, held: int, now: datetime
) -> Refusal | None:
    if now >= offer.expires_at:
        return Refusal.OFFER_EXPIRED
    if device.status is not DeviceStatus.ACTIVATED:
        return Refusal.DEVICE_BLOCKED
    if ownership.owner.account_id == by:
        return Refusal.ALREADY_YOURS
    return Refusal.LIMIT_REACHED if held >= DEVICES_LIMIT else None


def _unless_owner(ownership: Ownership, by: AccountId, now: datetime) -> Refused | None:
    binding = binding_of(ownership, by, now)
    if binding is None:
        return Refused(Refusal.NOT_FOUND)
    return None if binding.role is Role.OWNER else Refused(Refusal.OWNER_ONLY)


def _released(device: Device, ownership: Ownership) -> Released:
    return Released(
        device=replace(device, epoch=device.epoch + 1), ended_epoch=device.epoch, former=_everybody(ownership)
    )


def _everybody(ownership: Ownership) -> tuple[AccountId, ...]:
    match ownership:
        case Unbound():
            return ()
        case Bound(owner=owner, members=members) | ReleaseWaiting(owner=owner, members=members):
            return tuple(one.account_id for one in (owner, *members))
    assert_never(ownership)
