"""Binding: the link between a device and the people it serves, and how a proof of an appliance makes one.

A binding needs two things: an account's consent (an open pairing) and the appliance's proof (its token, its label, its
button). MAC, machine code, type, a common address or a moment in common prove nothing. Whatever the proof, `settle`
decides, so that the four ways cannot differ in what they allow.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum, unique
from typing import Final, assert_never

from gateway.domain.devices import Device, DeviceStatus
from gateway.domain.failures import Code
from gateway.domain.identity import AccountId, DeviceId
from gateway.domain.pairing import Pairing, PairingState, complete, expire, refuse

DEVICES_LIMIT: Final = 200
"""Devices that one account may own."""
RELEASE_WAIT: Final = timedelta(hours=72)
"""How long a former owner has to say no after a stranger reset the appliance and proved to hold it."""


@unique
class Role(StrEnum):
    """What a person is to a device."""

    OWNER = "owner"
    ADULT = "adult"
    GUEST = "guest"


@dataclass(frozen=True, slots=True)
class Binding:
    """One person's link to one device, for one epoch."""

    device_id: DeviceId = field(repr=False)
    epoch: int
    account_id: AccountId = field(repr=False)
    role: Role
    since: datetime
    until: datetime | None = None
    """A guest's last moment; None for everybody else."""
    reset_counter: int = 0
    """The appliance's counter when this person last proved to hold it. A higher one means: reset since then."""

    def holds(self, now: datetime) -> bool:
        """False once a guest's stay is over."""
        return holds(self.until, now)


def holds(until: datetime | None, now: datetime) -> bool:
    """Whether a stay that ends then (None: never by itself) goes on."""
    return until is None or now < until


@dataclass(frozen=True, slots=True)
class Unbound:
    """Connected is not bound: it serves nobody yet."""


@dataclass(frozen=True, slots=True)
class Bound:
    """It serves one owner and whom they let in."""

    owner: Binding
    members: tuple[Binding, ...] = ()


@dataclass(frozen=True, slots=True)
class ReleaseWaiting:
    """A stranger reset the appliance and proved to hold it. Until `until` the owner still owns it, and may object."""

    owner: Binding
    members: tuple[Binding, ...]
    newcomer: AccountId = field(repr=False)
    asked_at: datetime
    until: datetime


Ownership = Unbound | Bound | ReleaseWaiting


def ownership_of(device: Device, bindings: tuple[Binding, ...], waiting: ReleaseWaiting | None = None) -> Ownership:
    """The present ownership from stored rows. Rows of another device or another epoch count for nothing."""
    current = [one for one in bindings if one.device_id == device.device_id and one.epoch == device.epoch]
    owners = [one for one in current if one.role is Role.OWNER]
    if not owners:
        return Unbound()
    members = tuple(one for one in current if one.role is not Role.OWNER)
    if waiting is not None and waiting.owner.epoch == device.epoch:
        return replace(waiting, owner=owners[0], members=members)
    return Bound(owners[0], members)


def binding_of(ownership: Ownership, account_id: AccountId, now: datetime) -> Binding | None:
    """What an account is to the device at this moment, or None. The one question behind every access."""
    match ownership:
        case Unbound():
            return None
        case Bound(owner=owner, members=members) | ReleaseWaiting(owner=owner, members=members):
            everybody = (owner, *members)
            return next((one for one in everybody if one.account_id == account_id and one.holds(now)), None)
    assert_never(ownership)


@dataclass(frozen=True, slots=True)
class NowYours:
    """Bound. All three are to be stored together, the verdict goes to appliance and app."""

    device: Device
    binding: Binding
    pairing: Pairing


@dataclass(frozen=True, slots=True)
class AlreadyYours:
    """The same account again: a success that gives no new epoch and takes nothing away.

    `binding` differs from the stored one only in its `reset_counter`, and the device stays as it is; a release that
    was waiting is off, for the owner has just proved to hold the appliance.
    """

    binding: Binding
    pairing: Pairing


