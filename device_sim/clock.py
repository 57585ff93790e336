"""An appliance's idea of the time: its own clock, set right by what the gateway says.

Appliances wake up in 1970. The welcome is not signed, so whoever can write to the broker could turn the clock back and
make an expired command young again. What was signed bounds that: the time never runs before the youngest signed moment.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

Clock = Callable[[], datetime]
"""The present moment, timezone-aware, UTC."""


class CorrectedClock:
    """The base clock plus the difference to the gateway's, never before a signed moment."""

    def __init__(self, base: Clock) -> None:
        self._base = base
        self._difference = timedelta(0)
        self._floor: datetime | None = None
        self.is_set = False
        """True once the gateway said the time."""

    def now(self) -> datetime:
        """The present moment as far as known."""
        moment = self._base() + self._difference
        return moment if self._floor is None else max(moment, self._floor)

    def set_right(self, gateway_time: datetime) -> None:
        """Take over what a welcome or an answer says."""
        self._difference = gateway_time - self._base()
        self.is_set = True

    def not_before(self, signed: datetime) -> None:
        """A verified message was made at this moment; the time is at least that."""
        self._floor = signed if self._floor is None else max(self._floor, signed)
