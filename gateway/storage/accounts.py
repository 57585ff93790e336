"""Accounts and passwords on SQL."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from gateway.domain.accounts import Account, LoginKind
from gateway.domain.identity import AccountId
from gateway.storage.statements import AnyRow, Statements
from gateway.storage.tables.access import accounts, passwords
from gateway.usecases.services import PasswordRecord
from gateway.usecases.transaction import StaleVersionError

INDEX_KEY: Final = 1
"""Version of the blind-index key under which login names are stored."""

_SELECT: Final = select(accounts, passwords.c.changed_at).join(
    passwords, passwords.c.account_id == accounts.c.account_id, isouter=True
)
_GET: Final = _SELECT.where(accounts.c.account_id == bindparam("account_id"))
_BY_LOGIN: Final = _SELECT.where(accounts.c.login_index == bindparam("login_index"))
_TAKEN: Final = select(accounts.c.login_index).where(
    accounts.c.login_index.in_(bindparam("login_indexes", expanding=True))
)
_ADD_ON_POSTGRESQL: Final = (
    postgresql.insert(accounts)
    .on_conflict_do_nothing(index_elements=[accounts.c.login_index])
    .returning(accounts.c.account_id)
)
_ADD_ON_SQLITE: Final = (
    sqlite.insert(accounts)
    .on_conflict_do_nothing(index_elements=[accounts.c.login_index])
    .returning(accounts.c.account_id)
)
_SET_LOGIN: Final = (
    update(accounts)
    .where(accounts.c.account_id == bindparam("b_account_id"), accounts.c.version == bindparam("b_version"))
    .values(
        login_index=bindparam("login_index"),
        login_index_key=bindparam("login_index_key"),
        login_kind=bindparam("login_kind"),
        version=accounts.c.version + 1,
    )
)
_ADD_PASSWORD: Final = insert(passwords)
_PASSWORD: Final = select(passwords).where(passwords.c.account_id == bindparam("account_id"))
_REPLACE: Final = (
    update(passwords)
    .where(passwords.c.account_id == bindparam("b_account_id"), passwords.c.hash == bindparam("b_hash"))
    .values(
        scheme=bindparam("scheme"),
        hash=bindparam("hash"),
        pepper_id=bindparam("pepper_id"),
        salt=bindparam("salt"),
        salt_first=bindparam("salt_first"),
        changed_at=bindparam("changed_at"),
    )
)

_SET_ADULT: Final = (
    update(accounts)
    .where(accounts.c.account_id == bindparam("b_account_id"), accounts.c.version == bindparam("b_version"))
    .values(adult=bindparam("adult"), version=accounts.c.version + 1)
)


class SqlAccounts:
    """Implements `usecases.repositories.accounts.AccountRepository`."""

    def __init__(self, statements: Statements) -> None:
        self._statements: Final = statements

    def get(self, account_id: AccountId) -> Account | None:
        """See the protocol."""
        row = self._statements.first(_GET, {"account_id": account_id})
        return None if row is None else _account(row)

    def by_login(self, login_index: bytes) -> Account | None:
        """See the protocol."""
        row = self._statements.first(_BY_LOGIN, {"login_index": login_index})
        return None if row is None else _account(row)

    def taken(self, login_indexes: Sequence[bytes]) -> set[bytes]:
        """See the protocol."""
        return {row.login_index for row in self._statements.all(_TAKEN, {"login_indexes": list(login_indexes)})}

    def add(self, account: Account, password: PasswordRecord, now: datetime) -> bool:
        """See the protocol."""
        added = self._statements.first(
            _ADD_ON_POSTGRESQL if self._statements.is_postgresql else _ADD_ON_SQLITE,
            {
                "account_id": account.account_id,
                "login_index": account.login_index,
                "login_index_key": INDEX_KEY,
                "login_kind": account.login_kind.value,
                "adult": account.adult,
                "guardian_id": account.guardian_id,
                "created_at": account.created_at,
                "closed_at": account.closed_at,
                "version": account.version,
            },
        )
        if added is None:
            return False
        self._statements.execute(_ADD_PASSWORD, {"account_id": account.account_id, **_columns(password, now)})
        return True

    def set_login(self, account: Account, login_index: bytes, kind: LoginKind) -> bool:
        """See the protocol."""
        if login_index != account.login_index and self.taken([login_index]):
            return False
        values = {
            "b_account_id": account.account_id,
            "b_version": account.version,
            "login_index": login_index,
            "login_index_key": INDEX_KEY,
            "login_kind": kind.value,
        }
        try:
            self._statements.execute_guarded(_SET_LOGIN, values)
        except IntegrityError as taken:
            raise StaleVersionError from taken
        return True

    def password(self, account_id: AccountId) -> PasswordRecord | None:
        """See the protocol."""
        row = self._statements.first(_PASSWORD, {"account_id": account_id})
        if row is None:
            return None
        return PasswordRecord(row.scheme, row.hash, row.pepper_id, row.salt, row.salt_first)

    def set_adult(self, account: Account) -> None:
        """See the protocol."""
        values = {"b_account_id": account.account_id, "b_version": account.version, "adult": True}
        self._statements.execute_guarded(_SET_ADULT, values)

    def replace_password(
        self, account_id: AccountId, old: PasswordRecord, new: PasswordRecord, changed_at: datetime
    ) -> bool:
        """See the protocol."""
        values = {"b_account_id": account_id, "b_hash": old.hash, **_columns(new, changed_at)}
        return self._statements.execute(_REPLACE, values).rowcount == 1


def _columns(record: PasswordRecord, now: datetime) -> dict[str, Any]:
    return {
        "scheme": record.scheme,
        "hash": record.hash,
        "pepper_id": record.pepper_id,
        "salt": record.salt,
        "salt_first": record.salt_first,
        "changed_at": now,
    }


def _account(row: AnyRow) -> Account:
    return Account(
        account_id=AccountId(row.account_id),
        login_index=row.login_index,
        login_kind=LoginKind(row.login_kind),
        adult=row.adult,
        created_at=row.created_at,
        guardian_id=None if row.guardian_id is None else AccountId(row.guardian_id),
        password_changed_at=row.changed_at,
        closed_at=row.closed_at,
        version=row.version,
    )
