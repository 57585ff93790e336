"""Accounts that are about to close."""

from typing import Protocol

from gateway.domain.closures import Closure
from gateway.domain.identity import AccountId


class ClosureRepository(Protocol):
    """Rows of closures: at most one of an account."""

    def put(self, closure: Closure) -> None:
        """Store one in place of the account's former one."""

    def get(self, account_id: AccountId) -> Closure | None:
        """The account's. Locked until the commit where the database can."""

    def remove(self, account_id: AccountId) -> None:
        """Forget it."""
