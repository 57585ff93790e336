"""Counts of failed tries on SQL."""

from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from gateway.domain.throttle import Throttle
from gateway.storage.statements import Statements
from gateway.storage.tables.access import throttles
from gateway.usecases.transaction import StaleVersionError

_GET: Final = select(throttles).where(throttles.c.key == bindparam("key")).with_for_update()
"""Locked on PostgreSQL, so that a hundred guesses at once queue up instead of colliding. SQLite has one writer."""
_ON_POSTGRESQL: Final = (
    postgresql.insert(throttles).on_conflict_do_nothing(index_elements=[throttles.c.key]).returning(throttles.c.key)
)
_ON_SQLITE: Final = (
    sqlite.insert(throttles).on_conflict_do_nothing(index_elements=[throttles.c.key]).returning(throttles.c.key)
)
_UPDATE: Final = (
    update(throttles)
    .where(throttles.c.key == bindparam("b_key"), throttles.c.version == bindparam("b_version"))
    .values(
        failures=bindparam("failures"),
        blocked_until=bindparam("blocked_until"),
        updated_at=bindparam("updated_at"),
        version=bindparam("version"),
    )
)
_REMOVE: Final = delete(throttles).where(throttles.c.key == bindparam("key"))
_OLD: Final = select(throttles.c.key).where(throttles.c.updated_at < bindparam("before")).limit(bindparam("at_most"))
_FORGET: Final = delete(throttles).where(throttles.c.key.in_(_OLD))


class SqlThrottles:
    """Implements `usecases.repositories.throttles.ThrottleRepository`."""

    def __init__(self, statements: Statements) -> None:
        self._statements: Final = statements
        self._versions: Final[dict[bytes, int]] = {}

    def get(self, key: bytes) -> Throttle | None:
        """See the protocol."""
        row = self._statements.first(_GET, {"key": key})
        if row is None:
            return None
        self._versions[key] = row.version
        return Throttle(row.failures, row.updated_at, row.blocked_until)

    def put(self, key: bytes, throttle: Throttle) -> None:
        """See the protocol."""
        values = {
            "failures": throttle.failures,
            "blocked_until": throttle.blocked_until,
            "updated_at": throttle.last_at,
        }
        version = self._versions.get(key)
        if version is None:
            added = self._statements.first(
                _ON_POSTGRESQL if self._statements.is_postgresql else _ON_SQLITE,
                {"key": key, "version": 0, **values},
            )
            if added is None:
                raise StaleVersionError
            self._versions[key] = 0
            return
        self._statements.execute_guarded(
            _UPDATE, {"b_key": key, "b_version": version, "version": version + 1, **values}
        )
        self._versions[key] = version + 1

    def remove(self, key: bytes) -> None:
        """See the protocol."""
        self._statements.execute(_REMOVE, {"key": key})
        self._versions.pop(key, None)

    def forget(self, before: datetime, at_most: int) -> int:
        """See the protocol."""
        return self._statements.execute(_FORGET, {"before": before, "at_most": at_most}).rowcount
