"""Kept answers on SQL."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from gateway.storage.statements import Statements
from gateway.storage.tables.access import idempotent_requests as table
from gateway.usecases.repositories.idempotency import KeptAnswer
from gateway.usecases.transaction import StaleVersionError

_GET: Final = select(table).where(table.c.key == bindparam("key"), table.c.started_at >= bindparam("since"))
_WRITTEN: Final = ("request_digest", "status", "location", "body", "owner", "started_at")


def _keep(dialect: Any) -> Any:
    statement = dialect.insert(table)
    return statement.on_conflict_do_update(
        index_elements=[table.c.key],
        set_={name: statement.excluded[name] for name in _WRITTEN},
        where=table.c.started_at < bindparam("since"),
    ).returning(table.c.key)


_KEEP: Final = {True: _keep(postgresql), False: _keep(sqlite)}
_OLD: Final = (
    select(table.c.key)
    .where(table.c.started_at < bindparam("before"))
    .order_by(table.c.started_at)
    .limit(bindparam("at_most"))
)
_FORGET: Final = delete(table).where(table.c.key.in_(_OLD))


class SqlIdempotency:
    """Implements `usecases.repositories.idempotency.IdempotencyRepository`."""

    def __init__(self, statements: Statements) -> None:
        self._statements: Final = statements

    def get(self, key: bytes, since: datetime) -> KeptAnswer | None:
        """See the protocol."""
        row = self._statements.first(_GET, {"key": key, "since": since})
        if row is None:
            return None
        return KeptAnswer(
            key=row.key,
            request_digest=row.request_digest,
            status=row.status,
            location=row.location,
            body=row.body,
            owner=row.owner,
            at=row.started_at,
        )

    def keep(self, answer: KeptAnswer, since: datetime) -> None:
        """See the protocol."""
        inserted = self._statements.first(
            _KEEP[self._statements.is_postgresql],
            {
                "key": answer.key,
                "request_digest": answer.request_digest,
                "status": answer.status,
                "location": answer.location,
                "body": answer.body,
                "owner": answer.owner,
                "started_at": answer.at,
                "since": since,
            },
        )
        if inserted is None:
            raise StaleVersionError

    def forget(self, before: datetime, at_most: int) -> int:
        """See the protocol."""
        return self._statements.execute(_FORGET, {"before": before, "at_most": at_most}).rowcount
