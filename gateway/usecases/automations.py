"""Rules of a person: make, edit, remove, explain. What they do is in `firings`."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum, unique
from typing import Any

from gateway.domain.automations import (
    AUTOMATIONS_LIMIT,
    DRY_RUN,
    Automation,
    AutomationId,
    Mode,
    Reason,
    Trigger,
)
from gateway.domain.firings import Firing, FiringId, FiringState
from gateway.domain.households import HomeRef
from gateway.domain.identity import AccountId, DeviceId
from gateway.usecases import firing_ends, firings
from gateway.usecases.commands import PARAMS_BYTES_AT_MOST
from gateway.usecases.devices import held
from gateway.usecases.location import grants_of
from gateway.usecases.repositories.automations import Line
from gateway.usecases.services import Identifiers
from gateway.usecases.transaction import Transaction
from gateway.usecases.types import FieldError, TypeCatalogue


@dataclass(frozen=True, slots=True)
class RuleWish:
    """What a person wants a rule to do."""

    trigger: Trigger
    mode: Mode
    action: str
    params: Mapping[str, Any] = field(repr=False)
    enabled: bool = True
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class NotFound:
    """No such rule, home or device, or not theirs."""


@dataclass(frozen=True, slots=True)
class NotGranted:
    """Nothing about location was granted: a rule would never learn of anything."""


@dataclass(frozen=True, slots=True)
class Invalid:
    """The type has no such action, or not with these values."""

    errors: list[FieldError]


@unique
class WhyNot(StrEnum):
    """Why a rule may not do that. The value is what travels."""

    REMOTE_ON = "remote_on_not_allowed"
    """Nobody may turn on this type from afar."""
    AUTOMATIC_ON = "automatic_on_not_allowed"
    """No rule may turn on this type; a rule that only reminds may be about it."""
    ON_WHEN_LEAVING = "on_when_leaving"
    """Nothing is turned on because people leave."""


@dataclass(frozen=True, slots=True)
class NotAllowed:
    """The appliance could do it, but a rule may not have it done."""

    why: WhyNot


@dataclass(frozen=True, slots=True)
class TooMany:
    """So many rules are enough."""


@dataclass(frozen=True, slots=True)
class TooLate:
    """It is over; there is nothing to take back."""

    firing: Firing


Made = Automation | NotFound | NotGranted | Invalid | NotAllowed | TooMany
Changed = Automation | NotFound | Invalid | NotAllowed


def make(
    tx: Transaction,
    identifiers: Identifiers,
    types: TypeCatalogue,
    account_id: AccountId,
    home_ref: HomeRef,
    device_id: DeviceId,
    wish: RuleWish,
    now: datetime,
) -> Made:
    """A new rule for a home and an appliance of this account. It is bound to the appliance's present epoch.

    Rules on appliances that are no longer theirs do nothing; where there are too many, they go.
    """
    if tx.households.member(home_ref, account_id) is not None:
        tx.households.hold(home_ref)  # before the consent, as whoever tells something does
    if grants_of(tx, account_id, now).proof is None:
        return NotGranted()
    bound = held(tx, account_id, device_id, now)
    if bound is None or tx.households.member(home_ref, account_id) is None:
        return NotFound()
    fault = _fault(types, bound.type_id, wish)
    if fault is not None:
        return fault
    if tx.automations.many(account_id) >= AUTOMATIONS_LIMIT and not _remove_lost(tx, account_id, now):
        return TooMany()
    rule = Automation(
        automation_id=AutomationId(identifiers.new("r")),
        account_id=account_id,
        home_ref=home_ref,
        device_id=device_id,
        epoch=bound.binding.epoch,
        trigger=wish.trigger,
        mode=wish.mode,
        action=wish.action,
        params=dict(wish.params),
        starts=types.turns_on(bound.type_id, wish.action, wish.params),
        created_at=now,
        enabled=wish.enabled,
        dry_run_until=now + DRY_RUN if wish.dry_run else None,
    )
    tx.automations.add(rule)
    return rule


def _remove_lost(tx: Transaction, account_id: AccountId, now: datetime) -> int:
    """Remove the rules on appliances that are no longer this account's; returns how many there were."""
    lost = 0
    for rule in tx.automations.of_account(account_id, None, 2 * AUTOMATIONS_LIMIT):
        bound = held(tx, account_id, rule.device_id, now)
        if bound is None or bound.binding.epoch != rule.epoch:
            lost += remove(tx, account_id, rule.automation_id, now)
    return lost


