"""Whereabouts: the three words that a phone tells of its owner, and what of them may set a rule off.

The phone decides where it is. Here arrive `home`, `near` or `away` and the minute in which that began; a coordinate, a
network or a way fits into nothing of this file. Durations and limits are those of the privacy promise (privacy.md).
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum, unique
from typing import Final

TOLD_WITHIN: Final = timedelta(minutes=10)
"""What happened longer ago fires nothing."""
NEAR_AFTER: Final = timedelta(minutes=20)
"""Away at least so long before coming near is a way home."""
ARRIVE_AFTER: Final = timedelta(minutes=10)
"""Away at least so long before coming home is an arrival."""
SILENT_AFTER: Final = timedelta(hours=6)
"""A member whose phone told nothing for so long may be anywhere."""
ASK_AFTER: Final = timedelta(hours=48)
"""When all members have been unknown for so long, they are asked whether the rules should stay."""
CLOCK_AHEAD: Final = timedelta(minutes=2)
"""By so much a phone's clock may be ahead of ours."""


@unique
class Spot(StrEnum):
    """Where a phone says it is. The value is what travels."""

    NEAR = "near"
    HOME = "home"
    AWAY = "away"


@unique
class Accuracy(StrEnum):
    """How good the fix was that the phone decided by. The value is what travels; metres do not."""

    GOOD = "good"
    FAIR = "fair"
    POOR = "poor"


@unique
class Sign(StrEnum):
    """What a change of whereabouts means."""

    CAME_NEAR = "came_near"
    ARRIVED = "arrived"
    LEFT = "left"


@unique
class Unfit(StrEnum):
    """Why what a phone told fires nothing. The value is what travels."""

    USED_SEQ = "used_seq"
    """This number, or a later one, was told before. Nothing was changed."""
    OUT_OF_ORDER = "out_of_order"
    """It happened before what is known already. Nothing was changed."""
    CLOCK_AHEAD = "clock_ahead"
    """By the phone's clock it has not happened yet. Nothing was changed."""
    TOO_OLD = "too_old"
    """It happened more than ten minutes ago. It is known now, and fires nothing."""
    AWAY_TOO_SHORT = "away_too_short"
    """Twenty minutes before coming near, ten before an arrival."""
    ONCE_A_TRIP = "once_a_trip"
    """Coming near was noticed on this trip already."""


@dataclass(frozen=True, slots=True)
class Transition:
    """What a phone tells."""

    state: Spot
    seq: int
    """Counts up in the phone, for this home."""
    minute: datetime
    """When it happened: a whole minute, UTC."""
    accuracy: Accuracy


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """All that is known of one member at one home: the present state, and since when. Nothing of what was before.

    The three marks are about the present trip only; they take the place of a history.
    """

    state: Spot = field(repr=False)
    since: datetime = field(repr=False)
    """The minute in which the present state began."""
    minute: datetime = field(repr=False)
    """The minute of the latest word, which may have repeated the state."""
    seq: int
    out: bool = field(repr=False, default=False)
    """Has been away since last at home. Who is near after that is on the way home."""
    long: bool = field(repr=False, default=False)
    """Was away for ten minutes at a stretch on this trip: coming home is an arrival."""
    told: bool = field(repr=False, default=False)
    """Coming near was noticed on this trip."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What a word was worth."""

    whereabouts: Whereabouts
    sign: Sign | None
    """None where nothing changed that a rule could be about."""
    unfit: Unfit | None = None
    """Why it fires nothing all the same."""


@dataclass(frozen=True, slots=True)
class Ignored:
    """Nothing was changed."""

    why: Unfit


def hear(known: Whereabouts | None, told: Transition, now: datetime) -> Heard | Ignored:
    """Take a word of a phone.

    Args:
        known: what was known of this member at this home; None for nothing, after which the first word fires nothing.
        told: the word.
        now: the present moment.
    """
    if known is not None and told.seq <= known.seq:
        return Ignored(Unfit.USED_SEQ)
    if told.minute > now + CLOCK_AHEAD:
        return Ignored(Unfit.CLOCK_AHEAD)
    if known is not None and told.minute < known.minute:
        return Ignored(Unfit.OUT_OF_ORDER)
    heard = _first(told) if known is None else _next(known, told)
    # The minute is a whole one, so ours is cut as well: 12:05:59 told at 12:15:01 is ten minutes old, not eleven.
    if now.replace(second=0, microsecond=0) - told.minute > TOLD_WITHIN:
        quiet = replace(heard.whereabouts, told=known is not None and known.told and heard.whereabouts.out)
        return Heard(quiet, heard.sign, Unfit.TOO_OLD)
    return heard


def _first(told: Transition) -> Heard:
    # Who is first heard of near may have stepped out of the door: it is no arrival when they come home.
    out = told.state is not Spot.HOME
    return Heard(Whereabouts(told.state, told.minute, told.minute, told.seq, out=out), None)


def _next(known: Whereabouts, told: Transition) -> Heard:
    again = replace(known, minute=told.minute, seq=told.seq)
    if told.state is known.state:
        return Heard(again, None)
    away_for = told.minute - known.since if known.state is Spot.AWAY else timedelta(0)
    moved = replace(again, state=told.state, since=told.minute, long=known.long or away_for >= ARRIVE_AFTER)
    match told.state:
        case Spot.AWAY:
            return Heard(replace(moved, out=True), None if known.out else Sign.LEFT)
        case Spot.HOME if known.out:
            home = replace(moved, out=False, long=False, told=False)
            return Heard(home, Sign.ARRIVED, None if moved.long else Unfit.AWAY_TOO_SHORT)
        case Spot.NEAR if known.out:
            unfit = Unfit.ONCE_A_TRIP if known.told else Unfit.AWAY_TOO_SHORT if away_for < NEAR_AFTER else None
            return Heard(replace(moved, told=known.told or unfit is None), Sign.CAME_NEAR, unfit)
        case Spot.HOME | Spot.NEAR:  # from the door and back: no trip
            return Heard(moved, None)


@unique
class Likely(StrEnum):
    """Where another member is, as far as a rule may ask."""

    IN = "in"
    """At home, or just outside the door."""
    OUT = "out"
    UNKNOWN = "unknown"


def likely(known: Whereabouts | None, now: datetime) -> Likely:
    """Where somebody is now. Who told nothing for six hours, or never told anything, is unknown."""
    if known is None or now - known.minute >= SILENT_AFTER:
        return Likely.UNKNOWN
    return Likely.OUT if known.out else Likely.IN
