"""Retention and erasures for people."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from gateway.console.words import say
from gateway.domain.erasure import Erasure, Step, next_step
from gateway.domain.failure_texts import Language
from gateway.usecases.retention import RetentionStatus

STUCK_AFTER: Final = timedelta(minutes=10)
"""An erasure takes less than a minute as a rule; one that waits so long needs somebody who runs the installation."""
_DAY, _HOUR, _MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class RetentionRow:
    """One class."""

    name: str
    period: str
    oldest: datetime | None
    removed: int
    late: bool


@dataclass(frozen=True, slots=True)
class StepRow:
    """One step of an erasure."""

    name: str
    at: datetime | None
    """None where it is not done."""
    is_next: bool


@dataclass(frozen=True, slots=True)
class ErasureRow:
    """One erasure, and nothing of whom it is about."""

    begun_at: datetime
    finished_at: datetime | None
    reason: str
    age: str
    """How long it has been open, or how long it took."""
    stuck: bool
    rows: int
    appliances: int
    steps: tuple[StepRow, ...]
    done: int


def retention_rows(statuses: Sequence[RetentionStatus], language: Language) -> tuple[RetentionRow, ...]:
    """The classes in a language, those first that are late."""
    rows = [
        RetentionRow(
            name=say(language, f"kept_{one.which.value}"),
            period=period_text(one.period, language) if one.period else say(language, "at_its_end"),
            oldest=one.oldest,
            removed=one.removed,
            late=one.late,
        )
        for one in statuses
    ]
    return tuple(sorted(rows, key=lambda row: not row.late))


def erasure_rows(erasures: Sequence[Erasure], language: Language, now: datetime) -> tuple[ErasureRow, ...]:
    """Erasures in a language."""
    return tuple(_erasure_row(one, language, now) for one in erasures)


def _erasure_row(erasure: Erasure, language: Language, now: datetime) -> ErasureRow:
    took = (erasure.finished_at or now) - erasure.begun_at
    done = {one.step: one.at for one in erasure.done}
    return ErasureRow(
        begun_at=erasure.begun_at,
        finished_at=erasure.finished_at,
        reason=say(language, f"erasure_reason_{erasure.reason.value}"),
        age=period_text(took, language),
        stuck=erasure.finished_at is None and took > STUCK_AFTER,
        rows=sum(erasure.rows.values()),
        appliances=len(erasure.devices),
        steps=tuple(
            StepRow(say(language, f"erasure_step_{step.value}"), done.get(step), is_next=step is next_step(erasure))
            for step in Step
        ),
        done=len(done),
    )


def period_text(period: timedelta, language: Language) -> str:
    """A span in its largest unit, rounded down: `30 days`, `10 minutes`."""
    if period >= 2 * _DAY or (period >= _DAY and period % _DAY == timedelta(0)):
        many = period // _DAY
        return say(language, "span_day") if many == 1 else say(language, "span_days", many=many)
    if period >= _HOUR:
        many = period // _HOUR
        return say(language, "span_hour") if many == 1 else say(language, "span_hours", many=many)
    if period >= _MINUTE:
        return say(language, "span_minutes", many=period // _MINUTE)
    return say(language, "seconds", seconds=max(int(period.total_seconds()), 0))
