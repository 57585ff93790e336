"""Recipients that people named, and what was sent to them."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from gateway.domain.disclosures import Disclosure, DisclosureId
from gateway.domain.identity import AccountId
from gateway.domain.recipients import RecipientId


@dataclass(frozen=True, slots=True)
class StoredRecipient:
    """A recipient as it is kept: the address and what signs for it, sealed."""

    recipient_id: RecipientId = field(repr=False)
    account_id: AccountId = field(repr=False)
    url_sealed: bytes = field(repr=False)
    secret_sealed: bytes = field(repr=False)
    created_at: datetime


class DisclosureRepository(Protocol):
    """Rows of recipients and disclosures."""

    def hold(self, account_id: AccountId) -> None:
        """Let nobody else add one of this account until the commit, where the database can."""

    def add_recipient(self, recipient: StoredRecipient) -> None:
        """A new one."""

    def recipient(self, account_id: AccountId, recipient_id: RecipientId) -> StoredRecipient | None:
        """An account's recipient of this id."""

    def recipients_of(self, account_id: AccountId) -> list[StoredRecipient]:
        """An account's recipients, oldest first."""

    def remove_recipient(self, account_id: AccountId, recipient_id: RecipientId) -> bool:
        """Remove one; False when the account has none of this id."""

    def add(self, disclosure: Disclosure) -> None:
        """A new one."""

    def get(self, disclosure_id: DisclosureId) -> Disclosure | None:
        """The disclosure of this id."""

    def put(self, disclosure: Disclosure) -> None:
        """Store a change.

        Raises:
            StaleVersionError: somebody else changed it meanwhile.
        """

    def waiting_of(self, account_id: AccountId) -> list[Disclosure]:
        """An account's that have not ended, oldest first."""

    def of_account(
        self, account_id: AccountId, before: tuple[datetime, DisclosureId] | None, at_most: int
    ) -> list[Disclosure]:
        """An account's, newest first, before a place."""

    def due(self, now: datetime) -> Disclosure | None:
        """The one that has waited longest to be tried, of those whose moment has come."""

    def next_due(self) -> datetime | None:
        """When the next is to be tried."""
