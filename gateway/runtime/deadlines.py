"""The timer: sleeps until the next deadline in the database, or until a commit brought an earlier one."""

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from gateway.observability.logging import logger
from gateway.usecases.deadlines import Work, next_moment
from gateway.usecases.outbox import Committed
from gateway.usecases.services import Clock
from gateway.usecases.transaction import Database, DatabaseUnavailableError

_log = logger(__name__)

LONGEST_SLEEP: Final = timedelta(seconds=30)
"""Another gateway may have committed an earlier deadline and died: look at least this often."""

PAUSE_S: Final = 1.0
"""After the database could not be reached."""


class Deadlines:
    """Works off what is due. Each piece guards itself by version, so two gateways do nothing twice."""

    def __init__(self, database: Database, works: Sequence[Work], clock: Clock) -> None:
        self._database: Final = database
        self._works: Final = works
        self._clock: Final = clock
        self._earlier: Final = asyncio.Event()
        self._next: datetime | None = None
        database.on_commit(self._committed)

    def _committed(self, committed: Committed) -> None:
        if committed.ring_at is not None and (self._next is None or committed.ring_at < self._next):
            self._next = committed.ring_at
            self._earlier.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self._look()
            except DatabaseUnavailableError:
                _log.warning("deadlines_wait_for_database")
                await asyncio.sleep(PAUSE_S)
                continue
            while (seconds := self._seconds_left()) > 0:
                self._earlier.clear()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._earlier.wait(), seconds)

    async def _look(self) -> None:
        """Do what is due, and note when to look again. Mostly nothing is: what was to ring had its answer in time."""
        self._next = self._clock() + LONGEST_SLEEP
        moment = await self._database.read(next_moment)
        if moment is not None and moment <= self._clock():
            for work in self._works:
                while await self._some(work):
                    pass
            moment = await self._database.read(next_moment)
        if moment is not None:
            self._next = min(self._next, moment)

    async def _some(self, work: Work) -> int:
        now = self._clock()
        return await self._database.run(lambda tx: work(tx, now))

    def _seconds_left(self) -> float:
        if self._next is None:
            return LONGEST_SLEEP.total_seconds()
        # One millisecond more: the database keeps milliseconds, and waking just before the moment finds nothing due.
        left = (self._next - self._clock()).total_seconds() + 0.001
        return min(left, LONGEST_SLEEP.total_seconds()) if left > 0.001 else 0.0  # noqa: PLR2004 - the same millisecond
