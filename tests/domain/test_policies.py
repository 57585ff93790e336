"""Versions of the policy: which may be published, which applies to whom, and what they stop."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.consent import Purpose
from gateway.domain.policies import (
    ChangeReason,
    Policy,
    PolicyKind,
    applying,
    check_policy,
    current,
    stops,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
MOMENT = timedelta(milliseconds=1)
FIRST = Policy(
    version=1,
    kind=PolicyKind.SIGNIFICANT,
    reasons=frozenset(),
    affects=frozenset(),
    reduces_rights=False,
    published_at=NOW,
    effective_at=NOW,
)
MINOR = replace(FIRST, version=2, kind=PolicyKind.MINOR, effective_at=NOW + DAY)
SIGNIFICANT = replace(
    FIRST,
    version=2,
    reasons=frozenset({ChangeReason.USE}),
    affects=frozenset({Purpose.LOCATION_AUTO_OFF, Purpose.POLICY}),
    effective_at=NOW + DAY,
)
REDUCING = replace(SIGNIFICANT, reasons=frozenset({ChangeReason.RIGHTS}), reduces_rights=True)


def test_a_first_minor_significant_and_reducing_version_may_be_published() -> None:
    assert check_policy(FIRST, None) is None
    for second in (MINOR, SIGNIFICANT, REDUCING):
        assert check_policy(second, FIRST) is None


@pytest.mark.parametrize(
    ("policy", "problem"),
    [
        (replace(MINOR, version=3), "the next version is 2"),
        (replace(MINOR, effective_at=NOW - DAY), "before it is published"),
        (replace(MINOR, affects=frozenset({Purpose.POLICY})), "a minor change has no reasons"),
        (replace(MINOR, reasons=frozenset({ChangeReason.RISK})), "a minor change has no reasons"),
        (replace(MINOR, reduces_rights=True), "a minor change has no reasons"),
        (replace(SIGNIFICANT, reasons=frozenset()), "at least one of the six reasons"),
        (replace(SIGNIFICANT, reduces_rights=True), "has rights among its reasons"),
    ],
)
def test_a_version_that_does_not_fit_is_told_why(policy: Policy, problem: str) -> None:
    wrong = check_policy(policy, FIRST)
    assert wrong is not None
    assert any(problem in one for one in wrong.problems)


def test_there_are_six_reasons() -> None:
    assert len(ChangeReason) == 6


def test_a_minor_version_stops_nothing_and_one_that_reduces_rights_cuts_nobody_off() -> None:
    assert stops(MINOR) == frozenset()
    assert stops(SIGNIFICANT) == {Purpose.LOCATION_AUTO_OFF, Purpose.POLICY}
    assert stops(REDUCING) == {Purpose.LOCATION_AUTO_OFF}


def test_newcomers_are_shown_the_newest_that_counts() -> None:
    assert current([], NOW) is None
    assert current([FIRST, MINOR], NOW + DAY - MOMENT) == FIRST
    assert current([FIRST, MINOR], NOW + DAY) == MINOR


def test_a_version_applies_from_the_moment_it_takes_effect() -> None:
    assert applying([FIRST, MINOR], 1, NOW + DAY - MOMENT) == FIRST
    assert applying([FIRST, MINOR], 1, NOW + DAY) == MINOR
    assert applying([FIRST, MINOR], None, NOW + DAY) is None


def test_one_that_reduces_rights_and_what_follows_it_wait_for_a_yes() -> None:
    third = replace(MINOR, version=3, effective_at=NOW + 2 * DAY)
    later = NOW + 9 * DAY
    assert applying([FIRST, REDUCING, third], 1, later) == FIRST
    assert applying([FIRST, REDUCING, third], 2, later) == third


@st.composite
def histories(draw: st.DrawFn) -> list[Policy]:
    versions = [FIRST]
    for number in range(2, draw(st.integers(2, 7))):
        kind = draw(st.sampled_from([MINOR, SIGNIFICANT, REDUCING]))
        effective = versions[-1].effective_at + draw(st.integers(0, 5)) * DAY
        versions.append(replace(kind, version=number, effective_at=effective))
    return versions


@given(versions=histories(), said=st.integers(1, 6), days=st.integers(0, 40))
def test_nothing_that_reduces_rights_ever_applies_without_a_yes(versions: list[Policy], said: int, days: int) -> None:
    found = applying(versions, said, NOW + days * DAY)
    if said > len(versions):
        assert found is None
        return
    assert found is not None
    assert not any(one.reduces_rights for one in versions if said < one.version <= found.version)
    assert found.version == said or found.effective_at <= NOW + days * DAY


@given(versions=histories(), days=st.integers(0, 40))
def test_the_order_in_which_versions_are_read_changes_nothing(versions: list[Policy], days: int) -> None:
    now = NOW + days * DAY
    assert applying(versions[::-1], 1, now) == applying(versions, 1, now)
    assert current(versions[::-1], now) == current(versions, now)
