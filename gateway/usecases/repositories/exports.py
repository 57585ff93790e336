"""Copies of a person's data, and their pieces."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from gateway.domain.exports import Export, ExportId
from gateway.domain.identity import AccountId


class ExportRepository(Protocol):
    """Rows of exports. Kept until seven days after they were ready; the pieces go when they were fetched."""

    def add(self, export: Export) -> None:
        """A new one."""

    def get(self, export_id: ExportId) -> Export | None:
        """The export of this id."""

    def by_token(self, digest: bytes) -> Export | None:
        """The export that a token fetches."""

    def of_account(self, account_id: AccountId) -> list[Export]:
        """An account's exports, newest first; a handful."""

    def asked_at(self, account_id: AccountId, after: datetime) -> Sequence[datetime]:
        """When the account asked for exports after a moment.

        Locks the account where the database can: of two requests at once the second counts the first.
        """

    def in_making(self) -> Export | None:
        """The one that waits longest to be made, of those that no other gateway has in hand at this moment."""

    def put(self, export: Export) -> None:
        """Store a change.

        Raises:
            StaleVersionError: somebody else changed it meanwhile.
        """

    def add_piece(self, export_id: ExportId, number: int, sealed: bytes) -> None:
        """Store a piece."""

    def piece(self, export_id: ExportId, number: int) -> bytes | None:
        """A piece, sealed."""

    def drop_pieces(self, export_id: ExportId) -> None:
        """Remove all pieces."""

    def remove(self, account_id: AccountId, export_id: ExportId) -> bool:
        """Remove an account's export with its pieces; False when it has none of this id."""
