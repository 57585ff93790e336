"""A house whose gateway is a process of its own, so that it can be killed while everybody else lives on."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import aiohttp

from device_sim.appliance import Appliance
from device_sim.controller import Timings
from device_sim.descriptor import Descriptor
from device_sim.factory import flash_of, make_units, write_folder
from device_sim.flash import Address
from device_sim.models import Model
from gateway.bootstrap.secrets import Secrets, open_secrets
from gateway.config import Settings
from gateway.runtime.clock import utc_now
from gateway.security.authorities import AuthorityName
from gateway.security.certificates import issue_claim_certificate
from gateway.usecases.listed_rows import ListFormat
from gateway.usecases.production_list import read_production_list
from gateway.usecases.types import load_catalogue
from gateway.usecases.unit_rows import UnitIntake
from gateway.usecases.units import import_units
from tests.databases import opened
from tests.faults.books import Books
from tests.faults.child import Gateway
from tests.faults.ledger import TYPE_ID, descriptor, write_types
from tests.faults.residents import PATIENCE_S, PatientPhone, Resident
from tests.home import settings_for
from tests.ports import free_port

QUICK = Timings(
    connect_s=5.0,
    reply_s=2.0,
    welcome_s=2.0,
    verdict_s=1.0,
    first_pause_s=0.1,
    longest_pause_s=0.5,
    tick_s=0.2,
    reports_itself=False,
)
"""Appliances that do not wait long before they try again: the test would wait with them."""

UNLIMITED = {
    "appliance_messages_per_second": 10_000,
    "appliance_burst_messages": 100_000,
    "account_requests_per_second": 10_000,
    "account_burst_requests": 100_000,
    "address_requests_per_second": 10_000,
    "address_burst_requests": 100_000,
}
"""A report that was dropped because it came too fast is not a lost one, but would look like it."""


def house_settings(folder: Path, *, kind: str = "nats", database_url: str | None = None) -> Settings:
    """Settings with fixed ports, so that a gateway comes back where it was."""
    base = settings_for(folder / "gateway", kind=kind, database_url=database_url, **UNLIMITED)
    api = base.api.model_copy(update={"port": free_port()})
    operator = base.operator.model_copy(update={"port": free_port()})
    return base.model_copy(update={"api": api, "operator": operator, "types_folder": write_types(folder / "types")})


@dataclass
class House:
    """One gateway process and everybody who depends on it."""

    folder: Path
    settings: Settings
    gateway: Gateway
    secrets: Secrets
    books: Books
    http: aiohttp.ClientSession
    tasks: asyncio.TaskGroup
    residents: list[Resident] = field(default_factory=list)
    api_port: int | None = None
    """Where the phone finds the API, if not at the gateway itself."""
    mqtt_port: int | None = None
    """Where appliances find the broker, likewise."""
    networks: contextlib.AsyncExitStack = field(default_factory=contextlib.AsyncExitStack)
    """Of phones that are elsewhere."""

    @property
    def claim_address(self) -> Address:
        broker = self.settings.broker
        if self.mqtt_port is not None:
            return Address("127.0.0.1", self.mqtt_port)
        return Address("127.0.0.1", broker.nats.mqtt_port if broker.kind == "nats" else broker.mosquitto.claim_port)

    async def make(self, count: int, *, seed: int = 1) -> list[Resident]:
        """Appliances from the factory, on the production list; still in their boxes."""
        factory = self.secrets.authorities.signing(AuthorityName.FACTORY)

        def issue(claim_id: str) -> tuple[str, str]:
            identity = issue_claim_certificate(factory, claim_id, utc_now())
            return identity.certificate_pem + identity.chain_pem, identity.key_pem

        made = make_units((TYPE_ID,), count, seed, issue)
        path = write_folder(made, self.folder / f"factory-{seed}")
        types = load_catalogue(self.settings.types_folder)
        with opened(self.settings.database_url.get_secret_value()) as database, path.open("rb") as file:
            report = await import_units(
                database,
                UnitIntake(self.secrets.indexes, self.secrets.sealer, self.secrets.identifiers, types),
                read_production_list(file, ListFormat.JSONL),
                utc_now(),
            )
        assert report.taken == count, report
        return [Resident(one) for one in made]

    def unpack(self, resident: Resident, *, seed: int = 1) -> None:
        """Take it out of the box."""
        trust = self.secrets.authorities.bundle(AuthorityName.HTTPS)
        kind = Descriptor.of(descriptor())
        resident.appliance = Appliance(
            flash_of(resident.made, self.folder / "flash", trust, self.claim_address, durable=False),
            resident.made.unit,
            lambda rng, kept: Model(kind, rng, kept),
            clock=utc_now,
            seed=seed,
            timings=QUICK,
            watch=resident.watch,
        )

    async def phone(self, name: str = "anna@example.org", *, seed: int = 1, host: int | None = None) -> PatientPhone:
        """Somebody's app, signed up and logged in. `host`: at 127.0.0.`host` instead of where everybody else is."""
        url = f"http://127.0.0.1:{self.api_port or self.settings.api.port}"
        http = self.http
        if host is not None:
            elsewhere = aiohttp.TCPConnector(local_addr=(f"127.0.0.{host}", 0))
            http = await self.networks.enter_async_context(aiohttp.ClientSession(connector=elsewhere))
        phone = PatientPhone(http, url, name, "correct horse battery", rng=Random(seed))  # noqa: S311 - keys of a test
        await phone.sign_up()
        return phone

    async def move_in(self, resident: Resident, phone: PatientPhone, *, seed: int = 1) -> None:
        """From the box to the app, with the token on the way; and its first report, which is the end of that way."""
        self.unpack(resident, seed=seed)
        async with phone.pairing_slots:
            await resident.come_in(phone)
            self.residents.append(resident)
            self.tasks.create_task(resident.appliance.run())
            await self.settled([resident])
        await resident.report()

    async def move_back(self, resident: Resident, phone: PatientPhone) -> None:
        """Into the app again, with a token over the running connection."""
        async with phone.pairing_slots:
            await resident.come_in(phone)
            await self.settled([resident])

    async def settled(self, some: Iterable[Resident] = ()) -> None:
        """Wait until these are at home: online, and paired if they have an owner."""
        for one in some or self.residents:
            await waited(
                lambda one=one: one.appliance.is_online and one.appliance.is_paired == (one.owner is not None),  # type: ignore[misc]
                lambda: f"an appliance did not come back: {dict(one.appliance.happenings)}, {one.latest}",  # noqa: B023
            )

    async def all_is_well(self, seconds: float = PATIENCE_S, *, some: list[Resident] | None = None) -> None:
        """Wait until nothing is wrong any more.

        Raises:
            AssertionError: something stays wrong; says what.
        """
        living = self.residents if some is None else some
        strangers = len(self.residents) - len(living)
        problems: list[str] = []

        def none() -> bool:
            problems[:] = self.books.problems(living, strangers=strangers)
            return not problems

        await waited(none, lambda: "; ".join(problems), seconds)


