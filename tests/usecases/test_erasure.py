"""Closing an account: over for everybody in one transaction, and a stranger to whoever comes after."""

import contextlib
import json
from datetime import timedelta

from sqlalchemy import select

from gateway.domain.binding import Role
from gateway.domain.erasure import Reason, Step, next_step
from gateway.domain.identity import AccountId, DeviceId
from gateway.security.blind_index import HmacBlindIndexes
from gateway.security.keys import KeyRing, MasterKey
from gateway.storage.tables import metadata
from gateway.usecases import devices, erasure, pairings
from gateway.usecases.erasure import Begun, NotReady
from gateway.usecases.erasure_receipts import of_account
from gateway.usecases.services import IndexedField
from gateway.usecases.transaction import Transaction
from tests.usecases.household import Household

INDEXES = HmacBlindIndexes(KeyRing(MasterKey(bytes(range(32)))))


async def close(household: Household, account_id: AccountId) -> Begun:
    begun = await household.run(lambda tx: erasure.begin(tx, household, account_id, Reason.CLOSED, household.now))
    assert begun is not None
    return begun


async def rename(household: Household, account_id: AccountId, device_id: DeviceId) -> None:
    def work(tx: Transaction) -> None:
        bound = devices.held(tx, account_id, device_id, household.now)
        assert bound is not None
        devices.rename(tx, household.sealer, account_id, bound, "Bath", household.now)

    await household.run(work)


def naming(household: Household, name: str) -> set[str]:
    found = set()
    with household.database.engine.connect() as connection:
        for table in metadata.tables.values():
            for row in connection.execute(select(table)):
                found |= {f"{table.name}.{column}" for column, value in row._mapping.items() if name in str(value)}
    return found


async def carry_out(household: Household, *, until: Step | None = None) -> None:
    """What the job records; the steps themselves have tests of their own."""
    while True:
        it = await household.run(lambda tx: erasure.take_up(tx, household.now))
        if it is None:
            return
        step = next_step(it)
        assert step is not None
        if step is until:
            return
        found = {}
        if step is Step.ROWS:
            found = dict(await household.run(lambda tx, it=it: erasure.remove_rest(tx, it, household.now)))  # type: ignore[misc]
        receipt = None
        if step is Step.RECEIPT:
            receipt = json.dumps(of_account(it, "eu-central", household.now)).encode()
        await household.run(
            lambda tx, it=it, step=step, found=found, receipt=receipt: erasure.record(  # type: ignore[misc]
                tx, it, step, found, household.now, receipt=receipt
            )
        )


async def test_everything_of_the_account_ends_in_the_closing_transaction(household: Household) -> None:
    ann = await household.account()
    heater = await household.bound(ann)
    await rename(household, ann, heater)
    await household.given(ann, heater)
    await household.open_pairing(ann)
    await close(household, ann)
    assert await household.read(lambda tx: tx.accounts.get(ann)) is None
    assert await household.read(lambda tx: tx.bindings.of_device(heater)) == ()
    assert await household.read(lambda tx: tx.pairings.open_of(ann)) == []
    assert naming(household, ann) == {"erasures.account_id"}
    assert ann in household.poked  # streams look once more, and end


async def test_its_devices_are_released_and_told(household: Household) -> None:
    ann = await household.account()
    heaters = [await household.bound(ann) for _ in range(3)]
    household.sent.clear()
    await close(household, ann)
    for heater in heaters:
        device = await household.read(lambda tx, heater=heater: tx.devices.get(heater))  # type: ignore[misc]
        assert device is not None
        [verdict] = [message for target, message in household.sent if target == f"hg/v1/dev/{heater}/down/bind"]
        assert (verdict["bound"], verdict["epoch"], verdict["wipe"]) == (False, device.epoch, True)


async def test_more_devices_than_are_read_together_are_all_released(household: Household) -> None:
    ann = await household.account()
    heaters = [await household.appliance() for _ in range(105)]
    for heater in heaters:
        await household.let_in(heater, ann, Role.OWNER)
    await close(household, ann)
    for heater in heaters:
        assert await household.read(lambda tx, heater=heater: tx.bindings.of_device(heater)) == ()  # type: ignore[misc]


async def test_who_shared_a_device_is_told_that_it_was_released(household: Household) -> None:
    ann, bob = await household.account(), await household.account()
    heater = await household.bound(ann)
    await household.let_in(heater, bob, Role.ADULT)
    await close(household, ann)
    kinds = await household.read(lambda tx: [event.kind for event in tx.events.of_account(bob, 0, 10)])
    assert kinds == ["device.released"]


async def test_what_was_on_its_way_to_an_appliance_is_dropped_but_for_the_verdict(household: Household) -> None:
    ann = await household.account()
    heater = await household.bound(ann)
    await household.given(ann, heater)
    await close(household, ann)
    waiting = await household.database.take_over(household.now + timedelta(days=1), 100)
    assert [row.target for row in waiting] == [f"hg/v1/dev/{heater}/down/bind"]


