"""The timer: sleeps until the next deadline in the database, or until a commit brought an earlier one."""

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from gateway.observability.logging import logger
from gateway.usecases.deadlines import Work, next_moment
from gateway.usecases.outbox import Committed
from gateway.usecases.services import Clock
from gateway.usecases.transaction import Database, DatabaseUnavailableError

_log = logger(__name__)

LONGEST_SLEEP_S: Final = 30.0
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
        database.on_commit(self._committed)

    def _committed(self, committed: Committed) -> None:
        if committed.deadlines:
            self._earlier.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self._earlier.clear()
            try:
                await self._work_off()
                moment = await self._database.read(next_moment)
            except DatabaseUnavailableError:
                _log.warning("deadlines_wait_for_database")
                await asyncio.sleep(PAUSE_S)
                continue
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._earlier.wait(), self._seconds_until(moment))

    async def _work_off(self) -> None:
        for work in self._works:
            while await self._some(work):
                pass

    async def _some(self, work: Work) -> int:
        now = self._clock()
        return await self._database.run(lambda tx: work(tx, now))

    def _seconds_until(self, moment: datetime | None) -> float:
        if moment is None:
            return LONGEST_SLEEP_S
        # One millisecond more: the database keeps milliseconds, and waking just before the moment finds nothing due.
        return min(LONGEST_SLEEP_S, max(0.001, (moment - self._clock()).total_seconds() + 0.001))
