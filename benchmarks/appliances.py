"""Appliances for a measure: made in the factory, imported, activated and bound before the gateway starts.

Setting up by the use cases themselves, in one process and without sockets, takes milliseconds where the way through
broker and API takes seconds; the rows are the same.
"""

import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from benchmarks.wire import Account
from device_sim.factory import MadeUnit, make_units, write_folder
from device_sim.keys import certificate_request, new_key
from gateway.bootstrap.assembly import activation_services
from gateway.bootstrap.secrets import Secrets, open_secrets
from gateway.config import Settings
from gateway.domain.identity import ClaimId
from gateway.protocol.messages import ActivationRequest
from gateway.runtime.clock import utc_now
from gateway.security.authorities import AuthorityName
from gateway.security.certificates import issue_claim_certificate, issue_gateway_certificate
from gateway.storage.database import Database
from gateway.storage.engine import engine_for
from gateway.storage.key_checks import remembered_key_check
from gateway.storage.migrate import migrate
from gateway.storage.tables.access import accounts
from gateway.storage.tables.lifecycle import bindings
from gateway.usecases import activation
from gateway.usecases.listed_rows import ListFormat
from gateway.usecases.production_list import read_production_list
from gateway.usecases.transaction import Transaction
from gateway.usecases.types import load_catalogue
from gateway.usecases.unit_rows import UnitIntake
from gateway.usecases.units import import_units

TYPE: Final = "heater.panel.s2"
OWNED_BY_ONE: Final = 5
"""Appliances of one account."""

PROPERTIES: Final = (
    '"power":"on","target_c":21.5,"mode":"eco","heating":true,"child_lock":false,"off_after_min":0,"fault":null'
)


def report(seq: int) -> bytes:
    """A state report of about 200 bytes whose values change with every one."""
    room, watts, rssi = 15 + seq % 97 / 10, seq % 1800, -40 - seq % 45
    state = f'{PROPERTIES},"room_c":{room:.1f},"power_w":{watts},"wifi_rssi_dbm":{rssi}'
    return f'{{"seq":{seq},"boot":"b1","state":{{{state}}}}}'.encode()


