"""Firings: reminders told, commands given after the time for an undo, and what is turned off again."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final, assert_never

from gateway.domain.automations import (
    Act,
    Automation,
    AutomationId,
    Decision,
    Nothing,
    Reason,
    Remind,
    Trigger,
    starting_fault,
)
from gateway.domain.commands import Command
from gateway.domain.consent import Purpose
from gateway.domain.firings import UNDO_WITHIN, Firing, FiringId, FiringState, acted
from gateway.domain.households import HomeRef
from gateway.domain.identity import AccountId, CommandId
from gateway.usecases import commands
from gateway.usecases.commands import CommandServices
from gateway.usecases.consents import granted
from gateway.usecases.firing_ends import end, minute, tell
from gateway.usecases.local_time import on_the_wall
from gateway.usecases.repositories.automations import Did, Line
from gateway.usecases.services import Identifiers
from gateway.usecases.transaction import Transaction
from gateway.usecases.turning_off import turn_off
from gateway.usecases.wishes import DeviceOffline, Wish

REMINDER: Final = "automation.reminder"
PENDING: Final = "automation.pending"
"""Kinds of the events for the app of the rule's owner."""


# -- from a decision to what follows


def carry_out(
    tx: Transaction, identifiers: Identifiers, rule: Automation, decision: Decision, now: datetime, *, busy: bool
) -> None:
    """Write down why, and do it unless the rule runs dry.

    `busy`: something that this rule did is not over yet, and it does nothing until then.
    """
    if busy and not isinstance(decision, Nothing):
        decision = Nothing(Reason.RESTING, decision.dry)
    did = Did.ACTED if isinstance(decision, Act) else Did.REMINDED if isinstance(decision, Remind) else Did.NOTHING
    _explain(tx, rule, did, decision.reason, now, dry=decision.dry)
    if isinstance(decision, Nothing):
        return
    tx.automations.fired(rule.automation_id, now)
    if decision.dry:
        return
    match decision:
        case Remind(reason=reason):
            _remind(tx, rule, reason, now)
        case Act():
            firing = _firing(identifiers, rule, now)
            tx.automations.add_firing(firing)
            tx.ring_at(now + UNDO_WITHIN)
            tell(tx, firing, PENDING, {"acts_at": _text(now + UNDO_WITHIN), "action": rule.action}, now)
        case _:
            assert_never(decision)


def _firing(identifiers: Identifiers, rule: Automation, now: datetime) -> Firing:
    return Firing(
        firing_id=FiringId(identifiers.new("f")),
        automation_id=rule.automation_id,
        account_id=rule.account_id,
        home_ref=rule.home_ref,
        device_id=rule.device_id,
        epoch=rule.epoch,
        starts=rule.starts,
        waits=rule.trigger is Trigger.NEAR,
        state=FiringState.PENDING,
        at=now,
        due_at=now + UNDO_WITHIN,
        off_command_id=CommandId(identifiers.uuid7(now)),
    )


def settle_arrival(
    tx: Transaction,
    rules: Mapping[AutomationId, Automation],
    home_ref: HomeRef,
    account_id: AccountId,
    now: datetime,
) -> None:
    """Somebody came home: what was about to happen because they left does not, and what waited for them stays on."""
    for firing in tx.automations.open_of_home(home_ref):
        rule = rules[firing.automation_id]
        own = firing.account_id == account_id
        leaving = rule.trigger is Trigger.LAST_LEAVES or (own and rule.trigger is Trigger.LEAVE)
        if firing.state is FiringState.PENDING and leaving:
            end(tx, firing, FiringState.DROPPED, Reason.CAME_BACK, now)
        elif firing.state is FiringState.WAITING and own:
            end(tx, firing, FiringState.DONE, Reason.ARRIVED, now)
        elif firing.waits and own:  # quicker home than the time for an undo: there is no arrival left to wait for
            tx.automations.put_firing(replace(firing, waits=False))


def drop_leaving(tx: Transaction, home_ref: HomeRef, now: datetime) -> None:
    """The switch says that somebody is at home: nothing happens because the others left."""
    rules = {rule.automation_id: rule for rule in tx.automations.of_home(home_ref)}
    for firing in tx.automations.open_of_home(home_ref):
        if firing.state is FiringState.PENDING and rules[firing.automation_id].trigger.is_leave:
            end(tx, firing, FiringState.DROPPED, Reason.SOMEONE_HERE, now)


# -- what the timer does


