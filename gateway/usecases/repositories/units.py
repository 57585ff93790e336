"""Units: what the factory made. Found by blind indexes only; no identifier of a unit is stored in clear."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from gateway.domain.identity import ClaimId, UnitId
from gateway.domain.units import BlockReason, Unit


@dataclass(frozen=True, slots=True)
class ListedUnit:
    """A unit together with what only the production list needs to know of it."""

    unit: Unit
    unit_key_index: bytes | None = field(repr=False, default=None)
    """Blind index of the unit key, by which equal keys are found."""


class UnitRepository(Protocol):
    """Rows of units. MAC, machine code, certificate, claim id, unit key and setup code are unique, each for itself."""

    def get(self, unit_id: UnitId) -> Unit | None:
        """The unit of this id."""

    def by_machine_code(self, index: bytes) -> Unit | None:
        """The unit with this blind index of its machine code."""

    def by_mac(self, index: bytes) -> Unit | None:
        """The unit with this blind index of its MAC."""

    def by_setup_code(self, digest: bytes) -> Unit | None:
        """The unit with this blind index of the code on its label."""

    def page(self, after: UnitId | None, at_most: int) -> list[Unit]:
        """Units in the order of their ids, from behind `after`."""

    def count(self) -> int:
        """How many units there are."""

    def sharing(self, batch: Sequence[ListedUnit]) -> list[ListedUnit]:
        """The stored units that share anything unique with one of these: they are the same, or in conflict."""

    def add(self, batch: Sequence[ListedUnit]) -> None:
        """New units.

        Raises:
            StaleVersionError: one of them came in by another way meanwhile.
        """

    def block(self, unit_id: UnitId, reason: BlockReason | None) -> None:
        """Keep a unit from being activated, or allow it again (None)."""

    def claim_connected(self, claim_id: ClaimId, fingerprint: bytes, now: datetime) -> None:
        """Note with which certificate (SHA-256 of the DER) a claim identity was last permitted to connect."""

    def claim_fingerprint(self, claim_id: ClaimId) -> bytes | None:
        """The certificate noted above; None where the broker does not ask before each connection."""
