"""The retention job: every minute, what is old enough goes."""

import asyncio
from typing import Final

from gateway.observability.logging import logger
from gateway.observability.metrics import Metrics
from gateway.usecases.retention import sweep
from gateway.usecases.services import Clock
from gateway.usecases.transaction import Database, DatabaseUnavailableError

_log = logger(__name__)

EVERY_S: Final = 60.0
"""The shortest period is ten minutes; a minute more is a tenth of it."""


class Retention:
    """A service. Where it stops, its next run goes on."""

    def __init__(self, database: Database, clock: Clock, metrics: Metrics) -> None:
        self._database: Final = database
        self._clock: Final = clock
        self._oldest: Final = metrics.retained_oldest

    async def run(self) -> None:
        """Until cancelled. The first run waits as well: a start has better things to do."""
        while True:
            await asyncio.sleep(EVERY_S)
            try:
                swept = await sweep(self._database, self._clock())
            except DatabaseUnavailableError:
                _log.warning("retention_waits_for_database")
                continue
            for which, found in swept.items():
                self._oldest.labels(which.value).set(found.oldest_age.total_seconds())
