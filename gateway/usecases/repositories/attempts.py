"""Activation attempts and the evidence for their verdicts."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from gateway.domain.attempts import Attempt
from gateway.domain.evidence import Evidence
from gateway.domain.identity import AccountId, AttemptId, ClaimId, PairingId, UnitId


@dataclass(frozen=True, slots=True)
class AttemptKeys:
    """Under what an attempt is found again, besides its trace id and pairing. Blind indexes and last two characters."""

    claim_id: ClaimId | None = field(repr=False, default=None)
    mac_index: bytes | None = field(repr=False, default=None)
    mac_tail: str | None = field(repr=False, default=None)
    machine_code_index: bytes | None = field(repr=False, default=None)
    machine_code_tail: str | None = field(repr=False, default=None)


class AttemptRepository(Protocol):
    """Rows of attempts. Trace ids are unique. Evidence is only ever added."""

    def get(self, attempt_id: AttemptId) -> Attempt | None:
        """The attempt of this id."""

    def latest_of_pairing(self, pairing_id: PairingId) -> Attempt | None:
        """The newest attempt of a pairing."""

    def latest_of_claim(self, claim_id: ClaimId) -> Attempt | None:
        """The newest attempt of a claim identity."""

    def latest_of_unit(self, unit_id: UnitId) -> Attempt | None:
        """The newest attempt of a unit."""

    def of_account_at(self, account_id: AccountId, unit_id: UnitId | None, moment: datetime) -> list[Attempt]:
        """Attempts of an account's pairings that were opened in the ten minutes before a moment, newest first.

        Without those that are known to be another unit's; two at most: more tells nothing more.
        """

    def add(self, attempt: Attempt, keys: AttemptKeys) -> None:
        """A new attempt."""

    def update(self, attempt: Attempt, keys: AttemptKeys | None = None) -> Attempt:
        """Store one that was read as `attempt.version`; returns it with the raised version. Keys not given stay.

        Raises:
            StaleVersionError: it changed meanwhile.
        """

    def absorb(self, into: AttemptId, other: Attempt) -> None:
        """Two attempts turned out to be one: the evidence of `other` moves, and `other` is gone.

        Raises:
            StaleVersionError: `other` changed since it was read as `other.version`: it may have evidence that is not
                seen yet, which would stay behind without an attempt.
        """

    def note(self, attempt_id: AttemptId | None, line: Evidence, address_index: bytes | None = None) -> None:
        """Add one line of evidence; without an attempt it waits to be joined to one (30 minutes)."""

    def evidence(self, attempt_id: AttemptId) -> list[Evidence]:
        """All evidence of an attempt, in the order of its arrival."""

    def overdue(self, now: datetime, at_most: int) -> list[Attempt]:
        """Open attempts for which silence has become the result (`due_at`), longest overdue first."""

    def next_due(self) -> datetime | None:
        """When the next open attempt falls due."""
