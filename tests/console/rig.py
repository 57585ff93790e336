"""The console over a real database, with a clock that tests move and passwords that hash quickly."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any

from aiohttp import ClientResponse

from gateway.console.application import make_console
from gateway.console.dependencies import ConsoleDependencies, ConsoleLimits
from gateway.console.routes import Route
from gateway.console.table import ROUTES
from gateway.domain.staff import StaffRole
from gateway.storage.data_map import processing_record
from gateway.usecases.receipts import Controller
from tests.console.people import PASSWORD, Worker, hire
from tests.ground import Client, Ground

__all__ = ["Client", "Console", "Reader", "text_of"]

CONTROLLER = Controller("Hearth & Sons", "1 Hill", "privacy@example.net", "eu-central")


@dataclass
class Console(Ground):
    """One gateway's console."""

    limits: ConsoleLimits = field(default_factory=lambda: ConsoleLimits(look_up_seconds=0, stream_look_seconds=0.02))
    hired: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        self.deps = ConsoleDependencies(
            database=self.database,
            clock=self.time,
            monotonic=self.time.seconds,
            identifiers=self.identifiers,
            indexes=self.indexes,
            tokens=self.tokens,
            passwords=self.passwords,
            sealer=self.sealer,
            persons=self.persons,
            processing_record=partial(processing_record, CONTROLLER),
            metrics=self.metrics,
            admit=lambda _address: 0,
            admit_password=lambda _address: 0,
            limits=self.limits,
        )

    async def client(self, routes: Sequence[Route] = ROUTES, **other: Any) -> Client:
        """A browser without scripts, of a fresh application over the same database."""
        return await self.client_of(make_console(replace(self.deps, **other), routes))

    async def hire(self, *roles: StaffRole, name: str = "") -> Worker:
        self.hired += 1
        return await hire(self.deps, name or f"worker-{self.hired}", *roles, now=self.time())

    async def reader(self, *roles: StaffRole, name: str = "", **other: Any) -> "Reader":
        """Somebody with these roles who has logged in."""
        worker = await self.hire(*roles, name=name)
        reader = Reader(await self.client(**other), worker)
        assert (await reader.log_in(self.time())).status == 303
        return reader


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
