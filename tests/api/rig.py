"""The API over a real database, with a clock that tests move and passwords that hash quickly."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import ClientResponse
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.api.application import make_application
from gateway.api.changes import ChangesHub
from gateway.api.dependencies import ApiDependencies, ApiLimits
from gateway.api.routes import Route
from gateway.api.table import ROUTES
from gateway.security.receipt_signatures import Ed25519ReceiptSigner
from gateway.security.signatures import Ed25519CommandSigner
from gateway.usecases.receipts import Controller
from gateway.usecases.types import load_catalogue
from tests.ground import Client, Ground

__all__ = ["NAME", "PASSWORD", "TYPES", "Client", "Rig", "bearer", "log_in", "problem", "register"]

NAME = "ann@example.org"
PASSWORD = "nine brown horses"
TYPES = load_catalogue()

CONTROLLER = Controller("Ann's workshop", "1 Lane", "ann@example.org", "home")


@dataclass
class Rig(Ground):
    """One gateway's API."""

    limits: ApiLimits = field(default_factory=ApiLimits)
    routes: tuple[Route, ...] = ROUTES

    def __post_init__(self) -> None:
        super().__post_init__()
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
            sealer=self.sealer,
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
        return await self.client_of(make_application(self.deps, self.routes))


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
