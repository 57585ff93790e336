"""Many appliances and a few people against a running gateway: activate, pair, report, command, and count what was lost.

All of it lives on one event loop; only TLS handshakes borrow a thread from a small pool.
"""

import asyncio
import contextlib
import ssl
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any, Final, TextIO, TypeVar

import aiohttp

from device_sim.api import ProblemError
from device_sim.appliance import Appliance
from device_sim.clock import Clock
from device_sim.controller import Timings
from device_sim.descriptor import Descriptor
from device_sim.factory import MadeUnit, flash_of
from device_sim.happenings import Happening, What
from device_sim.load import Load
from device_sim.models import Model
from device_sim.obedience import Refusal
from device_sim.options import Options, UsageError, check
from device_sim.phone import Phone
from device_sim.tally import Outcome, Tally
from device_sim.telling import Teller, telling

_HANDSHAKES: Final = 8
"""Threads for TLS handshakes. They wait more than they compute; more of them would only queue at the broker."""
_SIGN_UPS: Final = 4
"""People who sign up at a time: each costs the gateway two password hashes."""

ResultT = TypeVar("ResultT")


@dataclass(frozen=True, slots=True)
class Member:
    """An appliance of the fleet and the person it belongs to."""

    appliance: Appliance
    owner: Phone


async def simulate(
    options: Options,
    units: Sequence[MadeUnit],
    descriptors: Mapping[str, Descriptor],
    *,
    clock: Clock,
    out: TextIO | None = None,
    as_json: bool | None = None,
) -> Outcome:
    """Run a fleet to its end. The units must be in the gateway's production list already.

    Args:
        options: what to do, and what is good enough.
        units: appliances in their boxes, at least as many as `options.appliances`.
        descriptors: by type id; a type without one can be switched on and off.
        clock: the appliances' clock.
        out: progress goes here (standard output when absent).
        as_json: lines instead of bars, or the other way round; by the kind of stream when absent.

    Returns:
        Counts, latencies, missed thresholds, and the exit code (0 good, 1 missed, 2 options refused).
    """
    out = out or sys.stdout
    try:
        check(options, len(units))
        trust_pem = await asyncio.to_thread(options.trust.read_text, "ascii")
    except (UsageError, OSError, ValueError) as error:
        text = str(error) if isinstance(error, UsageError) else "the trust bundle cannot be read"
        return Outcome(2, (text,), {})
    with telling(out, as_json=as_json) as teller, ThreadPoolExecutor(_HANDSHAKES, "handshake") as executor:
        fleet = Fleet(options, teller, trust_pem, executor)
        tally = await fleet.run(units[: options.appliances], descriptors, clock)
        missed = tally.missed(options.thresholds)
        outcome = Outcome(1 if missed else 0, missed, tally.summary())
        teller.line({"step": "end", "missed": list(missed), **outcome.summary})
    return outcome


