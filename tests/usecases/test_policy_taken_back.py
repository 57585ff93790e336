"""Taking the acknowledgement of the policy back: nothing new is connected, and nothing that was connected stops."""

import asyncio
from threading import Event

import pytest

from gateway.domain.consent import ConsentState, Purpose
from gateway.domain.pairing import PAIRING_LIFE, PairingState
from gateway.domain.policies import ChangeReason, Language
from gateway.usecases import consent_changes, pairings, policies, withdrawal
from gateway.usecases.pairings import Opened
from gateway.usecases.policies import Acknowledged
from gateway.usecases.transaction import Transaction
from gateway.usecases.withdrawal import Withdrawn
from tests.databases import POSTGRESQL
from tests.home import eventually
from tests.usecases.household import Household
from tests.usecases.lock_waits import waiting
from tests.usecases.saying import Saying

IN_TIME = 10
on_postgresql = pytest.mark.parametrize("database", [POSTGRESQL], indirect=True)


@pytest.fixture
async def saying(household: Household) -> Saying:
    one = Saying(household)
    await one.first_policy()
    return one


async def state_of(saying: Saying, opened: Opened) -> PairingState:
    found = await saying.home.read(lambda tx: tx.pairings.get(opened.pairing.pairing_id))
    assert found is not None
    return found.state


async def test_a_token_that_was_handed_out_before_connects_nothing_after(saying: Saying) -> None:
    ann, bob = await saying.somebody(), await saying.somebody()
    kept = await saying.home.bound(ann)
    ours, theirs = await saying.home.open_pairing(ann), await saying.home.open_pairing(bob)
    assert isinstance(await saying.withdraw(ann, Purpose.POLICY), Withdrawn)
    assert await state_of(saying, ours) is PairingState.CANCELLED
    assert await state_of(saying, theirs) is PairingState.OPEN
    device_id = await saying.home.appliance()
    await saying.home.present(device_id, ours.bind_token)
    held = await saying.home.read(lambda tx: [row.device.device_id for row in tx.bindings.of_account(ann, None, 9)])
    assert held == [kept]


async def test_a_version_that_asks_anew_ends_what_was_opened_under_the_old_one(saying: Saying) -> None:
    ann = await saying.somebody()
    policy = await saying.publish(ChangeReason.OWNERSHIP, affects=frozenset({Purpose.POLICY}))
    saying.home.now = policy.effective_at - PAIRING_LIFE / 2
    opened = await saying.home.open_pairing(ann)
    saying.home.now = policy.effective_at
    assert await saying.home.run(lambda tx: consent_changes.stop_superseded(tx, saying.home, saying.now)) == 1
    assert await state_of(saying, opened) is PairingState.CANCELLED


@on_postgresql
async def test_who_takes_it_back_waits_for_the_pairing_that_is_being_opened(saying: Saying) -> None:
    ann, home = await saying.somebody(), saying.home
    begun, go = Event(), Event()

    def open_slowly(tx: Transaction) -> Opened:
        opened = pairings.open_one(tx, ann, home.tokens, home.identifiers, home.now)
        assert isinstance(opened, Opened)
        begun.set()
        assert go.wait(IN_TIME)
        return opened

    with waiting(home.database) as somebody_waits:
        async with asyncio.TaskGroup() as tasks:
            opening = tasks.create_task(home.run(open_slowly))
            assert await asyncio.to_thread(begun.wait, IN_TIME)
            tasks.create_task(saying.withdraw(ann, Purpose.POLICY))
            await eventually(somebody_waits)
            go.set()
    assert await state_of(saying, opening.result()) is PairingState.CANCELLED


@on_postgresql
async def test_a_yes_is_never_answered_with_the_receipt_of_the_no_that_was_quicker(saying: Saying) -> None:
    ann, home = await saying.somebody(), saying.home
    begun, go = Event(), Event()
    hashes = await home.read(lambda tx: tx.policies.hashes(1))

    def take_back_slowly(tx: Transaction) -> None:
        withdrawal.withdraw(tx, home, ann, Purpose.POLICY, home.now)
        begun.set()
        assert go.wait(IN_TIME)

    with waiting(home.database) as somebody_waits:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(home.run(take_back_slowly))
            assert await asyncio.to_thread(begun.wait, IN_TIME)
            saying_yes = tasks.create_task(
                home.run(lambda tx: policies.acknowledge(tx, home, ann, 1, hashes[Language.ENGLISH], home.now))
            )
            await eventually(somebody_waits)
            go.set()
    said = saying_yes.result()
    assert isinstance(said, Acknowledged)
    assert said.receipt.content["record"]["event"]["event_state"] == "consent_given"
    assert (await saying.state(ann, Purpose.POLICY)).state is ConsentState.GRANTED
