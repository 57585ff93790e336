"""Counts of failed tries, under keyed digests of what was tried."""

from datetime import datetime
from typing import Protocol

from gateway.domain.throttle import Throttle


class ThrottleRepository(Protocol):
    """Rows of throttles. A row is worth nothing once it is older than `domain.throttle.FORGOTTEN_AFTER`."""

    def get(self, key: bytes) -> Throttle | None:
        """The count under a key, locked until the commit where the database can. Only inside `run`, not `read`."""

    def put(self, key: bytes, throttle: Throttle) -> None:
        """Store the count that follows from what `get` returned in this transaction.

        Raises:
            StaleVersionError: somebody else counted meanwhile.
        """

    def remove(self, key: bytes) -> None:
        """Forget the count."""

    def forget(self, before: datetime, at_most: int) -> int:
        """Remove counts last touched before this moment; returns how many."""
