"""The job that carries erasures out, on real stores: whatever fails or dies, it finishes, and the same is done once."""

import asyncio
import json
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.domain.erasure import AGAIN_AFTER, CLAIMED_FOR, SETTLED_AFTER, Reason, Step
from gateway.domain.identity import AccountId, DeviceId
from gateway.observability.metrics import Metrics
from gateway.runtime.erasures import Erasures, Stores
from gateway.security.blind_index import HmacBlindIndexes
from gateway.security.erasure_ledger import ErasureLedger
from gateway.security.keys import KeyRing, MasterKey
from gateway.security.receipt_signatures import Ed25519ReceiptSigner, ReceiptKey
from gateway.storage.freed_space import overwrite
from gateway.storage.person_keys import SqlPersonKeys
from gateway.usecases import erasure
from gateway.usecases.erasure import Begun
from gateway.usecases.erasure_receipts import Genuine, check
from gateway.usecases.persons import PersonKeyGoneError
from gateway.usecases.services import IndexedField
from gateway.usecases.transaction import DatabaseUnavailableError
from tests.person_keys import persons_at
from tests.usecases.household import Household

KEYS = KeyRing(MasterKey(bytes(range(32))))
SIGNER = Ed25519ReceiptSigner(Ed25519PrivateKey.generate())


class DiedError(BaseException):
    """Stands for the death of the process."""


@dataclass
class Office:
    """A household with everything that erasures are carried out on."""

    household: Household
    folder: Path
    evicted: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.metrics = Metrics("test")
        self.persons: SqlPersonKeys = persons_at(f"sqlite:///{self.folder}/persons.db", KEYS)
        self.ledger = ErasureLedger(self.folder / "erasures.ledger", KEYS)
        self.stores = Stores(
            persons=self.persons,
            ledger=self.ledger,
            index=partial(HmacBlindIndexes(KEYS).index, IndexedField.PERSON),
            evict=self.evict,
            broker="nats",
            overwrite=partial(overwrite, self.household.database.engine),
            signer=SIGNER,
            region="eu-central",
        )

    async def evict(self, common_name: str) -> None:
        self.evicted.append(common_name)

    def job(self, stores: Stores | None = None) -> Erasures:
        return Erasures(self.household.database, stores or self.stores, lambda: self.household.now, self.metrics)

    async def work(self, stores: Stores | None = None) -> None:
        """Everything that is due."""
        while await self.job(stores).one():
            pass

    async def finish(self) -> None:
        """With as much time as it takes."""
        for _ in range(5):
            await self.work()
            self.household.pass_by(seconds=SETTLED_AFTER.total_seconds())

    async def close(self, account_id: AccountId) -> Begun:
        begun = await self.household.run(
            lambda tx: erasure.begin(tx, self.household, account_id, Reason.CLOSED, self.household.now)
        )
        assert begun is not None
        return begun

    async def steps(self) -> list[Step]:
        [one] = await self.household.read(lambda tx: tx.erasures.page(10))
        return [done.step for done in one.done]

    async def receipt(self, begun: Begun) -> dict[str, object]:
        document = await self.household.run(
            lambda tx: erasure.fetch(tx, self.household.tokens, begun.receipt_token, self.household.now)
        )
        assert isinstance(document, bytes)
        assert isinstance(check(document, ReceiptKey(SIGNER.public_key)), Genuine)
        receipt: dict[str, object] = json.loads(document)["receipt"]
        return receipt


@pytest.fixture
def office(household: Household, tmp_path: Path) -> Office:
    return Office(household, tmp_path)


async def test_an_erasure_is_carried_out_to_its_receipt(office: Office) -> None:
    ann = await office.household.account()
    heater = await office.household.bound(ann)
    sealed = office.persons.sealer(ann).seal(b"Bath", place="p")
    begun = await office.close(ann)
    await office.finish()
    assert await office.steps() == list(Step)
    assert office.evicted == [heater]
    with pytest.raises(PersonKeyGoneError):
        office.persons.sealer(ann).open(sealed, place="p")
    assert [line.subject for line in office.ledger.lines()] == [office.stores.index(ann)]
    receipt = await office.receipt(begun)
    assert receipt["region"] == "eu-central"
    stores = {str(one["store"]): one for one in receipt["stores"]}  # type: ignore[attr-defined]
    assert stores["broker"]["appliances"] == 1
    assert stores["person_keys"]["done"] == "key destroyed"
    assert stores["erasure_ledger"]["line"] == 1
    assert stores["database_space"]["done"]


async def test_nothing_is_due_when_nobody_left(office: Office) -> None:
    assert not await office.job().one()


async def test_a_step_that_fails_is_tried_again_and_nothing_is_skipped(office: Office) -> None:
    ann = await office.household.account()
    await office.household.bound(ann)
    await office.close(ann)

    async def away(_: str) -> None:
        raise OSError

    await office.work(replace(office.stores, evict=away))
    assert await office.steps() == [Step.LEDGER, Step.KEY]
    await office.work()
    assert await office.steps() == [Step.LEDGER, Step.KEY]  # not at once again
    office.household.pass_by(seconds=AGAIN_AFTER.total_seconds())
    await office.finish()
    assert await office.steps() == list(Step)
    shown = office.metrics.text().decode()
    assert 'hearthgate_erasure_steps_total{outcome="again",step="connections"} 1.0' in shown
    assert 'hearthgate_erasure_steps_total{outcome="done",step="receipt"} 1.0' in shown


