"""The clock of a request, and what changes it: the same whenever it is looked at, and never backwards."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.identity import AccountId
from gateway.domain.requests import (
    ALARMS,
    ANSWERED_WITHIN,
    NotNow,
    Request,
    RequestId,
    RequestKind,
    RequestStatus,
    SomebodyElses,
    ask,
    decide,
    normal_text,
    ring,
    take,
    withdraw,
)
from gateway.domain.staff import StaffId

START = datetime(2026, 3, 1, tzinfo=UTC)
OLGA, OTTO = StaffId("t-olga"), StaffId("t-otto")


def asked() -> Request:
    return ask(
        request_id=RequestId("q-1"),
        account_id=AccountId("a-1"),
        kind=RequestKind.QUESTION,
        ground=None,
        about=None,
        text_sealed=b"",
        now=START,
    )


moments = st.timedeltas(timedelta(0), timedelta(days=60)).map(lambda passed: START + passed)


@given(st.lists(moments, min_size=1, max_size=8).map(sorted))
def test_however_often_the_clock_is_looked_at_it_has_rung_for_every_moment_that_came(looks: list[datetime]) -> None:
    request = asked()
    for now in looks:
        before = request.alarms
        request = ring(request, now)
        assert request.alarms >= before
    assert request.alarms == sum(1 for alarm in ALARMS if START + alarm <= looks[-1])
    assert request.next_alarm_at == next((START + one for one in ALARMS if START + one > looks[-1]), None)


def test_the_last_alarm_is_the_day_on_which_it_is_late() -> None:
    assert asked().due_at == START + ALARMS[-1] == START + ANSWERED_WITHIN
    assert [alarm.days for alarm in ALARMS] == [20, 25, 28, 30]


STEPS = {
    "take": lambda request, now: take(request, OLGA, not_for=(), now=now),
    "relieve": lambda request, now: take(request, OTTO, not_for=(), now=now),
    "answer": lambda request, now: decide(request, OLGA, answer_sealed=b"", refusal=None, now=now),
    "withdraw": withdraw,
}


@given(st.lists(st.sampled_from(sorted(STEPS)), max_size=8))
def test_what_is_over_stays_over_whatever_comes(steps: list[str]) -> None:
    request = asked()
    over: Request | None = None
    for number, step in enumerate(steps):
        outcome = STEPS[step](request, START + timedelta(hours=number))
        if isinstance(outcome, Request):
            request = outcome
        if over is not None:
            assert request == over
            assert isinstance(outcome, NotNow) or (step == "withdraw" and outcome == over)
        if not request.is_waiting:
            over = over or request
            assert request.next_alarm_at is None
            assert request.ended_at is not None


def test_a_second_officer_answers_only_when_they_have_it_in_hand() -> None:
    taken = take(asked(), OLGA, not_for=(), now=START)
    assert isinstance(taken, Request)
    assert isinstance(decide(taken, OTTO, answer_sealed=b"", refusal=None, now=START), SomebodyElses)
    assert take(taken, OLGA, not_for=(), now=START + timedelta(days=1)) == taken
    assert isinstance(take(taken, OTTO, not_for=(OTTO,), now=START), SomebodyElses)
    assert replace(taken, status=RequestStatus.TAKEN) == taken


@given(st.text(max_size=100))
def test_words_are_written_in_one_way(text: str) -> None:
    normal = normal_text(text)
    if normal is not None:
        assert normal_text(normal) == normal
        assert normal == normal.strip()
