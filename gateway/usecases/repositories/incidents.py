"""Incidents, and whom they concern."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from gateway.domain.identity import AccountId
from gateway.domain.incidents import Affected, Incident, IncidentId


class IncidentRepository(Protocol):
    """Rows of incidents."""

    def add(self, incident: Incident) -> None:
        """A new one."""

    def get(self, incident_id: IncidentId) -> Incident | None:
        """The incident of this id."""

    def put(self, incident: Incident) -> None:
        """Store a change.

        Raises:
            StaleVersionError: somebody else changed it meanwhile.
        """

    def remove_draft(self, incident_id: IncidentId) -> bool:
        """Remove one that nobody was told of; False when there is none, or telling has begun."""

    def page(self, before: tuple[datetime, IncidentId] | None, at_most: int) -> list[Incident]:
        """All, newest first, before a place."""

    def being_told(self) -> Incident | None:
        """The one whose telling was begun first and is not complete, unless another gateway is at it."""

    def concerned(self, affected: Affected, after: str | None, at_most: int, now: datetime) -> Sequence[AccountId]:
        """Accounts whose appliances fit, in the order of their ids, after one; `now` ends the stay of guests."""

    def count_concerned(self, affected: Affected, now: datetime) -> int:
        """How many accounts there are whose appliances fit."""

    def tell(self, incident_id: IncidentId, account_id: AccountId, now: datetime) -> bool:
        """Note that an account is concerned and told; False when it was before."""

    def of_account(self, account_id: AccountId, at_most: int) -> list[tuple[Incident, datetime]]:
        """Incidents that an account was told of, newest first, each with when."""
