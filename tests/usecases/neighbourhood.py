"""Homes and phones without any socket: a household whose members allow, tell and leave."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Table, func, select

from gateway.domain.automations import Automation, AutomationId, Mode, Trigger
from gateway.domain.consent import Consent, ConsentState, Purpose
from gateway.domain.firings import Firing
from gateway.domain.households import HomeRef
from gateway.domain.identity import AccountId, DeviceId
from gateway.domain.location import Accuracy, Spot, Transition
from gateway.security.keys import KeyRing, MasterKey
from gateway.security.receipt_signatures import Ed25519ReceiptSigner
from gateway.storage.person_keys import SqlPersonKeys
from gateway.storage.tables import households
from gateway.storage.tables.automations import automation_firings, automation_lines, automations
from gateway.usecases import automations as rules
from gateway.usecases import commands, firings, location, withdrawal
from gateway.usecases import households as homes
from gateway.usecases.automations import RuleWish
from gateway.usecases.households import SeenHome
from gateway.usecases.receipts import Controller
from gateway.usecases.repositories.automations import Line
from gateway.usecases.repositories.events import LoggedEvent
from gateway.usecases.transaction import Transaction
from tests.person_keys import persons_in_memory
from tests.usecases.household import Household

HOME, NEAR, AWAY = Spot.HOME, Spot.NEAR, Spot.AWAY
REMINDER, AUTO_OFF, AUTO_ON = Purpose.LOCATION_REMINDER, Purpose.LOCATION_AUTO_OFF, Purpose.LOCATION_AUTO_ON
ALL = (REMINDER, AUTO_OFF, AUTO_ON)
LOCATED = (households.whereabouts, automations, automation_firings, automation_lines)
"""Tables of which nothing may be left of somebody who withdrew."""

T = TypeVar("T")


@dataclass
class Neighbourhood:
    """What location needs besides a transaction, and short ways to say what phones and people do."""

    household: Household
    persons: SqlPersonKeys = field(default_factory=lambda: persons_in_memory(KeyRing(MasterKey(bytes(range(32))))))

    def __post_init__(self) -> None:
        self.identifiers, self.types = self.household.identifiers, self.household.types
        self.tokens = self.household.tokens
        self.receipts = Ed25519ReceiptSigner(Ed25519PrivateKey.generate())
        self.controller = Controller("Ann's workshop", "1 Lane", "ann@example.org", "home")
        self._seq = 0

    async def run(self, work: Callable[[Transaction], T]) -> T:
        return await self.household.run(work)

    def pass_by(self, **by: float) -> None:
        self.household.pass_by(**by)

    # -- people

    async def account(self, *purposes: Purpose) -> AccountId:
        account_id = await self.household.account()
        await self.allow(account_id, *purposes)
        return account_id

    async def allow(self, account_id: AccountId, *purposes: Purpose) -> None:
        def work(tx: Transaction) -> None:
            for purpose in purposes:
                stored = tx.consents.standing(account_id, purpose, self.household.now).consent
                tx.consents.put(
                    Consent(
                        account_id=account_id,
                        purpose=purpose,
                        state=ConsentState.GRANTED,
                        at=self.household.now,
                        text_version=1,
                        policy_version=0,
                        event_number=0,
                        version=0 if stored is None else stored.version,
                    )
                )

        await self.run(work)

    async def withdraw(self, account_id: AccountId, purpose: Purpose) -> None:
        await self.run(lambda tx: withdrawal.withdraw(tx, self, account_id, purpose, self.household.now))

    async def home(self, *members: AccountId, zone: str = "UTC") -> HomeRef:
        keeper, *others = members
        made = await self.run(lambda tx: homes.make(tx, self, keeper, zone, None, self.household.now))
        assert isinstance(made, SeenHome)
        for member in others:
            await self.join(made.home.home_ref, keeper, member)
        return made.home.home_ref

    async def join(self, home_ref: HomeRef, inviter: AccountId, newcomer: AccountId) -> Any:
        invited = await self.run(lambda tx: homes.invite(tx, self, inviter, home_ref, self.household.now))
        assert isinstance(invited, homes.Invited)
        return await self.run(lambda tx: homes.join(tx, self, newcomer, invited.code, None, self.household.now))

    async def leave_home(self, home_ref: HomeRef, who: AccountId, by: AccountId | None = None) -> Any:
        def work(tx: Transaction) -> Any:
            member = tx.households.member(home_ref, who)
            assert member is not None
            return homes.remove(tx, by or who, home_ref, member.member_ref, self.household.now)

        return await self.run(work)

    async def switch(self, home_ref: HomeRef, who: AccountId, *, on: bool) -> None:
        await self.run(lambda tx: homes.switch(tx, self, who, home_ref, self.household.now, someone_here=on))

    # -- phones

    async def tell(
        self,
        account_id: AccountId,
        home_ref: HomeRef,
        state: Spot,
        *,
        accuracy: Accuracy = Accuracy.GOOD,
        age: int = 0,
        seq: int | None = None,
    ) -> Any:
        """A phone tells what is so now, or was so many minutes ago."""
        self._seq += 1
        minute = self.household.now.replace(second=0, microsecond=0) - timedelta(minutes=age)
        told = Transition(state, self._seq if seq is None else seq, minute, accuracy)
        return await self.run(lambda tx: location.tell(tx, self, account_id, home_ref, told, self.household.now))

    async def trip(self, account_id: AccountId, home_ref: HomeRef, away_for: int = 30) -> None:
        """Home, away for so many minutes, and no word after that."""
        await self.tell(account_id, home_ref, HOME)
        self.pass_by(minutes=1)
        await self.tell(account_id, home_ref, AWAY)
        self.pass_by(minutes=away_for)

    # -- rules

    async def rule(
        self,
        account_id: AccountId,
        home_ref: HomeRef,
        device_id: DeviceId,
        trigger: Trigger,
        action: str = "off",
        *,
        mode: Mode = Mode.ACT,
        params: dict[str, Any] | None = None,
        **more: bool,
    ) -> Automation:
        made = await self.make(account_id, home_ref, device_id, RuleWish(trigger, mode, action, params or {}, **more))
        assert isinstance(made, Automation), made
        return made

    async def make(self, account_id: AccountId, home_ref: HomeRef, device_id: DeviceId, wish: RuleWish) -> Any:
        now = self.household.now
        return await self.run(
            lambda tx: rules.make(tx, self.identifiers, self.types, account_id, home_ref, device_id, wish, now)
        )

    async def stored(self, rule: Automation) -> Automation | None:
        return await self.run(lambda tx: tx.automations.one(rule.account_id, rule.automation_id))

    async def firing(self, account_id: AccountId) -> Firing:
        """The only one that is open."""
        [found] = await self.run(lambda tx: tx.automations.open_of_account(account_id))
        return found

    async def open(self, account_id: AccountId) -> list[Firing]:
        return await self.run(lambda tx: tx.automations.open_of_account(account_id))

    async def tick(self) -> int:
        """The timer rings: firings, then commands."""
        now, services = self.household.now, self.household.services
        found = await self.run(lambda tx: firings.work_off_due(tx, services, now))
        await self.run(lambda tx: commands.work_off_due(tx, services.signer, now))
        return found

    async def lines(self, automation_id: AutomationId) -> list[Line]:
        """Oldest first."""
        found = await self.run(lambda tx: tx.automations.lines(automation_id, None, 1000))
        return found[::-1]

    async def reasons(self, rule: Automation) -> list[str]:
        """What the explanation says, oldest first: `acted: acts`."""
        return [f"{line.did.value}: {line.reason.value}" for line in await self.lines(rule.automation_id)]

    async def events(self, account_id: AccountId, kind: str) -> list[LoggedEvent]:
        found = await self.run(lambda tx: tx.events.of_account(account_id, 0, 1000))
        return [event for event in found if event.kind == kind]

    async def actions_to(self, device_id: DeviceId) -> list[str]:
        """What appliances were told, in order, each once."""
        topic = f"hg/v1/dev/{device_id}/down/command"
        told = {message["command_id"]: message["action"] for target, message in self.household.sent if target == topic}
        return list(told.values())

    async def rows(self, *tables: Table) -> dict[str, int]:
        """How many rows each table has, where it has any."""

        def work(tx: Any) -> dict[str, int]:
            counted = {one.name: select(func.count()).select_from(one) for one in tables or LOCATED}
            found = {name: tx.statements.execute(count).scalar_one() for name, count in counted.items()}
            return {name: many for name, many in found.items() if many}

        return await self.run(work)


async def one_home(near: Neighbourhood, *purposes: Purpose) -> tuple[AccountId, DeviceId, HomeRef]:
    ann = await near.account(*(purposes or ALL))
    return ann, await near.household.bound(ann), await near.home(ann)


async def come_near(near: Neighbourhood, ann: AccountId, home: HomeRef) -> None:
    await near.trip(ann, home)
    await near.tell(ann, home, NEAR)


async def leave(near: Neighbourhood, ann: AccountId, home: HomeRef) -> None:
    await near.trip(ann, home, away_for=0)
