from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.throttle import (
    FORGOTTEN_AFTER,
    FREE_TRIES,
    LABEL_TRIES,
    LABEL_WINDOW,
    LONGEST_WAIT,
    Allowed,
    Throttle,
    Tries,
    Wait,
    check,
    check_tries,
    count,
    count_try,
)

START = datetime(2026, 1, 1, tzinfo=UTC)
PAUSES = st.lists(st.timedeltas(timedelta(0), timedelta(hours=30)), max_size=60)


def test_four_wrong_tries_cost_nothing_and_the_fifth_a_wait() -> None:
    throttle: Throttle | None = None
    for _ in range(FREE_TRIES):
        assert check(throttle, START) == Allowed()
        throttle = count(throttle, START)
    assert check(throttle, START) == Wait(30)


def test_waits_double_up_to_a_quarter_of_an_hour() -> None:
    throttle: Throttle | None = None
    now, waits = START, []
    for _ in range(12):
        throttle = count(throttle, now)
        match check(throttle, now):
            case Wait(seconds=seconds):
                waits.append(seconds)
                now += timedelta(seconds=seconds)
            case Allowed():
                waits.append(0)
    assert waits == [0, 0, 0, 0, 30, 60, 120, 240, 480, 900, 900, 900]


@given(PAUSES)
def test_nobody_waits_longer_than_a_quarter_of_an_hour_whatever_a_stranger_tries(pauses: list[timedelta]) -> None:
    throttle: Throttle | None = None
    now = START
    for pause in pauses:
        now += pause
        if isinstance(check(throttle, now), Allowed):
            throttle = count(throttle, now)
        verdict = check(throttle, now)
        assert isinstance(verdict, Allowed) or 1 <= verdict.seconds <= LONGEST_WAIT.total_seconds()
        assert check(throttle, now + LONGEST_WAIT) == Allowed()


def test_thousands_of_failures_overflow_nothing() -> None:
    assert check(count(Throttle(10**6, START), START), START) == Wait(900)


def test_a_clock_set_back_locks_nobody_out() -> None:
    throttle = Throttle(9, START + timedelta(days=300), START + timedelta(days=300))
    assert check(throttle, START) == Wait(900)


def test_after_a_day_of_rest_the_count_begins_anew() -> None:
    throttle = Throttle(40, START, START + LONGEST_WAIT)
    assert count(throttle, START + FORGOTTEN_AFTER).failures == 1


@given(PAUSES)
def test_no_quarter_of_an_hour_ever_sees_more_than_five_label_codes(pauses: list[timedelta]) -> None:
    tries: Tries = ()
    looked_at: list[datetime] = []
    now = START
    for pause in pauses:
        now += pause / 100
        if isinstance(check_tries(tries, now), Allowed):
            tries = count_try(tries, now)
            looked_at.append(now)
        assert sum(1 for at in looked_at if now - at < LABEL_WINDOW) <= LABEL_TRIES
        assert len(tries) <= LABEL_TRIES


def test_the_sixth_label_code_waits_until_the_first_is_a_quarter_of_an_hour_old() -> None:
    tries: Tries = ()
    for second in range(LABEL_TRIES):
        tries = count_try(tries, START + timedelta(seconds=second))
    now = START + timedelta(minutes=1)
    assert check_tries(tries, now) == Wait(14 * 60)
    assert check_tries(tries, START + LABEL_WINDOW) == Allowed()
