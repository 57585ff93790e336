"""A home for API tests: accounts with telephones, appliances whose words go straight into the use cases."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from aiohttp import ClientResponse

from gateway.domain.binding import Binding, Role
from gateway.domain.devices import Device
from gateway.domain.identity import AccountId, DeviceId, UnitId
from gateway.domain.units import KeyCredential, Unit
from gateway.protocol.messages import CommandAck
from gateway.usecases import binding, commands, presence, states
from gateway.usecases.binding import Verdict
from gateway.usecases.commands import CommandServices
from gateway.usecases.outbox import Committed, Kind
from gateway.usecases.repositories.units import ListedUnit
from gateway.usecases.states import Reported
from gateway.usecases.transaction import Transaction
from tests.acknowledged import acknowledged
from tests.api.rig import PASSWORD, TYPES, Client, Rig, bearer, log_in, register

HEATER = "heater.panel.s2"

T = TypeVar("T")


@dataclass
class Heard:
    """One event that a stream told."""

    kind: str
    data: dict[str, Any]
    event_id: str | None = None


class Listener:
    """Reads an event stream, one event after another."""

    def __init__(self, answer: ClientResponse) -> None:
        self.answer = answer

    async def next(self) -> Heard:
        """The next event; comments are passed over."""
        async with asyncio.timeout(5):
            while True:
                fields: dict[str, str] = {}
                while line := (await self.answer.content.readline()).decode().rstrip("\n"):
                    name, _, value = line.partition(": ")
                    fields[name] = value
                if "event" in fields:
                    return Heard(fields["event"], json.loads(fields["data"]), fields.get("id"))
                assert fields, "the stream ended"

    async def until(self, kind: str) -> list[Heard]:
        """Everything up to the first event of a kind."""
        heard = [await self.next()]
        while heard[-1].kind != kind:
            heard.append(await self.next())
        return heard


@dataclass
class Person:
    """An account with a signed-in telephone."""

    client: Client
    account_id: AccountId
    tokens: dict[str, Any]

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> ClientResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.client.request(method, path, json=body, headers={**bearer(self.tokens), **named})

    async def get(self, path: str) -> dict[str, Any]:
        answer = await self.ask("GET", path)
        assert answer.status == 200, await answer.text()
        found: dict[str, Any] = await answer.json()
        return found

    @asynccontextmanager
    async def listen(self, path: str = "/v1/events", last_event_id: str | None = None) -> AsyncIterator[Listener]:
        headers = {} if last_event_id is None else {"Last_Event_ID": last_event_id}
        answer = await self.ask("GET", path, **headers)
        assert answer.status == 200, await answer.text()
        try:
            yield Listener(answer)
        finally:
            answer.close()


@dataclass
class House:
    """Everything of one gateway that a test of routes needs."""

    rig: Rig
    client: Client
    sent: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """What was committed to be published: topic and message."""
    something: asyncio.Event = field(default_factory=asyncio.Event)
    """Set with every message."""

    def __post_init__(self) -> None:
        self.rig.database.on_commit(self._published)
        self.services = CommandServices(self.rig.deps.signer, self.rig.identifiers, TYPES)

    def _published(self, committed: Committed) -> None:
        for row in committed.outbox:
            if row.kind is Kind.PUBLISH:
                self.sent.append((row.target, json.loads(row.payload)))
                self.something.set()

    def commands_to(self, device_id: str) -> list[dict[str, Any]]:
        return [message for topic, message in self.sent if topic == f"hg/v1/dev/{device_id}/down/command"]

    async def next_command_to(self, device_id: str) -> dict[str, Any]:
        """The first command that is sent from now on."""
        known = len(self.commands_to(device_id))
        async with asyncio.timeout(5):
            while len(found := self.commands_to(device_id)) == known:
                self.something.clear()
                await self.something.wait()
        return found[known]

    def verdicts_to(self, device_id: str) -> list[dict[str, Any]]:
        return [message for topic, message in self.sent if topic == f"hg/v1/dev/{device_id}/down/bind"]

    async def run(self, work: Callable[[Transaction], T]) -> T:
        return await self.rig.database.run(work)

    async def person(self, name: str = "ann@example.org") -> Person:
        account_id = await register(self.client, name, PASSWORD)
        await self.run(lambda tx: acknowledged(tx, AccountId(account_id), self.rig.time()))
        return Person(self.client, AccountId(account_id), await log_in(self.client, name, PASSWORD))

    async def appliance(self, type_id: str = HEATER, **facts: Any) -> DeviceId:
        """An activated appliance that nobody owns."""
        now, new = self.rig.time(), self.rig.identifiers.new
        unit_id, device_id = UnitId(new("u")), DeviceId(new("d"))
        digests = [unit_id.encode().ljust(32, bytes([n])) for n in (1, 2)]
        credential = KeyCredential(b"sealed key")
        unit = Unit(unit_id, type_id, digests[0], "2a", digests[1], "83", credential, None, None, now)

        def work(tx: Transaction) -> None:
            tx.units.add([ListedUnit(unit)])
            tx.devices.add(Device(device_id, unit_id, **facts), now)

        await self.run(work)
        return device_id

    async def present(self, device_id: DeviceId, token: str) -> Verdict:
        """The appliance brings a token, as in `up/bind`."""

        def work(tx: Transaction) -> Verdict:
            device = tx.devices.get(device_id)
            assert device is not None
            pairing = binding.pairing_of_token(tx, self.rig.deps, token)
            return binding.present_token(tx, self.rig.deps, device, pairing, self.rig.time())

        return await self.run(work)

    async def bound(self, person: Person, type_id: str = HEATER, **facts: Any) -> DeviceId:
        """An appliance that a person owns and that is online."""
        device_id = await self.appliance(type_id, **facts)
        await self.pair(person, device_id)
        await self.hello(device_id)
        return device_id

    async def pair(self, person: Person, device_id: DeviceId) -> Verdict:
        answer = await person.ask("POST", "/v1/pairings")
        assert answer.status == 201, await answer.text()
        return await self.present(device_id, (await answer.json())["bind_token"])

    async def claimed_after_reset(self, device_id: DeviceId, newcomer: Person | None = None) -> None:
        """Somebody resets the appliance, which another owns, and proves to hold it."""

        def reset(tx: Transaction) -> None:
            device = tx.devices.get(device_id)
            assert device is not None
            tx.devices.update(replace(device, reset_counter=device.reset_counter + 1))

        await self.run(reset)
        name = self.rig.identifiers.new("x")[2:]
        verdict = await self.pair(newcomer or await self.person(f"{name}@example.org"), device_id)
        assert verdict.code == "bind.owned"

    async def let_in(self, device_id: DeviceId, person: Person, role: Role, **facts: Any) -> None:
        """Make somebody a member, which no route does yet."""

        def work(tx: Transaction) -> None:
            device = tx.devices.get(device_id)
            assert device is not None
            tx.bindings.put(Binding(device_id, device.epoch, person.account_id, role, self.rig.time(), **facts))

        await self.run(work)

    async def hello(self, device_id: DeviceId) -> None:
        def work(tx: Transaction) -> None:
            device = tx.devices.get(device_id)
            assert device is not None
            presence.said_hello(tx, device_id, None, self.rig.time())
            commands.resume(tx, self.rig.deps.signer, device, self.rig.time())

        await self.run(work)

    async def bye(self, device_id: DeviceId) -> None:
        await self.run(lambda tx: presence.said_bye(tx, device_id, self.rig.time()))

    async def report(self, device_id: DeviceId, seq: int, **state: Any) -> None:
        report = Reported(device_id, "", seq, state, full=False, at=self.rig.time(), epoch=None)
        await self.run(lambda tx: states.ingest(tx, [report], TYPES, self.rig.time()))

    async def ack(self, device_id: DeviceId, command_id: str, status: Any, code: str | None = None) -> str | None:
        ack = CommandAck(command_id=command_id, status=status, code=code)
        return await self.run(lambda tx: commands.acknowledge(tx, self.services, device_id, ack, self.rig.time()))
