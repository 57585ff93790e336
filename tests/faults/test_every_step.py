"""kill -9 of the gateway at every step of what it does; afterwards nothing is lost and nothing was done twice."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from device_sim.controller import Controller
from gateway.runtime.clock import utc_now
from tests.faults.every_step import MOST_TELLINGS, every_step, has
from tests.faults.house import House, house, waited
from tests.faults.residents import PatientPhone, Resident


async def test_activation_with_a_token_survives_a_death_at_every_step(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        phone = await at.phone()
        boxes = iter(await at.make(MOST_TELLINGS))
        latest: list[Resident] = []

        async def story(telling: int) -> None:
            resident = next(boxes)
            latest[:] = [resident]
            await at.move_in(resident, phone, seed=telling)

        async def well() -> None:
            await at.all_is_well(some=latest)

        names = await every_step(at, story, least=30, well=well)
        has(names, "activation.prepare: not committed", "activation.prepare: committed", "activation.issue: committed")
        has(names, "req: not acknowledged", "req: acknowledged", "reply: published", "POST 201: not answered")
        has(names, "connections.said_hello: committed", "welcome: published", "bind: published")
        await at.all_is_well()


async def test_a_command_survives_a_death_at_every_step(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        phone, resident = await _one_at_home(at)

        async def story(_telling: int) -> None:
            sent = await resident.obey(phone)
            await waited(lambda: at.books.status_of(sent.command_id) == "applied", lambda: "it was not applied")

        names = await every_step(at, story, least=16, well=at.all_is_well)
        has(names, "Call once.deps: not committed", "Call once.deps: committed", "POST 202: not answered")
        has(names, "command: published", "commands.acknowledge: committed", "ack: not acknowledged")


async def test_reports_survive_a_death_at_every_step(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        _, resident = await _one_at_home(at)

        async def story(_telling: int) -> None:
            for _ in range(4):
                await resident.burst(10)
                # The next burst then has a batch of its own, and with it steps of its own.
                await waited(lambda: not at.books.lost(resident), lambda: "acknowledged reports are lost")

        names = await every_step(at, story, least=12, well=at.all_is_well)
        has(names, "states.ingest: not committed", "states.ingest: committed")
        has(names, "state: not acknowledged", "state: acknowledged")


async def test_a_release_and_a_binding_afterwards_survive_a_death_at_every_step(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        phone, resident = await _one_at_home(at)

        async def leave(_telling: int) -> None:
            await resident.leave(phone)
            await at.settled()

        async def come_back(_telling: int) -> None:
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

        names = await every_step(at, leave, least=11, well=gone_and_back)
        has(names, "POST 200: not answered", "bind: published")
        await leave(0)
        names = await every_step(at, come_back, least=15, well=gone_and_back)
        has(names, "appliances.asked_to_bind: not committed", "appliances.asked_to_bind: committed", "bind: published")


async def test_a_renewal_survives_a_death_at_every_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # An appliance whose new certificate did not bring it a welcome uses the old one for a minute. Nobody here waits.
    monkeypatch.setattr("device_sim.session.TRY_NEW_AGAIN_S", 0.5)
    async with house(tmp_path) as at:
        _, resident = await _one_at_home(at)

        tellings = 0

        async def story(telling: int) -> None:
            nonlocal tellings
            tellings = telling + 1
            before = _operational(resident)
            _make_due(resident.appliance._controller)
            await waited(
                lambda: _operational(resident) != before and resident.appliance.is_online, lambda: "it was not renewed"
            )
            await resident.report()

        names = await every_step(at, story, least=22, well=at.all_is_well)
        has(names, "renewal.renew: not committed", "renewal.renew: committed", "renew: published")
        assert len(resident.certificates) == 1 + tellings, "one key and one certificate for each renewal"


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
