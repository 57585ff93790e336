"""Activation attempts: how far an appliance came on its way from the box to the app, and why it stopped.

A failure is the present verdict, not the end: a retry within the attempt's time goes on where it failed. Evidence is
only ever added; the verdict goes by the latest stage reached, then by the surest source.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum, unique
from types import MappingProxyType
from typing import Final

from gateway.domain.evidence import CONFIDENCE_OF, Confidence, Evidence, Source
from gateway.domain.failures import Code, Stage, stage_of
from gateway.domain.identity import AttemptId, PairingId, UnitId

__all__ = [
    "CONFIDENCE_OF",
    "DEADLINE",
    "Attempt",
    "Confidence",
    "Evidence",
    "Outcome",
    "Source",
    "advance",
    "fail",
    "lapse",
    "learn",
    "open_attempt",
    "succeed",
]

DEADLINE: Final = timedelta(seconds=180)
"""From the first evidence to the last, all stages together."""


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
) -> Attempt:
    """Add what became known about who is trying. What is not known stays as it was."""
    return replace(
        attempt,
        pairing_id=pairing_id or attempt.pairing_id,
        unit_id=unit_id or attempt.unit_id,
        type_id=type_id or attempt.type_id,
        firmware=firmware or attempt.firmware,
        updated_at=max(now, attempt.updated_at),
    )


def advance(attempt: Attempt, *, stage: Stage, source: Source, now: datetime) -> Attempt:
    """It was seen at a stage. An earlier stage than the one reached changes nothing; a later one clears a failure."""
    if not attempt.takes_more(now) or stage.digit < attempt.stage_reached.digit:
        return attempt
    if stage is attempt.stage_reached and attempt.outcome is Outcome.FAILED:
        return replace(attempt, updated_at=max(now, attempt.updated_at))
    return replace(
        attempt,
        stage_reached=stage,
        confidence=CONFIDENCE_OF[source],
        code=None,
        outcome=Outcome.OPEN,
        closed_at=None,
        updated_at=max(now, attempt.updated_at),
    )


def fail(attempt: Attempt, *, code: Code, source: Source, now: datetime) -> Attempt:
    """It failed with a code. The latest stage wins, then the surest source, then the latest word."""
    stage, confidence = stage_of(code), CONFIDENCE_OF[source]
    if not attempt.takes_more(now) or stage.digit < attempt.stage_reached.digit:
        return attempt
    same_stage = stage is attempt.stage_reached and attempt.code is not None
    if same_stage and confidence.rank > attempt.confidence.rank:
        return attempt
    return replace(
        attempt,
        stage_reached=stage,
        confidence=confidence,
        code=code,
        outcome=Outcome.FAILED,
        closed_at=now,
        updated_at=max(now, attempt.updated_at),
    )


def succeed(attempt: Attempt, now: datetime, stage: Stage = Stage.FIRST) -> Attempt:
    """Done: as a rule with the first report of a bound appliance. An earlier `stage` when nothing more was wanted."""
    if not attempt.takes_more(now):
        return attempt
    return replace(
        attempt,
        stage_reached=stage,
        confidence=Confidence.OBSERVED,
        code=None,
        outcome=Outcome.SUCCEEDED,
        closed_at=now,
        updated_at=max(now, attempt.updated_at),
    )


SILENCE: Final = MappingProxyType(
    {
        Stage.CERT: Code.OPCONN_NEVER,
        Stage.BIND: Code.BIND_TIMEOUT_RETRY,
        Stage.FIRST: Code.FIRST_NO_TELEMETRY,
    }
)
"""What silence after a stage means, where it means one thing. Elsewhere the code stays unknown, and is said to be."""


def lapse(attempt: Attempt, now: datetime) -> Attempt:
    """Close an open attempt whose time is over. The stage stays the one that was reached."""
    if attempt.outcome is not Outcome.OPEN or now < attempt.deadline:
        return attempt
    code = SILENCE.get(attempt.stage_reached)
    return replace(
        attempt,
        code=code,
        confidence=Confidence.UNKNOWN if code is None else Confidence.INFERRED,
        outcome=Outcome.FAILED,
        closed_at=now,
        updated_at=max(now, attempt.updated_at),
    )
