"""Run check: what the gateway knows of one appliance at this moment, point by point, each judged by a rule.

The protocol has no message by which an appliance could be asked for more; this reads what it told last, and when.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum, unique
from typing import Final

from gateway.domain.certificates import Certificate, CertificateState
from gateway.domain.commands import Command
from gateway.domain.devices import Device, DeviceStatus
from gateway.domain.identity import DeviceId
from gateway.domain.presence import REPORT_EVERY, Gone, NeverSeen, Offline, Online, Presence
from gateway.domain.units import BlockReason
from gateway.usecases.repositories.states import StoredState
from gateway.usecases.transaction import Transaction

CLOCK_MAY_DIFFER: Final = timedelta(minutes=5)
"""As for `first.clock_skew`."""
_VALID: Final = frozenset({CertificateState.ISSUED, CertificateState.CONFIRMED})


@unique
class Point(StrEnum):
    """What is checked."""

    STATUS = "status"
    BLOCKED = "blocked"
    OWNER = "owner"
    PRESENCE = "presence"
    LAST_SEEN = "last_seen"
    REPORT = "report"
    CERTIFICATE = "certificate"
    CERTIFICATE_USED = "certificate_used"
    FIRMWARE = "firmware"
    CLOCK = "clock"
    COMMANDS = "commands"


@unique
class Judged(StrEnum):
    """What a point comes to."""

    GOOD = "good"
    NOTE = "note"
    """Worth knowing, and no fault."""
    BAD = "bad"
    NONE = "none"
    """Nothing to judge by."""


@dataclass(frozen=True, slots=True)
class Check:
    """One point with what was seen. Exactly what the sentence of `seen` needs is given."""

    point: Point
    judged: Judged
    seen: str
    """A name of ours for what was seen, such as `offline_bye`."""
    at: datetime | None = None
    number: int | None = None
    text: str | None = None


def run_check(tx: Transaction, device_id: DeviceId, now: datetime) -> tuple[Check, ...] | None:
    """All points of one appliance, in the order in which one would ask; None when there is no such device.

    Writes nothing and locks nothing: an appliance that reports meanwhile waits for nobody's check.
    """
    device = tx.devices.get(device_id)
    if device is None:
        return None
    unit = tx.units.get(device.unit_id)
    state, presence = tx.states.look(device_id)
    if state is not None and state.epoch != device.epoch:
        state = None
    certificates = [one for one in tx.certificates.of_device(device_id) if one.state in _VALID]
    owned = any(binding.epoch == device.epoch and binding.holds(now) for binding in tx.bindings.of_device(device_id))
    return (
        _status(device),
        _blocked(None if unit is None else unit.blocked),
        Check(Point.OWNER, Judged.GOOD, "owner_yes") if owned else Check(Point.OWNER, Judged.NOTE, "owner_no"),
        _presence(presence),
        _last_seen(presence, now),
        _report(state, presence, now),
        _certificate(certificates, now),
        _certificate_used(tx.devices.connected_serial(device_id), certificates),
        _firmware(device),
        _clock(state),
        _commands(tx.commands.under_way(device_id)),
    )


def _status(device: Device) -> Check:
    good = device.status is DeviceStatus.ACTIVATED
    return Check(Point.STATUS, Judged.GOOD if good else Judged.BAD, f"status_{device.status.value}")


def _blocked(reason: BlockReason | None) -> Check:
    if reason is None:
        return Check(Point.BLOCKED, Judged.GOOD, "no")
    return Check(Point.BLOCKED, Judged.BAD, f"blocked_{reason.value}")


def _presence(presence: Presence) -> Check:
    match presence:
        case Online(since=since):
            return Check(Point.PRESENCE, Judged.GOOD, "online", at=since)
        case Offline(since=since, why=Gone.BYE):
            return Check(Point.PRESENCE, Judged.BAD, "offline_bye", at=since)
        case Offline(since=since):
            return Check(Point.PRESENCE, Judged.BAD, "offline_silence", at=since)
        case NeverSeen():
            return Check(Point.PRESENCE, Judged.BAD, "never_seen")


def _last_seen(presence: Presence, now: datetime) -> Check:
    if isinstance(presence, NeverSeen):
        return Check(Point.LAST_SEEN, Judged.NONE, "never_seen")
    ago = max(now - presence.last_seen, timedelta())
    # One report may be late; the gateway's own offline timer waits for 2.5 of them.
    judged = Judged.GOOD if ago <= REPORT_EVERY else Judged.NOTE
    return Check(Point.LAST_SEEN, judged, "ago", number=int(ago.total_seconds()))


def _report(state: StoredState | None, presence: Presence, now: datetime) -> Check:
    if state is None or state.received_at is None:
        judged = Judged.BAD if isinstance(presence, Online) else Judged.NONE
        return Check(Point.REPORT, judged, "report_none")
    fresh = now - state.received_at <= REPORT_EVERY * 2
    judged = Judged.GOOD if fresh or not isinstance(presence, Online) else Judged.BAD
    return Check(Point.REPORT, judged, "report_at", at=state.received_at)


def _certificate(certificates: list[Certificate], now: datetime) -> Check:
    newest = max(certificates, key=lambda one: one.not_after, default=None)
    if newest is None:
        return Check(Point.CERTIFICATE, Judged.BAD, "certificate_none")
    if now >= newest.not_after:
        return Check(Point.CERTIFICATE, Judged.BAD, "certificate_over", at=newest.not_after)
    if now >= newest.renew_after:
        return Check(Point.CERTIFICATE, Judged.NOTE, "certificate_soon", at=newest.not_after)
    return Check(Point.CERTIFICATE, Judged.GOOD, "certificate_until", at=newest.not_after)


def _certificate_used(serial: str | None, certificates: list[Certificate]) -> Check:
    if serial is None:
        return Check(Point.CERTIFICATE_USED, Judged.NONE, "certificate_untold")
    if any(one.serial == serial for one in certificates):
        return Check(Point.CERTIFICATE_USED, Judged.GOOD, "certificate_same")
    return Check(Point.CERTIFICATE_USED, Judged.BAD, "certificate_other")


def _firmware(device: Device) -> Check:
    if device.firmware is None:
        return Check(Point.FIRMWARE, Judged.NONE, "firmware_none")
    return Check(Point.FIRMWARE, Judged.GOOD, "firmware", text=device.firmware)


def _clock(state: StoredState | None) -> Check:
    if state is None or state.as_of is None or state.received_at is None:
        return Check(Point.CLOCK, Judged.NONE, "clock_untold")
    off = abs(state.as_of - state.received_at)
    if off <= CLOCK_MAY_DIFFER:
        return Check(Point.CLOCK, Judged.GOOD, "clock_good")
    return Check(Point.CLOCK, Judged.BAD, "clock_off", number=int(off.total_seconds()))


def _commands(under_way: list[Command]) -> Check:
    if not under_way:
        return Check(Point.COMMANDS, Judged.GOOD, "commands_none")
    oldest = min(command.issued_at for command in under_way)
    return Check(Point.COMMANDS, Judged.NOTE, "commands_some", at=oldest, number=len(under_way))