class Fleet:
    """One run."""

    def __init__(self, options: Options, teller: Teller, trust_pem: str, executor: ThreadPoolExecutor) -> None:
        self._options = options
        self._teller = teller
        self._trust_pem = trust_pem
        self._executor = executor
        self._tally = Tally(options.appliances)
        self._rng = Random(f"fleet:{options.seed}")  # noqa: S311 - choices of a simulation, no secrets

    async def run(self, units: Sequence[MadeUnit], descriptors: Mapping[str, Descriptor], clock: Clock) -> Tally:
        """Everything, in order."""
        tls = None
        if self._options.api_url.startswith("https:"):
            tls = ssl.create_default_context(cadata=self._trust_pem)
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=64)) as http:
            phones = await self._sign_up(http, tls)
            members = [
                Member(self._assemble(number, made, descriptors, clock), phones[number % len(phones)])
                for number, made in enumerate(units)
            ]
            async with asyncio.TaskGroup() as group:
                lives = await self._activate(group, members)
                paired = [member for member in members if member.appliance.is_paired]
                load = Load(self._options, self._tally, self._teller, self._rng)
                await load.run([(member.appliance, member.owner) for member in paired])
                for member in members:
                    member.appliance.stop()
                await asyncio.wait(lives, timeout=10.0)
                for life in lives:
                    life.cancel()
        return self._tally

    async def _sign_up(self, http: aiohttp.ClientSession, tls: ssl.SSLContext | None) -> list[Phone]:
        """The accounts; the same names for the same seed, so that a second run finds them again."""
        rng = Random(f"people:{self._options.seed}")  # noqa: S311 - accounts of a simulation
        phones = [
            Phone(
                http,
                self._options.api_url,
                f"fleet-{self._options.seed}-{number}@simulated.example",
                f"{rng.getrandbits(80):020x}",
                rng=Random(f"{self._options.seed}:{number}"),  # noqa: S311 - idempotency keys
                tls=tls,
            )
            for number in range(self._options.accounts)
        ]
        slots, done = asyncio.Semaphore(_SIGN_UPS), 0

        async def one(phone: Phone) -> None:
            nonlocal done
            async with slots:
                await patiently(phone.sign_up)
            done += 1
            self._teller.step("accounts", done, len(phones))

        async with asyncio.TaskGroup() as group:
            for phone in phones:
                group.create_task(one(phone))
        return phones

    def _assemble(self, number: int, made: MadeUnit, descriptors: Mapping[str, Descriptor], clock: Clock) -> Appliance:
        options = self._options
        descriptor = descriptors.get(made.type_id) or Descriptor.generic(made.type_id)
        return Appliance(
            flash_of(made, options.folder, self._trust_pem, options.claim_address, durable=False),
            made.unit,
            partial(_model, descriptor),
            clock=clock,
            seed=options.seed * 1_000_003 + number,
            timings=Timings(reports_itself=False, tick_s=5.0),
            watch=self._saw,
            executor=self._executor,
            device_address=options.device_address,
        )

    def _saw(self, happening: Happening) -> None:
        match happening.what:
            case What.COMMAND_APPLIED:
                self._tally.effects[happening.subject or ""] += 1
            case What.MESSAGE_DROPPED if happening.code == Refusal.REPEATED:
                pass  # the gateway makes sure that a verdict arrived
            case What.LINK_FAILED | What.ACTIVATION_REFUSED | What.PAIRING_REFUSED | What.MESSAGE_DROPPED:
                self._tally.codes[happening.code or happening.what.value] += 1
            case _:
                pass

    async def _activate(self, group: asyncio.TaskGroup, members: Sequence[Member]) -> list[asyncio.Task[None]]:
        """Switch all on, a few at a time, and wait until each shows "paired" or the time is up."""
        slots = asyncio.Semaphore(self._options.at_once)
        lives: list[asyncio.Task[None]] = []
        loop = asyncio.get_running_loop()

        async def one(member: Member) -> None:
            async with slots:
                if not member.appliance.is_paired:
                    await patiently(partial(member.owner.pair, member.appliance))
                started = loop.time()
                lives.append(group.create_task(member.appliance.run()))
                await member.appliance.until(lambda one: one.kept.device_id is not None or one.has_given_up)
                if member.appliance.has_given_up:
                    return  # its code is counted
                self._tally.activated += 1
                await member.appliance.until(lambda one: one.is_paired and one.is_online)
                self._tally.activation_s.append(loop.time() - started)
                self._tally.paired += 1
            self._teller.step("paired", self._tally.paired, len(members))

        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._options.pair_within_s), asyncio.TaskGroup() as pairing:
                for member in members:
                    pairing.create_task(self._counted(one(member)))
        return lives

    async def _counted(self, work: Awaitable[None]) -> None:
        """A person's failure is counted; it does not end the others' run."""
        try:
            await work
        except ProblemError as problem:
            self._tally.codes[problem.code] += 1
        except (aiohttp.ClientError, TimeoutError):
            self._tally.codes["api_away"] += 1


async def patiently(call: Callable[[], Awaitable[ResultT]], tries: int = 8) -> ResultT:
    """Do something at the API, waiting as long as it asks for when it has too much to do.

    Raises:
        ProblemError: refused for another reason, or still busy after so many tries.
    """
    for _ in range(tries - 1):
        try:
            return await call()
        except ProblemError as problem:
            if problem.status not in {429, 503}:
                raise
            await asyncio.sleep(min(30.0, problem.retry_after_s or 1.0))
    return await call()


def _model(descriptor: Descriptor, rng: Random, settings: dict[str, Any]) -> Model:
    return Model(descriptor, rng, settings)
