"""The service that carries out sendings: woken by a commit, a few at a time, each asked for again before it leaves."""

import asyncio
import contextlib
from datetime import datetime
from functools import partial
from typing import Final, Protocol

from gateway.delivery.webhooks import MayLeave
from gateway.domain.disclosures import DisclosureId, Why
from gateway.observability.logging import logger
from gateway.usecases import deliveries
from gateway.usecases.deliveries import Errand
from gateway.usecases.outbox import Committed, Counted
from gateway.usecases.persons import PersonKeys
from gateway.usecases.services import Clock
from gateway.usecases.transaction import Database, DatabaseUnavailableError

_log = logger(__name__)

AT_ONCE: Final = 4
"""Sendings under way: a recipient that does not answer must not hold up the others."""
LOOK_EVERY_S: Final = 30.0
"""Another gateway may have committed one and died."""


class Poster(Protocol):
    """What sends: `webhooks.WebhookClient`."""

    async def post(self, url: str, secret: str, payload: bytes, now: datetime, may_leave: MayLeave) -> Why | None:
        """Send, if it still may when the server is reached; None when it was taken, else why not."""

    async def close(self) -> None:
        """Let go of whatever is open."""


class Errands:
    """A service. Where it stops, any gateway goes on when the claim has run out: at least once, never silently lost."""

    def __init__(self, database: Database, persons: PersonKeys, poster: Poster, clock: Clock) -> None:
        self._database: Final = database
        self._persons: Final = persons
        self._poster: Final = poster
        self._clock: Final = clock
        self._wake: Final = asyncio.Event()
        database.on_commit(self._committed)

    def _committed(self, committed: Committed) -> None:
        if any(what is Counted.DISCLOSURE for what, _ in committed.counted):
            self._wake.set()

    async def run(self) -> None:
        """Until cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                for _ in range(AT_ONCE):
                    tasks.create_task(self._work())
        finally:
            await self._poster.close()

    async def _work(self) -> None:
        while True:
            try:
                while await self.carry_out_one():
                    pass
                seconds = await self._seconds_left()
            except DatabaseUnavailableError:
                _log.warning("disclosures_wait_for_database")
                seconds = LOOK_EVERY_S
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), seconds)
            self._wake.clear()

    async def carry_out_one(self) -> bool:
        """Take one in hand, send it, and note what became of it; False when none is due."""
        now = self._clock()
        errand = await self._database.run(lambda tx: deliveries.claim_due(tx, self._persons, now))
        if not isinstance(errand, Errand):
            return errand
        still = partial(self._may_leave, errand.disclosure_id)
        why = await self._poster.post(errand.url, errand.secret, errand.payload, now, still)
        after = self._clock()
        await self._database.run(lambda tx: deliveries.settle(tx, errand.disclosure_id, why, after))
        return True

    async def _may_leave(self, disclosure_id: DisclosureId) -> bool:
        now = self._clock()
        return await self._database.read(lambda tx: deliveries.may_leave(tx, disclosure_id, now))

    async def _seconds_left(self) -> float:
        due = await self._database.read(deliveries.next_due)
        if due is None:
            return LOOK_EVERY_S
        return min(max((due - self._clock()).total_seconds() + 0.001, 0.05), LOOK_EVERY_S)
