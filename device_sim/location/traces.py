"""Days and nights of a phone, made up after what real ones record: each with the truth, so that errors can be counted.

Positions are metres east and north of home. The same seed makes the same traces. What the figures assume is written
here and nowhere else; they say how the fence does on such traces, not how often any person leaves the house.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import cos, pi, radians, sin
from random import Random
from typing import Final

from device_sim.location.sightings import EARTH_RADIUS_M, Fix, Place, Sighting

HOME: Final = Place(52.0, 5.0)
"""Somewhere. No trace depends on where."""

_MINUTE: Final = 60.0
_HOUR: Final = 3600.0
_NORTH: Final = 0.0
"""Trips go north: a circle has no corners."""
_MISSING: Final = 0.1
"""Of the fixes on a trip."""
_KNOWN_WIFI: Final = 0.9
"""Of the homes."""
_JUMPS_EVERY: Final = 48
"""Fixes, ten minutes apart."""
_OPEN_SKY: Final = 0.8
_USABLE: Final = 0.95


@dataclass(frozen=True, slots=True)
class Outing:
    """One time away from home, as it was."""

    left: datetime
    back: datetime


@dataclass(frozen=True, slots=True)
class Trace:
    """What a phone saw, in the order of time, and what was true."""

    sightings: tuple[Sighting, ...]
    outings: tuple[Outing, ...] = ()


def place_at(east_m: float, north_m: float) -> Place:
    """A point by its distance from home, on the plane that touches the earth there: exact enough for 50 km."""
    north = north_m / EARTH_RADIUS_M * 180 / pi
    east = east_m / (EARTH_RADIUS_M * cos(radians(HOME.latitude))) * 180 / pi
    return Place(HOME.latitude + north, HOME.longitude + east)


def _seen(at: datetime, metres: float, bearing: float, accuracy_m: float, *, wifi: bool = False) -> Sighting:
    place = place_at(metres * sin(bearing), metres * cos(bearing))
    return Sighting(at, Fix(place, accuracy_m), on_home_wifi=wifi)


def night_drift(
    start: datetime,
    random: Random,
    *,
    nights: int = 30,
    drifts: int = 10,
    stays: bool = False,
    wifi_asleep: float = 0.3,
) -> Trace:
    """Nights at home, 23 to 7 o'clock, in which the position wanders off to 400 m and back, so many times each.

    A drift takes 3 to 15 minutes, a fix a minute, and claims 20 to 100 m. Between drifts there is a fix every ten
    minutes. During a share of the drifts (`wifi_asleep`) the phone has let go of the Wi-Fi to save power. With `stays`
    the position does not wander but stands at 400 m all that time.
    """
    sightings: list[Sighting] = []
    for night in range(nights):
        begin = start + timedelta(days=night)
        slot = 8 * _HOUR / drifts
        for number in range(drifts):
            length = random.uniform(3, 15) * _MINUTE
            first = number * slot + random.uniform(0, slot - length - 2 * _MINUTE)
            asleep = random.random() < wifi_asleep
            bearing, accuracy = random.uniform(0, 2 * pi), random.uniform(20, 100)
            at = number * slot
            while at < (number + 1) * slot:
                part = (at - first) / length
                drifting = 0 <= part <= 1
                metres = 400 * (1.0 if stays else 1 - abs(2 * part - 1)) if drifting else random.uniform(0, 40)
                moment = begin + timedelta(seconds=at)
                sightings.append(
                    _seen(moment, metres, bearing, accuracy if drifting else 20, wifi=not (drifting and asleep))
                )
                at += _MINUTE if drifting or 0 < first - at < 10 * _MINUTE else 10 * _MINUTE
    return Trace(tuple(sightings))


def edge_flicker(start: datetime, random: Random, *, hours: float = 8) -> Trace:
    """At a neighbour's, 250 m from home: a fix every two minutes that is 60 m off in any direction."""
    sightings = [
        _seen(start + timedelta(minutes=2 * step), max(0.0, random.gauss(250, 60)), random.uniform(0, 0.5), 30)
        for step in range(int(hours * 30))
    ]
    return Trace((_seen(start - timedelta(minutes=5), 10, _NORTH, 10, wifi=True), *sightings))


