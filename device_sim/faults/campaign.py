"""A run: homes begin in random order and overlap; in each something goes wrong, and support reads the verdict."""

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import count
from random import Random
from typing import Final, Protocol

import aiohttp

from device_sim.api import ProblemError
from device_sim.factory import MadeUnit
from device_sim.faults.confusion import Reading, Result
from device_sim.faults.home import Home, World, address_of, phone_line
from device_sim.faults.plan import FULL, Plan
from device_sim.faults.table import FAULTS, Fault, Kind
from device_sim.faults.wire import FaultError, activate
from device_sim.fleet import patiently
from device_sim.link import LinkError
from device_sim.phone import Phone

PATIENCE_S: Final = 200.0
"""An attempt is over after 180 s, whatever happens; then there is a verdict, or never."""
FIRST_LOOK_S: Final = 2.0
"""After the fault: a verdict that comes later than this is one that somebody had to wait for."""
LOOK_AGAIN_S: Final = 4.0
UNITS_A_HOME: Final = 2
_SIGN_UPS: Final = 4
_FILLING: Final = 4

Tell = Callable[[int, int, str], None]
"""How many of how many are done, and with what."""


class Support(Protocol):
    """Support's side of the gateway. It knows what the gateway stored, and nothing of the simulator."""

    async def read(self, words: str) -> Reading | None:
        """Look up one identifier and read the verdict of its newest attempt; None when nothing is found."""

    async def is_over(self, words: str) -> bool:
        """Whether that attempt's time is over, so that waiting longer brings nothing."""


@dataclass(frozen=True, slots=True)
class Stock:
    """Units for the homes: listed ones, batches, and some that the factory never listed."""

    listed: Iterator[MadeUnit]
    batch: Iterator[MadeUnit]
    old_batch: Iterator[MadeUnit]
    unlisted: Iterator[MadeUnit]

    def take(self, kind: Kind) -> tuple[MadeUnit, ...]:
        """The units of one home: its own, and one more of the listed ones."""
        match kind:
            case Kind.LISTED:
                own = self.listed
            case Kind.BATCH:
                own = self.batch
            case Kind.OLD_BATCH:
                own = self.old_batch
            case Kind.UNLISTED:
                own = self.unlisted
        return next(own), next(self.listed)


@dataclass(frozen=True, slots=True)
class Needs:
    """How many units a plan takes."""

    listed: int
    batch: int
    old_batch: int
    unlisted: int


def needs_of(plan: Plan) -> Needs:
    """How many units of each kind a plan takes."""
    kinds = [FAULTS[name].kind for name in plan.homes()]
    full = FULL if needs_full_household(plan) else 0
    return Needs(
        listed=kinds.count(Kind.LISTED) + len(kinds) + full,
        batch=kinds.count(Kind.BATCH),
        old_batch=kinds.count(Kind.OLD_BATCH),
        unlisted=kinds.count(Kind.UNLISTED),
    )


def needs_full_household(plan: Plan) -> bool:
    """Whether a household with as many appliances as possible has to be set up first."""
    return "limit" in plan.homes()


class Campaign:
    """One run of a plan."""

    def __init__(self, plan: Plan, world: World, stock: Stock, support: Support, tell: Tell) -> None:
        self._plan = plan
        self._world = world
        self._stock = stock
        self._support = support
        self._tell = tell
        self._numbers = count()
        self._phones: asyncio.Queue[Phone] = asyncio.Queue()
        self._causing = asyncio.Semaphore(plan.causing_at_once)
        self._done = 0

    async def run(self, phones: list[Phone]) -> list[Result]:
        """Cause every fault of the plan and read every verdict; each phone serves one home at a time.

        Returns:
            A result for each home, in the order of the plan.
        """
        homes = self._plan.homes()
        for phone in phones:
            self._phones.put_nowait(phone)
        async with asyncio.TaskGroup() as group:
            tasks = []
            for name in homes:
                phone = await self._phones.get()
                tasks.append(group.create_task(self._home(FAULTS[name], phone, len(homes))))
        results = [task.result() for task in tasks]
        return [await self._once_more(result, words) for result, words in results]

    async def _home(self, fault: Fault, phone: Phone, homes: int) -> tuple[Result, str]:
        """One home from the fault to the verdict; and the identifier under which that was read."""
        number = next(self._numbers)
        source = address_of(number)
        made = self._stock.take(fault.kind)
        rng = Random(f"home:{self._plan.seed}:{number}")  # noqa: S311 - ids of a simulation
        async with phone_line(source) as session:
            moved = phone.moved(session)
            home = Home(self._world, moved, made, source, rng)
            try:
                async with home.stack:
                    outcome = await self._judge(fault, home)
                    await home.give_up()
            finally:
                self._phones.put_nowait(moved)
        self._done += 1
        self._tell(self._done, homes, fault.name)
        return outcome

    async def _judge(self, fault: Fault, home: Home) -> tuple[Result, str]:
        try:
            async with self._causing:
                await fault.cause(home)
        except (FaultError, LinkError, ProblemError, aiohttp.ClientError, TimeoutError, OSError) as error:
            return Result(fault, None, problem=_in_words(error)), ""
        return await self._read(fault, home)

    async def _read(self, fault: Fault, home: Home) -> tuple[Result, str]:
        """Look as support does: one identifier after the other until there is a code, and again until time is over."""
        started, pause = time.monotonic(), FIRST_LOOK_S
        while True:
            await asyncio.sleep(pause)
            pause = LOOK_AGAIN_S
            waited = time.monotonic() - started
            told, found_by = None, ""
            for asked, words in enumerate(home.identifiers(), 1):
                reading = await self._support.read(words)
                if reading is not None and reading.code is not None:
                    return Result(fault, reading, looked_up=asked, seconds=waited), words
                if told is None and reading is not None:
                    told, found_by = reading, words
            over = told is not None and await self._support.is_over(found_by)
            if over or waited > PATIENCE_S:
                return Result(fault, told, looked_up=len(home.identifiers()), seconds=waited), found_by

    async def _once_more(self, result: Result, words: str) -> Result:
        return result if not words else replace(result, later=await self._support.read(words))


async def sign_up(phones: list[Phone]) -> None:
    """Open all accounts, a few at a time: each costs the gateway two password hashes.

    Raises:
        ProblemError: the gateway refused one for good.
    """
    slots = asyncio.Semaphore(_SIGN_UPS)

    async def one(phone: Phone) -> None:
        async with slots:
            await patiently(phone.sign_up)

    async with asyncio.TaskGroup() as group:
        for phone in phones:
            group.create_task(one(phone))


async def fill_household(world: World, stock: Stock) -> None:
    """Give the full household all the appliances that it may have, each by a whole activation.

    Raises:
        FaultError, LinkError, ProblemError: one of them failed.
    """
    slots = asyncio.Semaphore(
        _FILLING
    )  # an account may have a few open pairings only, and each is over with its activation

    async def one(number: int) -> None:
        async with slots:
            rng = Random(f"full:{number}")  # noqa: S311 - ids of a simulation
            home = Home(world, world.full_household.phone, (next(stock.listed),), address_of(0), rng)
            await patiently(home.begin)
            if not (await activate(home)).bound:
                raise FaultError("the full household could not be filled")

    async with asyncio.TaskGroup() as group:
        for number in range(FULL):
            group.create_task(one(number))


def _in_words(error: Exception) -> str:
    match error:
        case FaultError():
            return str(error)
        case LinkError(reason=reason):
            return f"the connection ended: {reason}"
        case ProblemError(status=status, code=code):
            return f"the API refused: {status} {code}"
        case _:
            return type(error).__name__
