"""How much one appliance may say: a token bucket for each, in memory. What is too much is dropped and counted."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Final

BUCKETS_AT_MOST: Final = 100_000
"""Appliances that are remembered at once; the one silent for longest is forgotten first (its bucket is full again)."""


class Flow:
    """Token buckets by identity. One appliance in a loop must not take the others' turn."""

    def __init__(self, *, per_second: float, burst: int, monotonic: Callable[[], float]) -> None:
        """Allow each identity `burst` messages at once and `per_second` on average; 0 per second means no bound."""
        self._per_second: Final = per_second
        self._burst: Final = float(burst)
        self._monotonic: Final = monotonic
        self._buckets: Final[OrderedDict[str, tuple[float, float]]] = OrderedDict()

    def allows(self, identity: str) -> bool:
        """Take one token; False when there is none."""
        if not self._per_second:
            return True
        now = self._monotonic()
        tokens, since = self._buckets.pop(identity, (self._burst, now))
        tokens = min(self._burst, tokens + (now - since) * self._per_second)
        allowed = tokens >= 1.0
        self._buckets[identity] = (tokens - 1.0 if allowed else tokens, now)
        if len(self._buckets) > BUCKETS_AT_MOST:
            self._buckets.popitem(last=False)
        return allowed
