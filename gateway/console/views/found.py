"""What one look-up found."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.console.views.card import OUTCOME_LOOKS
from gateway.console.words import say
from gateway.domain.failure_texts import Language, stage_name, text_of
from gateway.domain.failures import CATALOGUE
from gateway.usecases.repositories.support import ListedAttempt
from gateway.usecases.support import Found


@dataclass(frozen=True, slots=True)
class Row:
    """One attempt of the list."""

    attempt_id: str
    trace_id: str
    at: datetime
    outcome: str
    look: str
    stage: str
    digits: str | None
    title: str | None


def rows_of(attempts: Sequence[ListedAttempt], language: Language) -> tuple[Row, ...]:
    """The attempts as rows."""
    return tuple(
        Row(
            attempt_id=one.attempt.attempt_id,
            trace_id=one.attempt.trace_id,
            at=one.attempt.opened_at,
            outcome=say(language, f"outcome_{one.attempt.outcome.value}"),
            look=OUTCOME_LOOKS[one.attempt.outcome],
            stage=f"{one.attempt.stage_reached.digit} {stage_name(one.attempt.stage_reached, language)}",
            digits=None if one.attempt.code is None else CATALOGUE[one.attempt.code].digits,
            title=None if one.attempt.code is None else text_of(one.attempt.code, language).title,
        )
        for one in attempts
    )


def summary_of(found: Found | None, language: Language) -> str:
    """How much was found, in one sentence."""
    if found is None or found.is_miss:
        return say(language, "attempts_none")
    if not found.attempts:
        return say(language, "attempts_none_of_unit")
    return say(language, "attempts_many", many=len(found.attempts))
