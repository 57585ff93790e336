"""Runs functions over a transaction on database threads: one writer on SQLite, a pool on PostgreSQL."""

import asyncio
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from queue import SimpleQueue
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Engine, delete, select, update
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError

from gateway.storage.tables.delivery import outbox
from gateway.storage.transaction import SqlTransaction
from gateway.usecases.outbox import CLAIM_FOR, Committed, Kind, OutboxRow
from gateway.usecases.transaction import DatabaseUnavailableError, StaleVersionError, Transaction

T = TypeVar("T")

TOGETHER_AT_MOST: Final = 64
"""Use cases that share one commit on SQLite. Each keeps its own savepoint; one wait for the disk serves all."""

TRIES: Final = 8
"""Runs of one use case before a conflict that does not go away counts as an unavailable database."""

_RETRIED_STATES: Final = frozenset({"40001", "40P01"})
"""PostgreSQL: serialization failure, deadlock detected."""


@dataclass(slots=True)
class _Job:
    work: Callable[[Transaction], Any]
    done: "Future[tuple[Any, Committed]]" = field(default_factory=Future)


class Database:
    """Implements `usecases.transaction.Database` over an engine. `close` it when nobody runs anything any more."""

    def __init__(self, engine: Engine, *, gateway_id: str, readers: int = 2, writers: int = 8) -> None:
        self.engine: Final = engine
        self._gateway_id: Final = gateway_id
        self._listeners: list[Callable[[Committed], None]] = []
        self._sqlite: Final = engine.dialect.name == "sqlite"
        self._in_memory: Final = engine.pool.__class__.__name__ == "StaticPool"
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._readers: Final = ThreadPoolExecutor(readers, thread_name_prefix="database-read")
        self._writers: Final = ThreadPoolExecutor(1 if self._sqlite else writers, thread_name_prefix="database-write")
        self._alone: Final = threading.Lock()
        if self._sqlite:
            self._writers.submit(self._write_on_sqlite)

    def on_commit(self, listener: Callable[[Committed], None]) -> None:
        """See the protocol."""
        self._listeners.append(listener)

    async def run(self, work: Callable[[Transaction], T]) -> T:
        """See the protocol."""
        job = _Job(work)
        if self._sqlite:
            self._jobs.put(job)
        else:
            self._writers.submit(self._run_on_postgresql, job)
        result, committed = await asyncio.shield(asyncio.wrap_future(job.done))
        if committed:
            for listener in self._listeners:
                listener(committed)
        return result  # type: ignore[no-any-return]  # the job carries what `work` returned

    async def read(self, work: Callable[[Transaction], T]) -> T:
        """See the protocol."""
        if self._in_memory:  # one connection: reading goes through the writer
            return await self.run(work)
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._read, work)

    def _read(self, work: Callable[[Transaction], T]) -> T:
        try:
            with self.engine.connect() as connection:
                if self._sqlite:
                    connection.exec_driver_sql("BEGIN DEFERRED")
                else:
                    connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
                try:
                    return work(SqlTransaction(connection, self._gateway_id))
                finally:
                    connection.exec_driver_sql("ROLLBACK")
        except (OperationalError, InterfaceError) as broken:
            raise DatabaseUnavailableError from broken

    # -- SQLite: one writer thread, commits shared by whoever waits

    def _write_on_sqlite(self) -> None:
        while (job := self._jobs.get()) is not None:
            batch = [job]
            stop = False
            while len(batch) < TOGETHER_AT_MOST and not self._jobs.empty():
                following = self._jobs.get()
                if following is None:
                    stop = True
                    break
                batch.append(following)
            self._commit_together(batch)
            if stop:
                return

    def _commit_together(self, batch: list[_Job]) -> None:
        finished: list[tuple[_Job, Any, Committed]] = []
        failed: list[tuple[_Job, BaseException]] = []
        try:
            with self.engine.connect() as connection:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                try:
                    for job in batch:
                        self._run_in_savepoint(connection, job, finished, failed)
                    connection.exec_driver_sql("COMMIT")
                except BaseException:
                    connection.exec_driver_sql("ROLLBACK")
                    raise
        except BaseException as broken:  # noqa: BLE001 - whatever happened, those who wait must hear of it
            reason: BaseException = broken
            if isinstance(broken, SQLAlchemyError):
                reason = DatabaseUnavailableError()
                reason.__cause__ = broken
            for job in batch:
                if not job.done.done():
                    job.done.set_exception(reason)
            return
        for job, result, committed in finished:
            job.done.set_result((result, committed))
        for job, error in failed:
            job.done.set_exception(error)

    def _run_in_savepoint(
        self,
        connection: Connection,
        job: _Job,
        finished: list[tuple[_Job, Any, Committed]],
        failed: list[tuple[_Job, BaseException]],
    ) -> None:
        connection.exec_driver_sql("SAVEPOINT one")
        try:
            transaction = SqlTransaction(connection, self._gateway_id)
            result = job.work(transaction)
            committed = transaction.finish()
        except OperationalError:  # the disk, not the use case: all of the batch
            raise
        except Exception as error:  # noqa: BLE001 - handed to the caller of `run`
            connection.exec_driver_sql("ROLLBACK TO one")
            failed.append((job, error))
        else:
            finished.append((job, result, committed))
        connection.exec_driver_sql("RELEASE one")

    # -- PostgreSQL: a thread and a connection each

    def _run_on_postgresql(self, job: _Job) -> None:
        for attempt in range(1, TRIES + 1):
            try:
                with self.engine.connect() as connection, connection.begin():
                    transaction = SqlTransaction(connection, self._gateway_id)
                    result = job.work(transaction)
                    committed = transaction.finish()
            except (StaleVersionError, DBAPIError) as conflict:
                if not _is_conflict(conflict):
                    job.done.set_exception(_as_unavailable(conflict))
                    return
                if attempt == TRIES:
                    job.done.set_exception(DatabaseUnavailableError("conflicts did not go away"))
                    return
                time.sleep(random.uniform(0, 0.002 * 2**attempt))  # noqa: S311 - spreads those who collided
            except BaseException as error:  # noqa: BLE001 - handed to the caller of `run`
                job.done.set_exception(error)
                return
            else:
                job.done.set_result((result, committed))
                return

    # -- the outbox, for its relay

    async def take_over(self, now: datetime, at_most: int) -> list[OutboxRow]:
        """See the protocol."""

        def claim(tx: Transaction) -> list[OutboxRow]:
            statements = tx.statements  # type: ignore[attr-defined]  # `run` of this class hands out SqlTransaction
            due = (
                select(outbox.c.outbox_id)
                .where(outbox.c.claimed_until <= now)
                .order_by(outbox.c.outbox_id)
                .limit(at_most)
                .with_for_update(skip_locked=True)
            )
            taken = statements.all(
                update(outbox)
                .where(outbox.c.outbox_id.in_(due))
                .values(claimed_by=self._gateway_id, claimed_until=now + CLAIM_FOR)
                .returning(outbox),
            )
            rows = [
                OutboxRow(r.outbox_id, Kind(r.kind), r.target, r.payload, r.expires_at, r.claimed_until) for r in taken
            ]
            return sorted(rows, key=lambda row: row.outbox_id)

        return await self.run(claim)

    async def sent(self, rows: list[int]) -> None:
        """See the protocol."""

        def remove(tx: Transaction) -> None:
            statements = tx.statements  # type: ignore[attr-defined]  # same
            statements.execute(delete(outbox).where(outbox.c.outbox_id.in_(rows)))

        await self.run(remove)

    def close(self) -> None:
        """Finish what is queued, then end the threads and connections."""
        if self._sqlite:
            self._jobs.put(None)
        self._writers.shutdown(wait=True)
        self._readers.shutdown(wait=True)
        self.engine.dispose()


def _is_conflict(error: Exception) -> bool:
    if isinstance(error, StaleVersionError):
        return True
    return getattr(getattr(error, "orig", None), "sqlstate", None) in _RETRIED_STATES


def _as_unavailable(error: Exception) -> Exception:
    if isinstance(error, (OperationalError, InterfaceError)):
        unavailable = DatabaseUnavailableError()
        unavailable.__cause__ = error
        return unavailable
    return error
