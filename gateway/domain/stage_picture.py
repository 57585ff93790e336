"""The picture of an attempt: ten stages, how far it came, and where it stands or stopped."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum, unique

from gateway.domain.attempts import Attempt, Outcome
from gateway.domain.evidence import Evidence, first_of_stages
from gateway.domain.failures import Stage


@unique
class Passing(StrEnum):
    """How an attempt stands with one stage."""

    PASSED = "passed"
    HERE = "here"
    """It is at this stage, and its time is not over."""
    FAILED = "failed"
    """It stopped here."""
    NOT_REACHED = "not_reached"


@dataclass(frozen=True, slots=True)
class StageMark:
    """One stage of the picture."""

    stage: Stage
    passing: Passing
    at: datetime | None
    """The first sign of this stage, and where it stopped the moment of that; None where nothing was seen of the stage
    although a later one proves it passed."""


def picture(attempt: Attempt, evidence: Sequence[Evidence]) -> tuple[StageMark, ...]:
    """The ten stages in order. `evidence` is that of the attempt, in any order."""
    first_words = first_of_stages(line for line in evidence if not line.is_silence)
    return tuple(_mark(attempt, stage, first_words.get(stage)) for stage in Stage)


def _mark(attempt: Attempt, stage: Stage, first_sign: datetime | None) -> StageMark:
    reached = attempt.stage_reached
    if stage.digit > reached.digit:
        # A sign that the verdict does not follow stands in the timeline, not in the picture.
        return StageMark(stage, Passing.NOT_REACHED, None)
    if stage.digit < reached.digit:
        return StageMark(stage, Passing.PASSED, first_sign)
    match attempt.outcome:
        case Outcome.SUCCEEDED:
            return StageMark(stage, Passing.PASSED, first_sign)
        case Outcome.FAILED:
            return StageMark(stage, Passing.FAILED, attempt.closed_at or first_sign)
        case Outcome.OPEN:
            return StageMark(stage, Passing.HERE, first_sign)
