"""Households: make a home, invite into it, join, leave, remove; its time zone and the switch "someone is here".

Members see that there are others and since when. Nothing here can tell where anybody is.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, Protocol

from gateway.domain.households import (
    HOMES_LIMIT,
    INVITATION_LIFE,
    INVITATIONS_LIMIT,
    LABEL_AT_MOST,
    MEMBERS_LIMIT,
    Home,
    HomeInvitation,
    HomeMember,
    HomeRef,
    MemberRef,
)
from gateway.domain.identity import AccountId
from gateway.usecases import firings, notices
from gateway.usecases.devices import normal_nickname
from gateway.usecases.local_time import is_zone
from gateway.usecases.location import forget_home, leave_home
from gateway.usecases.persons import PersonKeys
from gateway.usecases.services import Identifiers, TokenPurpose, Tokens
from gateway.usecases.transaction import Transaction

CHANGED: Final = "home.changed"
"""Kind of the event that tells members' apps to read a home again."""
REMOVED: Final = "home.removed"
"""Kind of the notice to somebody whom the keeper of a home removed."""

_EDITION_BYTES: Final = 6


class HouseholdServices(Protocol):
    """What households need besides the transaction."""

    @property
    def persons(self) -> PersonKeys: ...  # noqa: D102 - the type says it
    @property
    def identifiers(self) -> Identifiers: ...  # noqa: D102
    @property
    def tokens(self) -> Tokens: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class SeenMember:
    """A member as the others see them."""

    member_ref: MemberRef
    joined_at: datetime
    keeper: bool
    you: bool


@dataclass(frozen=True, slots=True)
class SeenHome:
    """A home as one of its members sees it."""

    home: Home
    label: str | None = field(repr=False)
    members: Sequence[SeenMember]
    edition: str
    """Changes with whatever this member can edit."""


@dataclass(frozen=True, slots=True)
class Invited:
    """A code for one person to join with. Shown once; the gateway keeps a digest."""

    code: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class NoHome:
    """No home of this account, or no such member."""


@dataclass(frozen=True, slots=True)
class NoZone:
    """No time zone of this name."""


@dataclass(frozen=True, slots=True)
class TooMany:
    """Homes of an account, members or invitations of a home: there is a limit."""


@dataclass(frozen=True, slots=True)
class KeeperOnly:
    """Only the keeper of a home removes others."""


@dataclass(frozen=True, slots=True)
class CodeRefused:
    """No code that can be used: never made, used, expired, or of somebody who left. They look the same."""


def normal_label(text: str) -> str | None:
    """The one way to write a word for a home; None when it cannot be one."""
    normal = normal_nickname(text)
    return normal if normal is not None and len(normal) <= LABEL_AT_MOST else None


def make(
    tx: Transaction,
    services: HouseholdServices,
    account_id: AccountId,
    zone: str,
    label: str | None,
    now: datetime,
) -> SeenHome | NoZone | TooMany:
    """A new home, with this account as its keeper."""
    if not is_zone(zone):
        return NoZone()
    if len(tx.households.of_account(account_id)) >= HOMES_LIMIT:
        return TooMany()
    home = Home(HomeRef(services.identifiers.new("h")), zone, now)
    tx.households.add(home, _member(services, home.home_ref, account_id, label, now, keeper=True))
    return _seen(tx, services, home, account_id)


def of_account(tx: Transaction, services: HouseholdServices, account_id: AccountId) -> list[SeenHome]:
    """The homes of an account."""
    found = (tx.households.get(home_ref) for home_ref in tx.households.of_account(account_id))
    return [_seen(tx, services, home, account_id) for home in found if home is not None]


def one(tx: Transaction, services: HouseholdServices, account_id: AccountId, home_ref: HomeRef) -> SeenHome | NoHome:
    """A home of this account."""
    home = None if tx.households.member(home_ref, account_id) is None else tx.households.get(home_ref)
    return NoHome() if home is None else _seen(tx, services, home, account_id)


def move(tx: Transaction, seen: SeenHome, zone: str, now: datetime) -> NoZone | None:
    """Another time zone."""
    if not is_zone(zone):
        return NoZone()
    if zone != seen.home.zone:
        tx.households.put(replace(seen.home, zone=zone))
        _tell(tx, seen.home.home_ref, now)
    return None


def name(
    tx: Transaction, services: HouseholdServices, account_id: AccountId, home_ref: HomeRef, label: str | None
) -> None:
    """One's own word for a home; None takes it away. The others do not see it."""
    member = tx.households.member(home_ref, account_id)
    if member is not None:
        sealed = _sealed(services, home_ref, account_id, label)
        tx.households.put_member(replace(member, label_sealed=sealed))


