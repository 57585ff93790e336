"""One run: a gateway of its own in a folder, its units and accounts, the campaign, and the end of it all."""

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import Final

import aiohttp

from device_sim.faults.campaign import Campaign, Stock, Tell, fill_household, needs_full_household, needs_of, sign_up
from device_sim.faults.confusion import Result
from device_sim.faults.home import Household, World, address_of, phone_line
from device_sim.faults.plan import Plan
from device_sim.flash import Address
from device_sim.phone import Phone
from gateway.bootstrap import build
from gateway.bootstrap.secrets import Secrets, open_secrets
from gateway.cli.command import CommandError, Exit
from gateway.cli.diagnose.factory import CHANGED_TYPE, Factory, changed_types
from gateway.cli.diagnose.support import Desk
from gateway.cli.ports import free_port
from gateway.cli.progress import progress_bar
from gateway.config import Settings
from gateway.observability.logging import configure
from gateway.runtime.application import Application
from gateway.runtime.clock import utc_now
from gateway.security.authorities import AuthorityName

HANDSHAKES: Final = 8
"""Threads that shake hands."""
PATIENCE_S: Final = 30.0
_PEOPLE_FROM: Final = 8_000_000
"""The accounts' addresses while they sign up; the homes' come from the beginning."""


def run(plan: Plan, folder: Path | None, *, show_progress: bool) -> list[Result]:
    """Run a plan against a gateway that lives for it. Its own log goes to a file in the folder.

    Raises:
        CommandError: the folder holds something, or the gateway did not start.
    """
    with contextlib.ExitStack() as stack:
        place = folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hearthgate-diagnose-")))
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(place.iterdir()):
            raise CommandError("the folder of a run must be empty: a run starts from nothing", Exit.USAGE)
        configure(level="INFO", stream=stack.enter_context((place / "hearthgate.log").open("a", encoding="utf-8")))
        bar = stack.enter_context(progress_bar("diagnose", len(plan.homes()), wanted=show_progress))

        def tell(done: int, _of: int, name: str) -> None:
            bar(done, name)

        return asyncio.run(_run(plan, place, tell))


async def _run(plan: Plan, folder: Path, tell: Tell) -> list[Result]:
    settings = _settings(folder)
    settings.data_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    secrets = open_secrets(settings, utc_now)
    async with _serving(settings) as application, contextlib.AsyncExitStack() as stack:
        factory = Factory(application.parts.database, secrets, folder / "factory")
        needs = needs_of(plan)
        stock = Stock(
            listed=iter(await factory.list_units(needs.listed)),
            batch=iter(await factory.list_units(needs.batch, own_keys=True)),
            old_batch=iter(await factory.list_units(needs.old_batch, (CHANGED_TYPE,), own_keys=True)),
            unlisted=iter(factory.make(needs.unlisted)),
        )
        people = min(plan.homes_at_once, len(plan.homes()))
        lines = [await stack.enter_async_context(phone_line(address_of(_PEOPLE_FROM + at))) for at in range(people + 2)]
        phones = [_phone(application, line, plan.seed, at) for at, line in enumerate(lines)]
        await sign_up(phones)
        with ThreadPoolExecutor(HANDSHAKES, "handshake") as executor:
            world = _world(application, settings, secrets, factory, executor, phones[:2])
            if needs_full_household(plan):
                await fill_household(world, stock)
            desk = Desk(application.parts.database, secrets.indexes, utc_now)
            return await Campaign(plan, world, stock, desk, tell).run(phones[2:])


def _settings(folder: Path) -> Settings:
    """A gateway as it is shipped, but for free ports and quicker passwords: those are not what is judged."""
    mqtt, nats, api, operator, console = (free_port() for _ in range(5))
    return Settings.model_validate(
        {
            "data_folder": folder / "gateway",
            "region": "local",
            "types_folder": changed_types(folder / "types"),
            "broker": {"kind": "nats", "nats": {"mqtt_port": mqtt, "client_port": nats}},
            "api": {"port": api},
            "console": {"port": console},
            "operator": {"port": operator},
            "passwords": {"bcrypt_cost": 10},
        },
    )


@contextlib.asynccontextmanager
async def _serving(settings: Settings) -> AsyncIterator[Application]:
    """A gateway that serves, and stops in order at the end.

    Raises:
        CommandError: it was not ready in time.
    """
    application = await build(settings)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(application.run())
        ready = tasks.create_task(application.ready())
        await asyncio.wait({running, ready}, return_when=asyncio.FIRST_COMPLETED, timeout=PATIENCE_S)
        if not ready.done():
            ready.cancel()
            running.cancel()
            raise CommandError("the gateway of the run did not become ready; hearthgate.log in its folder says why")
        try:
            yield application
        finally:
            application.stop()


def _phone(application: Application, line: aiohttp.ClientSession, seed: int, number: int) -> Phone:
    rng = Random(f"people:{seed}:{number}")  # noqa: S311 - accounts of a simulation
    name, password = f"home-{number}@simulated.example", f"{rng.getrandbits(80):020x}"
    return Phone(line, application.parts.api.url, name, password, rng=rng)


def _world(
    application: Application,
    settings: Settings,
    secrets: Secrets,
    factory: Factory,
    executor: ThreadPoolExecutor,
    phones: list[Phone],
) -> World:
    listener = Address("127.0.0.1", settings.broker.nats.mqtt_port)
    return World(
        api_url=application.parts.api.url,
        tls=None,
        trust_pem=secrets.authorities.bundle(AuthorityName.HTTPS),
        claim=listener,
        device=listener,
        workshop=factory,
        clock=utc_now,
        executor=executor,
        former_owner=Household(phones[0]),
        full_household=Household(phones[1]),
    )
