"""Release: how a device leaves its owner. One transaction, and nothing of the former epoch has effect after it."""

from datetime import datetime
from typing import Final

from gateway.domain import ownership as leaving
from gateway.domain.commands import EpochEnded, advance
from gateway.domain.identity import AccountId, DeviceId
from gateway.domain.ownership import Released
from gateway.protocol.topics import DownChannel, DownTopic
from gateway.usecases.binding import BindingServices, Verdict, ownership_of, signed_verdict
from gateway.usecases.transaction import Transaction

AT_ONCE: Final = 100
"""Devices that are read together."""


def release(
    tx: Transaction,
    services: BindingServices,
    account_id: AccountId,
    device_id: DeviceId,
    now: datetime,
    *,
    reauthenticated: bool,
) -> Released | leaving.Refused:
    """The owner lets go of a device. When this returned and was committed, nothing of the former epoch has effect."""
    device = tx.devices.get(device_id)
    if device is None:
        return leaving.Refused(leaving.Refusal.NOT_FOUND)
    outcome = leaving.release(
        device=device,
        ownership=ownership_of(tx, device),
        by=account_id,
        reauthenticated=reauthenticated,
        now=now,
    )
    if isinstance(outcome, Released):
        _leave(tx, services, outcome, now)
    return outcome


def agree(
    tx: Transaction, services: BindingServices, account_id: AccountId, device_id: DeviceId, now: datetime
) -> Released | leaving.Refused:
    """The owner agrees to a release that a newcomer asked for."""
    device = tx.devices.get(device_id)
    if device is None:
        return leaving.Refused(leaving.Refusal.NOT_FOUND)
    outcome = leaving.agree(device=device, ownership=ownership_of(tx, device), by=account_id, now=now)
    if isinstance(outcome, Released):
        _leave(tx, services, outcome, now)
    return outcome


def dispute(tx: Transaction, account_id: AccountId, device_id: DeviceId, now: datetime) -> leaving.Refused | None:
    """The owner objects: the device stays theirs, and the request is forgotten."""
    device = tx.devices.get(device_id)
    if device is None:
        return leaving.Refused(leaving.Refusal.NOT_FOUND)
    outcome = leaving.dispute(device=device, ownership=ownership_of(tx, device), by=account_id, now=now)
    if isinstance(outcome, leaving.Refused):
        return outcome
    tx.bindings.put(outcome.owner)
    tx.bindings.forget_release(device_id)
    return None


def release_all(
    tx: Transaction, services: BindingServices, account_id: AccountId, now: datetime
) -> tuple[DeviceId, ...]:
    """Release every device that an account owns, because it closes. Returns which.

    What waits to be sent to them is dropped: of the former epoch nothing arrives any more but the verdict that ends it.
    """
    released: list[DeviceId] = []
    after: DeviceId | None = None
    while rows := tx.bindings.of_account(account_id, after, AT_ONCE):
        after = rows[-1].device.device_id
        for row in rows:
            ownership = ownership_of(tx, row.device)
            outcome = leaving.release(
                device=row.device, ownership=ownership, by=account_id, reauthenticated=True, now=now
            )
            if isinstance(outcome, Released):
                tx.erasures.drop_messages([row.device.device_id])
                _leave(tx, services, outcome, now)
                released.append(row.device.device_id)
    return tuple(released)


def lapse_releases(tx: Transaction, services: BindingServices, now: datetime, at_most: int = 50) -> int:
    """Release devices whose owner was silent for 72 hours; returns how many were looked at."""
    due = tx.bindings.releases_due(now, at_most)
    for device_id in due:
        device = tx.devices.get(device_id)
        outcome = None
        if device is not None:
            outcome = leaving.lapse(device=device, ownership=ownership_of(tx, device), now=now)
        if isinstance(outcome, Released):
            _leave(tx, services, outcome, now)
        else:
            tx.bindings.forget_release(device_id)
    return len(due)


def _leave(tx: Transaction, services: BindingServices, released: Released, now: datetime) -> None:
    """Everything that falls with an epoch, in the transaction that ends it."""
    device = tx.devices.update(released.device)
    tx.bindings.remove_all(device.device_id)
    tx.bindings.forget_release(device.device_id)
    for command in tx.commands.under_way(device.device_id):
        ended = advance(command, EpochEnded(), now)
        if ended is not command:
            tx.commands.update(ended, None)
    tx.automations.remove_of_device(device.device_id)
    tx.states.clear(device.device_id)
    tx.events.forget_device(device.device_id)
    verdict = Verdict(bound=False, epoch=device.epoch, trace_id=services.identifiers.trace_id(), device=device)
    message = signed_verdict(services, verdict, None, now, wipe=True)
    tx.bindings.remember_verdict(device.device_id, message, now)
    tx.publish(str(DownTopic(device.device_id, DownChannel.BIND)), message, now)
    for account_id in released.former:
        tx.emit(account_id, "device.released", {"device_id": device.device_id}, now)
