"""The geofence: what each of its rules is for, by the sighting that would fool it without."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_sim.location import traces
from device_sim.location.fence import Accuracy, Fence, Rules, Transition, Where
from device_sim.location.figures import START, figures, seen, walk
from device_sim.location.sightings import Fix, Place, Sighting
from device_sim.location.traces import HOME, place_at

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def at(minute: float, metres: float, accuracy_m: float = 10, *, wifi: bool = False) -> Sighting:
    return Sighting(NOON + timedelta(minutes=minute), Fix(place_at(0, metres), accuracy_m), on_home_wifi=wifi)


def told(*sightings: Sighting, rules: Rules | None = None) -> list[tuple[str, int]]:
    """States with the minute after noon in which they were told."""
    fence, found = Fence(HOME, rules or Rules()), list[Transition]()
    for each in sightings:
        fence, transition = fence.look(each)
        if transition is not None:
            found.append(transition)
    return [(each.state.value, round((each.minute - NOON).total_seconds() / 60)) for each in found]


HOME_FIRST = (at(-20, 10), at(-10, 10))
GONE = (*HOME_FIRST, at(0, 600), at(5, 5000), at(40, 5000))


def test_one_fix_says_nothing_and_two_say_where_it_is() -> None:
    assert told(at(0, 50)) == []
    assert told(at(0, 50), at(1, 60)) == [("home", 1)]


def test_a_leave_takes_two_fixes_and_five_minutes_outside() -> None:
    assert told(*HOME_FIRST, at(0, 600), at(4.9, 700)) == [("home", -10)]
    assert told(*HOME_FIRST, at(0, 600), at(5, 700)) == [("home", -10), ("away", 5)]


def test_one_fix_inside_begins_the_five_minutes_anew() -> None:
    assert told(*HOME_FIRST, at(0, 600), at(3, 250), at(5, 600), at(9, 600)) == [("home", -10)]


def test_a_fix_whose_circle_reaches_home_is_no_proof_of_having_left() -> None:
    assert told(*HOME_FIRST, at(0, 380, 90), at(6, 390, 95), at(12, 380, 90)) == [("home", -10)]


def test_a_fix_that_claims_more_than_100_metres_is_not_looked_at() -> None:
    assert told(*HOME_FIRST, at(0, 5000, 101), at(6, 5000, 500)) == [("home", -10)]


def test_who_is_on_the_wifi_of_the_home_is_at_home_whatever_the_satellites_say() -> None:
    assert told(*HOME_FIRST, at(0, 5000), at(5, 5000, wifi=True), at(9, 5000)) == [("home", -10)]
    assert told(*GONE, at(50, 5000, wifi=True))[-1] == ("home", 50)


def test_a_jump_into_another_town_and_back_is_no_trip() -> None:
    assert told(*HOME_FIRST, at(0, 60_000), at(0.5, 20), at(6, 60_000), at(6.5, 20)) == [("home", -10)]


def test_who_landed_far_away_is_believed_with_the_second_fix() -> None:
    assert told(*HOME_FIRST, at(60, 900_000), at(61, 900_100), at(67, 900_100))[-1] == ("away", 67)


def test_between_the_circles_nothing_changes() -> None:
    assert told(*HOME_FIRST, *(at(minute, 250) for minute in range(60))) == [("home", -10)]


def test_near_is_for_those_who_come_closer_and_who_turns_back_is_away_again() -> None:
    assert told(*GONE, at(50, 900), at(51, 950))[-1] == ("away", 5)
    assert told(*GONE, at(50, 900), at(51, 700))[-1] == ("near", 51)
    assert told(*GONE, at(50, 900), at(51, 700), at(55, 1700), at(56, 1900))[-1] == ("away", 56)


def test_after_a_tunnel_home_is_told_without_near() -> None:
    assert told(*GONE, at(80, 120), at(81, 60)) == [("home", -10), ("away", 5), ("home", 81)]


def test_no_fix_at_all_changes_nothing() -> None:
    nothing = Sighting(NOON + timedelta(minutes=90), None)
    assert told(*GONE, nothing) == told(*GONE)


def test_numbers_rise_by_one_and_minutes_have_no_seconds() -> None:
    fence, found = Fence(HOME, seq=41), list[Transition]()
    for each in (at(0.3, 20), at(1.7, 20), at(10.2, 900), at(16.9, 900, 70)):
        fence, transition = fence.look(each)
        found += [] if transition is None else [transition]
    assert [each.seq for each in found] == [42, 43]
    assert all(each.minute.second == 0 for each in found)
    assert found[1].accuracy is Accuracy.POOR


def test_what_is_told_holds_no_place_and_no_repr_shows_one() -> None:
    assert set(Transition.__slots__) == {"state", "seq", "minute", "accuracy"}
    fence, _ = Fence(Place(48.20849, 16.37208)).look(Sighting(NOON, Fix(Place(48.20850, 16.37209), 5)))
    assert "48.2" not in repr(fence)
    assert "16.3" not in repr(fence)


@given(
    st.lists(
        st.tuples(st.integers(1, 60), st.floats(0, 3000), st.floats(1, 300), st.booleans()), min_size=1, max_size=60
    )
)
def test_states_alternate_and_near_is_told_only_on_the_way_home(steps: list[tuple[int, float, float, bool]]) -> None:
    minute, sightings = 0, list[Sighting]()
    for wait, metres, accuracy_m, wifi in steps:
        minute += wait
        sightings.append(at(minute, metres, accuracy_m, wifi=wifi))
    states = [state for state, _ in told(*sightings)]
    assert all(one != next_ for one, next_ in pairwise(states))
    assert all(one == "away" for one, next_ in pairwise(states) if next_ == "near")


def test_the_promises_are_kept() -> None:
    assert [each.name for each in figures(7, 300) if not each.holds] == []


@pytest.mark.parametrize(
    "rules",
    [
        pytest.param(Rules(fixes=1, leave_after=timedelta(0), wifi_veto=False), id="first fix counts"),
        pytest.param(Rules(wifi_veto=False), id="no veto of the Wi-Fi"),
        pytest.param(Rules(leave_after=timedelta(0)), id="no five minutes"),
    ],
)
def test_without_a_rule_a_promise_is_broken(rules: Rules) -> None:
    assert any(not each.holds for each in figures(7, 50, rules))


def test_a_dead_phone_misses_the_trip_and_is_right_afterwards() -> None:
    for number in range(20):
        trace = traces.dead_phone(START, Random(number))  # noqa: S311 - a trace
        assert walk(trace)[-1].state is Where.HOME


def test_a_trip_that_was_not_told_is_not_counted_as_seen() -> None:
    trace = traces.trip(START, Random(1))  # noqa: S311 - a trace
    assert seen(trace, walk(trace))
    assert not seen(trace, [])
    assert not seen(trace, [each for each in walk(trace) if each.state is not Where.AWAY])
