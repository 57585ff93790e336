"""Removing what a person deletes by themselves."""

from collections.abc import Mapping
from typing import Protocol

from gateway.domain.deletions import DataClass
from gateway.domain.identity import AccountId


class DeletionRepository(Protocol):
    """Rows of one kind and one account."""

    def remove(self, account_id: AccountId, which: DataClass) -> Mapping[str, int]:
        """Remove them. Returns how many rows of each table are gone or emptied.

        Raises:
            ValueError: rows of this kind are removed by a use case of their own.
        """
