"""The geofence: from sightings to the rare transitions home, near and away that the gateway is told.

A single fix proves nothing: indoors it wanders by hundreds of metres, and now and then it is in another town. So a
state changes only when two good fixes say the same and none in between says otherwise; a leave also takes five minutes;
and who is on the Wi-Fi of the home is at home, whatever a satellite says. Two circles (200 m in, 300 m out) keep a
phone on the edge from flickering.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum, unique
from typing import Final

from device_sim.location.sightings import Fix, Place, Sighting


@unique
class Where(StrEnum):
    """What may be told. The value is what travels."""

    HOME = "home"
    NEAR = "near"
    AWAY = "away"


@unique
class Accuracy(StrEnum):
    """How good the fix behind a transition was. The value is what travels; metres do not."""

    GOOD = "good"
    FAIR = "fair"
    POOR = "poor"


_GOOD_M: Final = 30.0
_FAIR_M: Final = 65.0

FASTEST_M_S: Final = 100.0
"""Faster than any train in service (350 km/h). What moved faster did not move: the fix is wrong."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The figures of a fence. The defaults are the product's; others show in tests what each of them is for."""

    inner_m: float = 200.0
    """Within: at home."""
    outer_m: float = 300.0
    """Beyond, with the whole circle of uncertainty: outside."""
    near_m: float = 1000.0
    """Within, and coming closer: near."""
    far_m: float = 1500.0
    """Beyond: no longer near."""
    accuracy_m: float = 100.0
    """A fix that claims less is not looked at."""
    fixes: int = 2
    leave_after: timedelta = timedelta(minutes=5)
    wifi_veto: bool = True


@dataclass(frozen=True, slots=True)
class Transition:
    """What the gateway is told: no place, no distance, no network."""

    state: Where
    seq: int
    minute: datetime
    """Without seconds."""
    accuracy: Accuracy


@dataclass(frozen=True, slots=True)
class Likely:
    """A state that is not yet believed."""

    state: Where
    since: datetime
    fixes: int
    metres: float
    """The latest distance: near is told only to those who come closer."""


@dataclass(frozen=True, slots=True)
class Fence:
    """All that the phone keeps: where home is, what it told last, and what it is about to believe."""

    home: Place = field(repr=False)
    rules: Rules = Rules()
    where: Where | None = None
    """None until the first transition."""
    seq: int = 0
    """Of the latest transition; kept over restarts, because the gateway ignores a number that it has seen."""
    likely: Likely | None = None
    believed: tuple[datetime, Fix] | None = field(default=None, repr=False)
    seen: tuple[datetime, Fix] | None = field(default=None, repr=False)

    def again(self, at: datetime) -> tuple["Fence", Transition | None]:
        """The same state once more, for a gateway that would otherwise take this phone for silent."""
        if self.where is None:
            return self, None
        transition = Transition(self.where, self.seq + 1, _whole(at), Accuracy.GOOD)
        return replace(self, seq=transition.seq), transition

    def look(self, sighting: Sighting) -> tuple["Fence", Transition | None]:
        """The fence after one sighting, and what there is to tell. Sightings come in the order of time."""
        if sighting.on_home_wifi and self.rules.wifi_veto:
            return _reached(self, Where.HOME, sighting.at, Accuracy.GOOD)
        fix = sighting.fix
        if fix is None or fix.accuracy_m > self.rules.accuracy_m:
            return self, None
        here = (sighting.at, fix)
        if not (_plausible(self.believed, here) or _plausible(self.seen, here)):
            # A jump: this one is wrong, or those before were. Nothing counts until two agree again.
            return replace(self, seen=here, likely=None), None
        return _judged(replace(self, believed=here, seen=here), sighting.at, fix)


def _judged(fence: Fence, at: datetime, fix: Fix) -> tuple[Fence, Transition | None]:
    metres = fence.home.metres_to(fix.place)
    state = _zone(fence, metres, fix.accuracy_m)
    if state is None:
        return fence, None
    if state is fence.where:
        return replace(fence, likely=None), None
    likely = _likelier(fence.likely, state, at, metres)
    slow = state is Where.AWAY and fence.where is not Where.NEAR  # who turned back on the way home was away before
    if likely.fixes < fence.rules.fixes or (slow and at - likely.since < fence.rules.leave_after):
        return replace(fence, likely=likely), None
    return _reached(fence, state, at, _label(fix.accuracy_m))


def _zone(fence: Fence, metres: float, accuracy_m: float) -> Where | None:
    """Which state a fix speaks for; None when it speaks neither for nor against any."""
    rules = fence.rules
    if metres <= rules.inner_m:
        return Where.HOME
    match fence.where:
        case Where.AWAY:
            return Where.NEAR if metres <= rules.near_m else Where.AWAY
        case Where.NEAR:
            return Where.AWAY if metres - accuracy_m > rules.far_m else Where.NEAR
        case Where.HOME if metres <= rules.outer_m:
            return Where.HOME
        case _:
            return Where.AWAY if metres - accuracy_m > rules.outer_m else None


def _likelier(likely: Likely | None, state: Where, at: datetime, metres: float) -> Likely:
    """What one more fix makes of the state that is about to be believed."""
    if likely is None or likely.state is not state or (state is Where.NEAR and metres >= likely.metres):
        return Likely(state, at, 1, metres)
    return replace(likely, fixes=likely.fixes + 1, metres=metres)


def _reached(fence: Fence, state: Where, at: datetime, accuracy: Accuracy) -> tuple[Fence, Transition | None]:
    if state is fence.where:
        return replace(fence, likely=None), None
    transition = Transition(state, fence.seq + 1, _whole(at), accuracy)
    return replace(fence, where=state, seq=transition.seq, likely=None), transition


def _plausible(before: tuple[datetime, Fix] | None, here: tuple[datetime, Fix]) -> bool:
    """Whether anybody could have come from there to here in that time. The first fix is."""
    if before is None:
        return True
    seconds = max((here[0] - before[0]).total_seconds(), 1.0)
    return before[1].place.metres_to(here[1].place) - before[1].accuracy_m - here[1].accuracy_m <= FASTEST_M_S * seconds


def _whole(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)


def _label(accuracy_m: float) -> Accuracy:
    if accuracy_m <= _GOOD_M:
        return Accuracy.GOOD
    return Accuracy.FAIR if accuracy_m <= _FAIR_M else Accuracy.POOR
