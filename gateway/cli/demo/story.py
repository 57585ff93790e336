"""The story: from the box to the app, one failure on purpose, and a consent that is asked for before it counts."""

import asyncio
import signal
from dataclasses import dataclass, field
from pathlib import Path
from random import SystemRandom
from typing import Any, Final

import aiohttp

from device_sim.appliance import Appliance
from device_sim.factory import PRODUCTION_LIST, MadeUnit
from device_sim.happenings import Happening, What
from device_sim.phone import Phone
from gateway.bootstrap import build
from gateway.bootstrap.secrets import open_secrets
from gateway.cli.demo.asking import ask_first
from gateway.cli.demo.stage import HOUSEHOLD, LOGIN_NAME, Factory, Stage, set_up
from gateway.cli.demo.support import SupportLogin, ready_login
from gateway.cli.demo.telling import StepFailedError, Teller
from gateway.observability.logging import configure
from gateway.runtime.application import Application
from gateway.runtime.clock import utc_now
from gateway.usecases.listed_rows import ListFormat
from gateway.usecases.production_list import read_production_list
from gateway.usecases.types import load_catalogue
from gateway.usecases.unit_rows import UnitIntake
from gateway.usecases.units import import_units

PATIENCE_S: Final = 30.0
"""For one step. On a usable machine each takes well under a second."""

ANSWER_S: Final = 10
"""How long the phone waits for the end of a command."""


@dataclass
class _Household:
    """Who is on stage."""

    factory: Factory
    phone: Phone
    made: list[MadeUnit]
    appliances: list[Appliance] = field(default_factory=list)
    happened: dict[int, list[Happening]] = field(default_factory=dict)


