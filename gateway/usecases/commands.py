"""Commands: accepted, signed, sent one after another, answered by the appliance, and ended one way or another."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, assert_never

from gateway.domain.commands import (
    NOT_RECEIVED,
    CancelledByPerson,
    Command,
    Event,
    HasFailed,
    Replaced,
    SaidHello,
    TimePassed,
    TooLong,
    WasApplied,
    WasReceived,
    WasRejected,
    WasSent,
    accept,
    advance,
    lifetime,
)
from gateway.domain.devices import Device, DeviceStatus
from gateway.domain.identity import AccountId, CommandId, DeviceId
from gateway.domain.presence import NeverSeen, Offline, Online
from gateway.domain.sending import Idle, Send, WaitUntil, next_to_send, supersedes
from gateway.protocol.codec import encode
from gateway.protocol.messages import CommandAck, UnsignedCommand
from gateway.protocol.signing import command_signing_bytes
from gateway.protocol.topics import DownChannel, DownTopic
from gateway.usecases import states
from gateway.usecases.manual_changes import rest_rules
from gateway.usecases.outbox import Counted
from gateway.usecases.services import CommandSigner, Identifiers
from gateway.usecases.states import Reported
from gateway.usecases.transaction import StaleVersionError, Transaction
from gateway.usecases.types import FieldError, TypeCatalogue
from gateway.usecases.wishes import DeviceOffline, Invalid, NotAllowed, NotFound, TooMany, Wish

WAITING_AT_MOST: Final = 32
"""Commands of one device that have not ended."""

SHORT_LIVED: Final = timedelta(seconds=60)
"""A command that lives no longer than this is refused at once when its appliance is away: nobody would wait for it."""

PARAMS_BYTES_AT_MOST: Final = 4096


@dataclass(frozen=True, slots=True)
class CommandServices:
    """What commands need besides the transaction."""

    signer: CommandSigner
    identifiers: Identifiers
    types: TypeCatalogue


SendOutcome = Command | NotFound | NotAllowed | Invalid | TooLong | DeviceOffline | TooMany


def send(  # noqa: C901, PLR0911 - one return a refusal
    tx: Transaction,
    services: CommandServices,
    account_id: AccountId,
    device_id: DeviceId,
    wish: Wish,
    now: datetime,
    *,
    by_rule: bool = False,
) -> SendOutcome:
    """Accept a command: on disk, signed, and on its way with the commit; or say why not, at once.

    `by_rule`: it is no person's word. A person's word makes the rules on this device rest.
    """
    bound = tx.bindings.one(account_id, device_id)
    if bound is None or not bound.binding.holds(now):
        return NotFound()
    device = bound.device
    if device.status is not DeviceStatus.ACTIVATED:
        return NotAllowed()
    errors = services.types.check_command(bound.type_id, wish.action, wish.params)
    if not errors and len(json.dumps(wish.params)) > PARAMS_BYTES_AT_MOST:
        errors = [FieldError("params", f"must be smaller than {PARAMS_BYTES_AT_MOST} bytes")]
    if errors:
        return Invalid(errors)
    turns_on = services.types.turns_on(bound.type_id, wish.action, wish.params)
    safety = services.types.safety(bound.type_id)
    if turns_on and (safety is None or not safety.remote_on):
        return NotAllowed()
    life = lifetime(wish.life, turns_heat_on=turns_on)
    if isinstance(life, TooLong):
        return life
    presence = tx.states.presences([device_id]).get(device_id, NeverSeen())
    if not isinstance(presence, Online) and life <= SHORT_LIVED:
        return DeviceOffline(presence.last_seen if isinstance(presence, Offline) else None)
    seq = tx.devices.next_command_seq(device_id, device.epoch)
    if seq is None:  # a release was committed since the binding was read: start again and meet it
        raise StaleVersionError
    waiting = tx.commands.under_way(device_id)
    if len(waiting) >= WAITING_AT_MOST:
        return TooMany()
    command = accept(
        command_id=CommandId(services.identifiers.uuid7(now)),
        device=device,
        account_id=account_id,
        seq=seq,
        action=wish.action,
        params=wish.params,
        life=life,
        now=now,
    )
    tx.commands.add(command, command.expires_at)
    tx.ring_at(command.expires_at)
    announce(tx, command, now)
    if not by_rule:
        rest_rules(tx, device_id, now)
    still_waiting = [
        _happened(tx, older, Replaced(), now) if supersedes(command, older) else older for older in waiting
    ]
    return _drive(tx, services.signer, device, [*still_waiting, command], now)[-1]


def acknowledge(
    tx: Transaction, services: CommandServices, device_id: DeviceId, ack: CommandAck, now: datetime
) -> str | None:
    """The appliance's word on a command; returns why it had no effect, or None."""
    device = tx.devices.get(device_id)
    waiting = tx.commands.under_way(device_id)
    command = next((one for one in waiting if one.command_id == ack.command_id), None)
    if command is None:
        command = tx.commands.get(CommandId(ack.command_id))
    if command is None or device is None or command.device_id != device_id or command.epoch != device.epoch:
        return "unknown_command"
    after = _happened(tx, command, _event_of(ack), now)
    others = [one for one in waiting if one.command_id != after.command_id]
    _drive(tx, services.signer, device, others, now)
    if ack.state is not None and ack.seq is not None:  # last: it takes a number in the order of changes, which locks
        report = Reported(device_id, ack.boot or "", ack.seq, ack.state, full=False, at=None, epoch=ack.epoch)
        states.ingest(tx, [report], services.types, now)
    return "repeated" if after is command else None


