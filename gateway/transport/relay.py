"""Publishes what commits left to do: at least once, in order, woken by the commit and never by polling."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

from gateway.observability.logging import logger
from gateway.observability.metrics import Metrics
from gateway.protocol.codec import encode
from gateway.protocol.messages import BusHint
from gateway.protocol.topics import BusTopic
from gateway.transport.port import Transport, TransportClosedError
from gateway.usecases.outbox import CLAIM_FOR, Committed, Kind, OutboxRow
from gateway.usecases.services import Clock
from gateway.usecases.transaction import Database, DatabaseUnavailableError

_log = logger(__name__)

REMEMBERED_AT_MOST: Final = 10_000
"""Rows and hints waiting in memory. Rows beyond that stay in the table and are taken over when their claim ends."""

LEEWAY: Final = timedelta(seconds=1)
"""Before a claim ends, in which nothing is sent under it any more: clocks of two gateways differ a little."""

TOGETHER_AT_MOST: Final = 500
"""Rows that are published before their removal is committed."""

Evict = Callable[[str], Awaitable[None]]


class OutboxRelay:
    """The only sender of what commits leave to do. One in each gateway."""

    def __init__(
        self,
        database: Database,
        transport: Transport,
        evict: Evict,
        clock: Clock,
        metrics: Metrics,
        *,
        sender: str,
    ) -> None:
        """`sender`: this gateway's name, in its hints, so that it can pass over its own."""
        self._database: Final = database
        self._transport: Final = transport
        self._evict: Final = evict
        self._clock: Final = clock
        self._sent: Final = metrics.outbox_sent
        self._hint: Final = encode(BusHint(kind="changes", sender=sender))
        self._rows: deque[OutboxRow] = deque()
        self._hints: dict[str, None] = {}
        self._wake: Final = asyncio.Event()
        self._idle: Final = asyncio.Event()
        self._idle.set()
        self._done: list[int] = []
        self._some_done: Final = asyncio.Event()
        database.on_commit(self._committed)

    def _committed(self, committed: Committed) -> None:
        room = REMEMBERED_AT_MOST - len(self._rows)
        self._rows.extend(committed.outbox[:room])
        if len(self._hints) < REMEMBERED_AT_MOST:
            self._hints.update(dict.fromkeys(committed.accounts))
        if committed.outbox or committed.accounts:
            self._idle.clear()
            self._wake.set()

    async def flushed(self) -> None:
        """Return once nothing waits in memory (used when stopping)."""
        await self._idle.wait()

    async def run(self) -> None:
        """Publish until cancelled. Takes over what dead gateways left, at the start and when a claim may be over."""
        await self._transport.connected()
        # What this gateway's former life left is nobody else's to send before its claim runs out.
        await self._take_over(REMEMBERED_AT_MOST, mine=True)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._take_over_regularly())
            tasks.create_task(self._remove_done())
            while True:
                self._rest()
                await self._wake.wait()
                self._wake.clear()
                await self._send_all(tasks)

    def _rest(self) -> None:
        if not (self._rows or self._hints or self._done):
            self._idle.set()

    async def _remove_done(self) -> None:
        """Remove what was sent, all of it that the removal before kept waiting: sending does not wait for the disk."""
        while True:
            await self._some_done.wait()
            self._some_done.clear()
            done = list(self._done)
            try:
                await self._database.sent(done)
            except DatabaseUnavailableError:
                # Published but not removed: the claim runs out and they are sent again. Receivers drop what they know.
                _log.warning("outbox_not_removed", rows=len(done))
            del self._done[: len(done)]
            if self._done:
                self._some_done.set()
            self._rest()

    async def _take_over_regularly(self) -> None:
        while True:
            await asyncio.sleep(CLAIM_FOR.total_seconds() / 2)
            await self._take_over(TOGETHER_AT_MOST)

    async def _take_over(self, at_most: int, *, mine: bool = False) -> None:
        try:
            rows = await self._database.take_over(self._clock(), at_most, mine=mine)
        except DatabaseUnavailableError:
            return
        known = {row.outbox_id for row in self._rows}  # committed in this life, before the relay ran
        rows = [row for row in rows if row.outbox_id not in known]
        if rows:
            _log.info("outbox_taken_over", rows=len(rows))
            self._rows.extend(rows)
            self._idle.clear()
            self._wake.set()

    async def _send_all(self, tasks: asyncio.TaskGroup) -> None:
        while self._rows or self._hints:
            hints, self._hints = self._hints, {}
            batch = [self._rows.popleft() for _ in range(min(len(self._rows), TOGETHER_AT_MOST))]
            try:
                await self._send(batch, list(hints), tasks)
            except TransportClosedError:
                self._rows.extendleft(reversed(batch))
                await self._transport.connected()

    async def _send(self, batch: list[OutboxRow], hints: list[str], tasks: asyncio.TaskGroup) -> None:
        now = self._clock()
        done: list[int] = []
        for row in batch:
            if row.claimed_until <= now + LEEWAY:
                continue  # somebody else may be sending it by now
            if row.expires_at is not None and row.expires_at <= now:
                done.append(row.outbox_id)
                continue
            match row.kind:
                case Kind.PUBLISH:
                    await self._transport.publish(row.target, row.payload)
                    done.append(row.outbox_id)
                case Kind.EVICT:  # may take seconds where a broker has to read files; nobody waits behind it
                    tasks.create_task(self._end_connection(row))
        for account_id in hints:
            await self._transport.publish(str(BusTopic(account_id)), self._hint)
        if done:
            await self._transport.flush()
            self._sent.inc(len(done))
            self._done += done
            self._some_done.set()

    async def _end_connection(self, row: OutboxRow) -> None:
        try:
            await self._evict(row.target)
            await self._database.sent([row.outbox_id])
        except Exception as failed:  # noqa: BLE001 - whatever keeps the broker from it, the row stays and is tried again
            _log.warning("eviction_will_be_tried_again", reason=type(failed).__name__)
        else:
            self._sent.inc()
