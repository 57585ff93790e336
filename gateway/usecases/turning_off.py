"""Turning off again what a rule turned on. Needs no key: the command waits for the timer, which signs what it sends."""

from datetime import datetime, timedelta
from typing import Final

from gateway.domain.commands import accept
from gateway.domain.devices import DeviceStatus
from gateway.domain.firings import Firing
from gateway.usecases.commands import announce
from gateway.usecases.transaction import StaleVersionError, Transaction

WITHIN: Final = timedelta(hours=1)
"""How long the appliance may be out of reach and is still turned off when it comes back."""


def turn_off(tx: Transaction, firing: Firing, now: datetime) -> bool:
    """Have the timer turn it off at once; False where the appliance is nobody's matter any more.

    The place where a consent is withdrawn has a transaction and nothing else, so the command has had its name since
    the firing began.
    """
    bound = tx.bindings.one(firing.account_id, firing.device_id)
    if bound is None or not bound.binding.holds(now) or bound.device.epoch != firing.epoch:
        return False
    if bound.device.status is not DeviceStatus.ACTIVATED:
        return False
    seq = tx.devices.next_command_seq(firing.device_id, firing.epoch)
    if seq is None:  # a release was committed since the binding was read: start again and meet it
        raise StaleVersionError
    command = accept(
        command_id=firing.off_command_id,
        device=bound.device,
        account_id=firing.account_id,
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
