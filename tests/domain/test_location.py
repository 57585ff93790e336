"""What a phone's words are worth: trips, their limits, and what fires nothing."""

import itertools
from dataclasses import fields
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.location import (
    Accuracy,
    Heard,
    Ignored,
    Likely,
    Sign,
    Spot,
    Transition,
    Unfit,
    Whereabouts,
    hear,
    likely,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOME, NEAR, AWAY = Spot.HOME, Spot.NEAR, Spot.AWAY


def minutes(many: float) -> timedelta:
    return timedelta(minutes=many)


def walk(*steps: tuple[float, Spot]) -> list[tuple[Sign | None, Unfit | None]]:
    """What each word of a phone was worth; a word is told in the minute in which it happened."""
    known: Whereabouts | None = None
    found: list[tuple[Sign | None, Unfit | None]] = []
    for seq, (after, state) in enumerate(steps):
        minute = NOON + minutes(after)
        heard = hear(known, Transition(state, seq, minute, Accuracy.GOOD), minute)
        assert isinstance(heard, Heard)
        known = heard.whereabouts
        found.append((heard.sign, heard.unfit))
    return found


def test_a_trip_has_a_leave_a_way_home_and_an_arrival() -> None:
    assert walk((0, HOME), (1, AWAY), (31, NEAR), (35, HOME)) == [
        (None, None),
        (Sign.LEFT, None),
        (Sign.CAME_NEAR, None),
        (Sign.ARRIVED, None),
    ]


@pytest.mark.parametrize("first", [HOME, NEAR, AWAY])
def test_the_first_word_fires_nothing(first: Spot) -> None:
    assert walk((0, first)) == [(None, None)]


def test_who_is_first_heard_of_away_and_comes_home_later_arrives() -> None:
    assert walk((0, AWAY), (60, NEAR), (65, HOME))[1:] == [(Sign.CAME_NEAR, None), (Sign.ARRIVED, None)]


def test_who_is_first_heard_of_near_does_not_arrive() -> None:
    assert walk((0, NEAR), (60, HOME))[1] == (Sign.ARRIVED, Unfit.AWAY_TOO_SHORT)


def test_near_needs_twenty_minutes_away() -> None:
    assert walk((0, HOME), (1, AWAY), (20, NEAR))[2] == (Sign.CAME_NEAR, Unfit.AWAY_TOO_SHORT)
    assert walk((0, HOME), (1, AWAY), (21, NEAR))[2] == (Sign.CAME_NEAR, None)


def test_arriving_needs_ten_minutes_away() -> None:
    assert walk((0, HOME), (1, AWAY), (10, HOME))[2] == (Sign.ARRIVED, Unfit.AWAY_TOO_SHORT)
    assert walk((0, HOME), (1, AWAY), (11, HOME))[2] == (Sign.ARRIVED, None)
    assert walk((0, HOME), (1, AWAY), (11, NEAR), (12, HOME))[3] == (Sign.ARRIVED, None)


def test_near_counts_once_a_trip_and_again_on_the_next() -> None:
    trip = ((1, AWAY), (31, NEAR), (40, AWAY), (80, NEAR), (85, HOME), (90, AWAY), (120, NEAR))
    assert walk((0, HOME), *trip) == [
        (None, None),
        (Sign.LEFT, None),
        (Sign.CAME_NEAR, None),
        (None, None),
        (Sign.CAME_NEAR, Unfit.ONCE_A_TRIP),
        (Sign.ARRIVED, None),
        (Sign.LEFT, None),
        (Sign.CAME_NEAR, None),
    ]


def test_a_near_that_came_too_soon_is_not_the_one_of_the_trip() -> None:
    assert walk((0, HOME), (1, AWAY), (5, NEAR), (6, AWAY), (40, NEAR))[2:] == [
        (Sign.CAME_NEAR, Unfit.AWAY_TOO_SHORT),
        (None, None),
        (Sign.CAME_NEAR, None),
    ]


def test_to_the_door_and_back_is_no_trip() -> None:
    assert walk((0, HOME), (5, NEAR), (30, HOME)) == [(None, None)] * 3


def test_leaving_past_the_door_is_one_leave() -> None:
    assert walk((0, HOME), (1, NEAR), (6, AWAY), (7, NEAR), (8, AWAY)) == [
        (None, None),
        (None, None),
        (Sign.LEFT, None),
        (Sign.CAME_NEAR, Unfit.AWAY_TOO_SHORT),
        (None, None),
    ]


def test_a_word_that_repeats_the_state_keeps_its_beginning() -> None:
    assert walk((0, HOME), (1, AWAY), (15, AWAY), (21, NEAR))[3] == (Sign.CAME_NEAR, None)


KNOWN = Whereabouts(AWAY, NOON - minutes(60), NOON - minutes(60), 7, out=True, long=True)


def told(state: Spot = HOME, *, seq: int = 8, minute: datetime = NOON) -> Transition:
    return Transition(state, seq, minute, Accuracy.GOOD)


@pytest.mark.parametrize("seq", [0, 6, 7])
def test_a_used_or_older_number_changes_nothing(seq: int) -> None:
    assert hear(KNOWN, told(seq=seq), NOON) == Ignored(Unfit.USED_SEQ)


def test_what_happened_before_what_is_known_changes_nothing() -> None:
    assert hear(KNOWN, told(minute=NOON - minutes(61)), NOON) == Ignored(Unfit.OUT_OF_ORDER)


def test_what_has_not_happened_yet_changes_nothing() -> None:
    assert hear(KNOWN, told(minute=NOON + minutes(3)), NOON) == Ignored(Unfit.CLOCK_AHEAD)
    assert isinstance(hear(KNOWN, told(minute=NOON + minutes(2)), NOON), Heard)


def test_ten_minutes_are_told_in_time_and_eleven_are_not() -> None:
    in_time = hear(KNOWN, told(minute=NOON - minutes(10)), NOON + timedelta(seconds=59))
    late = hear(KNOWN, told(minute=NOON - minutes(11)), NOON)
    assert isinstance(in_time, Heard)
    assert isinstance(late, Heard)
    assert (in_time.sign, in_time.unfit) == (Sign.ARRIVED, None)
    assert (late.sign, late.unfit) == (Sign.ARRIVED, Unfit.TOO_OLD)
    assert late.whereabouts.state is HOME, "known all the same: others' rules go by it"


def test_a_near_that_was_told_too_late_may_be_noticed_again() -> None:
    late = hear(KNOWN, told(NEAR, minute=NOON - minutes(30)), NOON)
    assert isinstance(late, Heard)
    assert late.unfit is Unfit.TOO_OLD
    assert not late.whereabouts.told


def test_who_is_silent_for_six_hours_is_unknown() -> None:
    six = timedelta(hours=6)
    assert likely(KNOWN, KNOWN.minute + six - timedelta(seconds=1)) is Likely.OUT
    assert likely(KNOWN, KNOWN.minute + six) is Likely.UNKNOWN
    assert likely(None, NOON) is Likely.UNKNOWN


def test_near_is_in_or_out_by_where_one_came_from() -> None:
    coming = Whereabouts(NEAR, NOON, NOON, 1, out=True)
    going = Whereabouts(NEAR, NOON, NOON, 1, out=False)
    assert likely(coming, NOON) is Likely.OUT
    assert likely(going, NOON) is Likely.IN


words = st.lists(
    st.tuples(st.integers(0, 90), st.sampled_from(Spot), st.integers(0, 40), st.integers(-5, 30)), max_size=40
)


@given(words)
def test_whatever_is_told_only_the_latest_is_kept_and_signs_follow_from_it(
    steps: list[tuple[int, Spot, int, int]],
) -> None:
    known: Whereabouts | None = None
    now, seqs, signs = NOON, set[int](), list[Sign]()
    for pause, state, seq, age in steps:
        now += minutes(pause)
        before = known
        heard = hear(known, Transition(state, seq, now - minutes(age), Accuracy.FAIR), now)
        if isinstance(heard, Ignored):
            continue
        known = heard.whereabouts
        assert seq not in seqs
        seqs.add(seq)
        assert known.state is state
        assert known.minute == now - minutes(age)
        assert known.since <= known.minute
        assert known.out or not (known.long or known.told), "at home nothing of the trip is left"
        assert before is not None or heard.sign is None
        if age > 10 and heard.sign is not None:
            assert heard.unfit is Unfit.TOO_OLD
        if heard.sign in {Sign.LEFT, Sign.ARRIVED}:
            signs.append(heard.sign)
    assert all(one is not other for one, other in itertools.pairwise(signs)), "left and arrived take turns"


def test_nothing_of_a_place_fits_into_what_is_known() -> None:
    assert [each.name for each in fields(Whereabouts)] == ["state", "since", "minute", "seq", "out", "long", "told"]
    assert [each.name for each in fields(Transition)] == ["state", "seq", "minute", "accuracy"]
    assert repr(KNOWN) == "Whereabouts(seq=7)"
