"""What a paired fleet does: reports and commands at a rate, then a look whether everything arrived."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from random import Random
from typing import Any, Final

import aiohttp

from device_sim.api import ProblemError
from device_sim.appliance import Appliance
from device_sim.link import LinkError
from device_sim.options import Options
from device_sim.phone import Phone
from device_sim.tally import Tally
from device_sim.telling import Teller

MINUTES_BETWEEN: Final = 5
"""Minutes that pass for the model between two reports, so that there is something new to say."""

_WAIT_S: Final = 5
_MOST_UNDER_WAY: Final = 512
_OVER: Final = frozenset(
    {"applied", "applied_late", "rejected", "failed", "expired", "cancelled", "superseded", "refused"}
)

Pair = tuple[Appliance, Phone]


class Load:
    """The busy part of a run."""

    def __init__(self, options: Options, tally: Tally, teller: Teller, rng: Random) -> None:
        self._options = options
        self._tally = tally
        self._teller = teller
        self._rng = rng
        self._open: dict[str, Phone] = {}
        """Accepted commands whose end is not known yet."""

    async def run(self, pairs: Sequence[Pair]) -> None:
        """Reports and commands for as long as was asked for, then wait until everything is settled."""
        if not pairs:
            return
        async with asyncio.TaskGroup() as group:
            group.create_task(self._steadily(self._options.rate, self._report, pairs))
            group.create_task(self._steadily(self._options.command_rate, self._command, pairs))
            group.create_task(self._tell())
        await self._settle(pairs)

    async def _steadily(self, rate: float, do: Callable[[Pair], Awaitable[None]], pairs: Sequence[Pair]) -> None:
        """Begin one after the other at an even pace, whether the one before has ended or not.

        Waiting for the end ("closed loop") would slow down with the gateway and hide its latency.
        """
        if rate <= 0:
            return
        loop, slots = asyncio.get_running_loop(), asyncio.Semaphore(_MOST_UNDER_WAY)
        order = list(pairs)
        self._rng.shuffle(order)
        started = loop.time()

        async def one(pair: Pair) -> None:
            try:
                await do(pair)
            finally:
                slots.release()

        async with asyncio.TaskGroup() as group:
            for number in range(int(rate * self._options.seconds)):
                await asyncio.sleep(max(0.0, started + number / rate - loop.time()))
                await slots.acquire()
                group.create_task(one(order[number % len(order)]))

    async def _report(self, pair: Pair) -> None:
        appliance, _ = pair
        appliance.model.tick(MINUTES_BETWEEN * 60.0)
        started = time.perf_counter()
        try:
            await appliance.report()
        except LinkError as error:
            self._tally.reports_failed += 1
            self._tally.codes[f"report_{error.reason}"] += 1
        else:
            self._tally.reports_taken += 1
            self._tally.report_s.append(time.perf_counter() - started)

    async def _command(self, pair: Pair) -> None:
        appliance, phone = pair
        kept = appliance.kept
        chosen = choose(appliance, self._rng)
        if kept.device_id is None or chosen is None:
            return
        action, params = chosen
        started = time.perf_counter()
        try:
            sent = await phone.send(kept.device_id, action, params, wait_s=_WAIT_S)
        except ProblemError as problem:
            self._tally.commands_refused += 1
            self._tally.codes[problem.code] += 1
            return
        except (aiohttp.ClientError, TimeoutError):
            self._tally.codes["api_away"] += 1
            return
        self._tally.commands_accepted += 1
        if sent.status in _OVER:
            self._tally.command_s.append(time.perf_counter() - started)
            self._ended(sent.status)
        else:
            self._open[sent.command_id] = phone

    def _ended(self, status: str) -> None:
        self._tally.commands_ended += 1
        if status in {"applied", "applied_late"}:
            self._tally.commands_applied += 1
        else:
            self._tally.codes[f"command_{status}"] += 1

    async def _tell(self) -> None:
        for second in range(1, int(self._options.seconds) + 1):
            await asyncio.sleep(1.0)
            self._teller.step(
                "load",
                second,
                self._options.seconds,
                reports=self._tally.reports_taken,
                commands=self._tally.commands_ended,
            )

    async def _settle(self, pairs: Sequence[Pair]) -> None:
        """Ask until all that was accepted has ended and all that was reported is known, or the time is up."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self._options.settle_within_s
        waiting = [pair for pair in pairs if pair[0].last_reported is not None]
        pause_s = 0.1
        while True:
            waiting = [pair for pair in waiting if not await self._is_known(*pair)]
            for command_id, phone in list(self._open.items()):
                status = await self._status(phone, command_id)
                if status in _OVER:
                    del self._open[command_id]
                    self._ended(status)
            self._teller.step("settled", len(pairs) - len(waiting), len(pairs), open_commands=len(self._open))
            if not (waiting or self._open) or loop.time() >= until:
                break
            await asyncio.sleep(pause_s)
            pause_s = min(5.0, 2 * pause_s)
        self._tally.reports_lost = len(waiting)

    async def _is_known(self, appliance: Appliance, phone: Phone) -> bool:
        """Whether the API shows what the appliance said last."""
        told = appliance.last_reported
        if told is None or appliance.kept.device_id is None:
            return True
        try:
            body = await phone.state(appliance.kept.device_id)
        except ProblemError as problem:
            await asyncio.sleep(min(5.0, problem.retry_after_s or 0.1))
            return False
        except (aiohttp.ClientError, TimeoutError):
            return False
        shown = body.get("state")
        return isinstance(shown, dict) and all(_same(shown.get(name), value) for name, value in told.items())

    async def _status(self, phone: Phone, command_id: str) -> str:
        try:
            return str((await phone.command(command_id)).get("status"))
        except ProblemError as problem:
            await asyncio.sleep(min(5.0, problem.retry_after_s or 0.1))
        except (aiohttp.ClientError, TimeoutError):
            pass
        return "unknown"


def _same(shown: Any, told: Any) -> bool:
    """22 and 22.0 are one value."""
    if isinstance(shown, int | float) and isinstance(told, int | float):
        return abs(shown - told) < 1e-9  # noqa: PLR2004 - far below the six digits that travel
    return bool(shown == told)


def choose(appliance: Appliance, rng: Random) -> tuple[str, dict[str, Any]] | None:
    """A harmless command that the appliance understands: a new set-point, or on and off."""
    descriptor = appliance.model.descriptor
    numbers = [
        (name, schema)
        for name, schema in sorted(descriptor.properties.items())
        if name in descriptor.writable and name.endswith("_c") and "minimum" in schema and "set" in descriptor.actions
    ]
    if numbers:
        name, schema = rng.choice(numbers)
        return "set", {name: rng.randint(int(schema["minimum"]), int(schema["maximum"]))}
    for action in ("off", "on"):
        if action in descriptor.actions:
            return action, {}
    return None
