"""Rules in a real database: their limits, dry runs, explanations, and how they end."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.domain.automations import Automation, Mode, Reason, Trigger
from gateway.domain.commands import Status
from gateway.usecases import automations as rules
from gateway.usecases import deadlines
from gateway.usecases.automations import NotGranted, RuleWish, TooMany
from gateway.usecases.repositories.automations import Did, Line
from tests.usecases.household import Household
from tests.usecases.neighbourhood import AUTO_ON, AWAY, HOME, NEAR, REMINDER, Neighbourhood, come_near, leave, one_home


@pytest.fixture
def near(household: Household) -> Neighbourhood:
    return Neighbourhood(household)


async def test_near_fires_once_a_trip_and_not_within_half_an_hour(near: Neighbourhood) -> None:
    ann, heater, home = await one_home(near, REMINDER)
    rule = await near.rule(ann, home, heater, Trigger.NEAR, "on")
    await come_near(near, ann, home)
    near.pass_by(minutes=1)
    await near.tell(ann, home, AWAY)
    near.pass_by(minutes=25)
    await near.tell(ann, home, NEAR)
    await near.tell(ann, home, HOME)
    await near.tell(ann, home, AWAY)
    near.pass_by(minutes=3)
    await near.tell(ann, home, NEAR, age=0)
    assert await near.reasons(rule) == [
        "reminded: auto_on_not_granted",
        "nothing: once_a_trip",
        "nothing: away_too_short",
    ]


async def test_a_dry_run_writes_the_same_lines_and_does_nothing(near: Neighbourhood) -> None:
    ann, heater, home = await one_home(near)
    rule = await near.rule(ann, home, heater, Trigger.LEAVE, dry_run=True)
    assert rule.dry_run_until == near.household.now + timedelta(days=7)
    await leave(near, ann, home)
    [line] = await near.lines(rule.automation_id)
    assert (line.reason, line.dry) == (Reason.ACTS, True)
    assert await near.open(ann) == []
    assert await near.events(ann, "automation.pending") == []
    near.pass_by(days=7)
    await leave(near, ann, home)
    assert [line.dry for line in await near.lines(rule.automation_id)] == [True, False]
    assert len(await near.open(ann)) == 1


async def test_an_explanation_keeps_its_newest_lines(near: Neighbourhood) -> None:
    ann, heater, home = await one_home(near, REMINDER)
    rule = await near.rule(ann, home, heater, Trigger.LEAVE)
    other = await near.rule(ann, home, heater, Trigger.LEAVE)
    line = Line(rule.automation_id, ann, near.household.now, Did.NOTHING, Reason.DISABLED)
    many = [replace(line, at=near.household.now + timedelta(minutes=number)) for number in range(501)]
    await near.run(lambda tx: tx.automations.explain([replace(line, automation_id=other.automation_id)]))
    await near.run(lambda tx: tx.automations.explain(many))
    kept = await near.lines(rule.automation_id)
    assert len(kept) == 500
    assert kept[0].at == many[1].at
    assert len(await near.lines(other.automation_id)) == 1


async def test_an_edited_rule_drops_what_it_was_about_to_do(near: Neighbourhood) -> None:
    ann, heater, home = await one_home(near)
    rule = await near.rule(ann, home, heater, Trigger.LEAVE)
    await leave(near, ann, home)
    stored = await near.stored(rule)
    assert stored is not None
    wish = RuleWish(Trigger.LAST_LEAVES, Mode.REMIND, "off", {}, enabled=False)
    changed = await near.run(lambda tx: rules.change(tx, near.types, stored, wish, near.household.now))
    assert isinstance(changed, Automation)
    assert (changed.trigger, changed.mode, changed.enabled) == (Trigger.LAST_LEAVES, Mode.REMIND, False)
    assert changed.version == stored.version + 1
    assert await near.open(ann) == []
    assert (await near.reasons(rule))[-1] == "nothing: changed"


async def test_a_removed_rule_turns_off_what_it_had_turned_on_for_an_arrival(near: Neighbourhood) -> None:
    ann, heater, home = await one_home(near)
    rule = await near.rule(ann, home, heater, Trigger.NEAR, "on")
    await come_near(near, ann, home)
    near.pass_by(seconds=60)
    await near.tick()
    [on] = await near.run(lambda tx: tx.commands.under_way(heater))
    await near.household.ack(heater, on, "applied")
    assert await near.run(lambda tx: rules.remove(tx, ann, rule.automation_id, near.household.now))
    await near.tick()
    assert await near.actions_to(heater) == ["on", "off"]
    assert "automations" not in await near.rows()


async def test_a_release_removes_the_rules_on_the_appliance(near: Neighbourhood) -> None:
    ann, heater, home = await one_home(near)
    other = await near.household.bound(ann)
    await near.rule(ann, home, heater, Trigger.LEAVE)
    kept = await near.rule(ann, home, other, Trigger.LEAVE, mode=Mode.REMIND)
    await leave(near, ann, home)
    await near.household.release(ann, heater)
    near.pass_by(seconds=60)
    assert await near.tick() == 0
    assert await near.actions_to(heater) == []
    found, _ = await near.run(lambda tx: rules.page(tx, ann, None, 10))
    assert [rule.automation_id for rule in found] == [kept.automation_id]


async def test_who_is_no_member_of_the_appliance_any_more_has_no_effect_on_it(near: Neighbourhood) -> None:
    ann, heater, home = await one_home(near)
    await near.rule(ann, home, heater, Trigger.LEAVE)
    await leave(near, ann, home)
    await near.run(lambda tx: tx.bindings.remove_all(heater))
    near.pass_by(seconds=60)
    await near.tick()
    assert await near.actions_to(heater) == []
    await leave(near, ann, home)
    assert await near.open(ann) == []


async def test_a_rule_needs_a_grant_a_home_and_an_appliance_and_there_are_fifty(near: Neighbourhood) -> None:
    ann, heater, home = await one_home(near, AUTO_ON)
    bob = await near.account()
    off = RuleWish(Trigger.LEAVE, Mode.ACT, "off", {})
    assert isinstance(await near.make(bob, home, heater, off), NotGranted)
    await near.allow(bob, REMINDER)
    assert isinstance(await near.make(bob, home, heater, off), rules.NotFound)
    assert isinstance(await near.make(bob, await near.home(bob), heater, off), rules.NotFound)
    for _ in range(50):
        assert isinstance(await near.make(ann, home, heater, off), Automation)
    assert isinstance(await near.make(ann, home, heater, off), TooMany)


async def test_rules_on_appliances_of_which_somebody_was_removed_do_not_count(near: Neighbourhood) -> None:
    ann, heater, home = await one_home(near, AUTO_ON)
    lost = await near.household.bound(ann)
    off = RuleWish(Trigger.LEAVE, Mode.ACT, "off", {})
    for number in range(50):
        assert isinstance(await near.make(ann, home, (heater, lost)[number % 2], off), Automation)
    assert isinstance(await near.make(ann, home, heater, off), TooMany)
    await near.run(lambda tx: tx.bindings.remove_all(lost))
    assert isinstance(await near.make(ann, home, heater, off), Automation)
    found, _ = await near.run(lambda tx: rules.page(tx, ann, None, 100))
    assert [rule.device_id for rule in found] == [heater] * 26


async def test_the_timer_has_nothing_to_do_before_the_moment_and_after_it(near: Neighbourhood) -> None:
    ann, heater, home = await one_home(near)
    await near.rule(ann, home, heater, Trigger.LEAVE)
    await leave(near, ann, home)
    assert await near.run(lambda tx: tx.automations.next_due()) == near.household.now + timedelta(seconds=60)
    near.pass_by(seconds=60)
    due = await near.run(deadlines.next_moment)
    assert due is not None
    assert due <= near.household.now
    await near.household.hello(heater)
    for work in deadlines.works(near.household, near):
        while await near.run(lambda tx, work=work: work(tx, near.household.now)):  # type: ignore[misc]
            pass
    assert await near.actions_to(heater) == ["off"]
    [off] = await near.run(lambda tx: tx.commands.under_way(heater))
    await near.household.ack(heater, off, "applied")
    assert (await near.household.stored(off)).status is Status.APPLIED
    assert await near.run(lambda tx: tx.automations.next_due()) is None
