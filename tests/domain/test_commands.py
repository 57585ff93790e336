from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.commands import (
    ANSWER_LIMIT,
    DEFAULT_LIFE,
    LONGEST_HEATING_LIFE,
    LONGEST_LIFE,
    RESEND_DELAYS_S,
    CancelledByPerson,
    Command,
    EpochEnded,
    Event,
    HasFailed,
    PermissionEnded,
    Replaced,
    SaidHello,
    Status,
    TimePassed,
    TooLong,
    WasApplied,
    WasReceived,
    WasRejected,
    WasSent,
    Why,
    accept,
    advance,
    lifetime,
)
from gateway.domain.devices import Device
from gateway.domain.identity import AccountId, CommandId, DeviceId, UnitId
from gateway.domain.sending import Idle, Send, WaitUntil, may_leave, next_to_send, supersedes

START = datetime(2026, 1, 1, tzinfo=UTC)
DEVICE = Device(DeviceId("d-1"), UnitId("u-1"), epoch=3)
SECOND = timedelta(seconds=1)

EVENTS: tuple[Event, ...] = (
    WasSent(),
    WasReceived(),
    WasApplied(),
    WasRejected("busy"),
    HasFailed("E7"),
    TimePassed(),
    SaidHello(),
    CancelledByPerson(),
    Replaced(),
    EpochEnded(),
    PermissionEnded(),
)


def command(seq: int = 1, action: str = "set", life: timedelta = DEFAULT_LIFE, **params: object) -> Command:
    return accept(
        command_id=CommandId(f"0198-{seq}"),
        device=DEVICE,
        account_id=AccountId("a-1"),
        seq=seq,
        action=action,
        params=params,
        life=life,
        now=START,
    )


def after(*events: Event, at: datetime = START) -> Command:
    result = command()
    for event in events:
        result = advance(result, event, at)
    return result


def test_the_usual_way_is_accepted_sent_received_applied() -> None:
    way = [after().status, after(WasSent()).status, after(WasSent(), WasReceived()).status]
    done = after(WasSent(), WasReceived(), WasApplied())
    assert [*way, done.status] == [Status.ACCEPTED, Status.SENT, Status.RECEIVED, Status.APPLIED]
    assert done.ended_at == START
    assert done.next_send_at is None


def test_a_word_that_overtakes_our_own_note_counts() -> None:
    assert after(WasReceived()).status is Status.RECEIVED
    assert after(WasApplied()).status is Status.APPLIED
    assert after(WasReceived(), WasSent()).status is Status.RECEIVED


def test_the_appliances_no_keeps_its_reason() -> None:
    assert (after(WasRejected("busy")).status, after(WasRejected("busy")).code) == (Status.REJECTED, "busy")
    assert (after(HasFailed("E7")).status, after(HasFailed("E7")).code) == (Status.FAILED, "E7")


def test_it_is_sent_again_after_growing_pauses() -> None:
    one, pauses = command(life=LONGEST_LIFE), []
    now = START
    for _ in range(len(RESEND_DELAYS_S) + 2):
        one = advance(one, WasSent(), now)
        assert one.next_send_at is not None
        pauses.append((one.next_send_at - now).total_seconds())
        now = one.next_send_at
    assert pauses == [1, 2, 4, 8, 16, 30, 30, 30]
    assert one.sent_at == START


def test_a_hello_sends_at_once_what_has_not_been_received() -> None:
    assert after(WasSent(), WasSent(), SaidHello(), at=START + SECOND).next_send_at == START + SECOND
    assert after(WasSent(), WasReceived(), SaidHello()).next_send_at is None


def test_at_its_end_it_expires_and_is_not_sent() -> None:
    end = START + DEFAULT_LIFE
    assert advance(after(WasSent()), TimePassed(), end - SECOND).status is Status.SENT
    late = advance(after(WasSent()), TimePassed(), end)
    assert late.status is Status.EXPIRED
    assert not may_leave(after(WasSent()), epoch=3, now=end)
    assert advance(command(), WasReceived(), end).status is Status.EXPIRED


def test_what_was_received_in_time_has_a_minute_to_be_done() -> None:
    received = after(WasSent(), WasReceived())
    assert advance(received, WasApplied(), START + DEFAULT_LIFE + SECOND).status is Status.APPLIED
    assert advance(received, TimePassed(), START + ANSWER_LIMIT).status is Status.EXPIRED


def test_an_answer_after_the_end_is_recorded_as_late() -> None:
    late = advance(after(WasSent()), WasApplied(), START + DEFAULT_LIFE)
    assert late.status is Status.APPLIED_LATE
    assert advance(after(WasSent(), CancelledByPerson()), WasApplied(), START).status is Status.APPLIED_LATE
    assert advance(after(WasSent(), Replaced()), WasApplied(), START).status is Status.APPLIED_LATE


def test_what_was_never_sent_cannot_have_been_applied_late() -> None:
    assert advance(after(CancelledByPerson()), WasApplied(), START).status is Status.CANCELLED


def test_after_the_epoch_no_word_about_it_counts() -> None:
    ended = after(WasSent(), EpochEnded())
    assert (ended.status, ended.code) == (Status.CANCELLED, Why.EPOCH_ENDED)
    assert after(WasSent(), WasReceived(), EpochEnded()).status is Status.CANCELLED
    assert advance(ended, WasApplied(), START) is ended


