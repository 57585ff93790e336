"""The figures of the privacy promise: what the geofence makes of nights, edges, jumps, tunnels and real trips."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final

from device_sim.location import traces
from device_sim.location.fence import Fence, Rules, Transition, Where
from device_sim.location.traces import HOME, Trace

START: Final = datetime(2026, 1, 5, 23, tzinfo=UTC)

NIGHTS: Final = 30
SEEN_AT_LEAST: Final = 0.98
"""Of the real trips over 500 m."""
LEAVES_AT_MOST: Final = 1
"""Of a day at the edge: who is 250 m away may have left, once."""
AT_THE_DOOR: Final = timedelta(minutes=5)
"""Home begins 200 m before the door: three minutes on foot, and a fix more."""
LATE: Final = timedelta(minutes=20)
"""A return that is told later than this is not seen: where nothing moves there are 10 minutes between fixes."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table."""

    name: str
    traces: int
    value: float
    bound: float | None
    """None for what is told and not promised."""
    at_least: bool = False
    """The bound is a lower one."""

    @property
    def holds(self) -> bool:
        """Whether the promise is kept."""
        if self.bound is None:
            return True
        return self.value >= self.bound if self.at_least else self.value <= self.bound


def walk(trace: Trace, rules: Rules = Rules()) -> list[Transition]:  # noqa: B008 - frozen
    """What a phone tells on a trace, the first word (where it is at all) included."""
    fence = Fence(HOME, rules)
    told: list[Transition] = []
    for sighting in trace.sightings:
        fence, transition = fence.look(sighting)
        if transition is not None:
            told.append(transition)
    return told


def seen(trace: Trace, told: Iterable[Transition]) -> bool:
    """Whether the leave was told while the person was away, and the return soon after it."""
    outing = trace.outings[0]
    left = [each for each in told if each.state is Where.AWAY and outing.left <= each.minute < outing.back]
    back = [each for each in told if each.state is Where.HOME and each.minute >= outing.back - AT_THE_DOOR]
    return bool(left) and bool(back) and back[0].minute - outing.back <= LATE


def _moves(trace: Trace, rules: Rules) -> int:
    """Transitions after the first word."""
    return max(0, len(walk(trace, rules)) - 1)


def _leaves(trace: Trace, rules: Rules) -> int:
    return sum(each.state is Where.AWAY for each in walk(trace, rules))


def _wrong(trace: Trace, rules: Rules) -> bool:
    """Away was told of somebody who was at home, or the end is not home."""
    told = walk(trace, rules)
    outing = trace.outings[0]
    false = [each for each in told if each.state is Where.AWAY and not outing.left <= each.minute <= outing.back]
    return bool(false) or not told or told[-1].state is not Where.HOME


def figures(seed: int, trips: int = 1000, rules: Rules = Rules()) -> list[Figure]:  # noqa: B008 - frozen
    """The whole table. The same seed gives the same figures.

    Args:
        seed: of the made-up traces.
        trips: how many of the real trips; a tenth as many of what is rarer.
        rules: other than the product's only to show what each is for.
    """
    few = max(1, trips // 10)

    def chance(of: str) -> Random:
        return Random(f"{seed} {of}")  # noqa: S311 - traces that anybody can make again, no secrets

    def many(make: Callable[[datetime, Random], Trace], count: int) -> list[Trace]:
        return [make(START + timedelta(days=number), chance(f"{make.__name__} {number}")) for number in range(count)]

    night = traces.night_drift(START, chance("night"), nights=NIGHTS)
    wifi_off = traces.night_drift(START, chance("no wifi"), nights=NIGHTS, wifi_asleep=1.0)
    standing = traces.night_drift(START, chance("stands"), nights=NIGHTS, stays=True, wifi_asleep=0.0)
    worst = traces.night_drift(START, chance("worst"), nights=NIGHTS, stays=True, wifi_asleep=1.0)
    edges = many(traces.edge_flicker, few)
    tunnels, dead, real = many(traces.tunnel, few), many(traces.dead_phone, few), many(traces.trip, trips)
    missed = sum(not seen(each, walk(each, rules)) for each in real)
    return [
        Figure("transitions in 30 nights, 10 drifts of 400 m each", NIGHTS, _moves(night, rules), 0),
        Figure("the same, and the phone lets go of the Wi-Fi", NIGHTS, _moves(wifi_off, rules), 0),
        Figure("the same with Wi-Fi, drifts that stand still at 400 m", NIGHTS, _moves(standing, rules), 0),
        Figure("standing drifts, no Wi-Fi (known limit)", NIGHTS, _moves(worst, rules), None),
        Figure("most leaves of a day at the edge", few, max(_leaves(each, rules) for each in edges), LEAVES_AT_MOST),
        Figure("transitions in 30 days of jumps", 1, _moves(traces.jumps(START, chance("jumps")), rules), 0),
        Figure("tunnels that ended wrong", few, sum(_wrong(each, rules) for each in tunnels), 0),
        Figure("dead phones that ended wrong", few, sum(_wrong(each, rules) for each in dead), 0),
        Figure("share of real trips seen", trips, 1 - missed / trips, SEEN_AT_LEAST, at_least=True),
    ]
