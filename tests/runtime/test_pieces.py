"""Work in pieces: begun by the commit that asks for it, gone on with after an interruption, by any gateway."""

import asyncio
from datetime import datetime

from gateway.runtime.pieces import Pieces
from gateway.usecases.outbox import Counted
from gateway.usecases.transaction import DatabaseUnavailableError, Transaction
from tests.usecases.household import Household


class Heap:
    """So many pieces to do. A piece is done on a database thread, which has no event loop of its own."""

    def __init__(self, left: int, trouble: int = 0) -> None:
        self.left = left
        self.trouble = trouble
        self.empty = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def __call__(self, _tx: Transaction, _now: datetime) -> bool:
        if self.trouble:
            self.trouble -= 1
            self._loop.call_soon_threadsafe(self.empty.set)
            raise DatabaseUnavailableError("away")
        if self.left == 0:
            self._loop.call_soon_threadsafe(self.empty.set)
            return False
        self.left -= 1
        return True

    async def looked_at(self) -> None:
        """Until there was nothing to do, or trouble; from then on it waits to be woken."""
        async with asyncio.timeout(5):
            await self.empty.wait()
        self.empty.clear()


def at_work(household: Household, heap: Heap) -> tuple[Pieces, asyncio.Task[None]]:
    pieces = Pieces(household.database, heap, Counted.EXPORT, lambda: household.now)
    return pieces, asyncio.get_running_loop().create_task(pieces.run())


async def ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])


async def test_what_was_left_by_a_former_life_is_done_at_the_start(household: Household) -> None:
    heap = Heap(3)
    _, task = at_work(household, heap)
    await heap.looked_at()
    assert heap.left == 0
    await ended(task)


async def test_a_commit_that_asks_wakes_it_and_another_does_not(household: Household) -> None:
    heap = Heap(0)
    pieces, task = at_work(household, heap)
    await heap.looked_at()
    heap.left = 2
    await household.run(lambda tx: tx.count(Counted.INCIDENT, "recorded"))
    assert not pieces._wake.is_set()
    await household.run(lambda tx: tx.count(Counted.EXPORT, "asked"))
    await heap.looked_at()
    assert heap.left == 0
    assert await pieces.work_off() == 0
    await ended(task)


async def test_a_database_that_is_away_is_waited_for(household: Household) -> None:
    heap = Heap(1, trouble=1)
    _, task = at_work(household, heap)
    await heap.looked_at()
    assert heap.left == 1
    await household.run(lambda tx: tx.count(Counted.EXPORT, "asked"))
    await heap.looked_at()
    assert heap.left == 0
    await ended(task)