def _event_of(ack: CommandAck) -> Event:
    match ack.status:
        case "received":
            return WasReceived()
        case "applied":
            return WasApplied()
        case "rejected":
            return WasRejected(ack.code)
        case "failed":
            return HasFailed(ack.code)


def one(tx: Transaction, account_id: AccountId, command_id: CommandId, now: datetime) -> Command | NotFound:
    """A command that this account gave, as it is now: expired at its time, also before the timer wrote that down."""
    command = _theirs(tx, account_id, command_id, now)
    return command if isinstance(command, NotFound) else advance(command, TimePassed(), now)


def _theirs(tx: Transaction, account_id: AccountId, command_id: CommandId, now: datetime) -> Command | NotFound:
    """A command that this account gave, while it may see the device in the epoch of the command."""
    command = tx.commands.of_account(account_id, command_id)
    if command is None:
        return NotFound()
    bound = tx.bindings.one(account_id, command.device_id)
    return command if bound is not None and bound.binding.holds(now) else NotFound()


def cancel(
    tx: Transaction, signer: CommandSigner, account_id: AccountId, command_id: CommandId, now: datetime
) -> Command | NotFound:
    """Take a command back that its appliance does not have yet. One that is over, or received, stays what it is."""
    command = _theirs(tx, account_id, command_id, now)
    if isinstance(command, NotFound):
        return command
    device = tx.devices.get(command.device_id)
    if device is None:
        return NotFound()
    after = _happened(tx, command, CancelledByPerson(), now)
    if after is not command:
        _drive(tx, signer, device, tx.commands.under_way(command.device_id), now)
    return after


def resume(tx: Transaction, signer: CommandSigner, device: Device, now: datetime) -> None:
    """The appliance said hello: what it has not received is sent at once."""
    alive = [_happened(tx, one, TimePassed(), now) for one in tx.commands.under_way(device.device_id)]
    waiting = [advance(one, SaidHello(), now) for one in alive]
    _drive(tx, signer, device, waiting, now)


def work_off_due(tx: Transaction, signer: CommandSigner, now: datetime, at_most: int = 100) -> int:
    """Send again what is due and end what ran out; returns how many devices were looked at."""
    due = tx.commands.due(now, at_most)
    for device_id in due:
        device = tx.devices.get(device_id)
        if device is not None:
            _drive(tx, signer, device, tx.commands.under_way(device_id), now)
    return len(due)


def _happened(tx: Transaction, command: Command, event: Event, now: datetime) -> Command:
    """Advance one command and store it if that changed anything."""
    after = advance(command, event, now)
    if after is command:
        return command
    stored = tx.commands.update(after, after.limit if after.under_way else None)
    if after.status is not command.status:
        announce(tx, stored, now)
    return stored


def _drive(
    tx: Transaction, signer: CommandSigner, device: Device, commands: list[Command], now: datetime
) -> list[Command]:
    """End what ran out, send what may leave, and say when to look again. Returns the commands as they are now."""
    current = [_happened(tx, one, TimePassed(), now) for one in commands]
    decision = next_to_send((one for one in current if one.under_way), epoch=device.epoch, now=now)
    match decision:
        case Idle():
            return current
        case WaitUntil(at=at):
            _look_again(tx, current, at)
            return current
        case Send(command=first):
            sent = advance(first, WasSent(), now)
            due = min(sent.next_send_at or sent.limit, sent.limit)
            stored = tx.commands.update(sent, due)
            tx.publish(
                str(DownTopic(device.device_id, DownChannel.COMMAND)),
                _message(signer, stored),
                now,
                expires_at=stored.expires_at,
            )
            tx.ring_at(due)
            if first.status is not stored.status:
                announce(tx, stored, now)
            return [stored if one.command_id == stored.command_id else one for one in current]
    assert_never(decision)


def _look_again(tx: Transaction, commands: list[Command], at: datetime) -> None:
    """The timer's next look at the one command whose turn it is. Guarded: whoever ended it meanwhile is met."""
    first = min((one for one in commands if one.status in NOT_RECEIVED), key=lambda one: one.seq)
    tx.commands.update(first, min(at, first.limit))
    tx.ring_at(at)


def _message(signer: CommandSigner, command: Command) -> bytes:
    unsigned = UnsignedCommand(
        command_id=command.command_id,
        seq=command.seq,
        epoch=command.epoch,
        action=command.action,
        params=dict(command.params),
        issued_at=command.issued_at,
        expires_at=command.expires_at,
    )
    return encode(unsigned.signed(signer.sign(command_signing_bytes(command.device_id, unsigned))))


def announce(tx: Transaction, command: Command, now: datetime) -> None:
    """Count a command's new status, and tell the app of whoever gave it."""
    tx.count(Counted.COMMAND, command.status.value)
    data: dict[str, Any] = {
        "command_id": command.command_id,
        "device_id": command.device_id,
        "status": command.status.value,
        "action": command.action,
    }
    if command.code is not None:
        data["code"] = command.code
    tx.emit(command.account_id, "command", data, now, device_id=command.device_id, epoch=command.epoch)