def play(folder: Path, teller: Teller, *, once: bool) -> bool:
    """Play the story; True if every step happened. The gateway's own log goes to a file in the folder."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / "hearthgate.log").open("a", encoding="utf-8") as log:
        configure(level="INFO", stream=log)
        try:
            good = asyncio.run(_play(folder, teller, once=once))
        except* StepFailedError:
            good = False  # told already
    return good


async def _play(folder: Path, teller: Teller, *, once: bool) -> bool:
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(sign, told.set)
    with teller.step("keys") as step:
        stage = set_up(folder)
        settings = stage.settings
        settings.data_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        secrets = open_secrets(settings, utc_now)
        made = "made" if stage.is_new else "found"
        step.says = f"master key and four certificate authorities {made} in {folder}"
    application = await build(settings)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(application.run())
        try:
            await _serve(application, running, teller)
            factory = Factory(stage, secrets, load_catalogue())
            async with aiohttp.ClientSession() as http:
                phone = Phone(
                    http,
                    application.parts.api.url,
                    LOGIN_NAME,
                    stage.password,
                    rng=SystemRandom(),  # a seed would repeat the idempotency keys of the run before
                )
                household = _Household(factory, phone, factory.make("factory", HOUSEHOLD, seed=1))
                await _tell(application, household, teller, tasks)
                if not once:
                    login = await ready_login(application.parts.database, secrets, settings, stage.password)
                    _invite(application, stage, login, teller)
                    await told.wait()
                for appliance in household.appliances:
                    appliance.stop()
        finally:
            application.stop()
    teller.line("Stopped. Start it again and it goes on from the same data.")
    return True


async def _serve(application: Application, running: "asyncio.Task[None]", teller: Teller) -> None:
    with teller.step("gateway") as step:
        async with asyncio.timeout(PATIENCE_S):
            ready = asyncio.ensure_future(application.ready())  # noqa: TID251 - awaited two lines below
            await asyncio.wait({running, ready}, return_when=asyncio.FIRST_COMPLETED)
            if not ready.done():
                ready.cancel()
                await running
        step.says = "NATS broker, SQLite and API are up; the canary could do nothing that it must not"


async def _tell(application: Application, household: _Household, teller: Teller, tasks: asyncio.TaskGroup) -> None:
    await _bring_in(application, household, teller)
    with teller.step("account") as step:
        await household.phone.sign_up()
        step.says = f"{LOGIN_NAME} registered, policy acknowledged, logged in (password kept as bcrypt)"
    for number, made in enumerate(household.made):
        await _pair(household, number, made, teller, tasks)
    first = household.appliances[0]
    await _report(household, teller)
    await _command(household, first, teller)
    await _fail(household, teller, tasks)
    await ask_first(household.phone, first.kept.device_id or "", teller)


async def _bring_in(application: Application, household: _Household, teller: Teller) -> None:
    with teller.step("units") as step:
        factory = household.factory
        intake = UnitIntake(factory.secrets.indexes, factory.secrets.sealer, factory.secrets.identifiers, factory.types)
        path = factory.stage.folder / "factory" / PRODUCTION_LIST
        with path.open("rb") as file:
            rows = read_production_list(file, ListFormat.JSONL)
            report = await import_units(application.parts.database, intake, rows, utc_now())
        if report.refused:
            raise StepFailedError("the production list was not taken")
        step.says = f"production list imported: {report.taken} new, {report.unchanged} known (blind indexes only)"


async def _pair(household: _Household, number: int, made: MadeUnit, teller: Teller, tasks: asyncio.TaskGroup) -> None:
    happened: list[Happening] = household.happened.setdefault(number, [])
    appliance = household.factory.appliance(made, happened.append, seed=number)
    household.appliances.append(appliance)
    with teller.step("pairing") as step:
        known = appliance.is_paired
        pairing = None if known else await household.phone.pair(appliance)
        tasks.create_task(appliance.run())
        async with asyncio.timeout(PATIENCE_S):
            await appliance.until(lambda one: one.is_paired and one.is_online)
        if pairing is None:
            step.says = f"{made.type_id} is back, still bound (epoch {appliance.kept.epoch})"
            return
        shown = await household.phone.pairing(pairing.pairing_id)
        if shown["status"] != "completed":
            raise StepFailedError(f"the appliance shows paired, the app shows {shown['status']}")
        step.facts = {"trace_id": pairing.trace_id, "epoch": appliance.kept.epoch}
        step.says = (
            f"{made.type_id} activated with its own certificate and bound, epoch {appliance.kept.epoch}, "
            f"trace {pairing.trace_id}"
        )


async def _report(household: _Household, teller: Teller) -> None:
    with teller.step("state") as step:
        async with asyncio.timeout(PATIENCE_S):
            seen = await _visible(household)
        step.says = f"the app sees what all {len(seen)} appliances reported"


async def _visible(household: _Household) -> list[dict[str, Any]]:
    while True:
        devices = await household.phone.devices()
        states = [await household.phone.state(device["device_id"]) for device in devices]
        if len(states) == len(household.appliances) and all(state.get("state") for state in states):
            return states
        await asyncio.sleep(0.05)  # an app would watch /v1/events; the demo only wants the first report


async def _command(household: _Household, appliance: Appliance, teller: Teller) -> None:
    with teller.step("command") as step:
        device_id = appliance.kept.device_id or ""
        target = 22 if (appliance.last_reported or {}).get("target_c") != 22 else 21  # noqa: PLR2004 - degrees
        sent = await household.phone.send(device_id, "set", {"target_c": target}, wait_s=ANSWER_S)
        if sent.status != "applied":
            raise StepFailedError(f"the command ended as {sent.status}")
        step.says = f"set target_c = {target}: signed, sent, obeyed and acknowledged by the appliance"


async def _fail(household: _Household, teller: Teller, tasks: asyncio.TaskGroup) -> None:
    """A unit that the factory forgot to list: the appliance and the app are told the same code and trace id."""
    stranger = household.factory.make("unlisted", HOUSEHOLD[:1], seed=2)[0]
    happened: list[Happening] = []
    appliance = household.factory.appliance(stranger, happened.append, seed=99)
    with teller.step("failure") as step:
        pairing = await household.phone.pair(appliance)
        life = tasks.create_task(appliance.run())
        try:
            async with asyncio.timeout(PATIENCE_S):
                await appliance.until(lambda _one: any(h.what is What.ACTIVATION_REFUSED for h in happened))
        finally:
            life.cancel()
        refused = next(one for one in happened if one.what is What.ACTIVATION_REFUSED)
        if refused.trace_id != pairing.trace_id:
            raise StepFailedError("appliance and app were told different trace ids")
        await household.phone.cancel_pairing(pairing.pairing_id)
        step.facts = {"code": refused.code, "trace_id": refused.trace_id}
        step.says = (
            f"on purpose, a unit that is not in the list: {refused.code}, trace {refused.trace_id} on both sides"
        )


def _invite(application: Application, stage: Stage, support: SupportLogin, teller: Teller) -> None:
    parts = application.parts
    teller.line()
    teller.line(f"   API        {parts.api.url}/docs   (document: {parts.api.url}/openapi.json)")
    teller.line(f"   log in     {LOGIN_NAME}  {stage.password}")
    teller.line(f"   console    {parts.console.url}")
    teller.line(
        f"   log in     {support.name}  {stage.password}  code {support.code}  (authenticator: {support.secret})"
    )
    teller.line(f"   operator   {parts.operator.url}/readyz  {parts.operator.url}/metrics")
    teller.line(f"   appliances mqtts://127.0.0.1:{stage.ports.mqtt}, with client certificates only")
    teller.line()
    teller.line("Everything keeps running. Ctrl-C stops it.")
