"""The gateway and its broker are restarted in the middle of everything, and everything goes on."""

import asyncio
import contextlib
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from device_sim.api import ProblemError
from device_sim.phone import Phone, data_of
from gateway.bootstrap.secrets import open_secrets
from gateway.runtime.clock import utc_now
from tests.home import QUICK, Home, eventually, gateway_running, settings_for
from tests.journeys.conftest import BOTH, PLENTY
from tests.journeys.people import Resident, one_made, pull_the_plug, resident, settled, somebody, until
from tests.ports import free_port

ENDS = {"applied", "rejected", "failed", "expired", "cancelled", "superseded", "applied_late"}


async def wish_in_a_loop(one: Resident, accepted: list[str], enough: asyncio.Event) -> None:
    """Somebody turns a knob, whatever the gateway does, until they had enough.

    Each wish is asked for with one key until it is answered: what the gateway took and could not answer before it went
    is that same command afterwards, and not one that nobody here knows of.
    """
    number, key = 0, one.phone.new_key()
    while not enough.is_set():
        with contextlib.suppress(aiohttp.ClientError, ProblemError, TimeoutError):
            params = {"target_c": 10 + number % 20}
            sent = await one.phone.send(one.device_id, "set", params, expires_in_s=300, key=key)
            accepted.append(sent.command_id)
            number, key = number + 1, one.phone.new_key()
        await asyncio.sleep(0.05)


async def listen(phone: Phone, heard: list[tuple[str, dict[str, Any]]]) -> None:
    async for event in phone.events():
        heard.append((event.event, data_of(event)))  # noqa: PERF401 - looked at while it grows


@pytest.mark.parametrize("kind", BOTH)
async def test_nothing_that_was_accepted_is_lost_by_a_restart(tmp_path: Path, kind: str) -> None:
    settings = settings_for(tmp_path / "gateway", kind=kind, api_port=free_port(), **PLENTY)
    accepted: list[str] = []
    heard: list[tuple[str, dict[str, Any]]] = []
    async with aiohttp.ClientSession() as http, asyncio.TaskGroup() as tasks:
        async with gateway_running(settings) as application:
            at = Home(tmp_path, settings, application, open_secrets(settings, utc_now), http, tasks)
            busy, away, in_its_box = await resident(at), await resident(at), await one_made(at)
            await pull_the_plug(away.power)
            await until(lambda: is_(away, "offline"))
            waiting = await away.phone.send(away.device_id, "set", {"target_c": 13}, expires_in_s=600)
            newcomer = await somebody(at)
            pairing = await newcomer.open_pairing()
            enough = asyncio.Event()
            knob = tasks.create_task(wish_in_a_loop(busy, accepted, enough))
            tasks.create_task(listen(busy.phone, heard))
            await eventually(lambda: len(accepted) > 10)
        many = len(accepted)
        async with gateway_running(settings) as again:
            at.application = again
            back = at.appliance(away.made, timings=QUICK)
            at.start(back)
            late = at.appliance(in_its_box, timings=QUICK)
            late.provision(pairing.bind_token)
            at.start(late)
            await eventually(lambda: late.is_paired and busy.appliance.is_online and len(accepted) > many + 10)
            enough.set()
            await knob
            assert (await newcomer.pairing(pairing.pairing_id))["status"] == "completed"
            await until(lambda: has(away, waiting.command_id, "applied"))
            assert back.model.effects == 1
            await until(lambda: all_over(busy, accepted))
            # A command that was superseded while the appliance obeyed it is told as late a moment afterwards.
            await until(lambda: each_effect_is_told(busy, accepted))
            await until(lambda: as_it_is(busy))
            await eventually(lambda: accepted[-1] in {data.get("command_id") for _, data in heard})
            newer = await somebody(at)
            fresh = at.appliance(await one_made(at), timings=QUICK)
            at.start(fresh)
            await settled(at, newer, fresh)
        for task in tasks._tasks:
            task.cancel()


async def is_(one: Resident, status: str) -> bool:
    return await one.status() == status


async def has(one: Resident, command_id: str, status: str) -> bool:
    return str((await one.phone.command(command_id))["status"]) == status


async def all_over(one: Resident, accepted: list[str]) -> bool:
    for command_id in accepted:
        if str((await one.phone.command(command_id))["status"]) not in ENDS:
            return False
    return True


async def each_effect_is_told(one: Resident, accepted: list[str]) -> bool:
    """Each command took effect once or not at all, and is told so."""
    ends = [str((await one.phone.command(command_id))["status"]) for command_id in accepted]
    return one.appliance.model.effects == sum(end in {"applied", "applied_late"} for end in ends)


async def as_it_is(one: Resident) -> bool:
    """The app shows what the appliance shows."""
    shown = (await one.phone.state(one.device_id))["state"]
    return bool(shown.get("target_c") == one.appliance.model.state["target_c"])
