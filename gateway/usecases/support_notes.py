"""What every step of support's access leaves behind: whom its row concerns, and what the customer is told at once."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from gateway.domain.audit import AuditEntry
from gateway.domain.binding import Role
from gateway.domain.devices import Device
from gateway.domain.identity import AccountId, DeviceId
from gateway.domain.support_access import BreakGlass, Grant, GrantEnd, end_grant
from gateway.usecases import audit, notices
from gateway.usecases.transaction import Transaction

OPENED: Final = "support.opened"
"""Event and notice for the customer: support can see a device."""
ENDED: Final = "support.ended"


def about_glass(entry: AuditEntry, glass: BreakGlass | None) -> AuditEntry:
    """The entry with what the break-glass was about, where there is one."""
    if glass is None:
        return entry
    return replace(entry, device_id=glass.device_id, account_id=glass.account_id, case=glass.case, reason=glass.reason)


def owner_of(tx: Transaction, device_id: DeviceId, now: datetime) -> AccountId | None:
    """The account that owns a device now; None for a device that belongs to nobody or does not exist."""
    device = tx.devices.get(device_id)
    if device is None:
        return None
    owners = (
        binding.account_id
        for binding in tx.bindings.of_device(device_id)
        if binding.role is Role.OWNER and binding.epoch == device.epoch and binding.holds(now)
    )
    return next(owners, None)


def without_strangers(entry: AuditEntry, device: Device | None) -> AuditEntry:
    """A device id that names nothing is text that somebody typed: it does not belong in the audit."""
    return entry if device is not None else replace(entry, device_id=None)


def open_to(tx: Transaction, grant: Grant, now: datetime) -> None:
    """Store a grant; its customer is told at once, and reads it among their notices if no app was listening."""
    tx.support_access.add_grant(grant)
    _tell(tx, OPENED, grant, now, until=grant.until.isoformat(timespec="milliseconds").replace("+00:00", "Z"))
    told = {"grant_id": grant.grant_id, "device_id": grant.device_id, "kind": grant.kind.value}
    notices.tell(tx, grant.account_id, OPENED, told, now)


def end_and_tell(tx: Transaction, grant: Grant, why: GrantEnd, entry: AuditEntry, now: datetime) -> bool:
    """End a grant, tell its customer, and write the row; False, and none of it, when it is over already."""
    ended = end_grant(grant, why, now)
    if ended is grant or not tx.support_access.end_grant(ended):
        return False
    _tell(tx, ENDED, ended, now)
    audit.append(tx, about_grant(entry, grant))
    return True


def about_grant(entry: AuditEntry, grant: Grant) -> AuditEntry:
    """The entry with what the grant opens, to whose account, and why."""
    return replace(entry, device_id=grant.device_id, account_id=grant.account_id, case=grant.case, reason=grant.reason)


def _tell(tx: Transaction, kind: str, grant: Grant, now: datetime, **more: str) -> None:
    """The owner's app is told at once, by name of neither person nor case: those are in the activity."""
    data = {"grant_id": grant.grant_id, "device_id": grant.device_id, "kind": grant.kind.value, **more}
    tx.emit(grant.account_id, kind, data, now, device_id=grant.device_id, epoch=grant.epoch)
