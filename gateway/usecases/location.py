"""Location: what phones tell of their owners, and how all of it is forgotten.

Nothing is taken without a grant, and the grant is asked for in the transaction that acts on it. What is stored is the
latest word of each member, sealed under the member's own key.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Protocol

from gateway.domain.automations import Clock, Grants, Happening, Household, decide, may_concern
from gateway.domain.consent import Purpose
from gateway.domain.firings import FiringState
from gateway.domain.households import Home, HomeRef, next_keeper
from gateway.domain.identity import AccountId
from gateway.domain.location import (
    ASK_AFTER,
    SILENT_AFTER,
    Heard,
    Ignored,
    Likely,
    Sign,
    Transition,
    Unfit,
    hear,
    likely,
)
from gateway.usecases import firings, notices
from gateway.usecases.consents import granted
from gateway.usecases.devices import held
from gateway.usecases.local_time import on_the_wall
from gateway.usecases.persons import PersonKeys
from gateway.usecases.services import Identifiers
from gateway.usecases.transaction import Transaction
from gateway.usecases.turning_off import turn_off
from gateway.usecases.types import TypeCatalogue
from gateway.usecases.whereabouts import opened, store

PURPOSES: Final = (Purpose.LOCATION_REMINDER, Purpose.LOCATION_AUTO_OFF, Purpose.LOCATION_AUTO_ON)
STILL_WANTED: Final = "automation.still_wanted"
"""Kind of the notice that asks members of a home that was silent for two days."""


class LocationServices(Protocol):
    """What location needs besides the transaction."""

    @property
    def persons(self) -> PersonKeys: ...  # noqa: D102 - the type says it
    @property
    def identifiers(self) -> Identifiers: ...  # noqa: D102
    @property
    def types(self) -> TypeCatalogue: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Taken:
    """It is known now. `unfit`: and it fires nothing all the same."""

    unfit: Unfit | None = None


@dataclass(frozen=True, slots=True)
class NotGranted:
    """Nothing about location was granted. Nothing was stored."""


@dataclass(frozen=True, slots=True)
class NoHome:
    """No home of this account."""


def grants_of(tx: Transaction, account_id: AccountId, now: datetime) -> Grants:
    """What somebody allows now."""
    reminder, auto_off, auto_on = (granted(tx, account_id, purpose, now) for purpose in PURPOSES)
    return Grants(reminder, auto_off, auto_on)


def tell(
    tx: Transaction,
    services: LocationServices,
    account_id: AccountId,
    home_ref: HomeRef,
    told: Transition,
    now: datetime,
) -> Taken | Ignored | NotGranted | NoHome:
    """Take what a phone tells of its owner, and do what the rules of the home make of it."""
    # The home before the consent: words of one home come one by one, and a withdrawal gets its turn between them.
    home = None if tx.households.member(home_ref, account_id) is None else tx.households.hold(home_ref)
    if (granted_now := grants_of(tx, account_id, now).proof) is None:
        return NotGranted()
    members = tx.households.members(home_ref)
    if home is None or account_id not in {member.account_id for member in members}:
        return NoHome()  # left, or was removed, while we waited for the home
    sealed = tx.whereabouts.of_home(granted_now, home_ref)
    known = {member.account_id: opened(services.persons, home_ref, member.account_id, sealed) for member in members}
    heard = hear(known[account_id], told, now)
    if isinstance(heard, Ignored):
        return heard
    store(tx, services.persons, granted_now, home_ref, heard.whereabouts)
    # An old word of one phone does not bring forward what a newer one of another put off.
    asked = max(told.minute + SILENT_AFTER + ASK_AFTER, home.ask_at or now)
    tx.households.ask_at(home_ref, asked)
    tx.ring_at(asked)
    if heard.sign is not None:
        others = {one: likely(known[one], now) for one in known if one != account_id}
        _happened(tx, services, home, account_id, heard, told, others, now)
    return Taken(heard.unfit)


def _happened(
    tx: Transaction,
    services: LocationServices,
    home: Home,
    account_id: AccountId,
    heard: Heard,
    told: Transition,
    others: Mapping[AccountId, Likely],
    now: datetime,
) -> None:
    """Somebody came or went: settle what waited for that, then ask every rule of the home."""
    if heard.sign is None:
        return
    rules = tx.automations.of_home(home.home_ref)
    if heard.sign is Sign.ARRIVED:
        firings.settle_arrival(tx, {rule.automation_id: rule for rule in rules}, home.home_ref, account_id, now)
    busy = {firing.automation_id for firing in tx.automations.open_of_home(home.home_ref)}
    clock = Clock(now, on_the_wall(home.zone, now))
    household = Household(tuple(others.values()), home.someone_here)
    allowed: dict[AccountId, Grants] = {}
    for rule in rules:
        own = rule.account_id == account_id
        if not may_concern(rule, heard.sign, own=own):
            continue
        bound = held(tx, rule.account_id, rule.device_id, now)
        if bound is None or bound.binding.epoch != rule.epoch:
            continue
        if rule.account_id not in allowed:
            allowed[rule.account_id] = grants_of(tx, rule.account_id, now)
        happening = Happening(heard.sign, own, told.accuracy, heard.unfit)
        may_start = services.types.may_start(bound.type_id)
        decision = decide(rule, happening, household, allowed[rule.account_id], clock, may_start=may_start)
        if decision is not None:
            firings.carry_out(tx, services.identifiers, rule, decision, now, busy=rule.automation_id in busy)


# -- forgetting


def forget_purpose(tx: Transaction, account_id: AccountId, purpose: Purpose, now: datetime) -> None:
    """A purpose was withdrawn: what was in flight for it is dropped, and with the last one goes everything.

    To be called in the transaction of the withdrawal, after it was stored. What a rule turned on and nobody arrived
    for is turned off at once: nobody would do it later. Another purpose than location's changes nothing.
    """
    match purpose:
        case Purpose.LOCATION_AUTO_ON:
            _drop(tx, account_id, now, starting=True)
        case Purpose.LOCATION_AUTO_OFF:
            _drop(tx, account_id, now, starting=False)
        case Purpose.LOCATION_REMINDER:
            pass
        case _:
            return
    tx.automations.forget_events(account_id)
    if grants_of(tx, account_id, now).proof is None:
        _forget_everything(tx, account_id, now)


def hold_homes(tx: Transaction, account_id: AccountId) -> list[HomeRef]:
    """Hold the homes of an account before its consents, as whoever tells something does. Returns which."""
    homes = tx.households.of_account(account_id)
    for home_ref in homes:
        tx.households.hold(home_ref)
    return homes


def forget_account(tx: Transaction, account_id: AccountId, now: datetime) -> None:
    """An account closes: nothing of its homes, rules and whereabouts stays. Homes go on for their other members.

    What it is turning off goes on, as the word of the appliance's owner.
    """
    shared = hold_homes(tx, account_id)
    _forget_everything(tx, account_id, now)
    tx.commands.leave_to_owners(account_id)
    tx.automations.forget_events(account_id)
    for home_ref in shared:
        leave_home(tx, home_ref, account_id)


def leave_home(tx: Transaction, home_ref: HomeRef, account_id: AccountId) -> None:
    """A member is one no more: presence and rules go with the membership, and an empty home goes as well."""
    if tx.households.hold(home_ref) is None:
        return
    tx.households.remove_member(home_ref, account_id)
    left = tx.households.members(home_ref)
    if not left:
        tx.households.remove(home_ref)
        return
    _ask_for_the_others(tx, home_ref)
    if (heir := next_keeper(left)) is not None:
        tx.households.put_member(replace(heir, keeper=True))


def forget_home(tx: Transaction, home_ref: HomeRef, account_id: AccountId, now: datetime) -> None:
    """A member is about to leave a home: what a rule of theirs turned on for an arrival there is turned off.

    The rest goes with the membership. The home is held first: the timer may be turning something on at this moment.
    """
    tx.households.hold(home_ref)
    for firing in tx.automations.open_of_home(home_ref):
        if firing.account_id == account_id and firing.state is FiringState.WAITING:
            turn_off(tx, firing, now)


def _drop(tx: Transaction, account_id: AccountId, now: datetime, *, starting: bool | None) -> None:
    for firing in tx.automations.open_of_account(account_id):
        if firing.state is FiringState.WAITING and starting in {True, None}:
            turn_off(tx, firing, now)
    tx.automations.forget_firings(account_id, starting=starting)


def _forget_everything(tx: Transaction, account_id: AccountId, now: datetime) -> None:
    _drop(tx, account_id, now, starting=None)
    tx.whereabouts.forget(account_id)
    for home_ref in tx.households.of_account(account_id):
        _ask_for_the_others(tx, home_ref)
    tx.automations.forget_lines(account_id)
    tx.automations.remove_of_account(account_id)


def _ask_for_the_others(tx: Transaction, home_ref: HomeRef) -> None:
    """When a home is asked tells when its latest word came: of somebody who is forgotten nothing may be read in it.

    Not waited for: who holds the home may be waiting for the consent that ends here. A withdrawal held it before.
    """
    home = tx.households.hold_free(home_ref)
    if home is not None and home.ask_at is not None:
        heard = tx.whereabouts.last_heard(home_ref)
        tx.households.ask_at(home_ref, None if heard is None else heard + SILENT_AFTER + ASK_AFTER)


# -- asking


def ask_silent_homes(tx: Transaction, now: datetime, at_most: int = 20) -> int:
    """Ask the members of homes of which nothing was heard for two days whether their rules should stay.

    Returns:
        How many homes were looked at.
    """
    due = tx.households.asks_due(now, at_most)
    for home_ref in sorted(due):  # in one order, as whoever holds several homes does
        home = tx.households.hold(home_ref)
        if home is None or home.ask_at is None or home.ask_at > now:
            continue  # a phone was heard, or another gateway asked, while we waited for the home
        tx.households.ask_at(home_ref, None)
        for member in tx.households.members(home_ref):
            if grants_of(tx, member.account_id, now).proof:
                notices.tell(tx, member.account_id, STILL_WANTED, {"home_ref": home_ref}, now)
    return len(due)