def work_off_due(tx: Transaction, services: CommandServices, now: datetime, at_most: int = 20) -> int:
    """Act where the time for an undo is over, and turn off where nobody arrived; returns how many were looked at."""
    # The homes first, as whoever tells something does. Somebody who leaves meanwhile waits, and then finds what was
    # turned on; or was quicker, and then there is nothing left to act on.
    homes = {firing.home_ref for firing in tx.automations.due(now, at_most)}
    if not homes:
        return 0
    held = {home_ref for home_ref in sorted(homes) if tx.households.hold(home_ref) is not None}
    due = [firing for firing in tx.automations.due(now, at_most) if firing.home_ref in held]
    for firing in due:
        if firing.state is FiringState.WAITING:
            take_back(tx, firing, FiringState.UNDONE, Reason.NO_ARRIVAL, now)
        else:
            _act(tx, services, firing, now)
    return len(due)


def _act(tx: Transaction, services: CommandServices, firing: Firing, now: datetime) -> None:
    """Give the command, if everything that allowed it a minute ago still does."""
    rule = tx.automations.one(firing.account_id, firing.automation_id)
    if rule is None:  # it goes with its rule; a rule that went meanwhile is met by the version
        return
    why = _fault(tx, services, rule, firing, now)
    if why is not None:
        end(tx, firing, FiringState.DROPPED, why, now)
        return
    wish = Wish(rule.action, dict(rule.params), None)
    given = commands.send(tx, services, firing.account_id, firing.device_id, wish, now, by_rule=True)
    if not isinstance(given, Command):
        why = Reason.DEVICE_OFFLINE if isinstance(given, DeviceOffline) else Reason.DEVICE_REFUSED
        end(tx, firing, FiringState.DROPPED, why, now)
        return
    after = acted(firing, given.command_id, now)
    tx.automations.put_firing(after)
    if after.due_at is not None:
        tx.ring_at(after.due_at)
    _explain(tx, rule, Did.ACTED, Reason.ACTED, now)


def _fault(
    tx: Transaction, services: CommandServices, rule: Automation, firing: Firing, now: datetime
) -> Reason | None:
    purpose = Purpose.LOCATION_AUTO_ON if firing.starts else Purpose.LOCATION_AUTO_OFF
    if granted(tx, firing.account_id, purpose, now) is None:
        return Reason.AUTO_ON_NOT_GRANTED if firing.starts else Reason.AUTO_OFF_NOT_GRANTED
    home = tx.households.get(firing.home_ref)
    bound = tx.bindings.one(firing.account_id, firing.device_id)
    if home is None or bound is None or not bound.binding.holds(now) or bound.device.epoch != firing.epoch:
        return Reason.DEVICE_REFUSED
    if rule.rested_until is not None and now < rule.rested_until:
        return Reason.MANUAL_CHANGE
    if rule.trigger.is_leave and home.someone_here:
        return Reason.SOMEONE_HERE
    if not firing.starts:
        return None
    # It was 22:59 when the rule decided: by now it may be night.
    return starting_fault(on_the_wall(home.zone, now), may_start=services.types.may_start(bound.type_id))


# -- ends


def take_back(tx: Transaction, firing: Firing, state: FiringState, reason: Reason, now: datetime) -> Firing:
    """Turn off what a rule turned on."""
    turn_off(tx, firing, now)
    return end(tx, firing, state, reason, now)


def end_of_rule(tx: Transaction, rule: Automation, now: datetime) -> None:
    """A rule is edited or removed: what it was about to do is dropped, what it turned on is turned off."""
    for firing in tx.automations.open_of_account(rule.account_id):
        if firing.automation_id != rule.automation_id:
            continue
        if firing.state is FiringState.WAITING:
            take_back(tx, firing, FiringState.UNDONE, Reason.CHANGED, now)
        else:
            end(tx, firing, FiringState.DROPPED, Reason.CHANGED, now)


def _remind(tx: Transaction, rule: Automation, reason: Reason, now: datetime) -> None:
    data = {
        "automation_id": rule.automation_id,
        "device_id": rule.device_id,
        "trigger": rule.trigger.value,
        "action": rule.action,
        "reason": reason.value,
    }
    tx.emit(rule.account_id, REMINDER, data, now, device_id=rule.device_id, epoch=rule.epoch)


def _explain(tx: Transaction, rule: Automation, did: Did, reason: Reason, now: datetime, *, dry: bool = False) -> None:
    tx.automations.explain([Line(rule.automation_id, rule.account_id, minute(now), did, reason, dry)])


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