def jumps(start: datetime, random: Random, *, days: int = 30) -> Trace:
    """At home without Wi-Fi, and three times a day one or two fixes in another town: a cell that is listed wrongly."""
    sightings: list[Sighting] = []
    for step in range(days * 144):
        at = start + timedelta(minutes=10 * step)
        if step % _JUMPS_EVERY == _JUMPS_EVERY // 2:
            far, bearing = random.uniform(5_000, 80_000), random.uniform(0, 2 * pi)
            sightings.extend(
                _seen(at + timedelta(seconds=20 * more), far, bearing, random.uniform(20, 90))
                for more in range(random.choice((1, 2)))
            )
        else:
            sightings.append(_seen(at, random.uniform(0, 50), random.uniform(0, 2 * pi), random.uniform(5, 60)))
    return Trace(tuple(sightings))


def tunnel(start: datetime, random: Random) -> Trace:
    """Home by underground: nothing is seen for 15 to 40 minutes, then the street at the door."""
    left, dwell = start, timedelta(hours=random.uniform(1, 9))
    out = list(_journey(start, random, farthest=9_000, dwell=dwell))
    ride = timedelta(minutes=random.uniform(15, 40))
    up = out[-1].at + ride
    rest = [_seen(up + timedelta(minutes=step), max(10.0, 150 - 60 * step), _NORTH, 25) for step in range(4)]
    evening = [_seen(up + timedelta(minutes=4 + step), 15, _NORTH, 15, wifi=True) for step in range(3)]
    return Trace((*_before(start), *out, *rest, *evening), (Outing(left, up),))


def dead_phone(start: datetime, random: Random) -> Trace:
    """The battery is empty from some moment of the trip until hours after the return."""
    trace = trip(start, random, farthest=random.uniform(2_000, 20_000))
    outing = trace.outings[0]
    dies = outing.left + (outing.back - outing.left) * random.uniform(0.3, 0.9)
    again = outing.back + timedelta(hours=random.uniform(1, 5))
    alive = [each for each in trace.sightings if each.at < dies]
    evening = [_seen(again + timedelta(minutes=step), 12, _NORTH, 15, wifi=step > 1) for step in range(4)]
    return Trace((*alive, *evening), trace.outings)


def trip(start: datetime, random: Random, *, farthest: float | None = None) -> Trace:
    """Out and back: 500 m to 30 km, on foot to by train, a stay of 3 minutes to 10 hours, one fix in ten missing.

    Ten of a hundred homes have no Wi-Fi that the phone knows.
    """
    reach = farthest if farthest is not None else 500 * (60 ** random.random())
    dwell = timedelta(minutes=3 * (200 ** random.random()))
    wifi = random.random() < _KNOWN_WIFI
    out = list(_journey(start, random, farthest=reach, dwell=dwell))
    back = list(_way(out[-1].at, random, reach, 0))
    home = back[-1].at
    evening = [
        _seen(home + timedelta(minutes=2 * step), random.uniform(0, 40), _NORTH, random.uniform(5, 60), wifi=wifi)
        for step in range(1, 8)
    ]
    return Trace((*_before(start, wifi=wifi), *out, *back, *evening), (Outing(start, home),))


def _before(start: datetime, *, wifi: bool = True) -> Iterator[Sighting]:
    for step in range(6, 0, -1):
        yield _seen(start - timedelta(minutes=10 * step), 10, _NORTH, 15, wifi=wifi)


def _journey(start: datetime, random: Random, *, farthest: float, dwell: timedelta) -> Iterator[Sighting]:
    """There, and the stay."""
    at = start
    for sighting in _way(start, random, 0, farthest):
        at = sighting.at
        yield sighting
    until = at + dwell
    while at < until:
        at += timedelta(minutes=random.uniform(2, 10))
        if random.random() > _MISSING:
            yield _seen(at, max(0.0, farthest + random.uniform(-20, 20)), _NORTH, _accuracy(random))


def _way(start: datetime, random: Random, away_m: float, to_m: float) -> Iterator[Sighting]:
    """On the move at 1.2 to 25 m/s by distance, a fix every 30 to 90 seconds."""
    length = abs(to_m - away_m)
    speed = 1.2 + 24 * (1 - 1 / (1 + length / 8_000)) * random.random()
    seconds = 0.0
    total = length / speed
    while seconds < total:
        seconds = min(total, seconds + random.uniform(30, 90))
        if seconds == total or random.random() > _MISSING:
            metres = away_m + (to_m - away_m) * seconds / total
            yield _seen(start + timedelta(seconds=seconds), metres, _NORTH, _accuracy(random))


def _accuracy(random: Random) -> float:
    """Eight of ten fixes are good, the rest comes from cells and walls; one in twenty is useless."""
    kind = random.random()
    if kind < _OPEN_SKY:
        return random.uniform(4, 30)
    return random.uniform(30, 100) if kind < _USABLE else random.uniform(100, 1500)
