"""Notices on SQL."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import BigInteger, bindparam, func, insert, select, update

from gateway.domain.identity import AccountId
from gateway.storage.statements import AnyRow, Statements
from gateway.storage.tables.access import accounts
from gateway.storage.tables.consent import notices
from gateway.storage.tables.schema import Instant
from gateway.usecases.repositories.notices import Notice

_ADD: Final = insert(notices).returning(notices.c.notice_number)
_ADD_FOR_ALL: Final = (
    insert(notices)
    .from_select(
        ["account_id", "kind", "data", "at"],
        select(
            accounts.c.account_id,
            bindparam("b_kind", type_=notices.c.kind.type),
            bindparam("b_data", type_=notices.c.data.type),
            bindparam("b_at", type_=Instant()),
        ).where(accounts.c.closed_at.is_(None)),
    )
    .execution_options(preserve_rowcount=True)
)  # else SQLAlchemy keeps none of an INSERT
_OF_ACCOUNT: Final = (
    select(notices)
    .where(
        notices.c.account_id == bindparam("account_id"),
        notices.c.notice_number < bindparam("before", type_=BigInteger()),
    )
    .order_by(notices.c.notice_number.desc())
    .limit(bindparam("at_most"))
)
_UNREAD: Final = select(func.count()).where(
    notices.c.account_id == bindparam("account_id"), notices.c.read_at.is_(None)
)
_ONE: Final = select(notices.c.notice_number).where(
    notices.c.account_id == bindparam("account_id"), notices.c.notice_number == bindparam("number")
)
_MARK: Final = (
    update(notices)
    .where(
        notices.c.account_id == bindparam("b_account_id"),
        notices.c.notice_number == bindparam("b_number"),
        notices.c.read_at.is_(None),
    )
    .values(read_at=bindparam("read_at"))
)

_FAR: Final = 2**62


class SqlNotices:
    """Implements `usecases.repositories.notices.NoticeRepository`."""

    def __init__(self, statements: Statements) -> None:
        self._statements: Final = statements

    def add(self, account_id: AccountId, kind: str, data: Mapping[str, Any], now: datetime) -> int:
        """See the protocol."""
        values = {"account_id": account_id, "kind": kind, "data": json.dumps(dict(data)), "at": now}
        number: int = self._statements.execute(_ADD, values).scalar_one()
        return number

    def add_for_all(self, kind: str, data: Mapping[str, Any], now: datetime) -> int:
        """See the protocol."""
        values = {"b_kind": kind, "b_data": json.dumps(dict(data)), "b_at": now}
        return self._statements.execute(_ADD_FOR_ALL, values).rowcount

    def of_account(self, account_id: AccountId, before: int | None, at_most: int) -> list[Notice]:
        """See the protocol."""
        values = {"account_id": account_id, "before": _FAR if before is None else before, "at_most": at_most}
        return [_notice(row) for row in self._statements.all(_OF_ACCOUNT, values)]

    def unread(self, account_id: AccountId) -> int:
        """See the protocol."""
        many: int = self._statements.execute(_UNREAD, {"account_id": account_id}).scalar_one()
        return many

    def mark_read(self, account_id: AccountId, number: int, now: datetime) -> bool:
        """See the protocol."""
        marked = self._statements.execute(_MARK, {"b_account_id": account_id, "b_number": number, "read_at": now})
        if marked.rowcount:
            return True
        return self._statements.first(_ONE, {"account_id": account_id, "number": number}) is not None


def _notice(row: AnyRow) -> Notice:
    return Notice(row.notice_number, row.kind, json.loads(row.data), row.at, row.read_at)
