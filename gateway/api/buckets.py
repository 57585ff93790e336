"""Token buckets in memory: how often an account or an address may ask. Each gateway counts for itself."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from typing import Final

_MOST_BUCKETS: Final = 50_000
"""Buckets kept at most, about 10 MB. The one unused for longest goes first; it is nearly always full again."""


@dataclass(frozen=True, slots=True)
class Rate:
    """A bucket's size and how fast it fills."""

    burst: int
    per_second: float

    @property
    def window_s(self) -> int:
        """Seconds in which an empty bucket fills."""
        return ceil(self.burst / self.per_second)


@dataclass(frozen=True, slots=True)
class Taken:
    """What one request did to one bucket."""

    name: str
    """Of the policy, such as `account`."""
    rate: Rate
    allowed: bool
    remaining: int
    """Requests that may follow at once."""
    wait_s: int
    """Whole seconds until the next one may come; 0 when it may come now."""


class Buckets:
    """All buckets of one policy."""

    def __init__(self, name: str, rate: Rate, monotonic: Callable[[], float]) -> None:
        self.name: Final = name
        self.rate: Final = rate
        self._monotonic: Final = monotonic
        self._levels: Final[OrderedDict[str, tuple[float, float]]] = OrderedDict()

    def take(self, key: str) -> Taken:
        """Take one token of `key`'s bucket, or say how long to wait. A refused request takes nothing."""
        now = self._monotonic()
        level, since = self._levels.pop(key, (float(self.rate.burst), now))
        level = min(float(self.rate.burst), level + (now - since) * self.rate.per_second)
        allowed = level >= 1
        if allowed:
            level -= 1
        self._levels[key] = (level, now)
        if len(self._levels) > _MOST_BUCKETS:
            self._levels.popitem(last=False)
        wait = 0 if level >= 1 else ceil((1 - level) / self.rate.per_second)
        return Taken(self.name, self.rate, allowed, int(level), wait)


def headers_of(taken: list[Taken]) -> dict[str, str]:
    """`RateLimit-Policy` (q quota, w window) and `RateLimit` (r rest, t seconds).

    As in draft-ietf-httpapi-ratelimit-headers-10.
    """
    policies = ", ".join(f'"{one.name}";q={one.rate.burst};w={one.rate.window_s}' for one in taken)
    rests = ", ".join(f'"{one.name}";r={one.remaining};t={one.wait_s}' for one in taken)
    return {"RateLimit-Policy": policies, "RateLimit": rests}
