"""Codes that customers show, grants that open their devices, and break-glass."""

from datetime import datetime
from typing import Protocol

from gateway.domain.identity import AccountId, DeviceId
from gateway.domain.staff import StaffId
from gateway.domain.support_access import BreakGlass, BreakGlassId, Grant, GrantId, SupportCode


class SupportAccessRepository(Protocol):
    """Rows of support codes, grants and break-glass."""

    def code(self, device_id: DeviceId) -> SupportCode | None:
        """The code of a device, expired or not. Locked until the commit where the database can."""

    def show_code(self, code: SupportCode) -> None:
        """Store a fresh code in place of the device's former one."""

    def put_code(self, code: SupportCode) -> None:
        """Store the tries that a code has left.

        Raises:
            StaleVersionError: somebody else tried meanwhile.
        """

    def remove_code(self, code: SupportCode) -> None:
        """Forget a code that was used.

        Raises:
            StaleVersionError: somebody else tried meanwhile.
        """

    def add_grant(self, grant: Grant) -> None:
        """A new grant."""

    def grant(self, grant_id: GrantId) -> Grant | None:
        """The grant of this id."""

    def grant_of(self, staff_id: StaffId, device_id: DeviceId, now: datetime) -> Grant | None:
        """The grant of this person for this device that lasts longest, of those that have not ended."""

    def end_grant(self, grant: Grant) -> bool:
        """Store the end of a grant; False, and nothing stored, when it has ended already."""

    def open_grants(self, now: datetime, *, account_id: AccountId | None = None) -> list[Grant]:
        """Grants that have not ended, newest first: everybody's, or those of an account's devices."""

    def add_glass(self, glass: BreakGlass) -> None:
        """A new question for break-glass."""

    def glass(self, glass_id: BreakGlassId) -> BreakGlass | None:
        """The question of this id."""

    def put_glass(self, glass: BreakGlass) -> None:
        """Store a decision or a review.

        Raises:
            StaleVersionError: somebody else decided meanwhile.
        """

    def glasses_waiting(self, asked_after: datetime) -> list[BreakGlass]:
        """Questions that wait for a second person, oldest first."""

    def glasses_to_review(self, decided_before: datetime) -> list[BreakGlass]:
        """Those that were approved before a moment and not reviewed yet, oldest first."""
