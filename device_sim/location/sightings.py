"""What a phone knows of its whereabouts at one moment, and how far that is from home. None of it leaves the phone."""

from dataclasses import dataclass, field
from datetime import datetime
from math import asin, cos, radians, sin, sqrt
from typing import Final

EARTH_RADIUS_M: Final = 6_371_008.8
"""Mean radius R1 (IUGG)."""


@dataclass(frozen=True, slots=True)
class Place:
    """A point on the earth, in degrees (WGS 84)."""

    latitude: float = field(repr=False)
    longitude: float = field(repr=False)

    def metres_to(self, other: "Place") -> float:
        """Great-circle distance (haversine formula), good to 0.6 %: far better than any fix."""
        north = radians(other.latitude - self.latitude)
        east = radians(other.longitude - self.longitude)
        square = sin(north / 2) ** 2 + cos(radians(self.latitude)) * cos(radians(other.latitude)) * sin(east / 2) ** 2
        return 2 * EARTH_RADIUS_M * asin(min(1.0, sqrt(square)))


@dataclass(frozen=True, slots=True)
class Fix:
    """Where the operating system believes the phone to be."""

    place: Place = field(repr=False)
    accuracy_m: float
    """Radius within which it is with a probability of 68 %, as Android and iOS state it."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """One look at the surroundings."""

    at: datetime
    fix: Fix | None
    """None where there was nothing to be had: a tunnel, or location turned off for a while."""
    on_home_wifi: bool = False
    """The phone is connected to the network that its owner called home. The phone alone knows which that is."""