async def test_a_device_of_somebody_else_stays_theirs(household: Household) -> None:
    ann, bob = await household.account(), await household.account()
    heater = await household.bound(bob)
    await household.let_in(heater, ann, Role.ADULT)
    before = await household.read(lambda tx: tx.devices.get(heater))
    await close(household, ann)
    assert await household.read(lambda tx: tx.devices.get(heater)) == before
    [binding] = await household.read(lambda tx: tx.bindings.of_device(heater))
    assert binding.account_id == bob


async def test_the_token_of_an_open_pairing_binds_nothing_any_more(household: Household) -> None:
    ann = await household.account()
    heater = await household.appliance()
    opened = await household.open_pairing(ann)
    await close(household, ann)
    assert not (await household.present(heater, opened.bind_token)).bound
    assert await household.read(lambda tx: tx.bindings.of_device(heater)) == ()


async def test_closing_twice_closes_once(household: Household) -> None:
    ann = await household.account()
    await close(household, ann)
    again = await household.run(lambda tx: erasure.begin(tx, household, ann, Reason.CLOSED, household.now))
    assert again is None
    assert len(await household.read(lambda tx: tx.erasures.page(10))) == 1


async def test_a_closing_that_is_rolled_back_leaves_everything(household: Household) -> None:
    ann = await household.account()
    heater = await household.bound(ann)

    class SecondThoughtsError(Exception):
        pass

    def work(tx: Transaction) -> None:
        erasure.begin(tx, household, ann, Reason.CLOSED, household.now)
        raise SecondThoughtsError

    with contextlib.suppress(SecondThoughtsError):
        await household.run(work)
    assert await household.read(lambda tx: tx.accounts.get(ann)) is not None
    assert len(await household.read(lambda tx: tx.bindings.of_device(heater))) == 1
    assert await household.read(lambda tx: tx.erasures.page(10)) == []


async def test_what_a_request_under_way_still_wrote_is_removed_afterwards(household: Household) -> None:
    ann = await household.account()
    await close(household, ann)
    await household.run(lambda tx: tx.emit(ann, "device.renamed", {}, household.now))
    await carry_out(household)
    assert naming(household, ann) == {"erasures.account_id", "events.account_id"}  # not before they have settled
    household.pass_by(seconds=14)
    await carry_out(household)
    assert "events.account_id" in naming(household, ann)
    household.pass_by(seconds=1)
    await carry_out(household)
    assert naming(household, ann) == set()


async def test_the_receipt_lists_every_store_and_is_fetched_once(household: Household) -> None:
    ann = await household.account()
    await household.bound(ann)
    begun = await close(household, ann)

    async def fetch(token: str = begun.receipt_token) -> bytes | NotReady | None:
        return await household.run(lambda tx: erasure.fetch(tx, household.tokens, token, household.now))

    assert await fetch() == NotReady()
    household.pass_by(minutes=1)
    await carry_out(household)
    receipt = await fetch()
    assert isinstance(receipt, bytes)
    stores = {one["store"]: one for one in json.loads(receipt)["stores"]}
    assert set(stores) == {
        "database",
        "database_space",
        "person_keys",
        "person_keys_copies",
        "broker",
        "erasure_ledger",
    }
    assert stores["database"]["rows"]["pairings"] == 1
    assert ann not in receipt.decode()
    household.pass_by(minutes=9, seconds=59)
    assert await fetch() == receipt  # the first answer was lost on its way
    household.pass_by(seconds=1)
    assert await fetch() is None
    assert await fetch("x" * 43) is None


async def test_an_older_state_of_the_database_is_erased_again_before_it_serves(household: Household) -> None:
    ann, bob = await household.account(), await household.account()
    heater = await household.bound(ann)
    erased = {INDEXES.index(IndexedField.PERSON, ann), INDEXES.index(IndexedField.PERSON, "a-somebody")}
    assert await erasure.replay(household.database, household, INDEXES, erased, household.now) == 1
    assert naming(household, ann) == {"erasures.account_id"}
    assert await household.read(lambda tx: tx.accounts.get(bob)) is not None
    assert await household.read(lambda tx: tx.bindings.of_device(heater)) == ()
    [again] = await household.read(lambda tx: tx.erasures.page(10))
    assert again.reason is Reason.REPLAYED
    assert await erasure.replay(household.database, household, INDEXES, erased, household.now) == 0


async def test_a_pairing_may_be_watched_by_nobody_after_the_closing(household: Household) -> None:
    ann = await household.account()
    opened = await household.open_pairing(ann)
    await close(household, ann)
    watched = await household.read(lambda tx: pairings.watch(tx, ann, opened.pairing.pairing_id, household.now))
    assert watched is None
