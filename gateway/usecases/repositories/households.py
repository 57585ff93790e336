"""Homes, their members, and where members' phones last said they are."""

from datetime import datetime
from typing import Protocol

from gateway.domain.households import Home, HomeInvitation, HomeMember, HomeRef, MemberRef
from gateway.domain.identity import AccountId


class HouseholdRepository(Protocol):
    """Homes. Whoever changes what depends on several members holds the home first."""

    def add(self, home: Home, keeper: HomeMember) -> None:
        """Store a new home with its first member."""

    def get(self, home_ref: HomeRef) -> Home | None:
        """One home."""

    def hold(self, home_ref: HomeRef) -> Home | None:
        """The same, locked until the commit.

        Two members may leave in the same moment: the second one must see where the first one went.
        """

    def hold_free(self, home_ref: HomeRef) -> Home | None:
        """The same without waiting: None also while somebody else holds it."""

    def put(self, home: Home) -> None:
        """Store what its members changed (time zone, switch).

        Raises:
            StaleVersionError: somebody changed it meanwhile.
        """

    def ask_at(self, home_ref: HomeRef, at: datetime | None) -> None:
        """Set when its members are asked next; None for never."""

    def asks_due(self, now: datetime, at_most: int) -> list[HomeRef]:
        """Homes whose members are to be asked."""

    def next_ask(self) -> datetime | None:
        """When the next of them falls due."""

    def remove(self, home_ref: HomeRef) -> None:
        """Remove a home with everything in it."""

    def members(self, home_ref: HomeRef) -> list[HomeMember]:
        """Who shares a home, the longest there first."""

    def member(self, home_ref: HomeRef, account_id: AccountId) -> HomeMember | None:
        """What an account is to a home. The question behind every access to a home."""

    def member_called(self, home_ref: HomeRef, member_ref: MemberRef) -> HomeMember | None:
        """A member as the others call them."""

    def of_account(self, account_id: AccountId) -> list[HomeRef]:
        """The homes of an account, in the order of their names."""

    def add_member(self, member: HomeMember) -> None:
        """Somebody joins."""

    def put_member(self, member: HomeMember) -> None:
        """Store whether they keep the home, and their word for it."""

    def remove_member(self, home_ref: HomeRef, account_id: AccountId) -> None:
        """Somebody leaves, and with them their presence and their rules for this home."""

    def add_invitation(self, invitation: HomeInvitation) -> None:
        """Store an invitation."""

    def invitation(self, code_digest: bytes) -> HomeInvitation | None:
        """The invitation of a code."""

    def invitations(self, home_ref: HomeRef, now: datetime) -> int:
        """How many invitations of a home can still be used."""

    def use_invitation(self, code_digest: bytes) -> bool:
        """Remove an invitation; False when somebody else was quicker."""