@dataclass(frozen=True, slots=True)
class ReleaseAsked:
    """A stranger holds a reset appliance: the owner is asked. Until then the newcomer gets nothing of the owner's."""

    waiting: ReleaseWaiting
    pairing: Pairing


@dataclass(frozen=True, slots=True)
class BindRefused:
    """Not bound, and why. The device is as before; the pairing is None when there is none."""

    code: Code
    pairing: Pairing | None


BindOutcome = NowYours | AlreadyYours | ReleaseAsked | BindRefused


def present_token(
    *, device: Device, ownership: Ownership, pairing: Pairing | None, held: int, now: datetime
) -> BindOutcome:
    """Answer an appliance that brings a token, within its activation or later.

    Args:
        device: the device that the topic named.
        ownership: whom it serves now.
        pairing: the pairing with that token's digest, or None when there is none.
        held: how many devices the pairing's account owns.
        now: the present moment.
    """
    if pairing is None:
        return BindRefused(Code.BIND_TOKEN_UNKNOWN, None)
    match pairing.state:
        case PairingState.OPEN if pairing.is_open(now):
            return settle(device=device, ownership=ownership, pairing=pairing, held=held, now=now)
        case PairingState.OPEN | PairingState.EXPIRED | PairingState.CANCELLED:
            return BindRefused(Code.BIND_TOKEN_EXPIRED, expire(pairing, now))
        case PairingState.REFUSED | PairingState.COMPLETED:
            return _again(device, ownership, pairing, now)
    assert_never(pairing.state)


def _again(device: Device, ownership: Ownership, pairing: Pairing, now: datetime) -> BindOutcome:
    """A used token: the same message again (QoS 1) gets the same answer, anybody else learns nothing of it."""
    if pairing.device_id == device.device_id:
        binding = binding_of(ownership, pairing.account_id, now)
        if pairing.state is PairingState.COMPLETED and binding is not None:
            return AlreadyYours(binding, pairing)
        if pairing.code is not None:
            return BindRefused(pairing.code, pairing)
    return BindRefused(Code.BIND_TOKEN_UNKNOWN, pairing)


def settle(*, device: Device, ownership: Ownership, pairing: Pairing, held: int, now: datetime) -> BindOutcome:
    """Consent and proof are both there, and the pairing is open: who may have the device?"""
    if device.status is not DeviceStatus.ACTIVATED:
        return _refused(device, pairing, Code.ACT_BLOCKED)
    known = binding_of(ownership, pairing.account_id, now)
    if known is not None:
        return AlreadyYours(replace(known, reset_counter=device.reset_counter), complete(pairing, device.device_id))
    match ownership:
        case Unbound() if held >= DEVICES_LIMIT:
            return _refused(device, pairing, Code.BIND_LIMIT)
        case Unbound():
            return _bind(device, pairing, now)
        case Bound() if device.reset_counter > ownership.owner.reset_counter:
            waiting = ReleaseWaiting(
                owner=ownership.owner,
                members=ownership.members,
                newcomer=pairing.account_id,
                asked_at=now,
                until=now + RELEASE_WAIT,
            )
            return ReleaseAsked(waiting, refuse(pairing, device.device_id, Code.BIND_OWNED))
        case Bound() | ReleaseWaiting():
            return _refused(device, pairing, Code.BIND_OWNED)
    assert_never(ownership)


def _bind(device: Device, pairing: Pairing, now: datetime) -> NowYours:
    bound = replace(device, epoch=device.epoch + 1)
    owner = Binding(
        device_id=device.device_id,
        epoch=bound.epoch,
        account_id=pairing.account_id,
        role=Role.OWNER,
        since=now,
        reset_counter=device.reset_counter,
    )
    return NowYours(bound, owner, complete(pairing, device.device_id))


def _refused(device: Device, pairing: Pairing, code: Code) -> BindRefused:
    return BindRefused(code, refuse(pairing, device.device_id, code))
