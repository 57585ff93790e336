"""Answers that are kept so that a request sent twice takes effect once."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """An answer under its key."""

    key: bytes = field(repr=False)
    """Keyed digest of who asked, which route, and the Idempotency-Key."""
    request_digest: bytes = field(repr=False)
    """Keyed digest of what was asked."""
    status: int
    location: str | None = field(repr=False)
    body: bytes = field(repr=False)
    """Sealed: an answer may hold tokens, which are kept nowhere else."""
    owner: str = field(repr=False)
    """The account that asked, or empty; an account that is closed takes its kept answers with it."""
    at: datetime


class IdempotencyRepository(Protocol):
    """Kept answers, 24 hours each."""

    def get(self, key: bytes, since: datetime) -> KeptAnswer | None:
        """The answer under a key, unless it is from before `since`."""

    def keep(self, answer: KeptAnswer, since: datetime) -> None:
        """Keep an answer; one under the same key from before `since` is replaced.

        Raises:
            StaleVersionError: another transaction kept one in the meantime.
        """

    def forget(self, before: datetime, at_most: int) -> int:
        """Remove answers from before this moment; returns how many."""
