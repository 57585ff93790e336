from datetime import datetime, timedelta

import pytest

from gateway.domain.attempts import (
    CONFIDENCE_OF,
    DEADLINE,
    Attempt,
    Confidence,
    Outcome,
    Source,
    advance,
    fail,
    lapse,
    learn,
    open_attempt,
    succeed,
)
from gateway.domain.failures import Code, Stage
from gateway.domain.identity import AttemptId, PairingId, UnitId

SECOND = timedelta(seconds=1)


@pytest.fixture
def attempt(now: datetime) -> Attempt:
    return open_attempt(
        attempt_id=AttemptId("t-1"), trace_id="k7q-4m2", stage=Stage.CLAIM, source=Source.BROKER, now=now
    )


def test_the_first_evidence_opens_an_attempt(attempt: Attempt, now: datetime) -> None:
    assert (attempt.outcome, attempt.stage_reached, attempt.confidence) == (
        Outcome.OPEN,
        Stage.CLAIM,
        Confidence.OBSERVED,
    )
    assert attempt.deadline == now + DEADLINE


def test_what_becomes_known_is_added_and_never_forgotten(attempt: Attempt, now: datetime) -> None:
    known = learn(attempt, now=now + SECOND, unit_id=UnitId("u-1"), firmware="1.4.2")
    more = learn(known, now=now, pairing_id=PairingId("p-1"))
    assert (more.unit_id, more.firmware, more.pairing_id) == ("u-1", "1.4.2", "p-1")
    assert more.updated_at == now + SECOND


def test_a_stage_never_goes_back(attempt: Attempt, now: datetime) -> None:
    later = advance(attempt, stage=Stage.CERT, source=Source.GATEWAY, now=now + SECOND)
    assert later.stage_reached is Stage.CERT
    assert advance(later, stage=Stage.ACT, source=Source.GATEWAY, now=now + 2 * SECOND) is later


def test_a_failure_closes_it_at_the_stage_that_failed(attempt: Attempt, now: datetime) -> None:
    failed = fail(attempt, code=Code.ACT_MAC_MISMATCH, source=Source.GATEWAY, now=now + SECOND)
    assert (failed.stage_reached, failed.code, failed.outcome) == (
        Stage.ACT,
        Code.ACT_MAC_MISMATCH,
        Outcome.FAILED,
    )
    assert failed.closed_at == now + SECOND


def test_a_retry_goes_on_where_it_failed(attempt: Attempt, now: datetime) -> None:
    failed = fail(attempt, code=Code.ACT_UNKNOWN_MACHINE_CODE, source=Source.GATEWAY, now=now)
    same = advance(failed, stage=Stage.ACT, source=Source.GATEWAY, now=now + SECOND)
    assert same.outcome is Outcome.FAILED
    on = advance(failed, stage=Stage.CERT, source=Source.GATEWAY, now=now + SECOND)
    assert (on.outcome, on.code, on.closed_at) == (Outcome.OPEN, None, None)


def test_of_two_failures_the_later_stage_counts(attempt: Attempt, now: datetime) -> None:
    late = fail(attempt, code=Code.BIND_OWNED, source=Source.APP, now=now)
    assert fail(late, code=Code.ACT_BLOCKED, source=Source.GATEWAY, now=now) is late


def test_at_one_stage_the_surer_source_counts_and_then_the_latest_word(attempt: Attempt, now: datetime) -> None:
    said = fail(attempt, code=Code.CERT_STORE_FAILED, source=Source.APP, now=now)
    seen = fail(said, code=Code.CERT_KEY_REJECTED, source=Source.GATEWAY, now=now)
    assert seen.code is Code.CERT_KEY_REJECTED
    assert fail(seen, code=Code.CERT_STORE_FAILED, source=Source.APPLIANCE, now=now) is seen
    again = fail(seen, code=Code.CERT_CSR_INVALID, source=Source.GATEWAY, now=now + SECOND)
    assert again.code is Code.CERT_CSR_INVALID


def test_a_success_is_final(attempt: Attempt, now: datetime) -> None:
    done = succeed(attempt, now + SECOND)
    assert (done.outcome, done.stage_reached, done.closed_at) == (Outcome.SUCCEEDED, Stage.FIRST, now + SECOND)
    assert fail(done, code=Code.ACT_BLOCKED, source=Source.GATEWAY, now=now + SECOND) is done
    assert advance(done, stage=Stage.FIRST, source=Source.GATEWAY, now=now + SECOND) is done
    assert lapse(done, now + DEADLINE) is done


def test_after_its_time_nothing_is_added(attempt: Attempt, now: datetime) -> None:
    late = now + DEADLINE
    assert not attempt.takes_more(late)
    assert advance(attempt, stage=Stage.CERT, source=Source.GATEWAY, now=late) is attempt
    assert fail(attempt, code=Code.CERT_CSR_INVALID, source=Source.GATEWAY, now=late) is attempt
    assert succeed(attempt, late) is attempt


@pytest.mark.parametrize(
    ("stage", "code", "confidence"),
    [
        (Stage.CLAIM, None, Confidence.UNKNOWN),
        (Stage.CERT, Code.OPCONN_NEVER, Confidence.INFERRED),
        (Stage.BIND, Code.BIND_TIMEOUT_RETRY, Confidence.INFERRED),
        (Stage.FIRST, Code.FIRST_NO_TELEMETRY, Confidence.INFERRED),
    ],
)
def test_silence_becomes_a_result_and_is_never_called_observed(
    attempt: Attempt, now: datetime, stage: Stage, code: Code | None, confidence: Confidence
) -> None:
    there = advance(attempt, stage=stage, source=Source.GATEWAY, now=now)
    assert lapse(there, now + DEADLINE - SECOND) is there
    silent = lapse(there, now + DEADLINE)
    assert (silent.outcome, silent.code, silent.confidence) == (Outcome.FAILED, code, confidence)
    assert silent.stage_reached is stage


def test_every_source_vouches_for_something_and_silence_for_an_inference_only() -> None:
    assert set(CONFIDENCE_OF) == set(Source)
    assert CONFIDENCE_OF[Source.SILENCE] is Confidence.INFERRED
    assert [one.rank for one in Confidence] == [0, 1, 2, 3, 4]
