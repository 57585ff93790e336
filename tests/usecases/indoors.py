"""A gateway without sockets: the real handlers and use cases over a real SQLite, with a clock that tests move."""

import hashlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select

from device_sim.keys import new_key, serial_hex
from gateway.bootstrap.secrets import open_secrets
from gateway.config import Settings
from gateway.domain.accounts import Account, LoginKind
from gateway.domain.attempts import Attempt
from gateway.domain.devices import DeviceStatus
from gateway.domain.evidence import Evidence
from gateway.domain.identity import AccountId, AttemptId, ClaimId, DeviceId, Kind, UnitId
from gateway.domain.units import CertificateCredential, KeyCredential, Unit, normal_mac, normal_machine_code
from gateway.observability.metrics import Metrics
from gateway.protocol.messages import Endpoint
from gateway.protocol.topics import UpChannel
from gateway.security.blind_index import HmacBlindIndexes
from gateway.security.device_authority import DeviceAuthority
from gateway.security.identifiers import RandomIdentifiers
from gateway.security.keys import KeyRing, MasterKey
from gateway.security.sealing import AesGcmSealer
from gateway.security.signatures import Ed25519CommandSigner, HmacUnitProofs
from gateway.security.tokens import KeyedTokens
from gateway.storage.database import Database
from gateway.storage.engine import engine_for
from gateway.storage.migrate import migrate
from gateway.storage.tables import metadata
from gateway.transport.flow import Flow
from gateway.transport.handlers.claims import ActivateHandler
from gateway.transport.handlers.devices import DeviceHandler
from gateway.usecases import binding, connections, pairings
from gateway.usecases.activation import ActivationServices
from gateway.usecases.connections import Connecting, Denied, Permitted
from gateway.usecases.outbox import Committed
from gateway.usecases.outbox import Kind as Delivery
from gateway.usecases.repositories.units import ListedUnit
from gateway.usecases.services import IndexedField, PasswordRecord
from gateway.usecases.transaction import Transaction
from gateway.usecases.types import TypeCatalogue, load_catalogue
from gateway.usecases.unit_rows import unit_key_place
from tests.acknowledged import acknowledged
from tests.usecases.made import Made

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
HEATER = "heater.panel.s2"
EVIDENCE = frozenset({"attempts", "evidence", "outbox", "events", "claim_connections", "pairing_steps", "counters"})
"""Tables that a refusal may write: what happened, and who is told of it."""

T = TypeVar("T")
Told = list[tuple[str, dict[str, Any]]]  # channel and message
Rows = dict[str, list[tuple[Any, ...]]]


@cache
def _authority() -> DeviceAuthority:
    """One Device authority for all tests: making its key takes longer than they do."""
    with TemporaryDirectory() as folder:
        settings = Settings.model_validate({"data_folder": Path(folder), "region": "local"})
        return open_secrets(settings, lambda: START).device_authority()


