"""Turning off again what a rule turned on. Needs no key: the command waits for the timer, which signs what it sends."""

from datetime import datetime, timedelta
from typing import Final

from gateway.domain.binding import Role
from gateway.domain.commands import accept
from gateway.domain.devices import DeviceStatus
from gateway.domain.firings import Firing
from gateway.domain.identity import AccountId
from gateway.usecases.commands import announce
from gateway.usecases.transaction import StaleVersionError, Transaction

WITHIN: Final = timedelta(hours=1)
"""How long the appliance may be out of reach and is still turned off when it comes back."""


def turn_off(tx: Transaction, firing: Firing, now: datetime) -> bool:
    """Have the timer turn it off at once; False where the appliance is nobody's matter any more.

    The place where a consent is withdrawn has a transaction and nothing else, so the command has had its name since
    the firing began. Where the person may not tell the appliance anything any more (a guest whose stay is over), it is
    given in the name of the appliance's owner: what a rule turned on does not stay on because its owner left.
    """
    device = tx.devices.get(firing.device_id)
    if device is None or device.epoch != firing.epoch or device.status is not DeviceStatus.ACTIVATED:
        return False
    giver = _giver(tx, firing, now)
    if giver is None:
        return False
    seq = tx.devices.next_command_seq(firing.device_id, firing.epoch)
    if seq is None:  # a release was committed since the device was read: start again and meet it
        raise StaleVersionError
    command = accept(
        command_id=firing.off_command_id,
        device=device,
        account_id=giver,
        seq=seq,
        action="off",
        params={},
        life=WITHIN,
        now=now,
    )
    tx.commands.add(command, now)
    tx.ring_at(now)
    announce(tx, command, now)
    return True


def _giver(tx: Transaction, firing: Firing, now: datetime) -> AccountId | None:
    """In whose name: the rule's owner while bound to the appliance, else the appliance's owner."""
    bound = [one for one in tx.bindings.of_device(firing.device_id) if one.epoch == firing.epoch and one.holds(now)]
    if any(one.account_id == firing.account_id for one in bound):
        return firing.account_id
    return next((one.account_id for one in bound if one.role is Role.OWNER), None)
