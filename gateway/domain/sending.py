"""Sending: which of a device's commands may leave, and when.

One at a time: the next waits until the one before is received or over. So a resend can never overtake, and the
appliance sees commands in the order of `seq`, although neither the broker nor the network promises it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from gateway.domain.commands import NOT_RECEIVED, Command


def supersedes(newer: Command, older: Command) -> bool:
    """True when `older` need not reach the appliance any more: same action on the same parameters, not yet received."""
    return (
        older.status in NOT_RECEIVED
        and newer.seq > older.seq
        and (newer.device_id, newer.epoch, newer.action) == (older.device_id, older.epoch, older.action)
        and newer.params.keys() == older.params.keys()
    )


def may_leave(command: Command, *, epoch: int, now: datetime) -> bool:
    """The last question before a command goes to the broker: still wanted, unexpired, of the present epoch?"""
    return command.status in NOT_RECEIVED and command.epoch == epoch and now < command.expires_at


@dataclass(frozen=True, slots=True)
class Send:
    """Send this one now."""

    command: Command


@dataclass(frozen=True, slots=True)
class WaitUntil:
    """Nothing to send before this moment."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Idle:
    """Nothing to send at all."""


def next_to_send(commands: Iterable[Command], *, epoch: int, now: datetime) -> Send | WaitUntil | Idle:
    """What may leave for one device of this epoch, from its commands that are under way (others do not disturb)."""
    waiting = [one for one in commands if may_leave(one, epoch=epoch, now=now)]
    if not waiting:
        return Idle()
    first = min(waiting, key=lambda one: one.seq)
    due = first.next_send_at or now
    return Send(first) if due <= now else WaitUntil(min(due, first.expires_at))
