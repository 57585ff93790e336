"""Where members of a home are, on SQL. The only repository that names the table, but for copies and for removing."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import bindparam, delete, exists, func, select
from sqlalchemy.dialects import postgresql, sqlite

from gateway.domain.consent import GrantedPurpose
from gateway.domain.households import HomeRef
from gateway.domain.identity import AccountId
from gateway.storage.statements import Statements
from gateway.storage.tables.households import home_members, whereabouts
from gateway.storage.tables.schema import Instant

_OF_HOME: Final = select(whereabouts.c.account_id, whereabouts.c.told_sealed).where(
    whereabouts.c.home_ref == bindparam("home_ref"),
    exists().where(home_members.c.home_ref == bindparam("home_ref"), home_members.c.account_id == bindparam("member")),
)
_OWN: Final = select(whereabouts.c.home_ref, whereabouts.c.told_sealed).where(
    whereabouts.c.account_id == bindparam("account_id")
)
_LAST_HEARD: Final = select(func.max(whereabouts.c.heard_at, type_=Instant()).label("at")).where(
    whereabouts.c.home_ref == bindparam("home_ref")
)
_FORGET: Final = delete(whereabouts).where(whereabouts.c.account_id == bindparam("account_id"))


def _put(dialect: Any) -> Any:
    row = dialect.insert(whereabouts)
    return row.on_conflict_do_update(
        index_elements=["home_ref", "account_id"],
        set_={"told_sealed": row.excluded.told_sealed, "heard_at": row.excluded.heard_at},
    )


_PUT: Final = {True: _put(postgresql), False: _put(sqlite)}


class SqlWhereabouts:
    """Implements `usecases.repositories.whereabouts.WhereaboutsRepository`."""

    def __init__(self, statements: Statements) -> None:
        self._statements: Final = statements

    def of_home(self, granted: GrantedPurpose, home_ref: HomeRef) -> dict[AccountId, bytes]:
        """See the protocol."""
        values = {"home_ref": home_ref, "member": _account(granted)}
        return {AccountId(row.account_id): row.told_sealed for row in self._statements.all(_OF_HOME, values)}

    def own(self, account_id: AccountId) -> dict[HomeRef, bytes]:
        """See the protocol."""
        rows = self._statements.all(_OWN, {"account_id": account_id})
        return {HomeRef(row.home_ref): row.told_sealed for row in rows}

    def put(self, granted: GrantedPurpose, home_ref: HomeRef, sealed: bytes, heard_at: datetime) -> None:
        """See the protocol."""
        values = {
            "home_ref": home_ref,
            "account_id": _account(granted),
            "told_sealed": sealed,
            "heard_at": heard_at,
        }
        self._statements.execute(_PUT[self._statements.is_postgresql], values)

    def last_heard(self, home_ref: HomeRef) -> datetime | None:
        """See the protocol."""
        row = self._statements.first(_LAST_HEARD, {"home_ref": home_ref})
        return None if row is None else row.at

    def forget(self, account_id: AccountId) -> None:
        """See the protocol."""
        self._statements.execute(_FORGET, {"account_id": account_id})


def _account(granted: GrantedPurpose) -> AccountId:
    """Whose grant it is.

    Raises:
        ValueError: it is not about location.
    """
    if not granted.purpose.is_location:
        raise ValueError(granted.purpose.value)
    return granted.account_id
