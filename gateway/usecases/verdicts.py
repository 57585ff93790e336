"""Adding evidence to an attempt: each line changes what the attempt says, and whoever waits for it is told."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from gateway.domain.attempts import Attempt, Outcome, judged
from gateway.domain.evidence import Confidence, Evidence
from gateway.domain.failures import CATALOGUE, Code, Retry, Stage
from gateway.domain.pairing import Pairing, PairingState
from gateway.domain.silence import silence
from gateway.domain.verdicts import Verdict, verdict
from gateway.usecases.counting import count_failure, count_line
from gateway.usecases.transaction import Transaction

LINES_AT_MOST: Final = 200
"""Lines of one attempt. Beyond that a line is kept only if stage, code or confidence change by it: a flood says the
same over and over."""

LINES_EVER: Final = 2 * LINES_AT_MOST
"""Beyond that only silence is written down: two who disagree in turn change the verdict each time."""


def noted(tx: Transaction, attempt: Attempt, lines: Sequence[Evidence], now: datetime) -> Attempt:
    """Add lines to an attempt; returns it as its evidence has it now, stored and told to the app that waits.

    A step of its time that is told only after its end takes the silence away that was its reason, and nothing was heard
    after that step either: the silence is then written down anew, from where it came to.
    """
    for line in lines:
        _keep(tx, attempt, line)
    if attempt.outcome is Outcome.FAILED and now >= attempt.deadline:
        evidence = tx.attempts.evidence(attempt.attempt_id)
        if not verdict(evidence).fails:
            _keep(tx, attempt, silence(evidence, now))
    return _projected(tx, attempt, now)


def _keep(tx: Transaction, attempt: Attempt, line: Evidence) -> None:
    if _has_room(tx, attempt, line):
        tx.attempts.note(attempt.attempt_id, line)
        count_line(tx, line)


def _projected(tx: Transaction, attempt: Attempt, now: datetime) -> Attempt:
    """Make the attempt say what its evidence comes to."""
    evidence = tx.attempts.evidence(attempt.attempt_id)
    after = judged(attempt, evidence, now)
    if after == attempt:
        return attempt
    if after.due_at is not None and after.due_at != attempt.due_at:
        tx.ring_at(after.due_at)
    if after.outcome is Outcome.FAILED and (attempt.outcome, attempt.code) != (after.outcome, after.code):
        silent = verdict(evidence).silent
        count_failure(tx, after, silent=silent)
    after = tx.attempts.update(after)
    if Outcome.FAILED in {attempt.outcome, after.outcome}:
        _tell(tx, attempt, after, now)
    return after


def _has_room(tx: Transaction, attempt: Attempt, line: Evidence) -> bool:
    evidence = tx.attempts.evidence(attempt.attempt_id)
    if len(evidence) < LINES_AT_MOST or line.is_silence:
        return True  # without its silence an overdue attempt would stay overdue for ever
    return len(evidence) < LINES_EVER and _says(verdict([*evidence, line])) != _says(verdict(evidence))


def _says(found: Verdict) -> tuple[Stage, Code | None, Confidence, bool]:
    """What a verdict comes to, whoever contradicts it."""
    return found.stage, found.code, found.confidence, found.silent


def has_left(tx: Transaction, pairing: Pairing) -> bool:
    """True when the appliance of a pairing serves its account no more.

    How it does now is not theirs to know, nor to tell.
    """
    if pairing.state is not PairingState.COMPLETED or pairing.device_id is None:
        return False
    return tx.bindings.one(pairing.account_id, pairing.device_id) is None


def _tell(tx: Transaction, before: Attempt, after: Attempt, now: datetime) -> None:
    """Tell the app that opened the pairing what is the matter, or that it goes on after all."""
    same = (before.outcome, before.stage_reached, before.code, before.confidence) == (
        after.outcome,
        after.stage_reached,
        after.code,
        after.confidence,
    )
    pairing = None if same or after.pairing_id is None else tx.pairings.get(after.pairing_id)
    if pairing is None or has_left(tx, pairing):
        return
    failure = None if after.code is None else CATALOGUE[after.code]
    data: dict[str, object] = {
        "pairing_id": pairing.pairing_id,
        "stage": after.stage_reached.value,
        "code": None if failure is None else failure.code.value,
        "number": None if failure is None else failure.number,
        "confidence": after.confidence.value,
        "failed": after.outcome is Outcome.FAILED,
        "retry": None if failure is None else failure.retry.value,
        "retry_after_s": failure.retry_after_s if failure is not None and failure.retry is Retry.AFTER else None,
        "trace_id": after.trace_id,
    }
    tx.emit(pairing.account_id, "pairing.verdict", data, now, pairing_id=pairing.pairing_id)
