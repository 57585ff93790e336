"""Erasures under way, and the removal of everything that names an account."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from gateway.domain.erasure import Erasure, ErasureId
from gateway.domain.identity import AccountId, DeviceId


@dataclass(frozen=True, slots=True)
class ReceiptKept:
    """What is kept for whoever brings the token."""

    erasure: Erasure
    receipt: bytes | None = field(repr=False)
    """None until it is signed."""
    fetched_at: datetime | None


class ErasureRepository(Protocol):
    """Rows of erasures. Kept until the receipt was fetched, 30 days at most (privacy.md)."""

    def remove_subject(self, account_id: AccountId, alias: ErasureId, now: datetime) -> Mapping[str, int]:
        """Remove every row that the data map gives to an account, the account last; how many of which table.

        Rows that outlive the account lose it, or carry `alias` instead.
        """

    def drop_messages(self, devices: Sequence[DeviceId]) -> int:
        """Remove what waits to be sent to these appliances; returns how many messages."""

    def add(self, erasure: Erasure, token_digest: bytes) -> None:
        """A new erasure."""

    def get(self, erasure_id: ErasureId) -> Erasure | None:
        """The erasure of this name."""

    def due(self, now: datetime) -> Erasure | None:
        """The one that has waited longest for its next step, if one is due."""

    def unfinished_since(self) -> datetime | None:
        """When the oldest erasure that is not complete was begun; None without any."""

    def put(self, erasure: Erasure, receipt: bytes | None = None) -> Erasure:
        """Store a change, and the receipt when there is one; the erasure with its new version.

        Raises:
            StaleVersionError: another gateway was first.
        """

    def by_token(self, token_digest: bytes) -> ReceiptKept | None:
        """What is kept for a token."""

    def fetched(self, erasure_id: ErasureId, now: datetime) -> None:
        """Its receipt was handed out; a second time changes nothing."""

    def page(self, at_most: int) -> list[Erasure]:
        """The newest erasures, for the privacy officer."""

    def unfinished(self, at_most: int) -> list[Erasure]:
        """Those that are not complete, the oldest first, for the privacy officer."""

    def accounts(self, after: AccountId | None, at_most: int) -> list[AccountId]:
        """Names of accounts in order, for comparing an older state with the erasure ledger."""
