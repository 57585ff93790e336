"""Who lives through the crashes: appliances that count what they did, and a person who does not give up."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any, TypeVar

import aiohttp

from device_sim.api import Answer, ProblemError
from device_sim.appliance import Appliance
from device_sim.factory import MadeUnit
from device_sim.happenings import Happening, What
from device_sim.link import LinkError
from device_sim.phone import Phone, SentCommand
from gateway.protocol.topics import UpChannel
from tests.faults.ledger import PAGES, dial, page

PATIENCE_S = 90.0
PAUSE_S = 0.1

T = TypeVar("T")


class PatientPhone(Phone):
    """An app on a bad day: no answer and "try again" mean the same request again, with the same Idempotency-Key."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.refusals: Counter[tuple[int, str]] = Counter()
        """Answers that meant "try again", by status and code."""
        self.pause_s = PAUSE_S
        """Between two tries."""
        self.pairing_slots = asyncio.Semaphore(4)
        """The gateway closes the oldest of more than five open pairings."""

    async def _get(self, path: str) -> dict[str, Any]:
        return await self._insist(lambda: super(PatientPhone, self)._get(path))

    async def _post(
        self,
        path: str,
        body: Mapping[str, Any],
        *,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
        wait_s: int | None = None,
    ) -> Answer:
        same = key or self.new_key()
        post = super()._post
        return await self._insist(lambda: post(path, body, key=same, headers=headers, wait_s=wait_s))

    async def _insist(self, ask: Callable[[], Awaitable[T]]) -> T:
        async with asyncio.timeout(PATIENCE_S) as patience:
            while True:
                try:
                    return await ask()
                except (aiohttp.ClientError, TimeoutError):
                    pass
                except ProblemError as problem:
                    if problem.status == HTTPStatus.FORBIDDEN and problem.retry_after_s is not None:
                        # Deaths in the middle of five checks of the password: this one was not looked at at all.
                        patience.reschedule((patience.when() or 0.0) + problem.retry_after_s)
                        await asyncio.sleep(problem.retry_after_s)
                    elif problem.status != HTTPStatus.SERVICE_UNAVAILABLE:
                        raise
                    self.refusals[problem.status, problem.code] += 1
                await asyncio.sleep(self.pause_s)


class Resident:
    """One appliance with what it did and what it was promised."""

    def __init__(self, made: MadeUnit) -> None:
        self.made = made
        self.appliance: Appliance
        self.effects: Counter[str] = Counter()
        """How often each command took effect."""
        self.certificates: dict[str, set[str]] = {}
        """Every certificate that it was given, by its key."""
        self.acknowledged: dict[str, int] = {}
        """Reports of the present owner's time that the broker acknowledged: the number each page was given last."""
        self._acknowledged_at: dict[str, float] = {}
        self.reports = 0
        self.repeated = 0
        """Reports sent once more because their acknowledgement did not come."""
        self.commands: list[str] = []
        """Commands that the API accepted."""
        self.pairings: list[str] = []
        self.owner: str | None = None
        """The account that should own it."""
        self.orders = 0
        self.latest: list[Happening] = []
        """What happened last, for whoever has to find out what went wrong."""

    def watch(self, happening: Happening) -> None:
        self.latest = [*self.latest[-19:], happening]
        match happening.what:
            case What.COMMAND_APPLIED if happening.subject is not None:
                self.effects[happening.subject] += 1
            case What.ACTIVATED | What.RENEWED:
                kept = self.appliance.kept
                for held in (kept.candidate, kept.operational):
                    if held is not None and held.certificate_pem is not None:
                        self.certificates.setdefault(held.key_pem, set()).add(held.certificate_pem)

    async def report(self) -> None:
        """Report one number on its own page, as often as it takes until the broker acknowledges it."""
        number = self.reports
        self.reports += 1
        tries = 0
        while True:
            await self.appliance.until(lambda one: one.is_online and one.is_paired)
            session, controller = self.appliance._session, self.appliance._controller
            if session is not None:
                tries += 1
                try:
                    await session.say(UpChannel.STATE, controller.report({page(number): number}, full=False))
                except LinkError:
                    await asyncio.sleep(PAUSE_S)
                else:
                    break
        self.repeated += tries > 1
        known = self.acknowledged.get(page(number), -1)
        self.acknowledged[page(number)] = max(known, number)
        self._acknowledged_at[page(number)] = asyncio.get_running_loop().time()

    def not_promised(self, begin: float, end: float = float("inf")) -> None:
        """Nobody promises what was acknowledged between these moments (seconds of the loop's clock)."""
        for name, moment in self._acknowledged_at.items():
            if begin <= moment <= end:
                self.acknowledged.pop(name, None)

    async def burst(self, count: int) -> None:
        """Several reports at once; none waits for the acknowledgement of the one before."""
        assert count <= PAGES
        async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as tasks:
            for _ in range(count):
                tasks.create_task(self.report())

    async def obey(self, phone: PatientPhone) -> SentCommand:
        """Give it a command that the API accepts once."""
        device_id = self.appliance.kept.device_id
        assert device_id is not None
        self.orders += 1
        sent = await phone.send(device_id, "set", {dial(self.orders): self.orders}, expires_in_s=600)
        self.commands.append(sent.command_id)
        return sent

    async def come_in(self, phone: PatientPhone) -> None:
        """The phone opens a pairing and hands over its token; it is up to the appliance what to do with it."""
        pairing = await phone.pair(self.appliance)
        self.pairings.append(pairing.pairing_id)
        self.owner = phone.account_id

    async def leave(self, phone: PatientPhone) -> None:
        """The owner lets go. What was reported until then is nobody's any more."""
        device_id = self.appliance.kept.device_id
        assert device_id is not None
        self.owner = None
        self.acknowledged.clear()
        await phone.release(device_id)
        self.acknowledged.clear()
