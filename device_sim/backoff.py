"""Growing pauses between tries, spread so that a fleet that lost its broker does not come back in one wave."""

from random import Random


class Backoff:
    """Pauses that double up to a limit, each taken at random from its upper half.

    The full range from zero ("full jitter") would let one appliance try five times in a row; half of it spreads a fleet
    over as long a time and keeps the promise that pauses grow.
    """

    def __init__(self, rng: Random, *, first_s: float, longest_s: float) -> None:
        self._rng = rng
        self._first = first_s
        self._longest = longest_s
        self._tries = 0

    def succeeded(self) -> None:
        """The next pause is a short one again."""
        self._tries = 0

    def next_s(self, at_least_s: float = 0.0) -> float:
        """The next pause in seconds. `at_least_s` is what the other side asked for; jitter only adds to that."""
        pause = min(self._longest, self._first * 2.0 ** min(self._tries, 30))
        self._tries += 1
        spread = self._rng.uniform(pause / 2, pause)
        return max(spread, at_least_s + spread - pause / 2)
