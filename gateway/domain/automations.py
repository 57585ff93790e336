"""Automations: what a rule of one person does when somebody comes or goes, and why it does not.

On is a reminder, off may act. Every decision carries its reason, and to act a decision needs the proof that the person
allowed it: without `GrantedPurpose` nobody can make an `Act`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from enum import StrEnum, unique
from typing import Final, NewType

from gateway.domain.consent import GrantedPurpose
from gateway.domain.households import HomeRef
from gateway.domain.identity import AccountId, DeviceId
from gateway.domain.location import Accuracy, Likely, Sign, Unfit

AutomationId = NewType("AutomationId", str)

NEAR_REST: Final = timedelta(minutes=30)
"""After it fired, a rule on coming near rests."""
MANUAL_REST: Final = timedelta(hours=2)
"""After somebody told the appliance something, every rule on it rests."""
DRY_RUN: Final = timedelta(days=7)
"""How long a new rule may only say what it would have done."""
NIGHT_FROM: Final = time(23)
NIGHT_UNTIL: Final = time(6)
AUTOMATIONS_LIMIT: Final = 50
"""Rules of one account."""


@unique
class Trigger(StrEnum):
    """What sets a rule off. The value is what travels."""

    NEAR = "near"
    ARRIVE = "arrive"
    LEAVE = "leave"
    FIRST_ARRIVES = "first_arrives"
    LAST_LEAVES = "last_leaves"

    @property
    def is_leave(self) -> bool:
        """True where it is about a home that is left."""
        return self in {Trigger.LEAVE, Trigger.LAST_LEAVES}

    @property
    def is_of_household(self) -> bool:
        """True where the others of the home count: their coming and going sets it off as well."""
        return self in {Trigger.FIRST_ARRIVES, Trigger.LAST_LEAVES}


_SIGNS: Final[Mapping[Trigger, Sign]] = {
    Trigger.NEAR: Sign.CAME_NEAR,
    Trigger.ARRIVE: Sign.ARRIVED,
    Trigger.FIRST_ARRIVES: Sign.ARRIVED,
    Trigger.LEAVE: Sign.LEFT,
    Trigger.LAST_LEAVES: Sign.LEFT,
}


@unique
class Mode(StrEnum):
    """How far a rule may go, whatever was granted. The value is what travels."""

    REMIND = "remind"
    ACT = "act"


@unique
class Reason(StrEnum):
    """Why a rule did what it did, or nothing. The value is what travels. None of them says where anybody is."""

    ACTS = "acts"
    AS_WISHED = "as_wished"
    """The rule is one that only reminds."""
    POOR_ACCURACY = "poor_accuracy"
    HOUSEHOLD_UNSURE = "household_unsure"
    """Of somebody in this home nothing was heard for six hours: it only reminds."""
    AUTO_OFF_NOT_GRANTED = "auto_off_not_granted"
    AUTO_ON_NOT_GRANTED = "auto_on_not_granted"
    TYPE_NOT_ALLOWED = "type_not_allowed"
    """This type of appliance is not turned on by a rule."""
    NIGHT = "night"
    REMINDER_NOT_GRANTED = "reminder_not_granted"
    DISABLED = "disabled"
    MANUAL_CHANGE = "manual_change"
    RESTING = "resting"
    SOMEONE_HERE = "someone_here"
    OTHERS_HOME = "others_home"
    TOO_OLD = "too_old"
    AWAY_TOO_SHORT = "away_too_short"
    ONCE_A_TRIP = "once_a_trip"
    ACTED = "acted"
    """The command was given."""
    UNDONE = "undone"
    """By the person."""
    CAME_BACK = "came_back"
    """Somebody came home before it acted."""
    CHANGED = "changed"
    """The rule was edited before it acted."""
    ARRIVED = "arrived"
    """Who was on the way arrived: it stays on."""
    NO_ARRIVAL = "no_arrival"
    """Nobody arrived within 45 minutes: it was turned off again."""
    DEVICE_OFFLINE = "device_offline"
    DEVICE_REFUSED = "device_refused"
    """The appliance may not be told that now."""


_OF_UNFIT: Final[Mapping[Unfit, Reason]] = {
    Unfit.TOO_OLD: Reason.TOO_OLD,
    Unfit.AWAY_TOO_SHORT: Reason.AWAY_TOO_SHORT,
    Unfit.ONCE_A_TRIP: Reason.ONCE_A_TRIP,
}


@dataclass(frozen=True, slots=True)
class Automation:
    """One rule of one account, for one appliance in one binding."""

    automation_id: AutomationId
    account_id: AccountId = field(repr=False)
    home_ref: HomeRef = field(repr=False)
    device_id: DeviceId = field(repr=False)
    epoch: int
    trigger: Trigger
    mode: Mode
    action: str
    params: Mapping[str, object] = field(repr=False, hash=False)
    starts: bool
    """The action makes something heat, move or flow (from the descriptor)."""
    created_at: datetime
    enabled: bool = True
    dry_run_until: datetime | None = None
    rested_until: datetime | None = None
    fired_at: datetime | None = field(repr=False, default=None)
    version: int = 0
    """For compare and swap in the store; the domain hands it on untouched."""

    def runs_dry(self, now: datetime) -> bool:
        """True while it only says what it would have done."""
        return self.dry_run_until is not None and now < self.dry_run_until


@dataclass(frozen=True, slots=True)
class Grants:
    """What the owner of a rule allowed, proven in this very transaction."""

    reminder: GrantedPurpose | None = None
    auto_off: GrantedPurpose | None = None
    auto_on: GrantedPurpose | None = None

    @property
    def proof(self) -> GrantedPurpose | None:
        """That something about location was granted; None when nothing was."""
        return self.reminder or self.auto_off or self.auto_on


@dataclass(frozen=True, slots=True)
class Happening:
    """Somebody came or went."""

    sign: Sign
    own: bool
    """It was the owner of the rule."""
    accuracy: Accuracy
    unfit: Unfit | None = None


@dataclass(frozen=True, slots=True)
class Household:
    """The others of the home as seen from whoever came or went."""

    others: tuple[Likely, ...] = field(repr=False, default=())
    someone_here: bool = False
    """The switch: somebody without a phone is at home."""


@dataclass(frozen=True, slots=True)
class Clock:
    """The present moment, and what the clock on the wall of that home shows."""

    now: datetime
    local: time


@dataclass(frozen=True, slots=True)
class Act:
    """Do it, after the time in which it can be undone."""

    grant: GrantedPurpose
    dry: bool = False
    reason: Reason = Reason.ACTS


@dataclass(frozen=True, slots=True)
class Remind:
    """Tell the person, who decides."""

    grant: GrantedPurpose
    reason: Reason
    dry: bool = False


@dataclass(frozen=True, slots=True)
class Nothing:
    """Neither, and why."""

    reason: Reason
    dry: bool = False


Decision = Act | Remind | Nothing


def is_night(local: time) -> bool:
    """From 23:00 to 06:00 by the clock on the wall nothing is turned on, however often that clock was changed."""
    return local >= NIGHT_FROM or local < NIGHT_UNTIL


def may_concern(rule: Automation, sign: Sign, *, own: bool) -> bool:
    """False where a rule is certainly about something else. Asked first, because a home may have many rules."""
    return _SIGNS[rule.trigger] is sign and (own or rule.trigger.is_of_household)


def decide(
    rule: Automation, happened: Happening, household: Household, grants: Grants, clock: Clock, *, may_start: bool
) -> Decision | None:
    """What a rule makes of somebody's coming or going; None where the rule is about something else.

    Another member's coming or going is about a rule only where it completes "first arrives" or "last leaves". In every
    other case the rule says nothing at all: its owner could read in the explanation when others come and go.

    Args:
        rule: the rule.
        happened: what happened.
        household: the others.
        grants: what the rule's owner allowed, as it is now.
        clock: the present moment.
        may_start: rules may turn on this type of appliance.
    """
    if not may_concern(rule, happened.sign, own=happened.own):
        return None
    others_home = rule.trigger.is_of_household and Likely.IN in household.others
    if not happened.own and (others_home or happened.unfit is not None or not rule.enabled):
        return None
    dry = rule.runs_dry(clock.now)
    stopped = _stopped(rule, happened, household, clock.now)
    if stopped is None and others_home:
        stopped = Reason.OTHERS_HOME
    if stopped is not None:
        return Nothing(stopped, dry)
    unsure = (
        Likely.UNKNOWN in household.others and rule.trigger is not Trigger.NEAR and rule.trigger is not Trigger.ARRIVE
    )
    return _go(rule, happened, grants, clock, unsure=unsure, may_start=may_start)


def _stopped(rule: Automation, happened: Happening, household: Household, now: datetime) -> Reason | None:
    """What keeps a rule from doing anything."""
    if not rule.enabled:
        return Reason.DISABLED
    if happened.unfit is not None:
        return _OF_UNFIT[happened.unfit]
    if rule.rested_until is not None and now < rule.rested_until:
        return Reason.MANUAL_CHANGE
    if rule.trigger is Trigger.NEAR and rule.fired_at is not None and now - rule.fired_at < NEAR_REST:
        return Reason.RESTING
    return Reason.SOMEONE_HERE if rule.trigger.is_leave and household.someone_here else None


def _go(
    rule: Automation, happened: Happening, grants: Grants, clock: Clock, *, unsure: bool, may_start: bool
) -> Decision:
    dry = rule.runs_dry(clock.now)
    why = _only_reminds(rule, happened, unsure=unsure)
    grant = grants.auto_on if rule.starts else grants.auto_off
    if why is None and rule.starts:
        why = starting_fault(clock.local, may_start=may_start)
    if why is None and grant is not None:
        return Act(grant, dry)
    if why is None:
        why = Reason.AUTO_ON_NOT_GRANTED if rule.starts else Reason.AUTO_OFF_NOT_GRANTED
    return Nothing(Reason.REMINDER_NOT_GRANTED, dry) if grants.reminder is None else Remind(grants.reminder, why, dry)


def _only_reminds(rule: Automation, happened: Happening, *, unsure: bool) -> Reason | None:
    if rule.mode is Mode.REMIND:
        return Reason.AS_WISHED
    if happened.accuracy is Accuracy.POOR:
        return Reason.POOR_ACCURACY
    return Reason.HOUSEHOLD_UNSURE if unsure else None


def starting_fault(local: time, *, may_start: bool) -> Reason | None:
    """Why a rule may not turn something on now. Asked when it decides, and again when it acts."""
    if not may_start:
        return Reason.TYPE_NOT_ALLOWED
    return Reason.NIGHT if is_night(local) else None
