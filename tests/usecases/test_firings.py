"""Rules in a real database: what they do when people come and go, how it is taken back, and what stops it."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gateway.domain.automations import Automation, Mode, Reason, Trigger
from gateway.domain.commands import Status
from gateway.domain.consent import ConsentState, Purpose
from gateway.domain.firings import Firing, FiringId, FiringState
from gateway.domain.households import HomeRef
from gateway.domain.identity import AccountId, DeviceId
from gateway.usecases import automations as rules
from gateway.usecases import deadlines
from gateway.usecases.automations import NotAllowed, NotGranted, RuleWish, TooLate, TooMany, WhyNot
from gateway.usecases.repositories.automations import Did, Line
from gateway.usecases.transaction import Transaction
from tests.usecases.household import Household
from tests.usecases.neighbourhood import ALL, AUTO_OFF, AUTO_ON, AWAY, HOME, NEAR, REMINDER, Neighbourhood


@pytest.fixture
def near(household: Household) -> Neighbourhood:
    return Neighbourhood(household)


async def one_home(near: Neighbourhood, *purposes: Purpose) -> tuple[AccountId, DeviceId, HomeRef]:
    ann = await near.account(*(purposes or ALL))
    return ann, await near.household.bound(ann), await near.home(ann)


async def come_near(near: Neighbourhood, ann: AccountId, home: HomeRef) -> None:
    await near.trip(ann, home)
    await near.tell(ann, home, NEAR)


async def leave(near: Neighbourhood, ann: AccountId, home: HomeRef) -> None:
    await near.trip(ann, home, away_for=0)


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


# -- the clock on the wall


@pytest.mark.parametrize(
    ("moment", "zone", "reason"),
    [
        # Berlin, 29 March 2026: at 01:00 UTC the clock goes from 02:00 to 03:00. 06:00 is 04:00 UTC from then on.
        ("2026-03-28T21:58:00", "Europe/Berlin", "acts"),
        ("2026-03-28T22:00:00", "Europe/Berlin", "night"),
        ("2026-03-29T00:59:00", "Europe/Berlin", "night"),
        ("2026-03-29T01:00:00", "Europe/Berlin", "night"),
        ("2026-03-29T03:59:00", "Europe/Berlin", "night"),
        ("2026-03-29T04:00:00", "Europe/Berlin", "acts"),
        ("2026-03-29T20:58:00", "Europe/Berlin", "acts"),
        ("2026-03-29T21:00:00", "Europe/Berlin", "night"),
        # 25 October 2026: 02:00 to 03:00 comes twice, at 00:00 and at 01:00 UTC. 06:00 is 05:00 UTC from then on.
        ("2026-10-25T00:30:00", "Europe/Berlin", "night"),
        ("2026-10-25T01:30:00", "Europe/Berlin", "night"),
        ("2026-10-25T04:00:00", "Europe/Berlin", "night"),
        ("2026-10-25T04:59:00", "Europe/Berlin", "night"),
        ("2026-10-25T05:00:00", "Europe/Berlin", "acts"),
        ("2026-10-25T21:58:00", "Europe/Berlin", "acts"),
        ("2026-10-25T22:00:00", "Europe/Berlin", "night"),
        # Where midnight itself is left out (Santiago, 6 September 2026, at 04:00 UTC), and half an hour is a zone.
        ("2026-09-06T01:58:00", "America/Santiago", "acts"),
        ("2026-09-06T03:00:00", "America/Santiago", "night"),
        ("2026-09-06T04:00:00", "America/Santiago", "night"),
        ("2026-09-06T09:00:00", "America/Santiago", "acts"),
        ("2026-03-01T17:28:00", "Asia/Kolkata", "acts"),
        ("2026-03-01T17:30:00", "Asia/Kolkata", "night"),
    ],
)
async def test_night_is_by_the_clock_on_the_wall(near: Neighbourhood, moment: str, zone: str, reason: str) -> None:
    ann = await near.account(*ALL)
    heater, home = await near.household.bound(ann), await near.home(ann, zone=zone)
    rule = await near.rule(ann, home, heater, Trigger.NEAR, "on")
    near.household.now = datetime.fromisoformat(moment).replace(tzinfo=UTC) - timedelta(minutes=31)
    await come_near(near, ann, home)
    assert [line.reason.value for line in await near.lines(rule.automation_id)] == [reason]


async def test_what_was_decided_before_night_is_asked_again_when_it_acts(near: Neighbourhood) -> None:
    ann = await near.account(*ALL)
    heater, home = await near.household.bound(ann), await near.home(ann, zone="Europe/Berlin")
    rule = await near.rule(ann, home, heater, Trigger.NEAR, "on")
    near.household.now = datetime(2026, 3, 1, 21, 59, tzinfo=UTC) - timedelta(minutes=31)
    await come_near(near, ann, home)
    assert (await near.firing(ann)).due_at == datetime(2026, 3, 1, 22, 0, tzinfo=UTC)
    near.pass_by(seconds=60)
    await near.household.hello(heater)
    await near.tick()
    assert await near.actions_to(heater) == []
    assert (await near.reasons(rule))[-1] == "nothing: night"


# -- the household


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


# -- limits, dry runs, ends


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
