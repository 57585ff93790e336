"""One use case on its way through a database thread and back to the event loop that waits for it."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, Final

from gateway.usecases.outbox import Committed
from gateway.usecases.transaction import Transaction

Listener = Callable[[Committed], None]


class Job:
    """A use case, the loop that waits for it, and what became of it. A slotted class: one is made for every call."""

    __slots__ = ("committed", "error", "future", "loop", "read_only", "result", "work")

    def __init__(self, work: Callable[[Transaction], Any], *, read_only: bool = False) -> None:
        self.work: Final = work
        self.read_only: Final = read_only
        self.loop: Final = asyncio.get_running_loop()
        self.future: Final[asyncio.Future[Any]] = self.loop.create_future()
        self.result: Any = None
        self.error: BaseException | None = None
        self.committed: Committed | None = None


class Deliveries:
    """Brings finished jobs back to their event loops: one wake-up for all of a batch.

    A wake-up for each job, as `asyncio.wrap_future` makes it, costs as much as a small use case.
    """

    def __init__(self) -> None:
        self._listeners: Final[list[Listener]] = []

    def on_commit(self, listener: Listener) -> None:
        """Call it once for each commit that left something to do, before the callers of `run` go on."""
        self._listeners.append(listener)

    def hand_over(self, jobs: list[Job]) -> None:
        """Called on a database thread."""
        if all(job.loop is jobs[0].loop for job in jobs):
            self._wake(jobs[0].loop, jobs)
            return
        for loop in {job.loop for job in jobs}:
            self._wake(loop, [job for job in jobs if job.loop is loop])

    def _wake(self, loop: asyncio.AbstractEventLoop, jobs: list[Job]) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(self._settle, loop, jobs)

    def _settle(self, loop: asyncio.AbstractEventLoop, jobs: Iterable[Job]) -> None:
        for job in jobs:
            if job.committed:
                self._tell(loop, job.committed)
            if job.future.done():  # its caller was cancelled; the work took place all the same
                continue
            if job.error is None:
                job.future.set_result(job.result)
            else:
                job.future.set_exception(job.error)

    def _tell(self, loop: asyncio.AbstractEventLoop, committed: Committed) -> None:
        for listener in self._listeners:
            try:
                listener(committed)
            except Exception as error:  # noqa: BLE001 - one listener's mistake must not keep the callers waiting
                loop.call_exception_handler({"message": "a commit listener failed", "exception": error})
