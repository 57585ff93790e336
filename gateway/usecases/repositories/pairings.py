"""Pairings and how far each one came."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from gateway.domain.failures import Code
from gateway.domain.identity import AccountId, PairingId
from gateway.domain.pairing import Pairing


@dataclass(frozen=True, slots=True)
class PairingStep:
    """One thing that happened on the way, as the app shows it."""

    step: str
    at: datetime
    code: Code | None = None


class PairingRepository(Protocol):
    """Rows of pairings. Token digests are unique."""

    def get(self, pairing_id: PairingId) -> Pairing | None:
        """The pairing of this id."""

    def by_token(self, digest: bytes) -> Pairing | None:
        """The pairing that this token was made for, open or not."""

    def open_of(self, account_id: AccountId) -> list[Pairing]:
        """An account's open pairings, oldest first."""

    def open_from(self, address_index: bytes, now: datetime) -> list[Pairing]:
        """Open pairings whose app called from this address, oldest first; two at most: more tells nothing more."""

    def count_report(self, pairing_id: PairingId) -> int:
        """Count one report of the app about a pairing; returns how many there are now, 0 for a missing pairing."""

    def add(self, pairing: Pairing, address_index: bytes | None = None) -> None:
        """A new pairing, with the keyed digest of the address that its app called from (kept 30 minutes)."""

    def update(self, pairing: Pairing) -> Pairing:
        """Store one that was read as version `pairing.version`; returns it with the raised version.

        Raises:
            StaleVersionError: it changed meanwhile.
        """

    def overdue(self, now: datetime, at_most: int) -> list[Pairing]:
        """Open pairings whose time ran out, oldest first."""

    def next_deadline(self) -> datetime | None:
        """When the next open pairing runs out."""

    def note_step(self, pairing_id: PairingId, step: PairingStep) -> bool:
        """Remember that a step was reached; False when it was known already (the first time counts)."""

    def steps(self, pairing_id: PairingId) -> list[PairingStep]:
        """The steps reached, in the order in which they happened."""
