"""A whole home for journeys: a real gateway with a real broker, appliances from a factory, and a phone."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from pathlib import Path
from random import Random
from typing import Any

import aiohttp
from pydantic import SecretStr

from device_sim.appliance import Appliance
from device_sim.controller import Timings
from device_sim.descriptor import Descriptor
from device_sim.factory import MadeUnit, flash_of, make_units, write_folder
from device_sim.flash import Address
from device_sim.models import Model
from device_sim.phone import Phone
from gateway.bootstrap import build
from gateway.bootstrap.secrets import Secrets, open_secrets
from gateway.config import Settings
from gateway.runtime.application import Application
from gateway.runtime.clock import utc_now
from gateway.security.authorities import AuthorityName
from gateway.security.certificates import issue_claim_certificate
from gateway.usecases.listed_rows import ListFormat
from gateway.usecases.production_list import read_production_list
from gateway.usecases.types import TypeCatalogue, load_catalogue
from gateway.usecases.unit_rows import UnitIntake
from gateway.usecases.units import import_units
from tests.ports import free_port

PATIENCE_S = 20.0


QUICK = Timings(verdict_s=1.0, first_pause_s=0.05, longest_pause_s=1.0, tick_s=0.05)
"""Of an appliance that nobody has to wait for."""


def settings_for(
    folder: Path, *, kind: str = "nats", database_url: str | None = None, api_port: int = 0, **limits: Any
) -> Settings:
    """A gateway on loopback, on free ports, with quick passwords. `api_port`: one that outlives a restart."""
    return Settings.model_validate(
        {
            "data_folder": folder,
            "region": "local",
            "database": {"url": None if database_url is None else SecretStr(database_url)},
            "broker": {
                "kind": kind,
                "nats": {"mqtt_port": free_port(), "client_port": free_port(), "store_bytes": 64 * 1024**2},
                "mosquitto": {
                    "claim_port": free_port(),
                    "device_port": free_port(),
                    "service_port": free_port(),
                },
            },
            "api": {"port": api_port},
            "console": {"port": 0},
            "operator": {"port": 0},
            "passwords": {"bcrypt_cost": 10},
            "limits": {"address_burst_passwords": 1000, "address_passwords_per_second": 1000, **limits},
        },
    )


@dataclass
class Home:
    """Everything that a journey works with."""

    folder: Path
    settings: Settings
    application: Application
    secrets: Secrets
    http: aiohttp.ClientSession
    tasks: asyncio.TaskGroup
    units: list[MadeUnit] = field(default_factory=list)
    types: TypeCatalogue = field(default_factory=load_catalogue)

    @property
    def api_url(self) -> str:
        return self.application.parts.api.url

    @property
    def claim_address(self) -> Address:
        broker = self.settings.broker
        port = broker.nats.mqtt_port if broker.kind == "nats" else broker.mosquitto.claim_port
        return Address("127.0.0.1", port)

    @property
    def trust_pem(self) -> str:
        """The authorities that vouch for the broker, as an appliance has them from the factory."""
        return self.secrets.authorities.bundle(AuthorityName.HTTPS)

    async def metrics(self) -> str:
        """What the operator's port shows."""
        async with self.http.get(f"{self.application.parts.operator.url}/metrics") as answer:
            assert answer.status == HTTPStatus.OK
            return await answer.text()

    async def make(self, count: int, *type_ids: str, seed: int = 1, batch: bool = False) -> list[MadeUnit]:
        """Make appliances in the factory and import its production list.

        `batch`: with one claim certificate for all of them, and a key for each.
        """
        factory = self.secrets.authorities.signing(AuthorityName.FACTORY)

        def issue(claim_id: str) -> tuple[str, str]:
            identity = issue_claim_certificate(factory, claim_id, utc_now())
            return identity.certificate_pem + identity.chain_pem, identity.key_pem

        made = make_units(type_ids or ("heater.panel.s2",), count, seed, issue)
        if batch:
            keys = Random(f"keys:{seed}")  # noqa: S311 - keys of a test
            made = [
                replace(one, claim_id=made[0].claim_id, claim=made[0].claim, unit=replace(one.unit, unit_key=key))
                for one in made
                if (key := keys.randbytes(32))
            ]
        path = write_folder(made, self.folder / f"factory-{seed}")
        with path.open("rb") as file:
            report = await import_units(
                self.application.parts.database,
                UnitIntake(self.secrets.indexes, self.secrets.sealer, self.secrets.identifiers, self.types),
                read_production_list(file, ListFormat.JSONL),
                utc_now(),
            )
        assert report.taken == count, report
        self.units += made
        return made

    def appliance(self, made: MadeUnit, *, seed: int = 1, timings: Timings | None = None) -> Appliance:
        """The appliance of a unit, as its flash left it."""
        known = self.types.get(made.type_id)
        descriptor = Descriptor.generic(made.type_id) if known is None else Descriptor.of(known.document)
        return Appliance(
            flash_of(made, self.folder / "flash", self.trust_pem, self.claim_address, durable=False),
            made.unit,
            lambda rng, kept: Model(descriptor, rng, kept),
            clock=utc_now,
            seed=seed,
            timings=timings or Timings(),
        )

    def start(self, appliance: Appliance) -> asyncio.Task[None]:
        """Switch it on; it is switched off with the home."""
        return self.tasks.create_task(appliance.run())

    def phone(self, name: str = "anna@example.org", *, seed: int = 1) -> Phone:
        """Somebody's app."""
        return Phone(self.http, self.api_url, name, "correct horse battery", rng=Random(seed))  # noqa: S311 - keys of a test


async def eventually(condition: Callable[[], bool], seconds: float = PATIENCE_S) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - some of what is waited for is another process
            await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def gateway_running(settings: Settings) -> AsyncIterator[Application]:
    """A gateway that serves, and stops cleanly at the end."""
    application = await build(settings)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(application.run())
        ready = tasks.create_task(application.ready())
        await asyncio.wait([running, ready], return_when=asyncio.FIRST_COMPLETED, timeout=PATIENCE_S)
        if not ready.done():
            ready.cancel()
            running.cancel()
            message = "the gateway did not become ready"
            raise TimeoutError(message)
        try:
            yield application
        finally:
            application.stop()


@contextlib.asynccontextmanager
async def home(folder: Path, settings: Settings | None = None) -> AsyncIterator[Home]:
    """A gateway, an HTTP client, and room for appliances."""
    chosen = settings or settings_for(folder / "gateway")
    async with (
        gateway_running(chosen) as application,
        aiohttp.ClientSession() as http,
        asyncio.TaskGroup() as tasks,
    ):
        one = Home(folder, chosen, application, open_secrets(chosen, utc_now), http, tasks)
        try:
            yield one
        finally:
            for task in tasks._tasks:  # whoever still runs is switched off
                task.cancel()
