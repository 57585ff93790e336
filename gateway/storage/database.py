"""Runs functions over a transaction on database threads: one writer on SQLite, a pool on PostgreSQL."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Final, TypeVar

from sqlalchemy import Engine, bindparam, delete, or_, select, update

from gateway.domain.read_purposes import ReadPurpose
from gateway.observability.metrics import Metrics
from gateway.storage.engine import is_in_memory
from gateway.storage.jobs import Deliveries, Job
from gateway.storage.postgresql_pool import PostgresqlPool
from gateway.storage.sqlite_readers import SqliteReaders
from gateway.storage.sqlite_writer import SqliteWriter
from gateway.storage.statements import Connected, Statements
from gateway.storage.tables.delivery import outbox
from gateway.usecases.outbox import CLAIM_FOR, Committed, Kind, OutboxRow
from gateway.usecases.transaction import DatabaseUnavailableError, Transaction

T = TypeVar("T")

_DUE: Final = (
    select(outbox.c.outbox_id)
    .where(or_(outbox.c.claimed_until <= bindparam("now"), outbox.c.claimed_by == bindparam("former")))
    .order_by(outbox.c.outbox_id)
    .limit(bindparam("at_most"))
    .with_for_update(skip_locked=True)
)
_TAKE_OVER: Final = (
    update(outbox)
    .where(outbox.c.outbox_id.in_(_DUE))
    .values(claimed_by=bindparam("b_claimed_by"), claimed_until=bindparam("b_claimed_until"))
    .returning(outbox)
)
_REMOVE: Final = delete(outbox).where(outbox.c.outbox_id == bindparam("id"))


class Database:
    """Implements `usecases.transaction.Database` over an engine. `close` it when nobody runs anything any more.

    Args:
        engine: from `engine_for`, for as many threads as readers and writers together.
        gateway_id: whose outbox rows these are.
        readers: threads for `read` on an SQLite file. With 0, reading goes through the writer, whose pages are never
            stale: each commit makes a reader's connection fetch its pages from the log anew.
        writers: threads on PostgreSQL, for reading and writing.
        metrics: where commits are counted; nowhere if not given.
    """

    def __init__(
        self, engine: Engine, *, gateway_id: str, readers: int = 0, writers: int = 8, metrics: Metrics | None = None
    ) -> None:
        self.engine: Final = engine
        self._gateway_id: Final = gateway_id
        self._deliveries: Final = Deliveries()
        self._closed = False
        self._metrics: Final = metrics
        self._writer: SqliteWriter | PostgresqlPool
        self._reader: SqliteWriter | PostgresqlPool | SqliteReaders
        if engine.dialect.name == "sqlite":
            self._writer = SqliteWriter(engine, gateway_id, self._deliveries)
            # In memory there is one connection, so reading goes through the writer.
            through_writer = readers == 0 or is_in_memory(engine)
            self._reader = (
                self._writer if through_writer else SqliteReaders(engine, gateway_id, self._deliveries, readers)
            )
        else:
            self._writer = self._reader = PostgresqlPool(engine, gateway_id, self._deliveries, writers)

    def on_commit(self, listener: Callable[[Committed], None]) -> None:
        """See the protocol."""
        self._deliveries.on_commit(listener)

    async def run(self, work: Callable[[Transaction], T]) -> T:
        """See the protocol."""
        if self._closed:
            raise DatabaseUnavailableError("closed")
        job = Job(work)
        began = time.perf_counter()
        self._writer.submit(job)
        try:
            result: T = await job.future
        except DatabaseUnavailableError:
            if self._metrics is not None:
                self._metrics.database_failures.labels("unavailable").inc()
            raise
        if self._metrics is not None:
            self._metrics.commits.inc()
            self._metrics.commit_seconds.observe(time.perf_counter() - began)
        return result

    async def read(self, work: Callable[[Transaction], T]) -> T:
        """See the protocol."""
        if self._closed:
            raise DatabaseUnavailableError("closed")
        job = Job(work, read_only=True)
        self._reader.submit(job)
        return await job.future  # type: ignore[no-any-return]  # same

    async def take_over(self, now: datetime, at_most: int, *, mine: bool = False) -> list[OutboxRow]:
        """See the protocol."""
        values = {
            "now": now,
            "at_most": at_most,
            "former": self._gateway_id if mine else "",
            "b_claimed_by": self._gateway_id,
            "b_claimed_until": now + CLAIM_FOR,
        }

        def claim(tx: Transaction) -> list[OutboxRow]:
            taken = _statements(tx).all(_TAKE_OVER, values)
            rows = [
                OutboxRow(r.outbox_id, Kind(r.kind), r.target, r.payload, r.expires_at, r.claimed_until) for r in taken
            ]
            return sorted(rows, key=lambda row: row.outbox_id)

        return await self.run(claim)

    async def sent(self, rows: list[int]) -> None:
        """See the protocol."""
        ids = [{"id": one} for one in rows]
        if ids:
            await self.run(lambda tx: _statements(tx).execute_many(_REMOVE, ids))

    def close(self) -> None:
        """Finish what is queued, then end the threads and connections. Blocks; from then on every call is refused."""
        if self._closed:
            return
        self._closed = True
        self._writer.close()
        if self._reader is not self._writer:
            self._reader.close()
        self.engine.dispose()


def _statements(tx: Transaction) -> Statements:
    connected: Connected = tx.statements  # type: ignore[attr-defined]  # `run` of this class hands out SqlTransaction
    return connected.reading(ReadPurpose.DELIVERY)
