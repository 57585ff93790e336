"""What a rule makes of somebody's coming and going: every combination of what it may depend on."""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import NamedTuple

import pytest

from gateway.domain.automations import (
    Act,
    Automation,
    AutomationId,
    Clock,
    Decision,
    Grants,
    Happening,
    Household,
    Mode,
    Nothing,
    Reason,
    Remind,
    Trigger,
    decide,
    is_night,
)
from gateway.domain.consent import GrantedPurpose, Purpose
from gateway.domain.households import HomeRef
from gateway.domain.identity import AccountId, DeviceId
from gateway.domain.location import Accuracy, Likely, Sign, Unfit

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ANN = AccountId("a-ann")
NOON, MIDNIGHT = time(12), time(0)


def granted(purpose: Purpose) -> GrantedPurpose:
    return GrantedPurpose(ANN, purpose, NOW, 1)


REMINDER, AUTO_OFF, AUTO_ON = (
    granted(each) for each in (Purpose.LOCATION_REMINDER, Purpose.LOCATION_AUTO_OFF, Purpose.LOCATION_AUTO_ON)
)
ALL = Grants(REMINDER, AUTO_OFF, AUTO_ON)
SIGN_OF = {
    Trigger.NEAR: Sign.CAME_NEAR,
    Trigger.ARRIVE: Sign.ARRIVED,
    Trigger.FIRST_ARRIVES: Sign.ARRIVED,
    Trigger.LEAVE: Sign.LEFT,
    Trigger.LAST_LEAVES: Sign.LEFT,
}


def a_rule(trigger: Trigger, *, starts: bool = False, mode: Mode = Mode.ACT) -> Automation:
    return Automation(
        automation_id=AutomationId("r-1"),
        account_id=ANN,
        home_ref=HomeRef("h-1"),
        device_id=DeviceId("d-1"),
        epoch=1,
        trigger=trigger,
        mode=mode,
        action="on" if starts else "off",
        params={},
        starts=starts,
        created_at=NOW,
    )


LEAVE = a_rule(Trigger.LEAVE)
LAST = a_rule(Trigger.LAST_LEAVES)
NEAR_ON = a_rule(Trigger.NEAR, starts=True)


def of(
    rule: Automation,
    *,
    own: bool = True,
    sign: Sign | None = None,
    accuracy: Accuracy = Accuracy.GOOD,
    unfit: Unfit | None = None,
    others: tuple[Likely, ...] = (),
    someone_here: bool = False,
    grants: Grants = ALL,
    local: time = NOON,
    now: datetime = NOW,
    may_start: bool = True,
) -> Decision | None:
    happening = Happening(sign or SIGN_OF[rule.trigger], own, accuracy, unfit)
    return decide(rule, happening, Household(others, someone_here), grants, Clock(now, local), may_start=may_start)


class Case(NamedTuple):
    rule: Automation
    own: bool
    sign: Sign
    accuracy: Accuracy
    unfit: Unfit | None
    others: tuple[Likely, ...]
    someone_here: bool
    grants: Grants
    local: time
    may_start: bool

    def decision(self) -> Decision | None:
        rest = self._asdict()
        return of(rest.pop("rule"), **rest)


OTHERS = ((), (Likely.OUT,), (Likely.IN,), (Likely.UNKNOWN,), (Likely.OUT, Likely.UNKNOWN), (Likely.IN, Likely.UNKNOWN))
GRANTS = [Grants(*some) for some in itertools.product((None, REMINDER), (None, AUTO_OFF), (None, AUTO_ON))]


def every_case() -> Iterator[Case]:
    """All combinations: some 370,000."""
    rules = [
        replace(a_rule(trigger, starts=starts, mode=mode), enabled=enabled)
        for trigger, starts, mode, enabled in itertools.product(Trigger, (False, True), Mode, (False, True))
    ]
    for rule in rules:
        yield from (
            Case(rule, *rest)
            for rest in itertools.product(
                (True, False),
                Sign,
                (Accuracy.GOOD, Accuracy.POOR),
                (None, Unfit.TOO_OLD),
                OTHERS,
                (False, True),
                GRANTS,
                (NOON, MIDNIGHT),
                (True, False),
            )
        )


