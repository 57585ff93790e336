"""Commands: from "accepted" to an end, and no way back.

At least once until received, at most once in effect, in order, never after expiry, never after the owner's epoch.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum, unique
from typing import Final, assert_never

from gateway.domain.devices import Device
from gateway.domain.identity import AccountId, CommandId, DeviceId

DEFAULT_LIFE: Final = timedelta(seconds=30)
LONGEST_LIFE: Final = timedelta(hours=24)
LONGEST_HEATING_LIFE: Final = timedelta(seconds=30)
"""Turning on a heater is for somebody who waits for it now, not for a house that the appliance rejoins at night."""
ANSWER_LIMIT: Final = timedelta(seconds=60)
"""From `received` to a result, where that ends later than the command itself: received in time is not too late."""
RESEND_DELAYS_S: Final = (1, 2, 4, 8, 16, 30)
"""Seconds after the first, second, … sending; the last one repeats."""


@unique
class Status(StrEnum):
    """Where a command is. The first three are under way, the others are ends."""

    ACCEPTED = "accepted"
    SENT = "sent"
    RECEIVED = "received"
    APPLIED = "applied"
    REJECTED = "rejected"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"
    REFUSED = "refused"
    APPLIED_LATE = "applied_late"


UNDER_WAY: Final = frozenset({Status.ACCEPTED, Status.SENT, Status.RECEIVED})
NOT_RECEIVED: Final = frozenset({Status.ACCEPTED, Status.SENT})


@unique
class Why(StrEnum):
    """Why a command ended without the appliance's word."""

    BY_PERSON = "by_person"
    EPOCH_ENDED = "epoch_ended"
    NEWER_COMMAND = "newer_command"
    NOT_ALLOWED = "not_allowed"


@dataclass(frozen=True, slots=True)
class Command:
    """One wish of one person to one device."""

    command_id: CommandId
    device_id: DeviceId = field(repr=False)
    epoch: int
    account_id: AccountId = field(repr=False)
    seq: int
    """Counts up per device; the order in which commands take effect."""
    action: str
    params: Mapping[str, object] = field(repr=False, hash=False)
    issued_at: datetime
    expires_at: datetime
    status: Status = Status.ACCEPTED
    sends: int = 0
    next_send_at: datetime | None = None
    """When to send (again); None once there is nothing more to send."""
    sent_at: datetime | None = None
    received_at: datetime | None = None
    ended_at: datetime | None = None
    code: str | None = None
    """The appliance's own reason for `rejected` and `failed`, or a `Why`."""
    version: int = 0
    """For compare and swap in the store; the domain hands it on untouched."""

    @property
    def under_way(self) -> bool:
        """True until an end is reached."""
        return self.status in UNDER_WAY

    @property
    def limit(self) -> datetime:
        """The moment at which it ends by itself."""
        if self.received_at is None:
            return self.expires_at
        return max(self.expires_at, self.received_at + ANSWER_LIMIT)


@dataclass(frozen=True, slots=True)
class TooLong:
    """The wished lifetime exceeds what this command may have."""

    longest: timedelta


def lifetime(wished: timedelta | None, *, turns_heat_on: bool) -> timedelta | TooLong:
    """How long a command may wait for its appliance. Nothing wished: 30 seconds."""
    longest = LONGEST_HEATING_LIFE if turns_heat_on else LONGEST_LIFE
    if wished is None:
        return min(DEFAULT_LIFE, longest)
    return wished if timedelta(0) < wished <= longest else TooLong(longest)


def accept(
    *,
    command_id: CommandId,
    device: Device,
    account_id: AccountId,
    seq: int,
    action: str,
    params: Mapping[str, object],
    life: timedelta,
    now: datetime,
) -> Command:
    """A new command of the device's present epoch, due at once."""
    return Command(
        command_id=command_id,
        device_id=device.device_id,
        epoch=device.epoch,
        account_id=account_id,
        seq=seq,
        action=action,
        params=params,
        issued_at=now,
        expires_at=now + life,
        next_send_at=now,
    )


@dataclass(frozen=True, slots=True)
class WasSent:
    """Handed to the broker once (more)."""


@dataclass(frozen=True, slots=True)
class WasReceived:
    """The appliance has it."""


@dataclass(frozen=True, slots=True)
class WasApplied:
    """The appliance did it."""


