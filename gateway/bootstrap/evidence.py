"""Lines of the broker's log on their way to the database: bounded, batched, never in anybody's way."""

import asyncio
from functools import partial
from typing import Final

from gateway.bootstrap.homes import home_index
from gateway.broker.port import LogLine
from gateway.observability.metrics import Metrics
from gateway.usecases import broker_log
from gateway.usecases.services import BlindIndexes
from gateway.usecases.transaction import Database, DatabaseUnavailableError, Transaction

WAITING_AT_MOST: Final = 1_000
"""Lines that wait for the database. A flood beyond that is counted, not kept: it says the same thing over and over."""

TOGETHER_AT_MOST: Final = 100


class BrokerEvidence:
    """Takes log lines from the broker and has them written down as evidence. A service."""

    def __init__(self, database: Database, indexes: BlindIndexes, metrics: Metrics) -> None:
        self._database: Final = database
        self._indexes: Final = indexes
        self._dropped: Final = metrics.messages_dropped
        self._lines: Final[asyncio.Queue[LogLine]] = asyncio.Queue(WAITING_AT_MOST)

    def take(self, line: LogLine) -> None:
        """Take one line; drop and count it when too many wait."""
        try:
            self._lines.put_nowait(line)
        except asyncio.QueueFull:
            self._dropped.labels("broker_log", "too_many").inc()

    async def run(self) -> None:
        """Write down what arrives, until cancelled."""
        while True:
            lines = [await self._lines.get()]
            while len(lines) < TOGETHER_AT_MOST and not self._lines.empty():
                lines.append(self._lines.get_nowait())
            try:
                await self._database.run(partial(self._note, lines=lines))
            except DatabaseUnavailableError:
                # Evidence, not truth: what the database was away for is counted and gone.
                self._dropped.labels("broker_log", "database").inc(len(lines))

    def _note(self, tx: Transaction, *, lines: list[LogLine]) -> None:
        for line in lines:
            broker_log.note(tx, line.says, line.client_id, home_index(self._indexes, line.address), line.at)
