"""Consent: what stands, when the gateway may ask, and that time alone ends nothing."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.consent import (
    Consent,
    ConsentState,
    Purpose,
    asks_at,
    may_ask,
    may_ask_at,
    months_later,
    proof,
    renewal_due,
)
from gateway.domain.identity import AccountId

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MOMENT = timedelta(milliseconds=1)
GRANTED = Consent(
    account_id=AccountId("a-1"),
    purpose=Purpose.LOCATION_REMINDER,
    state=ConsentState.GRANTED,
    at=NOW,
    text_version=1,
    policy_version=2,
    event_number=1,
)
moments = st.datetimes(datetime(1999, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - Hypothesis adds it


def test_only_what_was_granted_is_proven() -> None:
    assert proof(None, stopped_by=None) is None
    for state in ConsentState:
        found = proof(replace(GRANTED, state=state), stopped_by=None)
        assert (found is not None) == (state is ConsentState.GRANTED)


@pytest.mark.parametrize(("stopped_by", "stands"), [(None, True), (1, True), (2, True), (3, False), (9, False)])
def test_a_newer_version_that_asks_anew_stops_it(stopped_by: int | None, stands: bool) -> None:  # noqa: FBT001
    assert (proof(GRANTED, stopped_by=stopped_by) is not None) == stands


def test_what_a_guardian_gave_counts_while_they_are_one() -> None:
    given_for = replace(GRANTED, by_guardian=True)
    assert proof(given_for, stopped_by=None, guarded=True) is not None
    assert proof(given_for, stopped_by=None, guarded=False) is None
    assert proof(GRANTED, stopped_by=None, guarded=False) is not None


@pytest.mark.parametrize("state", [ConsentState.REFUSED, ConsentState.WITHDRAWN])
def test_after_a_no_there_is_silence_for_six_months_to_the_moment(state: ConsentState) -> None:
    said_no = replace(GRANTED, state=state)
    until = datetime(2026, 9, 1, 12, tzinfo=UTC)
    assert may_ask_at(said_no) == until
    assert not may_ask(said_no, NOW)
    assert not may_ask(said_no, until - MOMENT)
    assert may_ask(said_no, until)


def test_it_may_ask_at_once_what_nobody_answered_or_a_policy_stopped_and_never_what_it_has() -> None:
    assert may_ask(None, NOW)
    assert may_ask(replace(GRANTED, state=ConsentState.STOPPED), NOW)
    assert not may_ask(GRANTED, NOW + timedelta(days=4000))


@given(at=moments, later=st.timedeltas(timedelta(0), timedelta(days=400)))
def test_once_it_may_ask_it_may_ask_from_then_on(at: datetime, later: timedelta) -> None:
    said_no = replace(GRANTED, state=ConsentState.REFUSED, at=at)
    if may_ask(said_no, at + later):
        assert may_ask(said_no, at + later + MOMENT)
        assert later >= timedelta(days=181)
    else:
        assert later < timedelta(days=185)


def test_a_location_consent_is_asked_about_after_a_year_and_goes_on() -> None:
    year = datetime(2027, 3, 1, 12, tzinfo=UTC)
    assert asks_at(Purpose.LOCATION_REMINDER, NOW) == year
    assert not renewal_due(GRANTED, year - MOMENT)
    assert renewal_due(GRANTED, year)
    assert proof(GRANTED, stopped_by=None) is not None  # whatever the clock says: it takes none


@pytest.mark.parametrize("purpose", [one for one in Purpose if not one.is_location])
def test_nothing_else_is_asked_about(purpose: Purpose) -> None:
    assert asks_at(purpose, NOW) is None
    assert not renewal_due(replace(GRANTED, purpose=purpose), NOW + timedelta(days=4000))


def test_location_and_sharing_are_sensitive() -> None:
    assert {one for one in Purpose if one.is_sensitive} == {
        Purpose.LOCATION_REMINDER,
        Purpose.LOCATION_AUTO_OFF,
        Purpose.LOCATION_AUTO_ON,
        Purpose.SHARE_WEBHOOK,
    }


@pytest.mark.parametrize(
    ("begun", "months", "ends"),
    [
        ("2026-08-31", 6, "2027-02-28"),
        ("2027-08-31", 6, "2028-02-29"),
        ("2028-02-29", 12, "2029-02-28"),
        ("2026-12-31", 6, "2027-06-30"),
        ("2026-07-01", 6, "2027-01-01"),
    ],
)
def test_a_month_without_such_a_day_ends_with_its_last(begun: str, months: int, ends: str) -> None:
    moment = datetime.fromisoformat(f"{begun}T23:59:59+00:00")
    assert months_later(moment, months) == datetime.fromisoformat(f"{ends}T23:59:59+00:00")


@given(first=moments, second=moments, months=st.integers(1, 24))
def test_what_begins_later_ends_no_earlier(first: datetime, second: datetime, months: int) -> None:
    earlier, later = sorted((first, second))
    # Days that a month does not have fall together on its last, so the time of day may order them otherwise there.
    assert months_later(earlier, months).date() <= months_later(later, months).date()
