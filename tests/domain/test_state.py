from itertools import pairwise
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.state import (
    BOOTS_REMEMBERED,
    BYTES_LIMIT,
    PROPERTIES_LIMIT,
    Ignored,
    Known,
    apply_report,
    fits,
    forget,
    of_epoch,
)


def known(boot: str = "b1", seq: int = 7, **state: object) -> Known:
    return Known(boot, seq, dict(state))


def after(before: Known | None, boot: str, seq: int, reported: dict[str, Any], *, full: bool = False) -> dict[str, Any]:
    """The state after a report that must count."""
    result = apply_report(before, boot, seq, reported, full)
    assert isinstance(result, Known)
    assert (result.boot, result.seq) == (boot, max(seq, before.seq if before and before.boot == boot else 0))
    return result.state


def test_the_first_report_is_what_is_known() -> None:
    assert after(None, "b1", 3, {"power": "on"}) == {"power": "on"}


def test_a_report_changes_what_it_names_and_leaves_the_rest() -> None:
    before = known(power="on", target_c=21)
    assert after(before, "b1", 8, {"target_c": 22}) == {"power": "on", "target_c": 22}
    assert before.state == {"power": "on", "target_c": 21}


def test_a_full_report_takes_the_place_of_all() -> None:
    assert after(known(power="on"), "b1", 8, {"target_c": 22}, full=True) == {"target_c": 22}


def test_null_removes_a_property_in_both_kinds_of_report() -> None:
    assert after(known(power="on", fault="E1"), "b1", 8, {"fault": None}) == {"power": "on"}
    assert after(known(power="on"), "b1", 8, {"power": "off", "fault": None}, full=True) == {"power": "off"}
    assert after(None, "b1", 1, {"fault": None}) == {}


def test_a_group_is_replaced_as_a_whole() -> None:
    before = known(main={"temp": 4, "door": "open"})
    assert after(before, "b1", 8, {"main": {"temp": 5}}) == {"main": {"temp": 5}}


def test_a_repeated_report_changes_nothing() -> None:
    assert apply_report(known(seq=7), "b1", 7, {"x": 1}, False) is Ignored.REPEATED


def test_an_older_report_overwrites_nothing_newer_and_adds_what_nobody_said_since() -> None:
    newer = apply_report(known(seq=5, power="off", mode="eco"), "b1", 9, {"power": "on"}, False)
    assert isinstance(newer, Known)
    assert after(newer, "b1", 8, {"power": "off", "mode": "boost"}) == {"power": "on", "mode": "boost"}
    assert apply_report(newer, "b1", 8, {"power": "off"}, False) is Ignored.OLDER


def test_nothing_counts_that_is_older_than_the_last_full_report() -> None:
    full = apply_report(None, "b1", 9, {"power": "on"}, True)
    assert isinstance(full, Known)
    assert apply_report(full, "b1", 8, {"mode": "eco"}, False) is Ignored.OLDER
    assert apply_report(full, "b1", 8, {"mode": "eco"}, True) is Ignored.OLDER


def test_a_new_boot_begins_to_count_again_once() -> None:
    restarted = apply_report(known("b1", 90, power="on"), "b2", 1, {"power": "off"}, False)
    assert isinstance(restarted, Known)
    assert restarted[:4] == ("b2", 1, {"power": "off"}, ("b1",))
    assert apply_report(restarted, "b1", 91, {"power": "on"}, False) is Ignored.EARLIER_BOOT


def test_late_reports_of_the_last_four_boots_are_known_as_late() -> None:
    now = known("b0")
    for number in range(1, 8):
        result = apply_report(now, f"b{number}", 1, {}, False)
        assert isinstance(result, Known)
        now = result
    assert now.earlier_boots == ("b6", "b5", "b4", "b3")
    assert len(now.earlier_boots) == BOOTS_REMEMBERED
    for late in now.earlier_boots:
        assert apply_report(now, late, 10**9, {}, True) is Ignored.EARLIER_BOOT


def test_an_appliance_that_names_no_boot_counts_on() -> None:
    assert after(known("", 7, power="on"), "", 8, {}) == {"power": "on"}


def test_too_many_properties_are_refused_and_a_removal_makes_room() -> None:
    full = Known("b1", 1, {f"p{number}": 0 for number in range(PROPERTIES_LIMIT)})
    assert apply_report(full, "b1", 2, {"one_more": 1}, False) is Ignored.TOO_MANY_PROPERTIES
    assert isinstance(apply_report(full, "b1", 2, {"one_more": 1, "p0": None}, False), Known)


def test_the_size_of_the_whole_is_bounded() -> None:
    assert fits(b" " * BYTES_LIMIT)
    assert not fits(b" " * (BYTES_LIMIT + 1))


def test_a_new_epoch_forgets_the_state_and_lets_no_earlier_report_in() -> None:
    before = Known("b2", 9, {"power": "on"}, ("b1",), {"power": 9}, 3)
    fresh = forget(before)
    assert fresh.state == {}
    for seq in range(10):
        assert isinstance(apply_report(fresh, "b2", seq, {"power": "on", "mode": "eco"}, False), Ignored)
        assert isinstance(apply_report(fresh, "b2", seq, {"power": "on"}, True), Ignored)
    assert apply_report(fresh, "b1", 99, {"power": "on"}, False) is Ignored.EARLIER_BOOT
    assert after(fresh, "b2", 10, {"power": "off"}) == {"power": "off"}


def test_a_report_that_names_another_epoch_does_not_count() -> None:
    assert of_epoch(None, 4)
    assert of_epoch(4, 4)
    assert not of_epoch(3, 4)


REPORTS = st.lists(
    st.tuples(
        st.integers(0, 20),
        st.dictionaries(st.sampled_from("abcd"), st.none() | st.integers(0, 3)),
        st.booleans(),
    ),
    max_size=20,
    unique_by=lambda report: report[0],
)


def in_order(reports: list[tuple[int, dict[str, int | None], bool]]) -> dict[str, int]:
    """What the words add up to: the obvious way, which needs them in order."""
    state: dict[str, int] = {}
    for _, reported, full in sorted(reports, key=lambda report: report[0]):
        state = {} if full else dict(state)
        for name, value in reported.items():
            state.pop(name, None)
            if value is not None:
                state[name] = value
    return state


@given(REPORTS, st.randoms(use_true_random=False))
def test_reports_of_one_boot_come_to_the_same_in_any_order_and_with_any_repeats(
    reports: list[tuple[int, dict[str, int | None], bool]], random: Random
) -> None:
    arrivals = reports * 2
    random.shuffle(arrivals)
    latest: Known | None = None
    for seq, state, full in arrivals:
        result = apply_report(latest, "b", seq, state, full)
        if isinstance(result, Known):
            latest = result
        assert isinstance(apply_report(latest, "b", seq, state, full), Ignored)
    assert (latest.state if latest else {}) == in_order(reports)


@given(st.lists(st.tuples(st.sampled_from(["b1", "b2", "b3"]), st.integers(0, 5)), max_size=40))
def test_the_place_in_the_count_never_goes_back(arrivals: list[tuple[str, int]]) -> None:
    places: list[tuple[int, int]] = []
    order: list[str] = []
    latest: Known | None = None
    for boot, seq in arrivals:
        result = apply_report(latest, boot, seq, {"said": seq}, False)
        if isinstance(result, Known):
            latest = result
            if boot not in order:
                order.append(boot)
            places.append((order.index(boot), result.seq))
    assert all(later > earlier for earlier, later in pairwise(places))