def test_in_every_case_nothing_happens_that_was_not_allowed() -> None:
    seen: set[type] = set()
    for case in every_case():
        decision = case.decision()
        seen.add(type(decision))
        rule, others = case.rule, case.others
        if decision is None:
            continue
        assert SIGN_OF[rule.trigger] is case.sign
        if not case.own:
            assert rule.trigger.is_of_household
            assert Likely.IN not in others
            assert rule.enabled
            assert case.unfit is None
        if isinstance(decision, Nothing):
            continue
        assert rule.enabled
        assert case.unfit is None
        assert not (rule.trigger.is_leave and case.someone_here)
        assert not (rule.trigger.is_of_household and Likely.IN in others)
        if isinstance(decision, Remind):
            assert decision.grant is REMINDER is case.grants.reminder
            continue
        assert rule.mode is Mode.ACT
        assert case.accuracy is not Accuracy.POOR
        assert decision.grant is (AUTO_ON if rule.starts else AUTO_OFF)
        assert decision.grant is (case.grants.auto_on if rule.starts else case.grants.auto_off)
        if rule.starts:
            assert case.may_start
            assert case.local == NOON
        if rule.trigger in {Trigger.LEAVE, Trigger.LAST_LEAVES, Trigger.FIRST_ARRIVES}:
            assert Likely.UNKNOWN not in others, "one unknown member: it only reminds"
    assert seen == {type(None), Act, Remind, Nothing}


def test_without_any_grant_nothing_but_nothing() -> None:
    found = {type(case.decision()) for case in every_case() if case.grants.proof is None}
    assert found == {type(None), Nothing}


@pytest.mark.parametrize("trigger", Trigger)
def test_off_acts_when_it_was_granted_and_reminds_otherwise(trigger: Trigger) -> None:
    rule = a_rule(trigger)
    assert of(rule) == Act(AUTO_OFF)
    assert of(rule, grants=Grants(REMINDER, None, AUTO_ON)) == Remind(REMINDER, Reason.AUTO_OFF_NOT_GRANTED)
    assert of(rule, grants=Grants(None, None, AUTO_ON)) == Nothing(Reason.REMINDER_NOT_GRANTED)
    assert of(replace(rule, mode=Mode.REMIND)) == Remind(REMINDER, Reason.AS_WISHED)


def test_on_is_a_reminder_unless_everything_allows_it() -> None:
    assert of(NEAR_ON) == Act(AUTO_ON)
    assert of(NEAR_ON, grants=Grants(REMINDER, AUTO_OFF)) == Remind(REMINDER, Reason.AUTO_ON_NOT_GRANTED)
    assert of(NEAR_ON, may_start=False) == Remind(REMINDER, Reason.TYPE_NOT_ALLOWED)
    assert of(NEAR_ON, local=MIDNIGHT) == Remind(REMINDER, Reason.NIGHT)
    assert of(NEAR_ON, accuracy=Accuracy.POOR) == Remind(REMINDER, Reason.POOR_ACCURACY)
    assert of(NEAR_ON, accuracy=Accuracy.FAIR) == Act(AUTO_ON)


@pytest.mark.parametrize(
    ("local", "night"),
    [
        (time(22, 59, 59), False),
        (time(23), True),
        (time(23, 59, 59), True),
        (time(0), True),
        (time(5, 59, 59, 999_999), True),
        (time(6), False),
        (time(12), False),
    ],
)
def test_night_is_from_23_to_6(local: time, night: bool) -> None:  # noqa: FBT001 - a table
    assert is_night(local) is night


def test_off_may_act_at_night() -> None:
    assert of(LEAVE, local=MIDNIGHT) == Act(AUTO_OFF)


