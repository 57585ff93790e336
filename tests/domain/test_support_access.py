"""When support may look: cases, codes, grants, break-glass, and how often."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gateway.domain.identity import AccountId, DeviceId
from gateway.domain.staff import StaffId
from gateway.domain.support_access import (
    ASK_LIFE,
    CODE_LIFE,
    CODE_TRIES,
    GLASS_LIFE,
    LOOKUPS_AN_HOUR,
    MANY_MISSES,
    BreakGlass,
    BreakGlassId,
    Case,
    CodeRefused,
    CodeTaken,
    GlassState,
    Grant,
    GrantEnd,
    GrantId,
    GrantKind,
    LookedEnough,
    MayLook,
    NotDecided,
    NotOpened,
    RecentLookups,
    case_of,
    decide,
    end_grant,
    holds,
    may_look,
    review,
    show_code,
    take_code,
)

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
DEVICE, ANN = DeviceId("d-1"), AccountId("a-1")
ADA, LEO, PAM = StaffId("w-1"), StaffId("w-2"), StaffId("w-3")
CODE = show_code(DEVICE, 3, ANN, digest=b"right", now=NOW)
GRANT = Grant(
    GrantId("x-1"), GrantKind.CODE, DEVICE, 3, ANN, ADA, "T-1", "it is cold here", NOW, NOW + timedelta(hours=24)
)
GLASS = BreakGlass(BreakGlassId("b-1"), DEVICE, 3, ANN, ADA, "T-1", "smoke was reported", NOW)
APPROVED = decide(GLASS, by=LEO, approve=True, epoch=3, now=NOW)


# -- cases


def test_a_case_is_trimmed_and_has_both_parts() -> None:
    assert case_of("  T-1 ", " it  is\ncold ") == Case("T-1", "it is cold")


@pytest.mark.parametrize(
    ("number", "reason", "fields"),
    [
        ("", "long enough", ["case"]),
        ("x" * 41, "long enough", ["case"]),
        ("T-1", "short", ["reason"]),
        ("T-1", "x" * 201, ["reason"]),
        ("T\u202e1", "hidden \u200b letters", ["case", "reason"]),
        ("T-1", "a lone \ud800 surrogate", ["reason"]),
    ],
)
def test_what_is_no_case_is_told_field_by_field(number: str, reason: str, fields: list[str]) -> None:
    wrong = case_of(number, reason)
    assert isinstance(wrong, list)
    assert [bad.field for bad in wrong] == fields


# -- codes


def test_the_right_code_opens_until_its_last_second() -> None:
    late = NOW + CODE_LIFE - SECOND
    assert take_code(CODE, epoch=3, presented=b"right", now=late) == CodeTaken(CODE)
    assert take_code(CODE, epoch=3, presented=b"right", now=NOW + CODE_LIFE) == CodeRefused(NotOpened.CODE_WRONG)


def test_a_code_of_a_former_owner_opens_nothing() -> None:
    assert take_code(CODE, epoch=4, presented=b"right", now=NOW) == CodeRefused(NotOpened.CODE_WRONG)


def test_no_code_is_a_wrong_code() -> None:
    assert take_code(None, epoch=3, presented=b"right", now=NOW) == CodeRefused(NotOpened.CODE_WRONG)


def test_after_five_wrong_tries_the_right_one_comes_too_late() -> None:
    code, answers = CODE, []
    for _ in range(CODE_TRIES):
        refused = take_code(code, epoch=3, presented=b"wrong", now=NOW)
        assert isinstance(refused, CodeRefused)
        assert refused.code is not None
        answers.append(refused.why)
        code = refused.code
    assert answers == [NotOpened.CODE_WRONG] * 4 + [NotOpened.CODE_USED_UP]
    assert take_code(code, epoch=3, presented=b"right", now=NOW) == CodeRefused(NotOpened.CODE_USED_UP)


# -- grants


def test_a_grant_holds_for_its_time_and_its_owner() -> None:
    assert holds(GRANT, epoch=3, now=NOW)
    assert holds(GRANT, epoch=3, now=GRANT.until - SECOND)
    assert not holds(GRANT, epoch=3, now=GRANT.until)
    assert not holds(GRANT, epoch=3, now=NOW - SECOND)
    assert not holds(GRANT, epoch=4, now=NOW)


def test_a_grant_that_was_ended_stays_ended_by_who_ended_it() -> None:
    ended = end_grant(GRANT, GrantEnd.CUSTOMER, NOW)
    assert not holds(ended, epoch=3, now=NOW)
    assert end_grant(ended, GrantEnd.STAFF, NOW + SECOND) is ended
    assert end_grant(GRANT, GrantEnd.CUSTOMER, GRANT.until) is GRANT


# -- break-glass


def test_a_second_person_decides() -> None:
    assert isinstance(APPROVED, BreakGlass)
    assert (APPROVED.state, APPROVED.decided_by, APPROVED.decided_at) == (GlassState.APPROVED, LEO, NOW)
    declined = decide(GLASS, by=LEO, approve=False, epoch=3, now=NOW)
    assert isinstance(declined, BreakGlass)
    assert declined.state is GlassState.DECLINED


def test_nobody_is_their_own_second_person() -> None:
    for approve in (True, False):
        assert decide(GLASS, by=ADA, approve=approve, epoch=3, now=NOW) is NotDecided.OWN_QUESTION


def test_a_question_is_decided_once_in_time_and_for_the_same_owner() -> None:
    assert decide(GLASS, by=LEO, approve=True, epoch=3, now=NOW + ASK_LIFE) is NotDecided.TOO_LATE
    assert decide(GLASS, by=LEO, approve=True, epoch=4, now=NOW) is NotDecided.TOO_LATE
    assert isinstance(APPROVED, BreakGlass)
    assert decide(APPROVED, by=PAM, approve=False, epoch=3, now=NOW) is NotDecided.TOO_LATE
    assert decide(None, by=LEO, approve=True, epoch=3, now=NOW) is NotDecided.NOT_FOUND


def test_a_third_person_reviews_when_it_is_over() -> None:
    assert isinstance(APPROVED, BreakGlass)
    over = NOW + GLASS_LIFE
    assert review(APPROVED, by=PAM, justified=True, now=over - SECOND) is NotDecided.NOT_OVER
    for part in (ADA, LEO):
        assert review(APPROVED, by=part, justified=True, now=over) is NotDecided.OWN_QUESTION
    reviewed = review(APPROVED, by=PAM, justified=False, now=over)
    assert isinstance(reviewed, BreakGlass)
    assert (reviewed.reviewed_by, reviewed.justified) == (PAM, False)
    assert review(reviewed, by=StaffId("w-4"), justified=True, now=over) is NotDecided.TOO_LATE


def test_what_was_never_open_is_not_reviewed() -> None:
    assert review(GLASS, by=PAM, justified=True, now=NOW + GLASS_LIFE) is NotDecided.NOT_FOUND
    assert review(None, by=PAM, justified=True, now=NOW) is NotDecided.NOT_FOUND
    declined = replace(GLASS, state=GlassState.DECLINED, decided_by=LEO, decided_at=NOW)
    assert review(declined, by=PAM, justified=True, now=NOW + GLASS_LIFE) is NotDecided.NOT_FOUND


# -- look-ups


def test_thirty_look_ups_an_hour() -> None:
    first = NOW - timedelta(minutes=50)
    assert isinstance(may_look(RecentLookups(first, LOOKUPS_AN_HOUR - 1, 0), NOW), MayLook)
    assert may_look(RecentLookups(first, LOOKUPS_AN_HOUR, 0), NOW) == LookedEnough(600)
    assert may_look(RecentLookups(None, 0, 0), NOW) == MayLook(last_miss_before_alarm=False)


def test_the_wait_is_never_longer_than_the_window_whatever_the_clock_did() -> None:
    assert may_look(RecentLookups(NOW + timedelta(days=1), LOOKUPS_AN_HOUR, 0), NOW) == LookedEnough(3600)


def test_the_tenth_miss_raises_the_alarm_once() -> None:
    alarms = [
        misses
        for misses in range(LOOKUPS_AN_HOUR)
        if may_look(RecentLookups(NOW, misses, misses), NOW) == MayLook(last_miss_before_alarm=True)
    ]
    assert alarms == [MANY_MISSES - 1]
