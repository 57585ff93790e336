"""Reading an SQLite file beside its writer: each thread on a connection of its own, which cannot write."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from sqlalchemy import Connection, Engine

from gateway.storage.jobs import Deliveries, Job
from gateway.storage.transaction import SqlTransaction
from gateway.storage.trouble import as_told, is_trouble


class SqliteReaders:
    """Runs reading jobs side by side, each on the snapshot that its first statement sees."""

    def __init__(self, engine: Engine, gateway_id: str, deliveries: Deliveries, threads: int) -> None:
        self._engine: Final = engine
        self._gateway_id: Final = gateway_id
        self._deliveries: Final = deliveries
        self._mine: Final = threading.local()
        self._open: Final[list[Connection]] = []
        self._threads: Final = ThreadPoolExecutor(threads, thread_name_prefix="database-read")

    def submit(self, job: Job) -> None:
        """Take a job; jobs run side by side."""
        self._threads.submit(self._run, job)

    def close(self) -> None:
        """Finish what was submitted, then end."""
        self._threads.shutdown(wait=True)
        while self._open:
            self._end(self._open.pop())

    def _run(self, job: Job) -> None:
        try:
            self._read(job)
        except BaseException as error:  # noqa: BLE001 - handed to the caller of `read`
            job.error = as_told(error, read_only=True)
            if is_trouble(error, read_only=True):
                self._disconnect()
        self._deliveries.hand_over([job])

    def _read(self, job: Job) -> None:
        connection = self._connected()
        driver = connection.connection.dbapi_connection
        assert driver is not None  # noqa: S101 - just connected
        driver.execute("BEGIN DEFERRED")
        try:
            job.result = job.work(SqlTransaction(connection, self._gateway_id, read_only=True))
        finally:
            driver.rollback()

    def _connected(self) -> Connection:
        connection: Connection | None = getattr(self._mine, "connection", None)
        if connection is None:
            connection = self._mine.connection = self._engine.connect()
            self._open.append(connection)
            connection.exec_driver_sql("PRAGMA query_only=ON")
        return connection

    def _disconnect(self) -> None:
        connection: Connection | None = getattr(self._mine, "connection", None)
        self._mine.connection = None
        if connection is not None:
            self._open.remove(connection)
            self._end(connection)

    @staticmethod
    def _end(connection: Connection) -> None:
        """Not back to the pool, where it would still be unable to write."""
        connection.invalidate()
        connection.close()
