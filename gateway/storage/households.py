"""Homes and their members on SQL."""

from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, delete, func, insert, select, update

from gateway.domain.households import Home, HomeInvitation, HomeMember, HomeRef, MemberRef
from gateway.domain.identity import AccountId
from gateway.storage.statements import AnyRow, Statements
from gateway.storage.tables.households import home_invitations, home_members, homes
from gateway.storage.tables.schema import Instant

_ADD: Final = insert(homes)
_HOME: Final = select(homes).where(homes.c.home_ref == bindparam("home_ref"))
_HOLD: Final = _HOME.with_for_update()
_HOLD_FREE: Final = _HOME.with_for_update(skip_locked=True)
_PUT: Final = (
    update(homes)
    .where(homes.c.home_ref == bindparam("b_home_ref"), homes.c.version == bindparam("b_version"))
    .values(zone=bindparam("zone"), someone_here=bindparam("someone_here"), version=homes.c.version + 1)
)
_ASK_AT: Final = update(homes).where(homes.c.home_ref == bindparam("b_home_ref")).values(ask_at=bindparam("ask_at"))
_ASKS_DUE: Final = (
    select(homes.c.home_ref)
    .where(homes.c.ask_at <= bindparam("now", type_=Instant()))
    .order_by(homes.c.ask_at)
    .limit(bindparam("at_most"))
)
_NEXT_ASK: Final = select(func.min(homes.c.ask_at, type_=Instant()).label("at"))
_REMOVE: Final = delete(homes).where(homes.c.home_ref == bindparam("home_ref"))

_ADD_MEMBER: Final = insert(home_members)
_MEMBERS: Final = (
    select(home_members)
    .where(home_members.c.home_ref == bindparam("home_ref"))
    .order_by(home_members.c.joined_at, home_members.c.member_ref)
)
_THIS: Final = (
    home_members.c.home_ref == bindparam("b_home_ref"),
    home_members.c.account_id == bindparam("b_account_id"),
)
_MEMBER: Final = select(home_members).where(*_THIS)
_CALLED: Final = select(home_members).where(
    home_members.c.home_ref == bindparam("home_ref"), home_members.c.member_ref == bindparam("member_ref")
)
_OF_ACCOUNT: Final = (
    select(home_members.c.home_ref)
    .where(home_members.c.account_id == bindparam("account_id"))
    .order_by(home_members.c.home_ref)
)
_PUT_MEMBER: Final = (
    update(home_members).where(*_THIS).values(keeper=bindparam("keeper"), label_sealed=bindparam("label_sealed"))
)
_REMOVE_MEMBER: Final = delete(home_members).where(*_THIS)

_ADD_INVITATION: Final = insert(home_invitations)
_INVITATION: Final = select(home_invitations).where(home_invitations.c.code_digest == bindparam("code_digest"))
_INVITATIONS: Final = (
    select(func.count())
    .select_from(home_invitations)
    .where(
        home_invitations.c.home_ref == bindparam("home_ref"),
        home_invitations.c.expires_at > bindparam("now", type_=Instant()),
    )
)
_USE_INVITATION: Final = delete(home_invitations).where(home_invitations.c.code_digest == bindparam("code_digest"))


