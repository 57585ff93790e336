"""Whether somebody waits for a lock on PostgreSQL: for tests of what happens meanwhile."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from gateway.storage.database import Database

_WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


@contextmanager
def waiting(database: Database) -> Iterator[Callable[[], bool]]:
    """Asks whether a transaction of this database waits for another."""
    with database.engine.connect() as watching:

        def ask() -> bool:
            number = watching.exec_driver_sql(_WAITING).scalar_one()
            watching.rollback()  # or the next look would see what this one saw
            return bool(number)

        yield ask
