"""What the others of a home change about a rule, and what nobody learns of them."""

import asyncio

import pytest

from gateway.domain.automations import Trigger
from tests.usecases.household import Household
from tests.usecases.neighbourhood import (
    ALL,
    AWAY,
    HOME,
    NEAR,
    REMINDER,
    Neighbourhood,
    leave,
    one_home,
)


@pytest.fixture
def near(household: Household) -> Neighbourhood:
    return Neighbourhood(household)


async def test_the_last_one_who_leaves_turns_off_whosever_rule_it_is(near: Neighbourhood) -> None:
    ann, bob = await near.account(*ALL), await near.account(REMINDER)
    heater, home = await near.household.bound(ann), await near.home(ann, bob)
    rule = await near.rule(ann, home, heater, Trigger.LAST_LEAVES)
    for who in (ann, bob):
        await near.tell(who, home, HOME)
    near.pass_by(minutes=1)
    await near.tell(ann, home, AWAY)
    assert await near.reasons(rule) == ["nothing: others_home"]
    near.pass_by(minutes=1)
    await near.tell(bob, home, AWAY)
    assert await near.reasons(rule) == ["nothing: others_home", "acted: acts"]
    near.pass_by(seconds=60)
    await near.tick()
    assert await near.actions_to(heater) == ["off"]


async def test_the_explanation_does_not_tell_when_another_goes(near: Neighbourhood) -> None:
    ann, bob, carl = [await near.account(*ALL) for _ in range(3)]
    heater, home = await near.household.bound(ann), await near.home(ann, bob, carl)
    rules_of_ann = [await near.rule(ann, home, heater, trigger) for trigger in Trigger]
    for who in (ann, bob, carl):
        await near.tell(who, home, HOME)
    for state in (AWAY, HOME, AWAY, NEAR, HOME):
        near.pass_by(minutes=30)
        await near.tell(bob, home, state)
    assert [await near.reasons(rule) for rule in rules_of_ann] == [[]] * 5
    told = {event.kind for event in await near.run(lambda tx: tx.events.of_account(ann, 0, 100))}
    assert not any(kind.startswith("automation.") for kind in told)


async def test_one_unknown_member_makes_a_leave_a_reminder(near: Neighbourhood) -> None:
    ann, bob = await near.account(*ALL), await near.account(REMINDER)
    heater, home = await near.household.bound(ann), await near.home(ann, bob)
    both = [await near.rule(ann, home, heater, trigger) for trigger in (Trigger.LEAVE, Trigger.LAST_LEAVES)]
    await near.tell(bob, home, AWAY)
    near.pass_by(hours=6)
    await leave(near, ann, home)
    for rule in both:
        assert await near.reasons(rule) == ["reminded: household_unsure"]
    assert await near.open(ann) == []


async def test_two_who_leave_in_one_moment_leave_an_empty_home(near: Neighbourhood) -> None:
    ann, bob = await near.account(*ALL), await near.account(*ALL)
    heater, home = await near.household.bound(ann), await near.home(ann, bob)
    await near.rule(ann, home, heater, Trigger.LAST_LEAVES)
    for _ in range(10):  # without the lock on the home, one of two tries goes wrong
        for who in (ann, bob):
            await near.tell(who, home, HOME)
        assert await near.open(ann) == []
        near.pass_by(minutes=1)
        await asyncio.gather(*(near.tell(who, home, AWAY) for who in (ann, bob)))
        assert len(await near.open(ann)) == 1
        near.pass_by(seconds=30)


async def test_somebody_who_comes_back_in_time_stops_it(near: Neighbourhood) -> None:
    ann, bob = await near.account(*ALL), await near.account(REMINDER)
    heater, home = await near.household.bound(ann), await near.home(ann, bob)
    last = await near.rule(ann, home, heater, Trigger.LAST_LEAVES)
    own = await near.rule(ann, home, heater, Trigger.LEAVE)
    await near.tell(bob, home, AWAY)
    await leave(near, ann, home)
    assert len(await near.open(ann)) == 2
    await near.tell(bob, home, HOME)
    [left] = await near.open(ann)
    assert left.automation_id == own.automation_id
    assert (await near.reasons(last))[-1] == "nothing: came_back"


async def test_the_switch_stops_what_is_about_to_happen_and_what_would(near: Neighbourhood) -> None:
    ann, heater, home = await one_home(near)
    rule = await near.rule(ann, home, heater, Trigger.LAST_LEAVES)
    await leave(near, ann, home)
    await near.switch(home, ann, on=True)
    assert await near.open(ann) == []
    await leave(near, ann, home)
    assert await near.reasons(rule) == ["acted: acts", "nothing: someone_here", "nothing: someone_here"]
    await near.switch(home, ann, on=False)
    await leave(near, ann, home)
    assert (await near.reasons(rule))[-1] == "acted: acts"
