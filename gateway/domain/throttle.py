"""Limits of tries: for passwords a wait that doubles, for label codes five tries in a quarter of an hour.

Neither lets a stranger lock somebody out for ever: a wait ends after 15 minutes at the latest, and what is tried during
a wait is not looked at and does not prolong it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Final

FREE_TRIES: Final = 5
FIRST_WAIT: Final = timedelta(seconds=30)
LONGEST_WAIT: Final = timedelta(minutes=15)
FORGOTTEN_AFTER: Final = timedelta(hours=24)
"""After a day without a failed try the count begins anew."""

LABEL_TRIES: Final = 5
LABEL_WINDOW: Final = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Throttle:
    """Failed tries under one name or from one address. No record at all means none."""

    failures: int
    last_at: datetime
    blocked_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Allowed:
    """Go on and look at it."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Do not even look at it."""

    seconds: int
    """Whole seconds to wait, at least 1, rounded up."""


def check(throttle: Throttle | None, now: datetime) -> Allowed | Wait:
    """May a try be looked at now?"""
    if throttle is None or throttle.blocked_until is None or now >= throttle.blocked_until:
        return Allowed()
    # The stored moment may lie too far ahead when the clock was set back: never wait longer than the longest wait.
    left = min(throttle.blocked_until - now, LONGEST_WAIT)
    return Wait(max(1, ceil(left.total_seconds())))


def count(throttle: Throttle | None, now: datetime) -> Throttle:
    """Count a try that `check` allowed, before it is looked at.

    Before, because looking takes a quarter of a second and a hundred guesses may be under way at once; success
    forgets the count altogether (delete the record).
    """
    fresh = throttle is None or now - throttle.last_at >= FORGOTTEN_AFTER
    failures = 1 if fresh or throttle is None else throttle.failures + 1
    over = failures - FREE_TRIES
    if over < 0:
        return Throttle(failures, now)
    doublings = min(over, 16)  # more would overflow a timedelta before the minimum is taken
    return Throttle(failures, now, now + min(FIRST_WAIT * 2**doublings, LONGEST_WAIT))


Tries = tuple[datetime, ...]
"""When wrong label codes were tried, oldest first; at most `LABEL_TRIES` are worth keeping."""


def check_tries(tries: Tries, now: datetime) -> Allowed | Wait:
    """May a label code be looked at now? Counted for the unit and for the account, each on its own."""
    recent = _recent(tries, now)
    if len(recent) < LABEL_TRIES:
        return Allowed()
    left = min(recent[-LABEL_TRIES] + LABEL_WINDOW - now, LABEL_WINDOW)
    return Wait(max(1, ceil(left.total_seconds())))


def count_try(tries: Tries, now: datetime) -> Tries:
    """Count a wrong code. The code itself is never used up by tries."""
    return (*_recent(tries, now), now)[-LABEL_TRIES:]


def _recent(tries: Iterable[datetime], now: datetime) -> Tries:
    return tuple(at for at in tries if now - at < LABEL_WINDOW)