@pytest.mark.parametrize(
    ("event", "status"),
    [
        (CancelledByPerson(), Status.CANCELLED),
        (Replaced(), Status.SUPERSEDED),
        (PermissionEnded(), Status.REFUSED),
    ],
)
def test_only_what_the_appliance_does_not_have_can_be_taken_back(event: Event, status: Status) -> None:
    assert after(event).status is status
    assert after(WasSent(), event).status is status
    assert after(WasSent(), WasReceived(), event).status is Status.RECEIVED


HISTORIES = st.lists(st.tuples(st.sampled_from(EVENTS), st.integers(0, 40)), max_size=25)
RANKS = {Status.ACCEPTED: 0, Status.SENT: 1, Status.RECEIVED: 2}


@given(HISTORIES)
def test_there_is_no_way_back_and_no_way_out_of_an_end(history: list[tuple[Event, int]]) -> None:
    one, now = command(), START
    for event, pause in history:
        now += pause * SECOND
        before, one = one, advance(one, event, now)
        assert RANKS.get(one.status, 3) >= RANKS.get(before.status, 3)
        if not before.under_way:
            assert one.status is before.status or one.status is Status.APPLIED_LATE
        if before.status in {Status.APPLIED, Status.REJECTED, Status.FAILED, Status.REFUSED, Status.APPLIED_LATE}:
            assert one is before
        assert (one.ended_at is None) == one.under_way
        assert (one.next_send_at is not None) == (one.status in {Status.ACCEPTED, Status.SENT})


@given(HISTORIES)
def test_applied_needs_the_appliances_word(history: list[tuple[Event, int]]) -> None:
    one, now = command(), START
    for event, pause in history:
        now += pause * SECOND
        before, one = one, advance(one, event, now)
        if one.status in {Status.APPLIED, Status.APPLIED_LATE} and before.status is not one.status:
            assert event == WasApplied()


@given(HISTORIES)
def test_every_event_but_a_sending_counts_once(history: list[tuple[Event, int]]) -> None:
    one, now = command(), START
    for event, pause in history:
        now += pause * SECOND
        one = advance(one, event, now)
        if not isinstance(event, WasSent):
            assert advance(one, event, now) == one


@given(HISTORIES)
def test_nothing_is_left_under_way_after_its_limit(history: list[tuple[Event, int]]) -> None:
    one, now = command(), START
    for event, pause in history:
        now += pause * SECOND
        one = advance(one, event, now)
    assert not advance(one, TimePassed(), START + LONGEST_LIFE).under_way


def test_nothing_wished_means_thirty_seconds() -> None:
    assert lifetime(None, turns_heat_on=False) == DEFAULT_LIFE


def test_a_day_is_the_longest_wait() -> None:
    assert lifetime(LONGEST_LIFE, turns_heat_on=False) == LONGEST_LIFE
    assert lifetime(LONGEST_LIFE + SECOND, turns_heat_on=False) == TooLong(LONGEST_LIFE)
    assert lifetime(timedelta(0), turns_heat_on=False) == TooLong(LONGEST_LIFE)


def test_turning_heat_on_is_never_kept_for_more_than_thirty_seconds() -> None:
    assert lifetime(LONGEST_HEATING_LIFE, turns_heat_on=True) == LONGEST_HEATING_LIFE
    assert lifetime(LONGEST_HEATING_LIFE + SECOND, turns_heat_on=True) == TooLong(LONGEST_HEATING_LIFE)
    assert lifetime(None, turns_heat_on=True) == LONGEST_HEATING_LIFE


def test_a_newer_set_point_replaces_one_that_is_not_received() -> None:
    older, newer = command(1, target_c=20), command(2, target_c=22)
    assert supersedes(newer, older)
    assert supersedes(newer, advance(older, WasSent(), START))
    assert not supersedes(older, newer)
    assert not supersedes(newer, advance(older, WasReceived(), START))


def test_other_actions_other_parameters_and_other_epochs_are_not_replaced() -> None:
    newer = command(2, target_c=22)
    assert not supersedes(newer, command(1, "start", target_c=20))
    assert not supersedes(newer, command(1, target_c=20, mode="eco"))
    assert not supersedes(newer, command(1, mode="eco"))


def test_the_next_one_waits_until_the_one_before_is_received_or_over() -> None:
    first, second = command(1), command(2)
    assert next_to_send([second, first], epoch=3, now=START) == Send(first)
    sent = advance(first, WasSent(), START)
    assert next_to_send([second, sent], epoch=3, now=START) == WaitUntil(START + SECOND)
    assert next_to_send([second, sent], epoch=3, now=START + SECOND) == Send(sent)
    assert next_to_send([second, advance(sent, WasReceived(), START)], epoch=3, now=START) == Send(second)
    assert next_to_send([second, advance(sent, HasFailed(), START)], epoch=3, now=START) == Send(second)


def test_nobody_waits_for_one_that_has_expired() -> None:
    short, long = advance(command(1), WasSent(), START), command(2, life=LONGEST_LIFE)
    assert next_to_send([short, long], epoch=3, now=START + DEFAULT_LIFE) == Send(long)


def test_nothing_of_another_epoch_leaves() -> None:
    assert not may_leave(command(), epoch=4, now=START)
    assert next_to_send([command()], epoch=4, now=START) == Idle()


def test_neither_parameters_nor_people_are_in_the_text_form() -> None:
    assert "target" not in repr(command(1, target_c=20))
    assert "a-1" not in repr(command())
