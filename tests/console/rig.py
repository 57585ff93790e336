"""The console over a real database, with a clock that tests move and passwords that hash quickly."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer

from gateway.console.application import make_console
from gateway.console.dependencies import ConsoleDependencies, ConsoleLimits
from gateway.console.routes import Route
from gateway.console.table import ROUTES
from gateway.domain.staff import StaffRole
from gateway.observability.metrics import Metrics
from gateway.security.blind_index import HmacBlindIndexes
from gateway.security.identifiers import RandomIdentifiers
from gateway.security.keys import KeyRing, MasterKey
from gateway.security.passwords import BcryptPasswords
from gateway.security.sealing import AesGcmSealer
from gateway.security.tokens import KeyedTokens
from gateway.storage.database import Database
from gateway.storage.engine import engine_for
from gateway.storage.migrate import migrate
from tests.console.people import PASSWORD, Worker, hire

START = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)

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
class Console:
    """One gateway's console."""

    url: str = field(repr=False)
    limits: ConsoleLimits = field(default_factory=lambda: ConsoleLimits(look_up_seconds=0, stream_look_seconds=0.02))
    time: Time = field(default_factory=Time)
    clients: list[Client] = field(default_factory=list)
    hired: int = 0

    def __post_init__(self) -> None:
        self.keys = KeyRing(MasterKey(bytes(range(32))))
        self.engine = engine_for(self.url, threads=4)
        migrate(self.engine)
        self.database = Database(self.engine, gateway_id="g-test")
        self.passwords = BcryptPasswords(self.keys, cost=4, workers=1)
        self.metrics = Metrics("test")
        self.deps = ConsoleDependencies(
            database=self.database,
            clock=self.time,
            monotonic=self.time.seconds,
            identifiers=RandomIdentifiers(),
            indexes=HmacBlindIndexes(self.keys),
            tokens=KeyedTokens(self.keys),
            passwords=self.passwords,
            sealer=AesGcmSealer(self.keys.wrapping_key),
            metrics=self.metrics,
            admit=lambda _address: 0,
            admit_password=lambda _address: 0,
            limits=self.limits,
        )

    async def client(self, routes: Sequence[Route] = ROUTES, **other: Any) -> Client:
        """A browser without scripts, of a fresh application over the same database."""
        client: Client = TestClient(TestServer(make_console(replace(self.deps, **other), routes)))
        await client.start_server()
        self.clients.append(client)
        return client

    async def hire(self, *roles: StaffRole, name: str = "") -> Worker:
        self.hired += 1
        return await hire(self.deps, name or f"worker-{self.hired}", *roles, now=self.time())

    async def reader(self, *roles: StaffRole, name: str = "", **other: Any) -> "Reader":
        """Somebody with these roles who has logged in."""
        worker = await self.hire(*roles, name=name)
        reader = Reader(await self.client(**other), worker)
        assert (await reader.log_in(self.time())).status == 303
        return reader

    async def close(self) -> None:
        for client in self.clients:
            await client.close()
        self.database.close()
        self.passwords.close()


@dataclass
class Reader:
    """Somebody of the staff at a browser."""

    client: Client
    worker: Worker

    async def get(self, path: str, **headers: str) -> ClientResponse:
        return await self.client.get(path, allow_redirects=False, headers=headers)

    async def csrf(self) -> str:
        """What the forms of a page carry."""
        answer = await self.client.get("/account")
        found = re.search(r'name="csrf" value="([^"]+)"', await answer.text())
        assert found is not None
        return found[1]

    async def post(self, path: str, **fields: Any) -> ClientResponse:
        data = {"csrf": await self.csrf(), **fields}
        return await self.client.post(path, data=data, allow_redirects=False)

    async def log_in(self, now: datetime, **other: str) -> ClientResponse:
        """Send the log-in form, filled in rightly unless told otherwise."""
        fields = {"name": self.worker.name, "password": PASSWORD, "code": self.worker.code(now)}
        return await self.post("/log-in", **{**fields, **other})


async def text_of(answer: ClientResponse, status: int = 200) -> str:
    text = await answer.text()
    assert answer.status == status, text
    return text
