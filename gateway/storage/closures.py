"""Accounts that are about to close, on SQL."""

from typing import Any, Final

from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from gateway.domain.closures import Closure
from gateway.domain.identity import AccountId
from gateway.storage.statements import Statements
from gateway.storage.tables.rights import closures


def _put(dialect: Any) -> Any:
    row = dialect.insert(closures)
    names = ("digest", "asked_at", "expires_at")
    return row.on_conflict_do_update(index_elements=["account_id"], set_={name: row.excluded[name] for name in names})


_PUT: Final = {True: _put(postgresql), False: _put(sqlite)}
_GET: Final = select(closures).where(closures.c.account_id == bindparam("account_id")).with_for_update()
_REMOVE: Final = delete(closures).where(closures.c.account_id == bindparam("b_account_id"))


class SqlClosures:
    """Implements `usecases.repositories.closures.ClosureRepository`."""

    def __init__(self, statements: Statements) -> None:
        self._statements: Final = statements

    def put(self, closure: Closure) -> None:
        """See the protocol."""
        self._statements.execute(
            _PUT[self._statements.is_postgresql],
            {
                "account_id": closure.account_id,
                "digest": closure.digest,
                "asked_at": closure.asked_at,
                "expires_at": closure.expires_at,
            },
        )

    def get(self, account_id: AccountId) -> Closure | None:
        """See the protocol."""
        row = self._statements.first(_GET, {"account_id": account_id})
        return None if row is None else Closure(AccountId(row.account_id), row.digest, row.asked_at, row.expires_at)

    def remove(self, account_id: AccountId) -> None:
        """See the protocol."""
        self._statements.execute(_REMOVE, {"b_account_id": account_id})
