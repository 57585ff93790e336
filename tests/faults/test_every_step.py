"""kill -9 of the gateway at every numbered step of what it does; afterwards nothing is lost and nothing was done twice.

Each scenario is told again and again: the first time the gateway dies at the first boundary, then at the second, and so
on, until the story comes to its end without reaching the number. So no step is left out, whatever is added later.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest

from device_sim.controller import Controller
from gateway.runtime.clock import utc_now
from tests.faults.house import House, house, waited
from tests.faults.residents import PATIENCE_S, PatientPhone, Resident

MOST_STEPS = 60
QUIET_S = 0.15
"""Without a further boundary for so long, a story counts as over."""

Story = Callable[[int], Awaitable[None]]
"""Takes the number of the step at which the gateway dies, for those who need something new each time."""


async def _told(at: House, step: int, story: Story) -> str | None:
    """Tell a story with a death at one step. Returns the step's name, or None when the story was shorter."""
    child = at.gateway.child
    await child.arm(step)
    async with at.gateway.undying(), asyncio.timeout(PATIENCE_S):
        await story(step)
        await _quiet(at)
    if child.is_alive:
        await child.arm(0)
        return None
    assert child.was_killed
    assert len(child.steps) == step
    return child.steps[-1]


async def _quiet(at: House) -> None:
    """Return when nothing more happens, or it died."""
    seen = -1
    child = at.gateway.child
    while child.is_alive and seen != len(child.steps):
        seen = len(child.steps)
        await asyncio.sleep(QUIET_S)


async def _every_step(at: House, story: Story, *, least: int, well: Callable[[], Awaitable[None]]) -> list[str]:
    """Tell a story with a death at each of its steps, and look at everything after each."""
    names: list[str] = []
    for step in count(1):
        assert step <= MOST_STEPS, "the story does not come to an end"
        name = await _told(at, step, story)
        try:
            await well()
        except AssertionError as wrong:
            where = name or "no step at all"
            raise AssertionError(f"killed at step {step} ({where}): {wrong}") from None
        if name is None:
            break
        names.append(name)
    assert len(names) >= least, f"only {len(names)} steps are left: {names}"
    return names


def _has(names: list[str], *parts: str) -> None:
    for part in parts:
        assert any(part in name for name in names), f"no step is called {part}: {names}"


async def test_activation_with_a_token_survives_a_death_at_every_step(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        phone = await at.phone()
        boxes = iter(await at.make(MOST_STEPS + 1))
        latest: list[Resident] = []

        async def story(step: int) -> None:
            resident = next(boxes)
            latest[:] = [resident]
            await at.move_in(resident, phone, seed=step)

        async def well() -> None:
            await at.all_is_well(some=latest)

        names = await _every_step(at, story, least=30, well=well)
        _has(names, "activation.prepare: not committed", "activation.prepare: committed", "activation.issue: committed")
        _has(names, "req: not acknowledged", "req: acknowledged", "reply: published", "POST 201: not answered")
        _has(names, "connections.said_hello: committed", "welcome: published", "bind: published")
        await at.all_is_well()


async def test_a_command_survives_a_death_at_every_step(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        phone, resident = await _one_at_home(at)

        async def story(_step: int) -> None:
            sent = await resident.obey(phone)
            await waited(lambda: at.books.status_of(sent.command_id) == "applied", lambda: "it was not applied")

        names = await _every_step(at, story, least=16, well=at.all_is_well)
        _has(names, "Call once.deps: not committed", "Call once.deps: committed", "POST 202: not answered")
        _has(names, "command: published", "commands.acknowledge: committed", "ack: not acknowledged")


async def test_reports_survive_a_death_at_every_step(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        _, resident = await _one_at_home(at)

        async def story(_step: int) -> None:
            for _ in range(4):
                await resident.burst(10)

        # Eight when the reports share a batch, more when they arrive one by one.
        names = await _every_step(at, story, least=8, well=at.all_is_well)
        _has(names, "states.ingest: not committed", "states.ingest: committed")
        _has(names, "state: not acknowledged", "state: acknowledged")


async def test_a_release_and_a_binding_afterwards_survive_a_death_at_every_step(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        phone, resident = await _one_at_home(at)

        async def leave(_step: int) -> None:
            await resident.leave(phone)
            await at.settled()

        async def come_back(_step: int) -> None:
            await resident.come_in(phone)
            await at.settled()
            await resident.report()

        async def gone_and_back() -> None:
            await at.all_is_well()
            if resident.owner is None:
                await come_back(0)
            else:
                await leave(0)
            await at.all_is_well()

        names = await _every_step(at, leave, least=11, well=gone_and_back)
        _has(names, "POST 200: not answered", "bind: published")
        await leave(0)
        names = await _every_step(at, come_back, least=15, well=gone_and_back)
        _has(names, "appliances.asked_to_bind: not committed", "appliances.asked_to_bind: committed", "bind: published")


async def test_a_renewal_survives_a_death_at_every_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # An appliance whose new certificate did not bring it a welcome uses the old one for a minute. Nobody here waits.
    monkeypatch.setattr("device_sim.session.TRY_NEW_AGAIN_S", 0.5)
    async with house(tmp_path) as at:
        _, resident = await _one_at_home(at)

        async def story(_step: int) -> None:
            before = _operational(resident)
            _make_due(resident.appliance._controller)
            await waited(
                lambda: _operational(resident) != before and resident.appliance.is_online, lambda: "it was not renewed"
            )
            await resident.report()

        names = await _every_step(at, story, least=22, well=at.all_is_well)
        _has(names, "renewal.renew: not committed", "renewal.renew: committed", "renew: published")
        keys = len(resident.certificates)
        assert keys == len(names) + 2, "one key and one certificate for each renewal"


async def _one_at_home(at: House) -> tuple[PatientPhone, Resident]:
    phone = await at.phone()
    resident = (await at.make(1))[0]
    await at.move_in(resident, phone)
    await at.all_is_well()
    return phone, resident


def _operational(resident: Resident) -> str | None:
    held = resident.appliance.kept.operational
    return None if held is None else held.certificate_pem


def _make_due(controller: Controller) -> None:
    """Its certificate says that it is time."""
    held = controller.flash.content.operational
    assert held is not None
    controller.flash.update(operational=replace(held, renew_after=utc_now() - timedelta(minutes=1)))
