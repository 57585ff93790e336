"""Accounts and what they log in with."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from gateway.domain.accounts import Account, LoginKind
from gateway.domain.identity import AccountId
from gateway.usecases.services import PasswordRecord


class AccountRepository(Protocol):
    """Rows of accounts and passwords. Kept until the account closes (privacy.md)."""

    def get(self, account_id: AccountId) -> Account | None:
        """The account of this id."""

    def by_login(self, login_index: bytes) -> Account | None:
        """The account with this login name."""

    def taken(self, login_indexes: Sequence[bytes]) -> set[bytes]:
        """Those of the given login names that have an account."""

    def add(self, account: Account, password: PasswordRecord, now: datetime) -> bool:
        """A new account with its password; False, and nothing stored, when the login name is taken."""

    def set_login(self, account: Account, login_index: bytes, kind: LoginKind) -> bool:
        """Store another login name; False, and nothing stored, when it is taken.

        Raises:
            StaleVersionError: the account changed meanwhile, or somebody took the name at the same moment.
        """

    def password(self, account_id: AccountId) -> PasswordRecord | None:
        """What the account's password is checked against."""

    def set_adult(self, account: Account) -> None:
        """Store that a person is of age.

        Raises:
            StaleVersionError: the account was changed meanwhile.
        """

    def replace_password(
        self, account_id: AccountId, old: PasswordRecord, new: PasswordRecord, changed_at: datetime
    ) -> bool:
        """Store another record in place of `old`; False when `old` is no longer the record."""