async def waited(condition: Callable[[], bool], otherwise: Callable[[], str], seconds: float = PATIENCE_S) -> None:
    """Wait until something is so.

    Raises:
        AssertionError: it did not become so; with the text.
    """
    try:
        async with asyncio.timeout(seconds):
            while not condition():  # noqa: ASYNC110 - much of what is waited for happens in another process
                await asyncio.sleep(0.03)
    except TimeoutError:
        raise AssertionError(otherwise()) from None


@contextlib.asynccontextmanager
async def house(folder: Path, settings: Settings | None = None) -> AsyncIterator[House]:
    """A house with a gateway that serves. Whoever still runs at the end is switched off."""
    chosen = settings or house_settings(folder)
    chosen.data_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    url = chosen.database_url.get_secret_value()
    with opened(url):
        pass  # migrated
    books = Books(url)
    async with aiohttp.ClientSession() as http, asyncio.TaskGroup() as tasks:
        gateway = Gateway(chosen, folder / "process")
        one = House(folder, chosen, gateway, open_secrets(chosen, utc_now), books, http, tasks)
        try:
            await gateway.start()
            yield one
        finally:
            await gateway.stop()
            books.close()
            for task in tasks._tasks:  # whoever still runs
                task.cancel()
            await one.networks.aclose()