@dataclass(frozen=True, slots=True)
class Works:
    """A gateway's data folder, opened while no gateway runs on it."""

    settings: Settings
    secrets: Secrets = field(repr=False)
    database: Database
    folder: Path
    """Where certificates and keys of the measure's own clients go."""

    @property
    def ca(self) -> str:
        """The file that vouches for the broker."""
        path = self.folder / "ca.pem"
        if not path.exists():
            path.write_text(self.secrets.authorities.bundle(AuthorityName.HTTPS))
        return str(path)

    def account(self, name: str, pem: str, port: int) -> Account:
        """A client with this certificate and key."""
        path = self.folder / f"{name}.pem"
        path.write_text(pem)
        return Account("127.0.0.1", port, name, str(path), self.ca)

    def observer(self) -> Account:
        """A client that may read and write everything, as a gateway may."""
        name = self.secrets.identifiers.new("g")
        service = self.secrets.authorities.signing(AuthorityName.SERVICE)
        identity = issue_gateway_certificate(service, name, utc_now())
        broker = self.settings.broker
        port = broker.nats.mqtt_port if broker.kind == "nats" else broker.mosquitto.service_port
        return self.account(name, identity.certificate_pem + identity.chain_pem + identity.key_pem, port)

    def claimant(self, made: MadeUnit) -> Account:
        """A unit with its claim certificate."""
        broker = self.settings.broker
        port = broker.nats.mqtt_port if broker.kind == "nats" else broker.mosquitto.claim_port
        return self.account(made.claim_id, (made.claim.certificate_pem or "") + made.claim.key_pem, port)

    async def make(self, count: int, *, seed: int = 1) -> list[MadeUnit]:
        """Make units and import their production list."""
        factory = self.secrets.authorities.signing(AuthorityName.FACTORY)

        def issue(claim_id: str) -> tuple[str, str]:
            identity = issue_claim_certificate(factory, claim_id, utc_now())
            return identity.certificate_pem + identity.chain_pem, identity.key_pem

        made = make_units((TYPE,), count, seed, issue)
        intake = UnitIntake(self.secrets.indexes, self.secrets.sealer, self.secrets.identifiers, load_catalogue())
        with write_folder(made, self.folder / f"factory-{seed}").open("rb") as file:
            taken = await import_units(self.database, intake, read_production_list(file, ListFormat.JSONL), utc_now())
        assert taken.taken == count, taken
        return made

    async def accounts(self, count: int) -> list[str]:
        """Accounts without a password: nobody logs in."""
        names, now = [self.secrets.identifiers.new("a") for _ in range(count)], utc_now()
        await self.database.run(lambda tx: _people(tx, names, now))
        return names

    async def activated(self, count: int, *, seed: int = 1, owners: Sequence[str] = ()) -> list[Account]:
        """Make units, activate them, bind them to `owners` in turn (to new accounts without any); how they connect."""
        services = activation_services(self.settings, self.secrets, load_catalogue())
        broker = self.settings.broker
        port = broker.nats.mqtt_port if broker.kind == "nats" else broker.mosquitto.device_port
        people = list(owners) or await self.accounts((count + OWNED_BY_ONE - 1) // OWNED_BY_ONE)
        found: list[Account] = []
        for number, made in enumerate(await self.make(count, seed=seed)):
            key = new_key()
            pem = await self._activate(services, made, key, people[number % len(people)])
            found.append(self.account(pem[0], pem[1] + key, port))
        return found

    async def _activate(
        self, services: activation.ActivationServices, made: MadeUnit, key: str, owner: str
    ) -> tuple[str, str]:
        claim, request, now = ClaimId(made.claim_id), request_of(made, key), utc_now()

        def work(tx: Transaction) -> tuple[str, str]:
            tx.units.claim_connected(claim, fingerprint_of(made), now)
            prepared = activation.prepare(tx, services, claim, request, now)
            assert prepared is not None
            activation.issue(tx, services, claim, request, prepared, now)
            certificate = tx.certificates.get(prepared.serial)
            assert certificate is not None
            tx.devices.connected_with(prepared.device_id, certificate.serial)
            _bind(tx, prepared.device_id, owner, now)
            return prepared.device_id, certificate.pem or ""

        return await self.database.run(work)


def request_of(made: MadeUnit, key: str) -> ActivationRequest:
    """What a unit asks with."""
    return ActivationRequest(
        request_id=f"r-{made.unit.machine_code}",
        machine_code=made.unit.machine_code,
        mac=made.unit.mac,
        type_id=made.type_id,
        firmware="1.4.2",
        csr=certificate_request(key, "appliance"),
        reset_counter=0,
    )


def fingerprint_of(made: MadeUnit) -> bytes:
    """SHA-256 of its claim certificate."""
    return bytes.fromhex(str(made.row()["credential"]).removeprefix("sha256:"))


def _people(tx: Transaction, names: list[str], now: datetime) -> None:
    rows = [
        {
            "account_id": name,
            "login_index": name.encode(),
            "login_index_key": 1,
            "login_kind": "email",
            "adult": True,
            "created_at": now,
            "version": 1,
        }
        for name in names
    ]
    tx.statements.execute_many(accounts.insert(), rows)  # type: ignore[attr-defined]  # `Database` hands out SqlTransaction


def _bind(tx: Transaction, device_id: str, owner: str, now: datetime) -> None:
    row = {
        "device_id": device_id,
        "account_id": owner,
        "epoch": 0,
        "role": "owner",
        "since": now,
        "reset_counter": 0,
    }
    tx.statements.execute(bindings.insert(), row)  # type: ignore[attr-defined]  # same


@contextlib.asynccontextmanager
async def works(settings: Settings, folder: Path) -> AsyncIterator[Works]:
    """Open a gateway's keys and database; all is made that is not there."""
    folder.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240 - nothing else runs yet
    settings.data_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    secrets = open_secrets(settings, utc_now)
    engine = engine_for(settings.database_url.get_secret_value(), threads=4)
    migrate(engine)
    secrets.keys.check(remembered_key_check(engine, secrets.keys.self_test_record()))
    database = Database(engine, gateway_id=secrets.identifiers.new("g"), writers=1)
    try:
        yield Works(settings, secrets, database, folder)
    finally:
        database.close()
