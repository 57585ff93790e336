"""PostgreSQL: threads with a transaction each. Conflicts are tried again, and so is what a lost connection undid."""

import random
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from gateway.storage.jobs import Deliveries, Job
from gateway.storage.transaction import SqlTransaction
from gateway.storage.trouble import TRIES, as_told, is_conflict
from gateway.usecases.transaction import DatabaseUnavailableError


class PostgresqlPool:
    """Runs jobs side by side, one connection each."""

    def __init__(self, engine: Engine, gateway_id: str, deliveries: Deliveries, threads: int) -> None:
        self._engine: Final = engine
        self._snapshots: Final = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        self._gateway_id: Final = gateway_id
        self._deliveries: Final = deliveries
        self._threads: Final = ThreadPoolExecutor(threads, thread_name_prefix="database-write")

    def submit(self, job: Job) -> None:
        """Take a job; jobs run side by side."""
        self._threads.submit(self._run, job)

    def close(self) -> None:
        """Finish what was submitted, then end."""
        self._threads.shutdown(wait=True)

    def _run(self, job: Job) -> None:
        try:
            self._with_retries(job)
        except BaseException as error:  # noqa: BLE001 - handed to the caller of `run`
            job.committed = None
            job.error = as_told(error, read_only=job.read_only)
        self._deliveries.hand_over([job])

    def _with_retries(self, job: Job) -> None:
        reconnected = False
        for attempt in range(1, TRIES + 1):
            committing = _Phase()
            try:
                self._attempt(job, committing)
            except Exception as error:
                job.committed = None
                lost = isinstance(error, DBAPIError) and error.connection_invalidated
                # The server was restarted, say: the pool has dropped its dead connections by now. Only before the
                # commit, for nobody knows what became of one whose answer was lost.
                if lost and not reconnected and not committing.reached:
                    reconnected = True
                    continue
                if not is_conflict(error):
                    raise
                time.sleep(random.uniform(0, 0.002 * 2**attempt))  # noqa: S311 - spreads those who collided
            else:
                return
        raise DatabaseUnavailableError("conflicts did not go away")

    def _attempt(self, job: Job, committing: "_Phase") -> None:
        engine = self._snapshots if job.read_only else self._engine
        with engine.connect() as connection:
            transaction = SqlTransaction(connection, self._gateway_id, read_only=job.read_only)
            job.result = job.work(transaction)
            if job.read_only:
                return
            job.committed = transaction.finish()
            committing.reached = True
            connection.commit()


class _Phase:
    """Whether a transaction has come to its commit."""

    reached = False
