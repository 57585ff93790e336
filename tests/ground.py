"""What a gateway's HTTP applications stand on in a test: a real database, a clock that tests move, quick passwords."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

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
from tests.person_keys import persons_in_memory

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
class Ground:
    """One gateway without its applications."""

    url: str = field(repr=False)
    time: Time = field(default_factory=Time)
    clients: list[Client] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.keys = KeyRing(MasterKey(bytes(range(32))))
        self.engine = engine_for(self.url, threads=4)
        migrate(self.engine)
        self.database = Database(self.engine, gateway_id="g-test")
        self.passwords = BcryptPasswords(self.keys, cost=4, workers=1)
        self.indexes = HmacBlindIndexes(self.keys)
        self.identifiers = RandomIdentifiers()
        self.tokens = KeyedTokens(self.keys)
        self.sealer = AesGcmSealer(self.keys.wrapping_key)
        self.persons = persons_in_memory(self.keys)
        self.metrics = Metrics("test")

    async def client_of(self, application: web.Application) -> Client:
        """A client of this application, which is served until the ground closes."""
        client: Client = TestClient(TestServer(application))
        await client.start_server()
        self.clients.append(client)
        return client

    async def close(self) -> None:
        for client in self.clients:
            await client.close()
        self.database.close()
        self.persons.close()
        self.passwords.close()
