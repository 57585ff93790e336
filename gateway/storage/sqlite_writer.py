"""SQLite's one writer: a thread that lets whoever waits share a commit, each use case in a savepoint of its own.

It also reads, unless there are threads for that (`sqlite_readers`): its pages are never stale.
"""

import sqlite3
import threading
from collections import deque
from contextlib import suppress
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Any, Final

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import ProgrammingError

from gateway.storage.engine import is_in_memory
from gateway.storage.jobs import Deliveries, Job
from gateway.storage.transaction import SqlTransaction
from gateway.storage.trouble import TRIES, as_told, is_conflict, is_trouble
from gateway.usecases.transaction import DatabaseUnavailableError

TOGETHER_AT_MOST: Final = 128
"""Use cases that share one transaction: one wait for the disk serves all of them."""

TOGETHER_FOR_S: Final = 0.02
"""A commit waits no longer than this for more company: the first of a batch waits as long as all of it."""


class SqliteWriter:
    """Owns the connection that writes, and keeps it open from one commit to the next."""

    def __init__(self, engine: Engine, gateway_id: str, deliveries: Deliveries) -> None:
        self._engine: Final = engine
        self._gateway_id: Final = gateway_id
        self._deliveries: Final = deliveries
        self._in_memory: Final = is_in_memory(engine)
        self._jobs: Final[SimpleQueue[Job | None]] = SimpleQueue()
        self._writing: Final[deque[Job]] = deque()
        self._reading: Final[deque[Job]] = deque()
        self._closing = False
        self._connection: Connection | None = None
        self._driver: Any = None
        """SQLite's own connection: for BEGIN, SAVEPOINT and the like, which are most of a small use case's cost."""
        # A daemon: a process that forgot to close must still be able to end. What was answered is on disk anyway.
        self._thread: Final = threading.Thread(target=self._write, name="database-write", daemon=True)
        self._thread.start()

    def submit(self, job: Job) -> None:
        """Take a job. Those that write take effect in the order of submission.

        One that reads sees every write that was answered before it was submitted.
        """
        self._jobs.put(job)

    def close(self) -> None:
        """Finish what was submitted, then end."""
        self._jobs.put(None)
        self._thread.join()

    def _write(self) -> None:
        while self._waits():
            # One transaction for whoever writes, then one for whoever reads: a commit waits at most for one batch of
            # readings, and reading does not take the lock that another process may have.
            self._together(self._writing, "BEGIN IMMEDIATE")
            self._together(self._reading, "BEGIN DEFERRED")
        self._disconnect()

    def _waits(self) -> bool:
        """Return once a job waits; False when none does and none will."""
        if not (self._writing or self._reading or self._closing):
            self._sort(self._jobs.get())
        self._take_in()
        return bool(self._writing or self._reading)

    def _take_in(self) -> None:
        with suppress(Empty):
            while True:
                self._sort(self._jobs.get_nowait())

    def _sort(self, job: Job | None) -> None:
        if job is None:
            self._closing = True
        else:
            (self._reading if job.read_only else self._writing).append(job)

    def _together(self, waiting: deque[Job], begin: str) -> None:
        """Run jobs as long as more of their kind come, within limits, in one transaction; then tell all of them."""
        if not waiting:
            return
        batch: list[Job] = []
        try:
            self._run_together(waiting, batch, begin)
        except BaseException as broken:  # noqa: BLE001 - whatever happened, those who wait must hear of it
            self._undo()
            self._fail(batch, broken)
        self._deliveries.hand_over(batch)

    def _run_together(self, waiting: deque[Job], batch: list[Job], begin: str) -> None:
        batch.append(waiting.popleft())
        if self._connection is None:
            self._connect()
        driver = self._driver
        driver.execute(begin)
        latest = monotonic() + TOGETHER_FOR_S
        while True:
            self._run(driver, batch[-1])
            if len(batch) >= TOGETHER_AT_MOST or monotonic() >= latest:
                break
            self._take_in()
            if not waiting:
                break
            batch.append(waiting.popleft())
        try:
            driver.execute("COMMIT")
        except sqlite3.Error as failed:
            raise DatabaseUnavailableError from failed

    def _run(self, driver: Any, job: Job) -> None:
        """One job in its savepoint. Raises only what ends the whole batch."""
        for _ in range(TRIES):
            driver.execute("SAVEPOINT one")
            try:
                self._attempt(driver, job)
            except Exception as error:
                if is_trouble(error) or not driver.in_transaction:
                    raise  # the disk, not the use case: all of the batch
                driver.execute("ROLLBACK TO one")
                driver.execute("RELEASE one")
                job.error = error
                if not is_conflict(error):
                    return
            else:
                driver.execute("RELEASE one")
                job.error = None
                return
        job.error = DatabaseUnavailableError("conflicts did not go away")

    def _attempt(self, driver: Any, job: Job) -> None:
        assert self._connection is not None  # noqa: S101 - opened by the caller
        transaction = SqlTransaction(self._connection, self._gateway_id, read_only=job.read_only)
        # Not `PRAGMA query_only`: setting it makes SQLite parse every prepared statement anew.
        changes = driver.total_changes
        job.result = job.work(transaction)
        if not job.read_only:
            job.committed = transaction.finish()
        elif driver.total_changes != changes:
            raise ProgrammingError(None, None, sqlite3.ProgrammingError("a write in a transaction that only reads"))

    def _connect(self) -> None:
        self._connection = self._engine.connect()
        self._driver = self._connection.connection.dbapi_connection

    def _undo(self) -> None:
        """After trouble: nothing of the batch stays, and the next one starts on a fresh connection."""
        with suppress(Exception):  # the connection is given up below, which undoes as well
            if self._driver is not None and self._driver.in_transaction:
                self._driver.execute("ROLLBACK")
        if not self._in_memory:  # in memory the connection is the database
            self._disconnect()

    def _disconnect(self) -> None:
        connection, self._connection, self._driver = self._connection, None, None
        if connection is not None:
            with suppress(Exception):  # it is gone either way
                if not self._in_memory:
                    connection.invalidate()
                connection.close()

    @staticmethod
    def _fail(batch: list[Job], broken: BaseException) -> None:
        for job in batch:
            job.committed = None
            job.result = None
            job.error = as_told(broken)