@dataclass(frozen=True, slots=True)
class WasRejected:
    """The appliance said no."""

    code: str | None = None


@dataclass(frozen=True, slots=True)
class HasFailed:
    """The appliance tried and could not."""

    code: str | None = None


@dataclass(frozen=True, slots=True)
class TimePassed:
    """Nothing but the clock."""


@dataclass(frozen=True, slots=True)
class SaidHello:
    """The appliance is (again) there: send at once."""


@dataclass(frozen=True, slots=True)
class CancelledByPerson:
    """Its account no longer wants it."""


@dataclass(frozen=True, slots=True)
class Replaced:
    """A newer set-point of the same properties was accepted."""


@dataclass(frozen=True, slots=True)
class EpochEnded:
    """Its owner's time with the device is over."""


@dataclass(frozen=True, slots=True)
class PermissionEnded:
    """Its account may no longer command the device: a guest's stay is over, a member was removed."""


Event = (
    WasSent
    | WasReceived
    | WasApplied
    | WasRejected
    | HasFailed
    | TimePassed
    | SaidHello
    | CancelledByPerson
    | Replaced
    | EpochEnded
    | PermissionEnded
)


def advance(command: Command, event: Event, now: datetime) -> Command:  # noqa: C901, PLR0911 - one case an event
    """The command after an event. What does not fit changes nothing: the very same object comes back.

    Expiry comes first: an event at or after the limit meets an expired command. Calling twice with the same event
    changes nothing the second time, except `WasSent`, which counts.
    """
    command = _after_time(command, now)
    if not command.under_way:
        return _after_end(command, event, now)
    match event:
        case TimePassed():
            return command
        case WasSent():
            return _sent(command, now)
        case WasReceived():
            return _received(command, now)
        case SaidHello():
            return replace(command, next_send_at=now) if command.status in NOT_RECEIVED else command
        case WasApplied():
            return _ended(command, Status.APPLIED, None, now)
        case WasRejected(code=code):
            return _ended(command, Status.REJECTED, code, now)
        case HasFailed(code=code):
            return _ended(command, Status.FAILED, code, now)
        case EpochEnded():
            return _ended(command, Status.CANCELLED, Why.EPOCH_ENDED, now)
        case CancelledByPerson():
            return _given_up(command, Status.CANCELLED, Why.BY_PERSON, now)
        case Replaced():
            return _given_up(command, Status.SUPERSEDED, Why.NEWER_COMMAND, now)
        case PermissionEnded():
            return _given_up(command, Status.REFUSED, Why.NOT_ALLOWED, now)
    assert_never(event)


def _after_time(command: Command, now: datetime) -> Command:
    if command.under_way and now >= command.limit:
        return _ended(command, Status.EXPIRED, None, now)
    return command


def _after_end(command: Command, event: Event, now: datetime) -> Command:
    """Only one thing is still worth knowing: it took effect although it was given up."""
    given_up = command.status in {Status.EXPIRED, Status.CANCELLED, Status.SUPERSEDED}
    if isinstance(event, WasApplied) and given_up and command.code != Why.EPOCH_ENDED and command.sends > 0:
        return replace(command, status=Status.APPLIED_LATE, ended_at=now)
    return command


def _sent(command: Command, now: datetime) -> Command:
    if command.status not in NOT_RECEIVED:
        return command
    delay = RESEND_DELAYS_S[min(command.sends, len(RESEND_DELAYS_S) - 1)]
    return replace(
        command,
        status=Status.SENT,
        sends=command.sends + 1,
        sent_at=command.sent_at or now,
        next_send_at=now + timedelta(seconds=delay),
    )


def _received(command: Command, now: datetime) -> Command:
    if command.status not in NOT_RECEIVED:
        return command
    # The word may overtake our own note that it was sent: a crash between publishing and writing it down.
    return replace(command, status=Status.RECEIVED, sends=max(command.sends, 1), received_at=now, next_send_at=None)


def _given_up(command: Command, status: Status, why: Why, now: datetime) -> Command:
    """Takes back what the appliance does not have yet; what it has runs to its own end."""
    return _ended(command, status, why, now) if command.status in NOT_RECEIVED else command


def _ended(command: Command, status: Status, code: str | None, now: datetime) -> Command:
    return replace(command, status=status, code=code, ended_at=now, next_send_at=None)
