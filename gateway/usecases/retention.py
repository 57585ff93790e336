"""How long each kind of data is kept, and the one job that removes what is older.

The periods are those of the privacy promise. Which columns a class covers is said by `storage.data_map`; what a class
means in rows is in `storage.retention`. Nothing is remembered between runs: what is old enough is looked for anew, so
the job goes on after a crash where it stopped, and two gateways may run it at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from gateway.domain.audit import KEPT_FOR as AUDIT_KEPT_FOR
from gateway.domain.erasure import FETCHABLE_AGAIN
from gateway.usecases.repositories.retention import RetentionClass
from gateway.usecases.transaction import Database, Transaction

ROWS_AT_ONCE: Final = 1000
"""Rows that one transaction removes: a use case that waits behind it does not notice."""

LOOKED_BACK: Final = timedelta(days=29)
"""Days before this one of which an officer sees how many rows went."""
LATE_AFTER: Final = timedelta(minutes=15)
"""The job runs every minute. What should have gone so long ago waits for one that does not run, or not fast enough."""


PERIODS: Final[Mapping[RetentionClass, timedelta]] = MappingProxyType(
    {
        RetentionClass.ATTEMPT: timedelta(days=30),
        RetentionClass.ATTEMPT_SUCCEEDED: timedelta(days=7),
        RetentionClass.EVIDENCE_WAITING: timedelta(minutes=30),
        RetentionClass.PAIRING: timedelta(hours=24),
        RetentionClass.PAIRING_TOKEN: timedelta(minutes=10),
        RetentionClass.PAIRING_ADDRESS: timedelta(minutes=30),
        RetentionClass.COMMAND: timedelta(days=30),
        RetentionClass.MESSAGE_ID: timedelta(hours=24),
        RetentionClass.EVENT: timedelta(minutes=10),
        RetentionClass.SESSION: timedelta(days=30),
        RetentionClass.SESSION_TOKEN: timedelta(0),
        RetentionClass.THROTTLE: timedelta(hours=24),
        RetentionClass.KEPT_ANSWER: timedelta(hours=24),
        RetentionClass.STAFF: AUDIT_KEPT_FOR,
        RetentionClass.STAFF_SESSION: timedelta(hours=24),
        RetentionClass.SUPPORT_CODE: timedelta(0),
        RetentionClass.SUPPORT_GRANT: timedelta(days=30),
        RetentionClass.BREAK_GLASS: timedelta(days=30),
        RetentionClass.EXPORT: timedelta(0),
        RetentionClass.REQUEST: timedelta(days=365),
        RetentionClass.DISCLOSURE: timedelta(days=365),
        RetentionClass.INCIDENT: AUDIT_KEPT_FOR,
        RetentionClass.CLOSURE: timedelta(0),
        RetentionClass.CONSENT_CLOSED: timedelta(days=1095),
        RetentionClass.CONSENT_NOTICE: timedelta(hours=24),
        RetentionClass.NOTICE: timedelta(days=365),
        RetentionClass.GUARDIAN_CODE: timedelta(0),
        RetentionClass.HOME_INVITATION: timedelta(0),
        RetentionClass.PRESENCE: timedelta(hours=48),
        RetentionClass.FIRING: timedelta(days=7),
        RetentionClass.EXPLANATION: timedelta(days=7),
        RetentionClass.ERASURE: timedelta(days=30),
        RetentionClass.ERASURE_FETCHED: FETCHABLE_AGAIN,
        RetentionClass.AUDIT: AUDIT_KEPT_FOR,
    }
)
"""The classes that time ends. The others end by what happens: a release, a closure, a sending."""


@dataclass(frozen=True, slots=True)
class Swept:
    """What one run did with a class."""

    removed: int
    oldest_age: timedelta
    """How long the oldest row that is left has been counted; zero where there is none. More than the class's period
    plus the time between two runs means that the job does not keep up."""


@dataclass(frozen=True, slots=True)
class RetentionStatus:
    """How far the job is with a class."""

    which: RetentionClass
    period: timedelta
    oldest: datetime | None
    """When the time of the oldest row that is left began; None when there is no row."""
    removed: int
    """Rows that the job removed in the last 30 days."""
    late: bool
    """The oldest should have gone by now: the job does not keep up, or does not run."""


def status(tx: Transaction, now: datetime) -> list[RetentionStatus]:
    """How far the job is with each class, in the order of the classes."""
    removed = tx.retention.removed_since(now - LOOKED_BACK)
    return [_status(which, tx.retention.oldest(which), removed.get(which, 0), now) for which in tx.retention.classes()]


def _status(which: RetentionClass, oldest: datetime | None, removed: int, now: datetime) -> RetentionStatus:
    # The audit goes up to a signature that is old enough: as old as the newest of them is the oldest row that stays.
    slack = timedelta(days=2) if which is RetentionClass.AUDIT else LATE_AFTER
    late = oldest is not None and now - oldest > PERIODS[which] + slack
    return RetentionStatus(which, PERIODS[which], oldest, removed, late)


async def sweep(database: Database, now: datetime) -> dict[RetentionClass, Swept]:
    """Remove everything whose time is over, in small transactions between which others get their turn.

    To be called every minute: the shortest period is ten minutes.

    Raises:
        DatabaseUnavailableError: what was removed until then stays removed; the next run goes on from there.
    """
    swept: dict[RetentionClass, Swept] = {}
    for which in await database.read(lambda tx: tx.retention.classes()):
        removed = await _sweep_one(database, which, now)
        oldest = await _oldest(database, which)
        age = timedelta(0) if oldest is None else max(now - oldest, timedelta(0))
        swept[which] = Swept(removed, age)
    return swept


async def _sweep_one(database: Database, which: RetentionClass, now: datetime) -> int:
    before = now - PERIODS[which]
    total = 0

    def piece(tx: Transaction) -> int:
        removed = tx.retention.remove(which, before, ROWS_AT_ONCE)
        if removed:
            tx.retention.count_removed(which, removed, now)
        return removed

    while True:
        removed = await database.run(piece)
        total += removed
        if removed < ROWS_AT_ONCE:
            return total


async def _oldest(database: Database, which: RetentionClass) -> datetime | None:
    return await database.read(lambda tx: tx.retention.oldest(which))