@pytest.mark.parametrize("unfit", [Unfit.TOO_OLD, Unfit.AWAY_TOO_SHORT, Unfit.ONCE_A_TRIP])
def test_what_fires_nothing_says_why(unfit: Unfit) -> None:
    assert of(NEAR_ON, unfit=unfit) == Nothing(Reason(unfit.value))


def test_the_last_one_who_leaves_is_the_last_of_the_known() -> None:
    assert of(LAST) == Act(AUTO_OFF)
    assert of(LAST, others=(Likely.OUT, Likely.OUT)) == Act(AUTO_OFF)
    assert of(LAST, others=(Likely.OUT, Likely.IN)) == Nothing(Reason.OTHERS_HOME)
    assert of(LAST, others=(Likely.IN, Likely.UNKNOWN)) == Nothing(Reason.OTHERS_HOME)
    assert of(LAST, others=(Likely.OUT, Likely.UNKNOWN)) == Remind(REMINDER, Reason.HOUSEHOLD_UNSURE)


def test_ones_own_leaving_does_not_ask_who_is_home_but_whether_all_are_known() -> None:
    assert of(LEAVE, others=(Likely.IN,)) == Act(AUTO_OFF)
    assert of(LEAVE, others=(Likely.UNKNOWN,)) == Remind(REMINDER, Reason.HOUSEHOLD_UNSURE)


def test_coming_near_does_not_depend_on_the_others() -> None:
    for others in OTHERS:
        assert of(NEAR_ON, others=others) == Act(AUTO_ON)


def test_the_switch_stops_leave_rules_and_no_others() -> None:
    for trigger in Trigger:
        stopped = of(a_rule(trigger), someone_here=True) == Nothing(Reason.SOMEONE_HERE)
        assert stopped is trigger.is_leave


def test_another_members_going_is_about_a_rule_only_where_it_empties_the_home() -> None:
    assert of(LAST, own=False, others=(Likely.OUT,)) == Act(AUTO_OFF)
    assert of(LAST, own=False, others=(Likely.IN,)) is None, "the explanation must not tell when others go"
    assert of(LAST, own=False, others=(Likely.OUT,), unfit=Unfit.TOO_OLD) is None
    assert of(LEAVE, own=False, others=(Likely.OUT,)) is None
    assert of(replace(LAST, enabled=False), own=False, others=(Likely.OUT,)) is None


def test_a_manual_change_rests_every_rule_until_its_end() -> None:
    rested = replace(LEAVE, rested_until=NOW)
    assert of(rested, now=NOW - timedelta(seconds=1)) == Nothing(Reason.MANUAL_CHANGE)
    assert of(rested) == Act(AUTO_OFF)


def test_near_rests_for_half_an_hour_after_it_fired_and_others_do_not() -> None:
    half_an_hour = timedelta(minutes=30)
    for trigger in Trigger:
        fired = replace(a_rule(trigger), fired_at=NOW)
        resting = of(fired, now=NOW + half_an_hour - timedelta(seconds=1)) == Nothing(Reason.RESTING)
        assert resting is (trigger is Trigger.NEAR)
        assert of(fired, now=NOW + half_an_hour) == Act(AUTO_OFF)


def test_a_dry_run_says_the_same_and_marks_it() -> None:
    dry = replace(LEAVE, dry_run_until=NOW + timedelta(days=7))
    assert of(dry) == Act(AUTO_OFF, dry=True)
    assert of(dry, grants=Grants(REMINDER)) == Remind(REMINDER, Reason.AUTO_OFF_NOT_GRANTED, dry=True)
    assert of(dry, someone_here=True) == Nothing(Reason.SOMEONE_HERE, dry=True)
    assert of(dry, now=NOW + timedelta(days=7)) == Act(AUTO_OFF)


def test_a_rule_that_is_switched_off_says_so() -> None:
    assert of(replace(LEAVE, enabled=False)) == Nothing(Reason.DISABLED)


def test_a_rule_is_about_its_own_sign() -> None:
    for trigger, sign in itertools.product(Trigger, Sign):
        assert (of(a_rule(trigger), sign=sign) is None) is (SIGN_OF[trigger] is not sign)
