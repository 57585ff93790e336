"""Activation attempts: how far an appliance came on its way from the box to the app, and why it stopped.

A failure is the present verdict, not the end: a retry within the attempt's time goes on where it failed. Evidence is
only ever added, and what an attempt says of stage, code and confidence is nothing but the verdict on its evidence.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum, unique

from gateway.domain.evidence import CONFIDENCE_OF, Confidence, Evidence, Source
from gateway.domain.failures import Code, Stage
from gateway.domain.identity import AttemptId, PairingId, UnitId
from gateway.domain.silence import DEADLINE, due
from gateway.domain.verdicts import REMARKS, verdict


@unique
class Outcome(StrEnum):
    """How an attempt stands."""

    OPEN = "open"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to bring one appliance into the app."""

    attempt_id: AttemptId
    trace_id: str
    stage_reached: Stage
    confidence: Confidence
    opened_at: datetime
    updated_at: datetime
    pairing_id: PairingId | None = field(repr=False, default=None)
    unit_id: UnitId | None = field(repr=False, default=None)
    type_id: str | None = None
    firmware: str | None = None
    app_version: str | None = None
    code: Code | None = None
    outcome: Outcome = Outcome.OPEN
    closed_at: datetime | None = None
    due_at: datetime | None = None
    """When silence becomes the result of its present stage; None once it has one."""
    version: int = 0
    """For compare and swap in the store; the domain hands it on untouched."""

    @property
    def deadline(self) -> datetime:
        """When silence becomes the result."""
        return self.opened_at + DEADLINE

    def was_under_way(self, at: datetime) -> bool:
        """True for a moment of the attempt's own time. What happened at another is no proof about it."""
        return self.opened_at <= at < self.deadline

    def takes_more(self, now: datetime) -> bool:
        """True while new evidence belongs to this attempt and not to a next one."""
        return self.outcome is not Outcome.SUCCEEDED and now < self.deadline


def open_attempt(*, attempt_id: AttemptId, trace_id: str, stage: Stage, source: Source, now: datetime) -> Attempt:
    """The first evidence of any kind opens an attempt."""
    return Attempt(
        attempt_id=attempt_id,
        trace_id=trace_id,
        stage_reached=stage,
        confidence=CONFIDENCE_OF[source],
        opened_at=now,
        updated_at=now,
        due_at=now + DEADLINE,
    )


def learn(
    attempt: Attempt,
    *,
    now: datetime,
    pairing_id: PairingId | None = None,
    unit_id: UnitId | None = None,
    type_id: str | None = None,
    firmware: str | None = None,
    app_version: str | None = None,
) -> Attempt:
    """Add what became known about who is trying. What is not known stays as it was."""
    return replace(
        attempt,
        pairing_id=pairing_id or attempt.pairing_id,
        unit_id=unit_id or attempt.unit_id,
        type_id=type_id or attempt.type_id,
        firmware=firmware or attempt.firmware,
        app_version=app_version or attempt.app_version,
        updated_at=_updated_at(attempt, now),
    )


def _updated_at(attempt: Attempt, now: datetime) -> datetime:
    """What is told of an attempt after its time does not make it younger: its age decides how long it is kept."""
    return max(min(now, attempt.deadline), attempt.updated_at)


def judged(attempt: Attempt, evidence: Sequence[Evidence], now: datetime) -> Attempt:
    """The attempt as its evidence has it now. One that succeeded stays so: only a remark may still come to it.

    One that failed may still get its reason after the deadline, and does not open again: nobody would end it.
    """
    found = verdict(evidence)
    if attempt.outcome is Outcome.SUCCEEDED:
        remarked = found.code in REMARKS and attempt.stage_reached is Stage.FIRST
        return replace(attempt, code=found.code, confidence=found.confidence) if remarked else attempt
    failed = found.fails
    over = now >= attempt.deadline
    was_failed = attempt.outcome is Outcome.FAILED
    if over and was_failed and not failed:
        return attempt
    still = was_failed and (over or found.stage is attempt.stage_reached)
    return replace(
        attempt,
        stage_reached=found.stage,
        confidence=found.confidence,
        code=found.code,
        outcome=Outcome.FAILED if failed else Outcome.OPEN,
        closed_at=(attempt.closed_at if still else now) if failed else None,
        due_at=None if failed else due(evidence, attempt.opened_at),
        updated_at=_updated_at(attempt, now),
    )


def succeed(attempt: Attempt, evidence: Sequence[Evidence], now: datetime, stage: Stage = Stage.FIRST) -> Attempt:
    """Done: as a rule with the first report of a bound appliance. An earlier `stage` when nothing more was wanted.

    What is worth saying although it works (`REMARKS`) stays as its code.
    """
    if not attempt.takes_more(now):
        return attempt
    found = verdict(evidence)
    remarked = found.code in REMARKS and stage is Stage.FIRST
    return replace(
        attempt,
        stage_reached=stage,
        confidence=found.confidence if remarked else Confidence.OBSERVED,
        code=found.code if remarked else None,
        outcome=Outcome.SUCCEEDED,
        closed_at=now,
        due_at=None,
        updated_at=max(now, attempt.updated_at),
    )
