"""Notices: what a person is told, kept until they have had time to read it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from gateway.domain.identity import AccountId


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing that a person was told."""

    number: int
    kind: str
    data: Mapping[str, Any] = field(repr=False)
    at: datetime
    read_at: datetime | None


class NoticeRepository(Protocol):
    """Rows of notices."""

    def add(self, account_id: AccountId, kind: str, data: Mapping[str, Any], now: datetime) -> int:
        """A new notice; returns its number. Numbers grow."""

    def add_for_all(self, kind: str, data: Mapping[str, Any], now: datetime) -> int:
        """The same notice for every account; returns how many."""

    def of_account(self, account_id: AccountId, before: int | None, at_most: int) -> list[Notice]:
        """Notices of an account, newest first, from before that number."""

    def unread(self, account_id: AccountId) -> int:
        """How many were not marked as read."""

    def mark_read(self, account_id: AccountId, number: int, now: datetime) -> bool:
        """Mark one as read, for the first time only; False when the account has none of this number."""
