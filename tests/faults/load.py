"""A busy house: reports, commands, appliances that come and go. Runs until told to stop, and then ends in order."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from random import Random

from tests.faults.books import UNDER_WAY
from tests.faults.house import House, waited
from tests.faults.ledger import PAGES
from tests.faults.residents import PatientPhone, Resident


class Busy:
    """The load. Counts what it did, so that a test can tell that there was any.

    Args:
        at: the house.
        phone: whose appliances these are.
        rng: decides who does what when.
        pause_s: on average between two reports of one appliance.
    """

    def __init__(self, at: House, phone: PatientPhone, rng: Random, *, pause_s: float = 0.2) -> None:
        self._at = at
        self._phone = phone
        self._rng = rng
        self._pause_s = pause_s
        self._over = asyncio.Event()
        self.reports = self.commands = self.arrivals = self.departures = 0

    @asynccontextmanager
    async def going_on(
        self,
        reporting: list[Resident],
        *,
        wandering: Mapping[Resident, PatientPhone] | None = None,
        boxes: list[Resident] | None = None,
    ) -> AsyncIterator[None]:
        """Load while the body runs, and until everybody has finished what they began.

        Args:
            reporting: at home; they report, and each is told things.
            wandering: at home; they are released and bound again, over and over, each by a person of its own: a
                password that was being checked when the gateway died counts as a wrong one, and five are too many.
            boxes: are taken out of their boxes one after another.
        """
        self._over.clear()
        async with asyncio.TaskGroup() as tasks:
            for resident in reporting:
                tasks.create_task(self._report(resident))
                tasks.create_task(self._obey(resident))
            for resident, phone in (wandering or {}).items():
                tasks.create_task(self._wander(resident, phone))
            if boxes:
                tasks.create_task(self._unpack(boxes))
            try:
                yield
            finally:
                self._over.set()

    async def _pause(self, seconds: float) -> bool:
        """Wait about so long; True while the load goes on."""
        try:
            async with asyncio.timeout(self._rng.uniform(0.5, 1.5) * seconds):
                await self._over.wait()
        except TimeoutError:
            return True
        return False

    async def _report(self, resident: Resident) -> None:
        while await self._pause(self._pause_s):
            if resident.reports % (PAGES // 2) == 0:
                # Before a page is written over: what was acknowledged on it must be in the database.
                await waited(
                    lambda: not self._at.books.lost(resident), lambda: f"lost: {self._at.books.lost(resident)}"
                )
            await resident.report()
            self.reports += 1

    async def _obey(self, resident: Resident) -> None:
        while await self._pause(5 * self._pause_s):
            sent = await resident.obey(self._phone)
            await waited(
                lambda: self._at.books.status_of(sent.command_id) not in UNDER_WAY,  # noqa: B023 - waited for at once
                lambda: "a command did not end",
            )
            self.commands += 1

    async def _wander(self, resident: Resident, phone: PatientPhone) -> None:
        while await self._pause(2.0):
            await resident.leave(phone)
            await self._at.settled([resident])
            self.departures += 1
            await self._at.move_back(resident, phone)
            await resident.report()

    async def _unpack(self, boxes: list[Resident]) -> None:
        for number, resident in enumerate(boxes):
            if not await self._pause(2.0):
                return
            await self._at.move_in(resident, self._phone, seed=1000 + number)
            self.arrivals += 1
