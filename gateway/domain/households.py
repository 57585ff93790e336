"""Households: who shares a home. A home is a random name and a time zone; where it is, the gateway does not know.

Members see that there are others, and when each joined. Nobody sees who is at home.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, NewType

from gateway.domain.identity import AccountId

HomeRef = NewType("HomeRef", str)
MemberRef = NewType("MemberRef", str)

INVITATION_LIFE: Final = timedelta(hours=24)
HOMES_LIMIT: Final = 5
"""Homes of one account."""
MEMBERS_LIMIT: Final = 10
INVITATIONS_LIMIT: Final = 5
"""Invitations of one home that nobody used yet."""
LABEL_AT_MOST: Final = 64
"""Characters of a member's own word for a home."""


@dataclass(frozen=True, slots=True)
class Home:
    """One home."""

    home_ref: HomeRef = field(repr=False)
    zone: str = field(repr=False)
    """IANA name of its time zone."""
    created_at: datetime
    someone_here: bool = field(repr=False, default=False)
    """Somebody without a phone is there: nothing turns off because the others leave."""
    ask_at: datetime | None = field(repr=False, default=None)
    """When its members are asked whether their rules should stay, unless one of their phones is heard before."""
    version: int = 0
    """For compare and swap in the store; the domain hands it on untouched."""


@dataclass(frozen=True, slots=True)
class HomeMember:
    """One person of a home."""

    home_ref: HomeRef = field(repr=False)
    account_id: AccountId = field(repr=False)
    member_ref: MemberRef = field(repr=False)
    """What the others may call them by. Names nothing outside of this home."""
    joined_at: datetime
    keeper: bool = False
    """May remove others: whoever made the home; the longest there, once that one has left."""
    label_sealed: bytes | None = field(repr=False, default=None)


@dataclass(frozen=True, slots=True)
class HomeInvitation:
    """An offer to join a home, for whoever brings the code, once."""

    code_digest: bytes = field(repr=False)
    home_ref: HomeRef = field(repr=False)
    account_id: AccountId = field(repr=False)
    """Who invites."""
    expires_at: datetime


def next_keeper(left: list[HomeMember]) -> HomeMember | None:
    """Who keeps a home after its keeper left; None where there is one, or nobody."""
    if not left or any(member.keeper for member in left):
        return None
    return min(left, key=lambda member: (member.joined_at, member.member_ref))