def switch(
    tx: Transaction,
    services: HouseholdServices,
    account_id: AccountId,
    home_ref: HomeRef,
    now: datetime,
    *,
    someone_here: bool,
) -> SeenHome | NoHome:
    """Say that somebody without a phone is at home, or no more. Any member may; the last word counts."""
    home = None if tx.households.member(home_ref, account_id) is None else tx.households.hold(home_ref)
    if home is None:
        return NoHome()
    if home.someone_here is not someone_here:
        tx.households.put(replace(home, someone_here=someone_here))
        _tell(tx, home_ref, now)
    if someone_here:
        firings.drop_leaving(tx, home_ref, now)
    return one(tx, services, account_id, home_ref)


def invite(
    tx: Transaction, services: HouseholdServices, account_id: AccountId, home_ref: HomeRef, now: datetime
) -> Invited | NoHome | TooMany:
    """A code for one person, for a day."""
    if tx.households.member(home_ref, account_id) is None or tx.households.hold(home_ref) is None:
        return NoHome()
    full = len(tx.households.members(home_ref)) >= MEMBERS_LIMIT
    if full or tx.households.invitations(home_ref, now) >= INVITATIONS_LIMIT:
        return TooMany()
    code, digest = services.tokens.mint(TokenPurpose.HOME)
    invitation = HomeInvitation(digest, home_ref, account_id, now + INVITATION_LIFE)
    tx.households.add_invitation(invitation)
    return Invited(code, invitation.expires_at)


def join(
    tx: Transaction,
    services: HouseholdServices,
    account_id: AccountId,
    code: str,
    label: str | None,
    now: datetime,
) -> SeenHome | CodeRefused | TooMany:
    """Become a member with a code. Who is one already stays one, and the code stays good for somebody else."""
    digest = services.tokens.digest(TokenPurpose.HOME, code)
    invitation = tx.households.invitation(digest)
    if invitation is None or now >= invitation.expires_at:
        return CodeRefused()
    home_ref = invitation.home_ref
    home = tx.households.hold(home_ref)
    members = {member.account_id for member in tx.households.members(home_ref)}
    if home is None or invitation.account_id not in members:
        return CodeRefused()
    if account_id in members:
        return _seen(tx, services, home, account_id)
    if len(members) >= MEMBERS_LIMIT or len(tx.households.of_account(account_id)) >= HOMES_LIMIT:
        return TooMany()
    if not tx.households.use_invitation(digest):
        return CodeRefused()
    tx.households.add_member(_member(services, home_ref, account_id, label, now, keeper=False))
    _tell(tx, home_ref, now)
    return _seen(tx, services, home, account_id)


def remove(
    tx: Transaction, account_id: AccountId, home_ref: HomeRef, member_ref: MemberRef, now: datetime
) -> NoHome | KeeperOnly | None:
    """Leave a home, or remove somebody else from it. Their presence and their rules for it are gone at once."""
    actor = tx.households.member(home_ref, account_id)
    leaving = None if actor is None else tx.households.member_called(home_ref, member_ref)
    if actor is None or leaving is None:
        return NoHome()
    if leaving.account_id != account_id and not actor.keeper:
        return KeeperOnly()
    forget_home(tx, home_ref, leaving.account_id, now)
    leave_home(tx, home_ref, leaving.account_id)
    _tell(tx, home_ref, now)
    if leaving.account_id != account_id:
        notices.tell(tx, leaving.account_id, REMOVED, {"home_ref": home_ref}, now)
    return None


def _tell(tx: Transaction, home_ref: HomeRef, now: datetime) -> None:
    for member in tx.households.members(home_ref):
        tx.emit(member.account_id, CHANGED, {"home_ref": home_ref}, now)


def _member(
    services: HouseholdServices,
    home_ref: HomeRef,
    account_id: AccountId,
    label: str | None,
    now: datetime,
    *,
    keeper: bool,
) -> HomeMember:
    member_ref = MemberRef(services.identifiers.new("m"))
    return HomeMember(home_ref, account_id, member_ref, now, keeper, _sealed(services, home_ref, account_id, label))


def _seen(tx: Transaction, services: HouseholdServices, home: Home, account_id: AccountId) -> SeenHome:
    present = tx.households.get(home.home_ref) or home
    members = tx.households.members(home.home_ref)
    own = next(member for member in members if member.account_id == account_id)
    label = None
    if own.label_sealed is not None:
        sealer = services.persons.sealer(account_id)
        label = sealer.open(own.label_sealed, place=_place(home.home_ref, account_id)).decode()
    digest = hashlib.blake2s(own.label_sealed or b"", digest_size=_EDITION_BYTES).hexdigest()
    return SeenHome(
        home=present,
        label=label,
        members=[
            SeenMember(one.member_ref, one.joined_at, one.keeper, you=one.account_id == account_id) for one in members
        ],
        edition=f"v{present.version}-{digest}",
    )


def _sealed(services: HouseholdServices, home_ref: HomeRef, account_id: AccountId, label: str | None) -> bytes | None:
    if label is None:
        return None
    return services.persons.sealer(account_id).seal(label.encode(), place=_place(home_ref, account_id))


def _place(home_ref: HomeRef, account_id: AccountId) -> str:
    return f"home_members.label:{home_ref}:{account_id}"
