"""Firings in a real database: what acts after its minute, what is undone, and what stops it."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.domain.automations import Mode, Trigger
from gateway.domain.consent import ConsentState
from gateway.domain.firings import Firing, FiringId, FiringState
from gateway.domain.identity import AccountId
from gateway.usecases import automations as rules
from gateway.usecases.automations import NotAllowed, RuleWish, TooLate, WhyNot
from gateway.usecases.firing_ends import ENDED
from gateway.usecases.transaction import Transaction
from tests.usecases.household import Household
from tests.usecases.neighbourhood import (
    ALL,
    AUTO_OFF,
    HOME,
    REMINDER,
    Neighbourhood,
    come_near,
    leave,
    one_home,
)


@pytest.fixture
def near(household: Household) -> Neighbourhood:
    return Neighbourhood(household)


async def undo(near: Neighbourhood, ann: AccountId, firing_id: FiringId) -> object:
    return await near.run(lambda tx: rules.undo(tx, ann, firing_id, near.household.now))


# -- off: sixty seconds, then a command like any other


async def test_off_acts_after_sixty_seconds_as_a_signed_command(near: Neighbourhood) -> None:
    ann, heater, home = await one_home(near)
    rule = await near.rule(ann, home, heater, Trigger.LEAVE)
    await leave(near, ann, home)
    [event] = await near.events(ann, "automation.pending")
    firing = await near.firing(ann)
    assert event.data["firing_id"] == firing.firing_id
    assert event.data["acts_at"] == "2026-03-01T12:02:00.000Z"
    near.pass_by(seconds=59)
    assert await near.tick() == 0
    assert await near.actions_to(heater) == []
    near.pass_by(seconds=1)
    assert await near.tick() == 1
    assert await near.actions_to(heater) == ["off"]
    assert await near.open(ann) == []
    assert await near.reasons(rule) == ["acted: acts", "acted: acted"]
    [message] = [message for topic, message in near.household.sent if topic.endswith("/down/command")]
    assert message["sig"]


async def test_what_is_undone_in_time_never_happens_and_undoing_twice_is_no_mistake(near: Neighbourhood) -> None:
    ann, heater, home = await one_home(near)
    rule = await near.rule(ann, home, heater, Trigger.LEAVE)
    await leave(near, ann, home)
    firing = await near.firing(ann)
    for _ in range(2):
        undone = await undo(near, ann, firing.firing_id)
        assert isinstance(undone, Firing)
        assert undone.state is FiringState.UNDONE
    near.pass_by(minutes=10)
    assert await near.tick() == 0
    assert await near.actions_to(heater) == []
    assert await near.reasons(rule) == ["acted: acts", "acted: undone"]


async def test_what_is_over_cannot_be_undone_and_anothers_is_not_there(near: Neighbourhood) -> None:
    ann, heater, home = await one_home(near)
    await near.rule(ann, home, heater, Trigger.LEAVE)
    await leave(near, ann, home)
    firing = await near.firing(ann)
    stranger = await near.account(*ALL)
    assert isinstance(await undo(near, stranger, firing.firing_id), rules.NotFound)
    near.pass_by(seconds=60)
    await near.tick()
    assert isinstance(await undo(near, ann, firing.firing_id), TooLate)


async def test_a_consent_that_was_withdrawn_meanwhile_stops_it(near: Neighbourhood) -> None:
    """Also where the rows of the firing were left behind: it is asked for in the transaction that acts."""
    ann, heater, home = await one_home(near)
    rule = await near.rule(ann, home, heater, Trigger.LEAVE)
    await leave(near, ann, home)
    near.pass_by(seconds=60)

    def stop(tx: Transaction) -> None:
        stored = tx.consents.standing(ann, AUTO_OFF, near.household.now).consent
        assert stored is not None
        tx.consents.put(replace(stored, state=ConsentState.WITHDRAWN))

    await near.run(stop)
    assert await near.tick() == 1
    assert await near.actions_to(heater) == []
    assert (await near.reasons(rule))[-1] == "nothing: auto_off_not_granted"


async def test_an_appliance_that_is_away_is_not_waited_for(near: Neighbourhood) -> None:
    ann, heater, home = await one_home(near)
    rule = await near.rule(ann, home, heater, Trigger.LEAVE)
    await leave(near, ann, home)
    await near.household.bye(heater)
    near.pass_by(seconds=60)
    await near.tick()
    assert (await near.reasons(rule))[-1] == "nothing: device_offline"
    [event] = await near.events(ann, "automation.ended")
    assert event.data["reason"] == "device_offline"


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_persons_own_word_rests_the_rule_for_two_hours(near: Neighbourhood, when: str) -> None:
    ann, heater, home = await one_home(near)
    rule = await near.rule(ann, home, heater, Trigger.LEAVE)
    if when == "before":
        await near.household.given(ann, heater, "on")
        await leave(near, ann, home)
        assert await near.reasons(rule) == ["nothing: manual_change"]
    else:
        await leave(near, ann, home)
        await near.household.given(ann, heater, "on")
        assert (await near.reasons(rule))[-1] == "nothing: manual_change"
        [event] = await near.events(ann, ENDED)
        assert (event.data["state"], event.data["reason"]) == ("dropped", "manual_change")
    near.pass_by(minutes=5)
    await near.tick()
    assert await near.actions_to(heater) == ["on"]
    assert await near.open(ann) == []
    stored = await near.stored(rule)
    assert stored is not None
    assert stored.rested_until is not None
    assert stored.rested_until - near.household.now < timedelta(hours=2)
    near.pass_by(hours=2)
    await leave(near, ann, home)
    near.pass_by(seconds=60)
    await near.household.hello(heater)
    await near.tick()
    assert (await near.reasons(rule))[-2:] == ["acted: acts", "acted: acted"]


async def test_a_rules_own_command_does_not_rest_it(near: Neighbourhood) -> None:
    ann, heater, home = await one_home(near)
    rule = await near.rule(ann, home, heater, Trigger.LEAVE)
    await leave(near, ann, home)
    near.pass_by(seconds=60)
    await near.tick()
    stored = await near.stored(rule)
    assert stored is not None
    assert stored.rested_until is None


# -- on: a reminder, or undone without an arrival


async def test_on_is_a_reminder_without_the_third_grant(near: Neighbourhood) -> None:
    ann, heater, home = await one_home(near, REMINDER, AUTO_OFF)
    rule = await near.rule(ann, home, heater, Trigger.NEAR, "on")
    await come_near(near, ann, home)
    [event] = await near.events(ann, "automation.reminder")
    assert event.data == {
        "automation_id": rule.automation_id,
        "device_id": heater,
        "trigger": "near",
        "action": "on",
        "reason": "auto_on_not_granted",
    }
    assert await near.open(ann) == []
    assert await near.reasons(rule) == ["reminded: auto_on_not_granted"]


async def test_what_was_turned_on_for_an_arrival_is_undone_after_45_minutes_without_one(near: Neighbourhood) -> None:
    ann, heater, home = await one_home(near)
    rule = await near.rule(ann, home, heater, Trigger.NEAR, "on")
    await come_near(near, ann, home)
    near.pass_by(seconds=60)
    await near.tick()
    assert await near.actions_to(heater) == ["on"]
    [on] = await near.run(lambda tx: tx.commands.under_way(heater))
    await near.household.ack(heater, on, "received")
    await near.household.ack(heater, on, "applied")
    near.pass_by(minutes=44, seconds=59)
    assert await near.tick() == 0
    near.pass_by(seconds=1)
    assert await near.tick() == 1
    assert await near.actions_to(heater) == ["on", "off"]
    assert (await near.reasons(rule))[-1] == "acted: no_arrival"


async def test_an_arrival_lets_it_stay_on(near: Neighbourhood) -> None:
    ann, heater, home = await one_home(near)
    rule = await near.rule(ann, home, heater, Trigger.NEAR, "on")
    await come_near(near, ann, home)
    near.pass_by(seconds=60)
    await near.tick()
    near.pass_by(minutes=20)
    await near.tell(ann, home, HOME)
    near.pass_by(hours=1)
    assert await near.tick() == 0
    assert await near.actions_to(heater) == ["on"]
    assert (await near.reasons(rule))[-1] == "acted: arrived"


async def test_who_is_home_before_it_acts_is_not_waited_for(near: Neighbourhood) -> None:
    ann, heater, home = await one_home(near)
    await near.rule(ann, home, heater, Trigger.NEAR, "on")
    await come_near(near, ann, home)
    near.pass_by(seconds=30)
    await near.tell(ann, home, HOME)
    near.pass_by(seconds=30)
    assert await near.tick() == 1
    assert await near.actions_to(heater) == ["on"]
    assert await near.open(ann) == []


async def test_two_timers_act_once(near: Neighbourhood) -> None:
    ann, heater, home = await one_home(near)
    rule = await near.rule(ann, home, heater, Trigger.LEAVE)
    await leave(near, ann, home)
    near.pass_by(seconds=60)
    await asyncio.gather(*(near.tick() for _ in range(4)))
    assert await near.actions_to(heater) == ["off"]
    assert await near.reasons(rule) == ["acted: acts", "acted: acted"]


async def test_what_was_turned_on_can_be_taken_back_until_the_arrival(near: Neighbourhood) -> None:
    ann, heater, home = await one_home(near)
    await near.rule(ann, home, heater, Trigger.NEAR, "on")
    await come_near(near, ann, home)
    near.pass_by(seconds=60)
    await near.tick()
    [on] = await near.run(lambda tx: tx.commands.under_way(heater))
    await near.household.ack(heater, on, "applied")
    firing = await near.firing(ann)
    assert firing.state is FiringState.WAITING
    await undo(near, ann, firing.firing_id)
    await near.tick()
    assert await near.actions_to(heater) == ["on", "off"]
    assert await near.open(ann) == []


async def test_on_when_arriving_waits_for_nobody(near: Neighbourhood) -> None:
    ann, heater, home = await one_home(near)
    await near.rule(ann, home, heater, Trigger.ARRIVE, "on")
    await near.trip(ann, home)
    await near.tell(ann, home, HOME)
    near.pass_by(seconds=60)
    await near.tick()
    assert await near.actions_to(heater) == ["on"]
    assert await near.open(ann) == []


async def test_a_washing_machine_is_never_turned_on_by_a_rule(near: Neighbourhood) -> None:
    ann = await near.account(*ALL)
    washer, home = await near.household.bound(ann, "washer.front.m1"), await near.home(ann)
    refused = await near.make(ann, home, washer, RuleWish(Trigger.NEAR, Mode.ACT, "on", {}))
    assert refused == NotAllowed(WhyNot.AUTOMATIC_ON)
    rule = await near.rule(ann, home, washer, Trigger.NEAR, "on", mode=Mode.REMIND)
    await come_near(near, ann, home)
    assert await near.reasons(rule) == ["reminded: as_wished"]


async def test_nothing_is_turned_on_because_people_leave(near: Neighbourhood) -> None:
    ann, heater, home = await one_home(near)
    for trigger in (Trigger.LEAVE, Trigger.LAST_LEAVES):
        for mode in Mode:
            refused = await near.make(ann, home, heater, RuleWish(trigger, mode, "on", {}))
            assert refused == NotAllowed(WhyNot.ON_WHEN_LEAVING)
    assert isinstance(await near.make(ann, home, heater, RuleWish(Trigger.LEAVE, Mode.ACT, "fly", {})), rules.Invalid)
    too_hot = RuleWish(Trigger.LEAVE, Mode.ACT, "set", {"target_c": 99})
    assert isinstance(await near.make(ann, home, heater, too_hot), rules.Invalid)
