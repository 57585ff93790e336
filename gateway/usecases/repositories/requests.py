"""What people ask about their data."""

from datetime import datetime
from typing import Protocol

from gateway.domain.identity import AccountId
from gateway.domain.requests import Request, RequestId


class RequestRepository(Protocol):
    """Rows of requests."""

    def add(self, request: Request) -> None:
        """A new one."""

    def get(self, request_id: RequestId) -> Request | None:
        """The request of this id."""

    def put(self, request: Request) -> None:
        """Store a change.

        Raises:
            StaleVersionError: somebody else changed it meanwhile.
        """

    def hold(self, account_id: AccountId) -> None:
        """Let nobody else add a request of this account until the commit, where the database can."""

    def waiting_of(self, account_id: AccountId) -> list[Request]:
        """An account's requests that have no answer yet, oldest first."""

    def of_account(
        self, account_id: AccountId, before: tuple[datetime, RequestId] | None, at_most: int
    ) -> list[Request]:
        """An account's requests, newest first, before a place."""

    def waiting(self, after: tuple[datetime, RequestId] | None, at_most: int) -> list[Request]:
        """Everybody's that have no answer yet, the most urgent first, after a place (due moment and id)."""

    def ended(self, before: tuple[datetime, RequestId] | None, at_most: int) -> list[Request]:
        """Everybody's that are over, newest first, before a place (moment of the end and id)."""

    def ringing(self, now: datetime, at_most: int) -> list[Request]:
        """Those whose clock is to ring by now, the longest overdue first."""

    def next_alarm(self) -> datetime | None:
        """When the next clock rings."""
