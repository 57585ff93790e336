"""What a rule turned on is turned off again, also when its owner is no longer there to do it."""

import asyncio
import threading
import time
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete

from gateway.domain.automations import Trigger
from gateway.domain.binding import Role
from gateway.domain.commands import Status
from gateway.domain.erasure import Reason
from gateway.domain.firings import FiringState
from gateway.domain.identity import AccountId, CommandId, DeviceId
from gateway.storage.tables.lifecycle import bindings
from gateway.usecases import erasure, firings, location
from gateway.usecases.transaction import Transaction
from tests.usecases.household import Household
from tests.usecases.neighbourhood import ALL, AUTO_OFF, AUTO_ON, REMINDER, Neighbourhood, come_near


@pytest.fixture
def near(household: Household) -> Neighbourhood:
    return Neighbourhood(household)


async def waiting(near: Neighbourhood, role: Role, **facts: Any) -> tuple[AccountId, AccountId, DeviceId]:
    """Ann's heater, which a rule of Bob turned on for his arrival: Ann, Bob, the heater."""
    ann, bob = await near.account(*ALL), await near.account(*ALL)
    heater, home = await near.household.bound(ann), await near.home(bob)
    await near.household.let_in(heater, bob, role, **facts)
    await near.rule(bob, home, heater, Trigger.NEAR, "on")
    await come_near(near, bob, home)
    near.pass_by(seconds=60)
    await near.household.hello(heater)
    await near.tick()
    assert (await near.firing(bob)).state is FiringState.WAITING
    [on] = await near.run(lambda tx: tx.commands.under_way(heater))
    await near.household.ack(heater, on, "applied")
    return ann, bob, heater


async def close(near: Neighbourhood, account_id: AccountId) -> None:
    now = near.household.now
    assert await near.run(lambda tx: erasure.begin(tx, near.household, account_id, Reason.CLOSED, now)) is not None


async def test_who_closes_their_account_leaves_nothing_on_at_somebody_elses(near: Neighbourhood) -> None:
    ann, bob, heater = await waiting(near, Role.ADULT)
    off = (await near.firing(bob)).off_command_id
    await close(near, bob)
    await near.tick()
    assert await near.actions_to(heater) == ["on", "off"]
    [command] = await near.run(lambda tx: tx.commands.under_way(heater))
    assert (command.command_id, command.account_id) == (off, ann)
    await near.household.ack(heater, command, "applied")
    [event] = [one for one in await near.events(ann, "command") if one.data["status"] == Status.APPLIED.value]
    assert event.data["command_id"] == off


async def test_what_a_withdrawal_turns_off_goes_on_after_the_account_closed(near: Neighbourhood) -> None:
    ann, bob, heater = await waiting(near, Role.ADULT)
    await near.household.bye(heater)
    for purpose in (REMINDER, AUTO_OFF, AUTO_ON):
        await near.withdraw(bob, purpose)
    near.pass_by(minutes=1)
    await close(near, bob)
    near.pass_by(minutes=20)
    await near.household.hello(heater)
    assert await near.actions_to(heater) == ["on", "off"]
    [command] = await near.run(lambda tx: tx.commands.under_way(heater))
    assert command.account_id == ann


async def test_only_what_turns_off_goes_on_after_the_account_closed(near: Neighbourhood) -> None:
    ann, bob = await near.account(), await near.account()
    heater = await near.household.bound(ann)
    await near.household.let_in(heater, bob, Role.ADULT)
    theirs = await near.household.given(bob, heater, "set", target_c=21)
    of_ann = await near.household.given(ann, heater, "off")
    await close(near, bob)
    assert await near.run(lambda tx: tx.commands.get(CommandId(theirs.command_id))) is None
    assert (await near.household.stored(of_ann)).account_id == ann


async def test_a_guest_whose_stay_is_over_leaves_nothing_on(near: Neighbourhood) -> None:
    until = near.household.now + timedelta(minutes=60)
    ann, _, heater = await waiting(near, Role.GUEST, until=until)
    near.pass_by(minutes=45)
    assert near.household.now >= until
    await near.household.hello(heater)
    assert await near.tick() == 1
    assert await near.actions_to(heater) == ["on", "off"]
    [command] = await near.run(lambda tx: tx.commands.under_way(heater))
    assert command.account_id == ann


async def test_who_was_removed_from_an_appliance_leaves_nothing_on(near: Neighbourhood) -> None:
    ann, bob, heater = await waiting(near, Role.ADULT)

    def removed(tx: Transaction) -> None:
        tx.statements.execute(  # type: ignore[attr-defined]
            delete(bindings).where(bindings.c.account_id == bob, bindings.c.device_id == heater)
        )

    await near.run(removed)
    near.pass_by(minutes=45)
    await near.household.hello(heater)
    assert await near.tick() == 1
    assert await near.actions_to(heater) == ["on", "off"]
    [command] = await near.run(lambda tx: tx.commands.under_way(heater))
    assert command.account_id == ann


@pytest.mark.parametrize("closes", [False, True])
async def test_who_leaves_while_the_timer_turns_on_leaves_nothing_on(near: Neighbourhood, closes: bool) -> None:  # noqa: FBT001 - a table
    ann, bob = await near.account(*ALL), await near.account(*ALL)
    heater, home = await near.household.bound(ann), await near.home(bob, ann)
    await near.household.let_in(heater, bob, Role.ADULT)
    await near.rule(bob, home, heater, Trigger.NEAR, "on")
    await come_near(near, bob, home)
    near.pass_by(seconds=60)
    await near.household.hello(heater)
    now, turned_on = near.household.now, threading.Event()

    def slow(tx: Transaction) -> None:
        assert firings.work_off_due(tx, near.household.services, now) == 1
        tx.commands.next_due()  # what was put off is written
        turned_on.set()
        time.sleep(0.3)

    async def leaves() -> None:
        await asyncio.to_thread(turned_on.wait, 5)
        if closes:
            await near.run(lambda tx: location.forget_account(tx, bob, now))
        else:
            await near.leave_home(home, bob)

    await asyncio.gather(near.run(slow), leaves())
    on = (await near.run(lambda tx: tx.commands.under_way(heater)))[0]
    await near.household.ack(heater, on, "applied")
    await near.tick()
    assert await near.actions_to(heater) == ["on", "off"]
