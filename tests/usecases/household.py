"""A household without any socket: accounts and appliances in a real database, and a clock that tests move."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.domain.accounts import Account, LoginKind
from gateway.domain.binding import Binding, Role
from gateway.domain.commands import Command
from gateway.domain.devices import Device
from gateway.domain.identity import AccountId, CommandId, DeviceId, UnitId
from gateway.domain.units import KeyCredential, Unit
from gateway.protocol.messages import CommandAck
from gateway.security.blind_index import HmacBlindIndexes
from gateway.security.identifiers import RandomIdentifiers
from gateway.security.keys import KeyRing, MasterKey
from gateway.security.receipt_signatures import Ed25519ReceiptSigner
from gateway.security.sealing import AesGcmSealer
from gateway.security.signatures import Ed25519CommandSigner
from gateway.security.tokens import KeyedTokens
from gateway.storage.database import Database
from gateway.usecases import binding, commands, pairings, presence, release, states
from gateway.usecases.binding import Verdict
from gateway.usecases.commands import CommandServices, SendOutcome
from gateway.usecases.outbox import Committed, Kind
from gateway.usecases.pairings import Opened
from gateway.usecases.receipts import Controller
from gateway.usecases.repositories.units import ListedUnit
from gateway.usecases.services import PasswordRecord
from gateway.usecases.states import Reported
from gateway.usecases.transaction import Transaction
from gateway.usecases.types import TypeCatalogue, load_catalogue
from gateway.usecases.wishes import Wish
from tests.acknowledged import acknowledged
from tests.person_keys import persons_in_memory

HEATER = "heater.panel.s2"
START = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
TYPES = load_catalogue()

T = TypeVar("T")


@dataclass
class Household:
    """Everything that the use cases need besides a transaction."""

    database: Database
    now: datetime = START
    types: TypeCatalogue = TYPES
    identifiers: RandomIdentifiers = field(default_factory=RandomIdentifiers)
    sent: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """What was committed to be published."""
    poked: set[AccountId] = field(default_factory=set)
    """Whose streams were told to look."""

    def __post_init__(self) -> None:
        keys = KeyRing(MasterKey(bytes(range(32))))
        self.tokens = KeyedTokens(keys)
        self.indexes = HmacBlindIndexes(keys)
        self.persons = persons_in_memory(keys)
        self.sealer = AesGcmSealer(keys.wrapping_key)
        self.signer = Ed25519CommandSigner(Ed25519PrivateKey.generate())
        self.receipts = Ed25519ReceiptSigner(Ed25519PrivateKey.generate())
        self.controller = Controller("Ann's workshop", "1 Lane", "ann@example.org", "home")
        self.services = CommandServices(self.signer, self.identifiers, self.types)
        self.database.on_commit(self._committed)

    def _committed(self, committed: Committed) -> None:
        self.poked |= committed.accounts
        self.sent += [(row.target, json.loads(row.payload)) for row in committed.outbox if row.kind is Kind.PUBLISH]

    def pass_by(self, **by: float) -> None:
        self.now += timedelta(**by)

    def commands_to(self, device_id: DeviceId) -> list[str]:
        """The ids of commands that were sent, in order."""
        topic = f"hg/v1/dev/{device_id}/down/command"
        return [message["command_id"] for target, message in self.sent if target == topic]

    async def run(self, work: Callable[[Transaction], T]) -> T:
        return await self.database.run(work)

    async def read(self, work: Callable[[Transaction], T]) -> T:
        return await self.database.read(work)

    async def account(self, *, adult: bool = True, said_yes: bool = True) -> AccountId:
        """Somebody, who has acknowledged the policy unless told otherwise."""
        account_id = AccountId(self.identifiers.new("a"))
        index = account_id.encode().ljust(32, b"\0")
        account = Account(account_id, index, LoginKind.MAIL, adult=adult, created_at=self.now)
        record = PasswordRecord("pw1", "no hash", "p1")
        assert await self.run(lambda tx: tx.accounts.add(account, record, self.now))
        if said_yes:
            await self.run(lambda tx: acknowledged(tx, account_id, self.now))
        return account_id

    async def appliance(self, type_id: str = HEATER, **facts: Any) -> DeviceId:
        """An activated appliance that nobody owns."""
        unit_id, device_id = UnitId(self.identifiers.new("u")), DeviceId(self.identifiers.new("d"))
        digests = [unit_id.encode().ljust(32, bytes([n])) for n in (1, 2)]
        unit = Unit(unit_id, type_id, digests[0], "2a", digests[1], "83", KeyCredential(b"key"), None, None, self.now)

        def work(tx: Transaction) -> None:
            tx.units.add([ListedUnit(unit)])
            tx.devices.add(Device(device_id, unit_id, **facts), self.now)

        await self.run(work)
        return device_id

    async def open_pairing(self, account_id: AccountId) -> Opened:
        opened = await self.run(lambda tx: pairings.open_one(tx, account_id, self.tokens, self.identifiers, self.now))
        assert isinstance(opened, Opened)
        return opened

    async def present(self, device_id: DeviceId, token: str | None) -> Verdict:
        """The appliance brings a token, as in `up/bind`."""

        def work(tx: Transaction) -> Verdict:
            device = tx.devices.get(device_id)
            assert device is not None
            pairing = binding.pairing_of_token(tx, self, token)
            return binding.present_token(tx, self, device, pairing, self.now)

        return await self.run(work)

    async def bound(self, account_id: AccountId, type_id: str = HEATER, **facts: Any) -> DeviceId:
        """An appliance that an account owns and that is online."""
        device_id = await self.appliance(type_id, **facts)
        opened = await self.open_pairing(account_id)
        assert (await self.present(device_id, opened.bind_token)).bound
        await self.hello(device_id)
        return device_id

    async def let_in(self, device_id: DeviceId, account_id: AccountId, role: Role, **facts: Any) -> None:
        def work(tx: Transaction) -> None:
            device = tx.devices.get(device_id)
            assert device is not None
            tx.bindings.put(Binding(device_id, device.epoch, account_id, role, self.now, **facts))

        await self.run(work)

    async def release(self, account_id: AccountId, device_id: DeviceId) -> Any:
        return await self.run(
            lambda tx: release.release(tx, self, account_id, device_id, self.now, reauthenticated=True)
        )

    async def hello(self, device_id: DeviceId) -> None:
        def work(tx: Transaction) -> None:
            device = tx.devices.get(device_id)
            assert device is not None
            presence.said_hello(tx, device_id, None, self.now)
            commands.resume(tx, self.signer, device, self.now)

        await self.run(work)

    async def bye(self, device_id: DeviceId) -> None:
        await self.run(lambda tx: presence.said_bye(tx, device_id, self.now))

    async def report(self, *reports: Reported) -> dict[str, int]:
        return await self.run(lambda tx: states.ingest(tx, reports, self.types, self.now))

    async def send(
        self,
        account_id: AccountId,
        device_id: DeviceId,
        action: str = "off",
        life: timedelta | None = None,
        **params: Any,
    ) -> SendOutcome:
        wish = Wish(action, params, life)
        return await self.run(lambda tx: commands.send(tx, self.services, account_id, device_id, wish, self.now))

    async def given(self, account_id: AccountId, device_id: DeviceId, action: str = "off", **more: Any) -> Command:
        """Send one that must be accepted."""
        outcome = await self.send(account_id, device_id, action, **more)
        assert isinstance(outcome, Command), outcome
        return outcome

    async def ack(self, device_id: DeviceId, command: Command, status: Any, **more: Any) -> str | None:
        ack = CommandAck(command_id=command.command_id, status=status, **more)
        return await self.run(lambda tx: commands.acknowledge(tx, self.services, device_id, ack, self.now))

    async def tick(self) -> int:
        """The timer rings."""
        return await self.run(lambda tx: commands.work_off_due(tx, self.signer, self.now))

    async def stored(self, command: Command) -> Command:
        found = await self.run(lambda tx: tx.commands.get(CommandId(command.command_id)))
        assert found is not None
        return found


def report(device_id: DeviceId, seq: int, *, boot: str = "", full: bool = False, **state: Any) -> Reported:
    """A report without a time of its own."""
    return Reported(device_id, boot, seq, state, full=full, at=None, epoch=None)
