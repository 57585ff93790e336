"""Work that is done in pieces: woken by the commit that asks for it, each piece a transaction of its own."""

import asyncio
import contextlib
from collections.abc import Callable
from datetime import datetime
from typing import Final

from gateway.observability.logging import logger
from gateway.usecases.outbox import Committed, Counted
from gateway.usecases.services import Clock
from gateway.usecases.transaction import Database, DatabaseUnavailableError, Transaction

_log = logger(__name__)

LOOK_EVERY_S: Final = 30.0
"""Another gateway may have been asked and died: look at least this often."""

Piece = Callable[[Transaction, datetime], bool]
"""Does the next piece; False when there is none. It writes how far it came, so it goes on after a crash."""


class Pieces:
    """A service. Two gateways that do the same piece at once meet at its version, and one starts again after it."""

    def __init__(self, database: Database, piece: Piece, woken_by: Counted, clock: Clock) -> None:
        self._database: Final = database
        self._piece: Final = piece
        self._woken_by: Final = woken_by
        self._clock: Final = clock
        self._wake: Final = asyncio.Event()
        database.on_commit(self._committed)

    def _committed(self, committed: Committed) -> None:
        if any(what is self._woken_by for what, _ in committed.counted):
            self._wake.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self._wake.clear()
            try:
                await self.work_off()
            except DatabaseUnavailableError:
                _log.warning("pieces_wait_for_database", work=self._woken_by.value)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), LOOK_EVERY_S)

    async def work_off(self) -> int:
        """Do all pieces that there are; returns how many. Others get their turn between two of them."""
        done = 0
        while await self._database.run(self._one):
            done += 1
        return done

    def _one(self, tx: Transaction) -> bool:
        return self._piece(tx, self._clock())
