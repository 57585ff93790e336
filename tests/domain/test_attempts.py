"""An attempt says what its evidence comes to, ends by silence or success, and a success is final."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from gateway.domain.attempts import Attempt, Outcome, judged, learn, open_attempt, succeed
from gateway.domain.evidence import CONFIDENCE_OF, Confidence, Evidence, Source
from gateway.domain.failures import Code, Stage, stage_of
from gateway.domain.identity import AttemptId, PairingId, UnitId
from gateway.domain.silence import CLAIM_CONNECTED, DEADLINE, PAIRING_OPENED, WAIT, due, silence

SECOND = timedelta(seconds=1)


@pytest.fixture
def attempt(now: datetime) -> Attempt:
    return open_attempt(
        attempt_id=AttemptId("t-1"), trace_id="k7q-4m2", stage=Stage.CLAIM, source=Source.BROKER, now=now
    )


def seen(stage: Stage, at: datetime, source: Source = Source.GATEWAY) -> Evidence:
    return Evidence(source, at, "seen", stage=stage)


def failure(code: Code, at: datetime, source: Source = Source.GATEWAY) -> Evidence:
    return Evidence(source, at, "failed", code.value, stage_of(code), code)


def test_the_first_evidence_opens_an_attempt(attempt: Attempt, now: datetime) -> None:
    assert (attempt.outcome, attempt.stage_reached, attempt.confidence) == (
        Outcome.OPEN,
        Stage.CLAIM,
        Confidence.OBSERVED,
    )
    assert attempt.deadline == attempt.due_at == now + DEADLINE


def test_what_becomes_known_is_added_and_never_forgotten(attempt: Attempt, now: datetime) -> None:
    known = learn(attempt, now=now + SECOND, unit_id=UnitId("u-1"), firmware="1.4.2", app_version="3.1")
    more = learn(known, now=now, pairing_id=PairingId("p-1"))
    assert (more.unit_id, more.firmware, more.pairing_id, more.app_version) == ("u-1", "1.4.2", "p-1", "3.1")
    assert more.updated_at == now + SECOND


def test_a_failure_closes_it_at_the_stage_that_failed(attempt: Attempt, now: datetime) -> None:
    lines = [seen(Stage.CLAIM, now), failure(Code.ACT_MAC_MISMATCH, now)]
    failed = judged(attempt, lines, now + SECOND)
    assert (failed.stage_reached, failed.code, failed.outcome) == (Stage.ACT, Code.ACT_MAC_MISMATCH, Outcome.FAILED)
    assert (failed.closed_at, failed.due_at) == (now + SECOND, None)
    assert judged(failed, lines, now + 2 * SECOND).closed_at == now + SECOND, "it failed when it failed"


def test_a_failed_attempt_that_gets_its_reason_later_failed_when_it_failed(attempt: Attempt, now: datetime) -> None:
    late = now + DEADLINE
    lines = [seen(Stage.CLAIM, now), silence([seen(Stage.CLAIM, now)], late)]
    silent = judged(attempt, lines, late)
    explained = judged(silent, [*lines, failure(Code.ACT_MAC_MISMATCH, now + SECOND)], late + 99 * SECOND)
    assert (silent.outcome, silent.code) == (Outcome.FAILED, None)
    assert (explained.code, explained.closed_at) == (Code.ACT_MAC_MISMATCH, late)
    assert explained.updated_at == silent.updated_at == late, "what is told later does not make it younger"


def test_another_code_for_the_same_stage_leaves_the_moment_and_another_stage_moves_it(
    attempt: Attempt, now: datetime
) -> None:
    lines = [failure(Code.ACT_MAC_MISMATCH, now)]
    failed = judged(attempt, lines, now)
    lines.append(failure(Code.ACT_TYPEID_UNKNOWN, now + SECOND))
    assert judged(failed, lines, now + SECOND).closed_at == now
    lines.append(failure(Code.BIND_OWNED, now + 2 * SECOND))
    assert judged(failed, lines, now + 2 * SECOND).closed_at == now + 2 * SECOND


def test_what_failed_does_not_open_again_after_its_time(attempt: Attempt, now: datetime) -> None:
    failed = judged(attempt, [failure(Code.ACT_MAC_MISMATCH, now)], now)
    on = [failure(Code.ACT_MAC_MISMATCH, now), seen(Stage.CERT, now + SECOND)]
    assert judged(failed, on, now + DEADLINE) is failed
    assert judged(failed, on, now + DEADLINE - SECOND).outcome is Outcome.OPEN


def test_what_becomes_known_after_its_time_does_not_make_it_younger(attempt: Attempt, now: datetime) -> None:
    assert learn(attempt, now=now + 2 * DEADLINE, app_version="3.1").updated_at == now + DEADLINE


def test_only_a_moment_of_its_own_time_belongs_to_it(attempt: Attempt, now: datetime) -> None:
    moments = [now - SECOND, now, now + DEADLINE - SECOND, now + DEADLINE]
    assert [attempt.was_under_way(at) for at in moments] == [False, True, True, False]


def test_a_retry_goes_on_where_it_failed(attempt: Attempt, now: datetime) -> None:
    lines = [failure(Code.ACT_UNKNOWN_MACHINE_CODE, now)]
    failed = judged(attempt, lines, now)
    on = judged(failed, [*lines, seen(Stage.CERT, now + SECOND)], now + SECOND)
    assert (on.outcome, on.code, on.closed_at) == (Outcome.OPEN, None, None)
    assert on.due_at == now + SECOND + WAIT[Stage.CERT]


def test_a_success_is_final(attempt: Attempt, now: datetime) -> None:
    done = succeed(attempt, [seen(Stage.FIRST, now)], now + SECOND)
    assert (done.outcome, done.stage_reached, done.closed_at, done.due_at) == (
        Outcome.SUCCEEDED,
        Stage.FIRST,
        now + SECOND,
        None,
    )
    assert judged(done, [failure(Code.ACT_BLOCKED, now)], now + SECOND) is done


def test_a_success_with_a_remark_keeps_the_remark(attempt: Attempt, now: datetime) -> None:
    lines = [failure(Code.FIRST_CLOCK_SKEW, now), seen(Stage.FIRST, now)]
    done = succeed(attempt, lines, now)
    assert (done.outcome, done.code) == (Outcome.SUCCEEDED, Code.FIRST_CLOCK_SKEW)


def test_a_remark_that_comes_after_the_success_is_added_as_sure_as_its_source(attempt: Attempt, now: datetime) -> None:
    done = succeed(attempt, [seen(Stage.FIRST, now)], now)
    off = failure(Code.FIRST_REMOTE_OFF, now, Source.APPLIANCE_LATER)
    remarked = judged(done, [seen(Stage.FIRST, now), off], now)
    assert (remarked.outcome, remarked.code) == (Outcome.SUCCEEDED, Code.FIRST_REMOTE_OFF)
    assert remarked.confidence is Confidence.REPORTED_BY_APPLIANCE
    told_before = succeed(attempt, [seen(Stage.FIRST, now), off], now)
    assert told_before.confidence is Confidence.REPORTED_BY_APPLIANCE


def test_after_its_time_it_cannot_succeed_any_more(attempt: Attempt, now: datetime) -> None:
    late = now + DEADLINE
    assert not attempt.takes_more(late)
    assert succeed(attempt, [], late) is attempt


@pytest.mark.parametrize(
    ("stages", "code", "stage", "confidence"),
    [
        ([Stage.WIFI], None, Stage.WIFI, Confidence.UNKNOWN),
        ([Stage.CLAIM], None, Stage.CLAIM, Confidence.UNKNOWN),
        ([Stage.CLAIM, Stage.CERT], Code.OPCONN_NEVER, Stage.OPCONN, Confidence.INFERRED),
        ([Stage.CERT, Stage.BIND], Code.OPCONN_NEVER, Stage.OPCONN, Confidence.INFERRED),
        ([Stage.CERT, Stage.OPCONN], Code.BIND_TIMEOUT_RETRY, Stage.BIND, Confidence.INFERRED),
        ([Stage.BIND, Stage.OPCONN], Code.FIRST_NO_TELEMETRY, Stage.FIRST, Confidence.INFERRED),
    ],
)
def test_silence_becomes_a_result_at_its_own_deadline_and_is_never_called_observed(
    attempt: Attempt, now: datetime, stages: list[Stage], code: Code | None, stage: Stage, confidence: Confidence
) -> None:
    lines = [seen(one, now) for one in stages]
    there = judged(attempt, lines, now)
    assert there.outcome is Outcome.OPEN
    assert there.due_at is not None
    assert there.due_at - now == WAIT[there.stage_reached]
    quiet = silence(lines, there.due_at)
    silent = judged(there, [*lines, quiet], there.due_at)
    assert (silent.outcome, silent.code, silent.stage_reached) == (Outcome.FAILED, code, stage)
    assert silent.confidence is confidence
    alive = judged(silent, [*lines, quiet, seen(stages[-1], there.due_at + SECOND)], there.due_at + SECOND)
    assert (alive.outcome, alive.code) == (Outcome.OPEN, None), "a sign of life clears a silence"


def test_a_pairing_that_was_only_opened_waits_for_the_person_and_then_for_the_appliance(now: datetime) -> None:
    opened = Evidence(Source.APP, now, PAIRING_OPENED, stage=Stage.PAIR)
    assert due([opened], now) == now + DEADLINE
    linked = Evidence(Source.APP, now + 9 * SECOND, "app_reports_step", stage=Stage.PAIR)
    assert due([opened, linked], now) == now + 39 * SECOND
    joined = replace(linked, stage=Stage.WIFI, at=now + 170 * SECOND)
    assert due([opened, linked, joined], now) == now + DEADLINE, "all stages together"


def test_an_appliance_that_comes_back_as_a_stranger_did_not_switch_credentials(now: datetime) -> None:
    came = Evidence(Source.BROKER, now, CLAIM_CONNECTED, stage=Stage.CLAIM)
    lines = [came, seen(Stage.CERT, now + SECOND)]
    assert silence(lines, now).code is Code.OPCONN_NEVER
    again = silence([*lines, replace(came, at=now + 9 * SECOND)], now + 60 * SECOND)
    assert (again.code, again.stage) == (Code.OPCONN_STILL_CLAIM, Stage.OPCONN)


@pytest.mark.parametrize("source", [Source.APP, Source.LOCAL_LINK, Source.APPLIANCE_LATER])
def test_only_the_broker_can_say_that_it_came_as_a_stranger(now: datetime, source: Source) -> None:
    said = Evidence(source, now + 9 * SECOND, CLAIM_CONNECTED)
    assert silence([seen(Stage.CERT, now + SECOND), said], now).code is Code.OPCONN_NEVER


def test_only_the_pairing_itself_waits_for_a_person(now: datetime) -> None:
    said = Evidence(Source.LOCAL_LINK, now, PAIRING_OPENED, stage=Stage.WIFI)
    assert due([said], now) == now + WAIT[Stage.WIFI]


def test_every_source_vouches_for_something_and_silence_for_an_inference_only() -> None:
    assert set(CONFIDENCE_OF) == set(Source)
    assert CONFIDENCE_OF[Source.SILENCE] is Confidence.INFERRED
    assert [one.rank for one in Confidence] == [0, 1, 2, 3, 4]
