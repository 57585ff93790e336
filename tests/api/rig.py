"""The API over a real database, with a clock that tests move and passwords that hash quickly."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.api.application import make_application
from gateway.api.changes import ChangesHub
from gateway.api.dependencies import ApiDependencies, ApiLimits
from gateway.api.routes import Route
from gateway.api.table import ROUTES
from gateway.observability.metrics import Metrics
from gateway.security.blind_index import HmacBlindIndexes
from gateway.security.identifiers import RandomIdentifiers
from gateway.security.keys import KeyRing, MasterKey
from gateway.security.passwords import BcryptPasswords
from gateway.security.receipt_signatures import Ed25519ReceiptSigner
from gateway.security.sealing import AesGcmSealer
from gateway.security.signatures import Ed25519CommandSigner
from gateway.security.tokens import KeyedTokens
from gateway.storage.database import Database
from gateway.storage.engine import engine_for
from gateway.storage.migrate import migrate
from gateway.usecases.receipts import Controller
from gateway.usecases.types import load_catalogue
from tests.person_keys import persons_in_memory

START = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
NAME = "ann@example.org"
PASSWORD = "nine brown horses"
TYPES = load_catalogue()

CONTROLLER = Controller("Ann's workshop", "1 Lane", "ann@example.org", "home")

Client = TestClient[Any, Any]


@dataclass
class Time:
    """A clock that stands still until it is moved."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def seconds(self) -> float:
        return (self.now - START).total_seconds()

    def pass_by(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass
class Rig:
    """One gateway's API."""

    path: str
    limits: ApiLimits = field(default_factory=ApiLimits)
    routes: tuple[Route, ...] = ROUTES
    time: Time = field(default_factory=Time)
    clients: list[Client] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.keys = KeyRing(MasterKey(bytes(range(32))))
        self.engine = engine_for(f"sqlite:///{self.path}", threads=4)
        migrate(self.engine)
        self.database = Database(self.engine, gateway_id="g-test")
        self.passwords = BcryptPasswords(self.keys, cost=4, workers=1)
        self.indexes = HmacBlindIndexes(self.keys)
        self.identifiers = RandomIdentifiers()
        self.tokens = KeyedTokens(self.keys)
        self.persons = persons_in_memory(self.keys)
        self.metrics = Metrics("test")
        self.changes = ChangesHub()
        self.database.on_commit(self.changes.committed)
        self.deps = ApiDependencies(
            database=self.database,
            clock=self.time,
            monotonic=self.time.seconds,
            identifiers=self.identifiers,
            indexes=self.indexes,
            tokens=self.tokens,
            passwords=self.passwords,
            sealer=AesGcmSealer(self.keys.wrapping_key),
            persons=self.persons,
            signer=Ed25519CommandSigner(Ed25519PrivateKey.generate()),
            receipts=Ed25519ReceiptSigner(Ed25519PrivateKey.generate()),
            controller=CONTROLLER,
            types=TYPES,
            changes=self.changes,
            metrics=self.metrics,
            limits=self.limits,
        )

    async def client(self) -> Client:
        """A client of a fresh application over the same database: what a gateway is after a restart."""
        client: Client = TestClient(TestServer(make_application(self.deps, self.routes)))
        await client.start_server()
        self.clients.append(client)
        return client

    async def close(self) -> None:
        for client in self.clients:
            await client.close()
        self.database.close()
        self.persons.close()
        self.passwords.close()


async def register(client: Client, name: str = NAME, password: str = PASSWORD) -> str:
    answer = await client.post("/v1/accounts", json={"login_name": name, "password": password, "adult": True})
    assert answer.status == 201, await answer.text()
    account_id: str = (await answer.json())["account_id"]
    return account_id


async def log_in(client: Client, name: str = NAME, password: str = PASSWORD) -> dict[str, Any]:
    answer = await client.post("/v1/sessions", json={"login_name": name, "password": password})
    assert answer.status == 201, await answer.text()
    tokens: dict[str, Any] = await answer.json()
    return tokens


def bearer(tokens: Mapping[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens['access_token']}"}


async def problem(answer: ClientResponse) -> dict[str, Any]:
    """The problem document of a refusal, checked for its form."""
    assert answer.content_type == "application/problem+json", await answer.text()
    document: dict[str, Any] = await answer.json()
    assert document["status"] == answer.status
    assert {"type", "title", "code", "number", "retryable", "retry_after_s", "trace_id"} <= document.keys()
    return document