async def test_how_long_the_oldest_is_under_way_can_be_seen(office: Office) -> None:
    job = office.job()

    async def oldest() -> float:
        await job._measure()
        return float(office.metrics.erasures_oldest._value.get())

    assert await oldest() == 0.0
    await office.close(await office.household.account())
    office.household.pass_by(minutes=5)
    assert await oldest() == 300.0
    await office.finish()
    assert await oldest() == 0.0


async def test_a_death_at_any_step_costs_nothing(office: Office) -> None:
    """Each step once: the work is done, and the process dies before that is recorded."""
    for number, step in enumerate(Step):
        ann = await office.household.account()
        heater = await office.household.bound(ann)
        office.persons.sealer(ann).seal(b"Bath", place="p")
        begun = await office.close(ann)
        job = office.job()

        async def die(*found: object, step: Step = step, job: Erasures = job) -> object:
            if found[1] is step:
                raise DiedError
            return await Erasures._record(job, *found)  # type: ignore[arg-type]

        job._record = die  # type: ignore[method-assign,assignment]
        for _ in range(3):
            try:
                while await job.one():
                    pass
            except DiedError:
                break
            office.household.pass_by(seconds=SETTLED_AFTER.total_seconds())
        else:
            pytest.fail(f"did not die at {step}")
        office.household.pass_by(seconds=CLAIMED_FOR.total_seconds())
        await office.finish()
        assert heater in office.evicted
        assert len(office.ledger.lines()) == number + 1
        receipt = await office.receipt(begun)
        stores = {str(one["store"]): one for one in receipt["stores"]}  # type: ignore[attr-defined]
        assert stores["erasure_ledger"]["line"] == number + 1


async def test_two_gateways_do_each_step_and_record_it_once(office: Office) -> None:
    people = [await office.household.account() for _ in range(6)]
    begun = [await office.close(person) for person in people]
    for _ in range(4):
        await asyncio.gather(*(office.job().one() for _ in range(12)))
        office.household.pass_by(seconds=SETTLED_AFTER.total_seconds())
    await office.finish()
    assert len(office.ledger.lines()) == len(people)
    for one in begun:
        await office.receipt(one)


async def test_a_step_that_takes_longer_than_a_claim_is_recorded_by_who_is_done_first(office: Office) -> None:
    """Two gateways that each need so long would otherwise take it from each other for ever."""
    ann = await office.household.account()
    await office.household.bound(ann)
    await office.close(ann)

    async def slowly(_: str) -> None:
        office.household.pass_by(seconds=CLAIMED_FOR.total_seconds() + 1)
        assert await office.household.run(lambda tx: erasure.take_up(tx, office.household.now)) is not None

    await office.work(replace(office.stores, evict=slowly))
    assert (await office.steps())[:3] == [Step.LEDGER, Step.KEY, Step.CONNECTIONS]


async def test_a_step_that_both_have_done_is_recorded_once(office: Office) -> None:
    ann = await office.household.account()
    await office.household.bound(ann)
    await office.close(ann)

    async def slowly(_: str) -> None:
        office.household.pass_by(seconds=CLAIMED_FOR.total_seconds() + 1)
        await office.finish()  # another gateway, to the end

    await office.work(replace(office.stores, evict=slowly))
    assert await office.steps() == list(Step)
    shown = office.metrics.text().decode()
    assert 'hearthgate_erasure_steps_total{outcome="done",step="connections"} 1.0' in shown


async def test_the_service_goes_on_when_the_database_was_away(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.runtime.erasures.LOOK_S", 0.01)
    ann = await office.household.account()
    await office.close(ann)
    job = office.job()
    real, failed = job.one, asyncio.Event()

    async def once_away() -> bool:
        if not failed.is_set():
            failed.set()
            raise DatabaseUnavailableError
        return await real()

    job.one = once_away  # type: ignore[method-assign]
    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        running = tasks.create_task(job.run())
        while await office.steps() != [Step.LEDGER, Step.KEY, Step.CONNECTIONS]:  # noqa: ASYNC110 - its rows are what it shows
            await asyncio.sleep(0.01)
        running.cancel()


async def test_an_appliance_that_was_shared_is_released_with_its_owner_only(office: Office) -> None:
    ann = await office.household.account()
    await office.close(ann)
    await office.finish()
    assert office.evicted == []
    assert (await office.household.read(lambda tx: tx.erasures.page(1)))[0].devices == tuple[DeviceId, ...]()


async def test_an_erasure_that_nobody_takes_up_waits_for_as_long_as_it_takes(office: Office) -> None:
    ann = await office.household.account()
    await office.close(ann)
    office.household.pass_by(seconds=timedelta(days=3).total_seconds())
    await office.finish()
    assert await office.steps() == list(Step)
