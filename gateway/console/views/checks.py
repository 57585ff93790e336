"""The points of a run check in words."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from gateway.console.rendering import people_time
from gateway.console.words import say
from gateway.domain.failure_texts import Language
from gateway.usecases.run_check import Check, Judged

_LOOKS: Final = {Judged.GOOD: "good", Judged.NOTE: "warn", Judged.BAD: "bad", Judged.NONE: "quiet"}

_SENTENCES: Final = {
    "no": "no",
    "blocked_recall": "blocked_recall",
    "blocked_theft": "blocked_theft",
    "blocked_abuse": "blocked_abuse",
}
"""Where the sentence is one that other pages have too; the rest is `check_` and what was seen."""


@dataclass(frozen=True, slots=True)
class CheckRow:
    """One point."""

    name: str
    result: str
    look: str
    says: str = field(repr=False)


def check_rows(checks: Sequence[Check], language: Language) -> tuple[CheckRow, ...]:
    """All points."""
    return tuple(
        CheckRow(
            name=say(language, f"check_{check.point.value}"),
            result=say(language, f"check_{check.judged.value}"),
            look=_LOOKS[check.judged],
            says=_seen(check, language),
        )
        for check in checks
    )


def check_summary(checks: Sequence[Check], language: Language) -> str:
    """All of it in one sentence."""
    bad = sum(check.judged is Judged.BAD for check in checks)
    return say(language, "check_some_bad", many=bad) if bad else say(language, "check_all_good")


def _seen(check: Check, language: Language) -> str:
    if check.text is not None:
        return check.text
    at = "" if check.at is None else people_time(check.at)
    values = {"since": at, "until": at, "at": at, "seconds": check.number, "many": check.number}
    return say(language, _SENTENCES.get(check.seen, f"check_{check.seen}"), **values)