class SqlHouseholds:
    """Implements `usecases.repositories.households.HouseholdRepository`."""

    def __init__(self, statements: Statements) -> None:
        self._statements: Final = statements

    def add(self, home: Home, keeper: HomeMember) -> None:
        """See the protocol."""
        self._statements.execute(
            _ADD,
            {
                "home_ref": home.home_ref,
                "zone": home.zone,
                "created_at": home.created_at,
                "someone_here": home.someone_here,
                "ask_at": home.ask_at,
                "version": home.version,
            },
        )
        self.add_member(keeper)

    def get(self, home_ref: HomeRef) -> Home | None:
        """See the protocol."""
        row = self._statements.first(_HOME, {"home_ref": home_ref})
        return None if row is None else _home(row)

    def hold(self, home_ref: HomeRef) -> Home | None:
        """See the protocol."""
        row = self._statements.first(_HOLD, {"home_ref": home_ref})
        return None if row is None else _home(row)

    def hold_free(self, home_ref: HomeRef) -> Home | None:
        """See the protocol."""
        row = self._statements.first(_HOLD_FREE, {"home_ref": home_ref})
        return None if row is None else _home(row)

    def put(self, home: Home) -> None:
        """See the protocol."""
        values = {
            "b_home_ref": home.home_ref,
            "b_version": home.version,
            "zone": home.zone,
            "someone_here": home.someone_here,
        }
        self._statements.execute_guarded(_PUT, values)

    def ask_at(self, home_ref: HomeRef, at: datetime | None) -> None:
        """See the protocol."""
        self._statements.execute(_ASK_AT, {"b_home_ref": home_ref, "ask_at": at})

    def asks_due(self, now: datetime, at_most: int) -> list[HomeRef]:
        """See the protocol."""
        return [HomeRef(row.home_ref) for row in self._statements.all(_ASKS_DUE, {"now": now, "at_most": at_most})]

    def next_ask(self) -> datetime | None:
        """See the protocol."""
        row = self._statements.first(_NEXT_ASK)
        return None if row is None else row.at

    def remove(self, home_ref: HomeRef) -> None:
        """See the protocol."""
        self._statements.execute(_REMOVE, {"home_ref": home_ref})

    def members(self, home_ref: HomeRef) -> list[HomeMember]:
        """See the protocol."""
        return [_member(row) for row in self._statements.all(_MEMBERS, {"home_ref": home_ref})]

    def member(self, home_ref: HomeRef, account_id: AccountId) -> HomeMember | None:
        """See the protocol."""
        row = self._statements.first(_MEMBER, {"b_home_ref": home_ref, "b_account_id": account_id})
        return None if row is None else _member(row)

    def member_called(self, home_ref: HomeRef, member_ref: MemberRef) -> HomeMember | None:
        """See the protocol."""
        row = self._statements.first(_CALLED, {"home_ref": home_ref, "member_ref": member_ref})
        return None if row is None else _member(row)

    def of_account(self, account_id: AccountId) -> list[HomeRef]:
        """See the protocol."""
        return [HomeRef(row.home_ref) for row in self._statements.all(_OF_ACCOUNT, {"account_id": account_id})]

    def add_member(self, member: HomeMember) -> None:
        """See the protocol."""
        self._statements.execute(
            _ADD_MEMBER,
            {
                "home_ref": member.home_ref,
                "account_id": member.account_id,
                "member_ref": member.member_ref,
                "joined_at": member.joined_at,
                "keeper": member.keeper,
                "label_sealed": member.label_sealed,
            },
        )

    def put_member(self, member: HomeMember) -> None:
        """See the protocol."""
        values = {
            "b_home_ref": member.home_ref,
            "b_account_id": member.account_id,
            "keeper": member.keeper,
            "label_sealed": member.label_sealed,
        }
        self._statements.execute(_PUT_MEMBER, values)

    def remove_member(self, home_ref: HomeRef, account_id: AccountId) -> None:
        """See the protocol."""
        self._statements.execute(_REMOVE_MEMBER, {"b_home_ref": home_ref, "b_account_id": account_id})

    def add_invitation(self, invitation: HomeInvitation) -> None:
        """See the protocol."""
        self._statements.execute(
            _ADD_INVITATION,
            {
                "code_digest": invitation.code_digest,
                "home_ref": invitation.home_ref,
                "account_id": invitation.account_id,
                "expires_at": invitation.expires_at,
            },
        )

    def invitation(self, code_digest: bytes) -> HomeInvitation | None:
        """See the protocol."""
        row = self._statements.first(_INVITATION, {"code_digest": code_digest})
        if row is None:
            return None
        return HomeInvitation(row.code_digest, HomeRef(row.home_ref), AccountId(row.account_id), row.expires_at)

    def invitations(self, home_ref: HomeRef, now: datetime) -> int:
        """See the protocol."""
        many: int = self._statements.execute(_INVITATIONS, {"home_ref": home_ref, "now": now}).scalar_one()
        return many

    def use_invitation(self, code_digest: bytes) -> bool:
        """See the protocol."""
        return self._statements.execute(_USE_INVITATION, {"code_digest": code_digest}).rowcount == 1


def _home(row: AnyRow) -> Home:
    return Home(
        home_ref=HomeRef(row.home_ref),
        zone=row.zone,
        created_at=row.created_at,
        someone_here=bool(row.someone_here),
        ask_at=row.ask_at,
        version=row.version,
    )


def _member(row: AnyRow) -> HomeMember:
    return HomeMember(
        home_ref=HomeRef(row.home_ref),
        account_id=AccountId(row.account_id),
        member_ref=MemberRef(row.member_ref),
        joined_at=row.joined_at,
        keeper=bool(row.keeper),
        label_sealed=row.label_sealed,
    )