class Indoors:
    """One gateway."""

    def __init__(self, url: str, *, types: TypeCatalogue | None = None) -> None:
        self.now = START
        keys = KeyRing(MasterKey(bytes(range(32))))
        engine = engine_for(url, threads=4)
        migrate(engine)
        self.database = Database(engine, gateway_id="g-" + "0" * 26)
        self.database.on_commit(self._committed)
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self.evicted: list[str] = []
        self.metrics = Metrics("test")
        self.services = ActivationServices(
            authority=_authority(),
            indexes=HmacBlindIndexes(keys),
            sealer=AesGcmSealer(keys.wrapping_key),
            tokens=KeyedTokens(keys),
            identifiers=RandomIdentifiers(),
            signer=Ed25519CommandSigner(Ed25519PrivateKey.generate()),
            proofs=HmacUnitProofs(),
            types=types or load_catalogue(),
            endpoint=Endpoint(host="gateway.example", port=8883),
        )
        self._numbers = 0
        self.claims = self._claims(per_second=0)
        flow = Flow(per_second=0, burst=1, monotonic=self._seconds)
        self._devices = DeviceHandler(self.database, self.services, flow, lambda: self.now, self.metrics)

    def _claims(self, *, per_second: float, burst: int = 1) -> ActivateHandler:
        flow = Flow(per_second=per_second, burst=burst, monotonic=self._seconds)
        return ActivateHandler(self.database, self.services, flow, lambda: self.now, self.metrics)

    def limit_claims(self, per_second: float, burst: int) -> None:
        """From now on a claim identity may not ask more often than this."""
        self.claims = self._claims(per_second=per_second, burst=burst)

    def _seconds(self) -> float:
        return (self.now - START).total_seconds()

    def _committed(self, committed: Committed) -> None:
        for row in committed.outbox:
            if row.kind is Delivery.PUBLISH:
                self.sent.append((row.target, json.loads(row.payload)))
            else:
                self.evicted.append(row.target)

    def pass_by(self, **by: float) -> None:
        self.now += timedelta(**by)

    async def run(self, work: Callable[[Transaction], T]) -> T:
        return await self.database.run(work)

    # -- what there is before anything happens

    async def made(self, *, batch: bool = False, type_id: str = HEATER, **facts: Any) -> Made:
        """An appliance whose unit is in the production list. `batch`: with a unit key; `facts` change the unit."""
        self._numbers += 1
        number = self._numbers
        mac, machine_code = f"a4:c1:38:00:4f:{number:02x}", f"SQ24-{number:04d}-1183"
        claim_id, unit_id = ClaimId(f"c-{number:026d}"), UnitId(f"u-{number:026d}")
        fingerprint = hashlib.sha256(claim_id.encode()).digest()
        unit_key = hashlib.sha256(unit_id.encode()).digest() if batch else None
        credential: CertificateCredential | KeyCredential = CertificateCredential(fingerprint, claim_id)
        if unit_key is not None:
            credential = KeyCredential(self.services.sealer.seal(unit_key, place=unit_key_place(unit_id)))
        unit = Unit(
            unit_id=unit_id,
            type_id=type_id,
            mac_index=self._index(IndexedField.MAC, str(normal_mac(mac))),
            mac_tail=mac[-2:],
            machine_code_index=self._index(IndexedField.MACHINE_CODE, str(normal_machine_code(machine_code))),
            machine_code_tail=machine_code[-2:],
            credential=credential,
            setup_code_digest=None,
            blocked=None,
            created_at=self.now,
        )
        await self.run(lambda tx: tx.units.add([ListedUnit(replace(unit, **facts))]))
        says = {
            "machine_code": machine_code,
            "mac": mac,
            "type_id": type_id,
            "firmware": "1.4.2",
            "reset_counter": 0,
        }
        return Made(unit_id, claim_id, fingerprint, new_key(), unit_key, says)

    def _index(self, which: IndexedField, value: str) -> bytes:
        return self.services.indexes.index(which, value)

    async def account(self) -> AccountId:
        """Somebody."""
        account_id = AccountId(self.services.identifiers.new("a"))
        index = hashlib.sha256(account_id.encode()).digest()
        account = Account(account_id, index, LoginKind.MAIL, adult=True, created_at=self.now)
        record = PasswordRecord("pw1", "no hash", "no pepper")
        assert await self.run(lambda tx: tx.accounts.add(account, record, self.now))
        await self.run(lambda tx: acknowledged(tx, account_id, self.now))
        return account_id

    async def pairing(self, account_id: AccountId, home: bytes | None = None) -> pairings.Opened:
        """The account opens a pairing, from the address of a home."""
        services = self.services
        opened = await self.run(
            lambda tx: pairings.open_one(
                tx, account_id, services.tokens, services.identifiers, self.now, address_index=home
            )
        )
        assert isinstance(opened, pairings.Opened)
        return opened

    # -- what an appliance does

    async def connect(self, made: Made, **changes: Any) -> Permitted | Denied:
        """It connects with its claim certificate."""
        connecting = Connecting(
            kind=Kind.CLAIM,
            common_name=made.claim_id,
            client_id=made.claim_id,
            serial="1",
            fingerprint=made.fingerprint,
            not_after=self.now + timedelta(days=3650),
        )
        connecting = replace(connecting, **changes)
        return await self.run(lambda tx: connections.decide(tx, connecting, self.services.identifiers, self.now))

    async def ask(self, made: Made, payload: bytes | None = None, **changes: Any) -> dict[str, Any]:
        """It asks to be activated; returns the answer."""
        await self.connect(made)
        return await self.ask_again(made, payload or json.dumps(made.request(**changes)).encode())

    async def ask_again(self, made: Made, payload: bytes) -> dict[str, Any]:
        """It asks over the connection that it has; returns the answer, or an empty one when there was none."""
        before = len(self.sent)
        await self.claims(made.claim_id, payload)
        topic = f"hg/v1/claim/{made.claim_id}/reply"
        answers = [message for target, message in self.sent[before:] if target == topic]
        assert len(answers) < 2
        return answers[0] if answers else {}

    async def activated(self, made: Made, payload: bytes | None = None, **changes: Any) -> dict[str, Any]:
        """It asks, and gets what it asked for."""
        reply = await self.ask(made, payload, **changes)
        assert reply["ok"], reply
        made.device_id = DeviceId(reply["device_id"])
        made.serial = serial_hex(reply["certificate"])
        return reply

    async def arrive(self, made: Made, **changes: Any) -> Permitted | Denied:
        """It connects with its newest operational certificate."""
        assert made.serial is not None
        serial, device_id = made.serial, made.device_id or DeviceId("")
        certificate = await self.run(lambda tx: tx.certificates.get(serial))
        assert certificate is not None
        connecting = Connecting(
            kind=Kind.DEVICE,
            common_name=device_id,
            client_id=device_id,
            serial=serial,
            fingerprint=certificate.fingerprint or b"",
            not_after=certificate.x509_not_after,
        )
        connecting = replace(connecting, **changes)
        return await self.run(lambda tx: connections.decide(tx, connecting, self.services.identifiers, self.now))

    async def hello(self, made: Made, **changes: Any) -> Told:
        """It connects and says hello; returns what it is told."""
        permitted = await self.arrive(made)
        assert isinstance(permitted, Permitted), permitted
        return await self.say_hello(made, **changes)

    async def say_hello(self, made: Made, **changes: Any) -> Told:
        """It says hello over the connection that it has."""
        fields = {"firmware": "1.4.2", "reset_counter": made.says["reset_counter"], "descriptor_version": 1}
        return await self.say(made, UpChannel.HELLO, {**fields, **changes})

    async def say(self, made: Made, channel: UpChannel, body: dict[str, Any]) -> Told:
        """It publishes something; returns what it is told: (channel, message)."""
        before, prefix = len(self.sent), f"hg/v1/dev/{made.device_id}/down/"
        await self._devices(made.device_id or DeviceId(""), channel, json.dumps(body).encode())
        return [(target.removeprefix(prefix), body) for target, body in self.sent[before:] if target.startswith(prefix)]

    async def stand(self, made: Made, status: DeviceStatus) -> None:
        """Somebody decides that the device may (not) work."""

        def work(tx: Transaction) -> None:
            device = tx.devices.get(made.device_id or DeviceId(""))
            assert device is not None
            tx.devices.update(replace(device, status=status))

        await self.run(work)

    # -- what is known afterwards

    async def owner(self, made: Made) -> AccountId | None:
        """Whom it serves."""
        return await self.run(lambda tx: binding.owner_of(tx, made.device_id or DeviceId("")))

    async def attempt(self, trace_id: str) -> tuple[Attempt, list[Evidence]]:
        """The attempt of a trace id, and its evidence."""
        attempts = metadata.tables["attempts"]
        with self.database.engine.connect() as connection:
            found_id = connection.scalar(select(attempts.c.attempt_id).where(attempts.c.trace_id == trace_id))
        attempt_id = AttemptId(str(found_id))
        found = await self.run(lambda tx: tx.attempts.get(attempt_id))
        assert found is not None
        return found, await self.run(lambda tx: tx.attempts.evidence(attempt_id))

    def rows(self, *, without: frozenset[str] = EVIDENCE) -> Rows:
        """Everything that is stored, but for what a refusal may write."""
        with self.database.engine.connect() as connection:
            return {
                name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
                for name, table in metadata.tables.items()
                if name not in without
            }


@asynccontextmanager
async def indoors(folder: Path, *, types: TypeCatalogue | None = None) -> AsyncIterator[Indoors]:
    """A gateway over a fresh database file."""
    one = Indoors(f"sqlite:///{folder}/gateway.db", types=types)
    try:
        yield one
    finally:
        one.database.close()
