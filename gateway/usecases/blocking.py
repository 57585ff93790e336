"""Blocking a unit: recalled, stolen or abused. It may not activate, and what was activated stops at once."""

from dataclasses import replace
from datetime import datetime

from gateway.domain.devices import DeviceStatus
from gateway.domain.identity import DeviceId
from gateway.domain.units import BlockReason, Unit
from gateway.usecases.certificates import revoke_all
from gateway.usecases.transaction import Transaction


def block(tx: Transaction, unit: Unit, reason: BlockReason, now: datetime) -> DeviceId | None:
    """Block a unit; returns its device, None when it never was activated.

    With the commit the gateway neither listens to the device nor answers it; its connection is ended right after, and
    its certificates are on the next revocation list. Bindings stay: a block may be a mistake.
    """
    tx.units.block(unit.unit_id, reason)
    device = tx.devices.of_unit(unit.unit_id)
    if device is None:
        return None
    if device.status is not DeviceStatus.SUSPENDED:
        tx.devices.update(replace(device, status=DeviceStatus.SUSPENDED))
    revoke_all(tx, device.device_id, now)
    return device.device_id


def unblock(tx: Transaction, unit: Unit) -> DeviceId | None:
    """Take a block back. The appliance activates anew, with a new key: its old certificates stay revoked."""
    tx.units.block(unit.unit_id, None)
    device = tx.devices.of_unit(unit.unit_id)
    if device is None:
        return None
    if device.status is DeviceStatus.SUSPENDED:
        tx.devices.update(replace(device, status=DeviceStatus.ACTIVATED))
    return device.device_id