def change(tx: Transaction, types: TypeCatalogue, rule: Automation, wish: RuleWish, now: datetime) -> Changed:
    """Edit a rule. What it was about to do is dropped; a rest after somebody's own word goes on."""
    bound = held(tx, rule.account_id, rule.device_id, now)
    if bound is None or bound.binding.epoch != rule.epoch:
        return NotFound()
    fault = _fault(types, bound.type_id, wish)
    if fault is not None:
        return fault
    tx.households.hold(rule.home_ref)
    firings.end_of_rule(tx, rule, now)
    dry_until = None
    if wish.dry_run:  # edited during its dry run, it does not begin anew: 7 days are 7 days
        dry_until = rule.dry_run_until if rule.runs_dry(now) else now + DRY_RUN
    return tx.automations.put(
        replace(
            rule,
            trigger=wish.trigger,
            mode=wish.mode,
            action=wish.action,
            params=dict(wish.params),
            starts=types.turns_on(bound.type_id, wish.action, wish.params),
            enabled=wish.enabled,
            dry_run_until=dry_until,
        )
    )


def remove(tx: Transaction, account_id: AccountId, automation_id: AutomationId, now: datetime) -> bool:
    """Remove a rule with its explanation; False when the account has none of this name."""
    rule = tx.automations.one(account_id, automation_id)
    if rule is None:
        return False
    tx.households.hold(rule.home_ref)  # what is told meanwhile must not write for a rule that is gone
    firings.end_of_rule(tx, rule, now)
    tx.automations.remove(automation_id)
    return True


def page(
    tx: Transaction, account_id: AccountId, after: AutomationId | None, at_most: int
) -> tuple[list[Automation], AutomationId | None]:
    """A piece of the account's rules, and the name to go on after; None at the end."""
    found = tx.automations.of_account(account_id, after, at_most + 1)
    return found[:at_most], found[at_most - 1].automation_id if len(found) > at_most else None


def explain(
    tx: Transaction, account_id: AccountId, automation_id: AutomationId, before: int | None, at_most: int
) -> tuple[list[Line], int | None] | NotFound:
    """Why a rule did something or nothing, newest first, and the number to go on before; None at the end."""
    if tx.automations.one(account_id, automation_id) is None:
        return NotFound()
    found = tx.automations.lines(automation_id, before, at_most + 1)
    return found[:at_most], found[at_most - 1].number if len(found) > at_most else None


def undo(tx: Transaction, account_id: AccountId, firing_id: FiringId, now: datetime) -> Firing | NotFound | TooLate:
    """Take back what a rule is about to do, or turn off what it turned on. Doing it twice is no mistake."""
    firing = tx.automations.firing(account_id, firing_id)
    if firing is None:
        return NotFound()
    match firing.state:
        case FiringState.PENDING:
            return firing_ends.end(tx, firing, FiringState.UNDONE, Reason.UNDONE, now)
        case FiringState.WAITING:
            return firings.take_back(tx, firing, FiringState.UNDONE, Reason.UNDONE, now)
        case FiringState.UNDONE:
            return firing
        case FiringState.DONE | FiringState.DROPPED:
            return TooLate(firing)


def _fault(types: TypeCatalogue, type_id: str, wish: RuleWish) -> Invalid | NotAllowed | None:
    """What a command would be refused for, and what only a rule may not do."""
    errors = types.check_command(type_id, wish.action, wish.params)
    if not errors and len(json.dumps(dict(wish.params))) > PARAMS_BYTES_AT_MOST:
        errors = [FieldError("params", f"must be smaller than {PARAMS_BYTES_AT_MOST} bytes")]
    if errors:
        return Invalid(errors)
    if not types.turns_on(type_id, wish.action, wish.params):
        return None
    safety = types.safety(type_id)
    if safety is None or not safety.remote_on:
        return NotAllowed(WhyNot.REMOTE_ON)
    if wish.trigger.is_leave:
        return NotAllowed(WhyNot.ON_WHEN_LEAVING)
    if wish.mode is Mode.ACT and not types.may_start(type_id):
        return NotAllowed(WhyNot.AUTOMATIC_ON)
    return None
