"""The verdict card: what stopped it, how sure that is, what to say, what to do, and what it rests on."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from gateway.console.views.codes import CodeView, code_view
from gateway.console.views.evidence_words import evidence_words
from gateway.console.words import say
from gateway.domain.attempts import Outcome
from gateway.domain.evidence import Evidence
from gateway.domain.failure_texts import Language, confidence_name, source_name, stage_name, text_of
from gateway.domain.failures import CATALOGUE
from gateway.domain.stage_picture import Passing, StageMark
from gateway.usecases.repositories.support import KnownUnit
from gateway.usecases.support import Card

FIRST_X: Final = 32
STEP_X: Final = 64
"""Where the dots of the picture stand, in its own units: ten of them on 640."""

_MARKS: Final = {Passing.PASSED: "✓", Passing.FAILED: "✕"}
_LIST_MARKS: Final = {**_MARKS, Passing.HERE: "●", Passing.NOT_REACHED: "○"}
OUTCOME_LOOKS: Final = {Outcome.OPEN: "warn", Outcome.SUCCEEDED: "good", Outcome.FAILED: "bad"}


@dataclass(frozen=True, slots=True)
class Dot:
    """One stage of the picture."""

    digit: int
    name: str
    look: str
    """Class of the style sheet: passed, here, failed, unreached."""
    says: str
    mark: str
    """Drawn into the dot: a tick, a cross, or the stage's digit."""
    list_mark: str
    """Before the line of the list, which names the digit itself."""
    x: int
    reached: bool
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Picture:
    """The ten stages."""

    dots: tuple[Dot, ...]
    summary: str


@dataclass(frozen=True, slots=True)
class Line:
    """One piece of evidence."""

    at: datetime
    source: str
    stage: str | None
    says: str
    raw: str | None
    digits: str | None
    fails: bool
    probable: bool


@dataclass(frozen=True, slots=True)
class Pair:
    """Two lines that do not fit together."""

    first: Line
    second: Line


@dataclass(frozen=True, slots=True)
class Fact:
    """A name and a value."""

    name: str
    value: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class CardView:
    """Everything that the card's template needs."""

    attempt_id: str
    version: int
    """What the page shows; its stream tells of later ones."""
    trace_id: str
    summary: str
    is_open: bool
    code: CodeView | None
    outcome_words: str
    outcome_look: str
    confidence: str
    confidence_means: str
    no_code_advice: str | None
    picture: Picture
    contradictions: tuple[Pair, ...]
    facts: tuple[Fact, ...]
    elsewhere: str | None
    """Whether others fail alike; None where nothing has failed."""
    timeline: tuple[Line, ...]
    has_device: bool


def card_view(card: Card, language: Language) -> CardView:
    """The card in a language."""
    attempt, verdict = card.attempt, card.verdict
    code = None if attempt.code is None else code_view(attempt.code, language)
    drawn = picture_of(card.stages, language)
    failed_without_code = attempt.outcome is Outcome.FAILED and code is None
    said = "" if code is None else f"{code.digits} {code.text.title}. "
    return CardView(
        attempt_id=attempt.attempt_id,
        version=attempt.version,
        trace_id=attempt.trace_id,
        summary=said + drawn.summary,
        is_open=attempt.outcome is Outcome.OPEN,
        code=code,
        outcome_words=say(language, f"outcome_{attempt.outcome.value}"),
        outcome_look=OUTCOME_LOOKS[attempt.outcome],
        confidence=confidence_name(attempt.confidence, language),
        confidence_means=say(language, f"sure_{attempt.confidence.value}"),
        no_code_advice=say(language, "no_code_failed") if failed_without_code else None,
        picture=drawn,
        contradictions=tuple(
            Pair(line_of(pair.first, language), line_of(pair.second, language)) for pair in verdict.contradictions
        ),
        facts=_facts(card, language),
        elsewhere=_elsewhere(card, language),
        timeline=tuple(line_of(line, language) for line in card.timeline),
        has_device=card.unit is not None and card.unit.device_id is not None,
    )


def picture_of(stages: Sequence[StageMark], language: Language) -> Picture:
    """The ten stages as dots, and the whole of it in one sentence."""
    dots = tuple(
        Dot(
            digit=mark.stage.digit,
            name=stage_name(mark.stage, language),
            look="unreached" if mark.passing is Passing.NOT_REACHED else mark.passing.value,
            says=say(language, f"stage_{mark.passing.value}"),
            mark=_MARKS.get(mark.passing, str(mark.stage.digit)),
            list_mark=_LIST_MARKS[mark.passing],
            x=FIRST_X + STEP_X * mark.stage.digit,
            reached=mark.passing is not Passing.NOT_REACHED,
            at=mark.at,
        )
        for mark in stages
    )
    last = next(mark for mark in reversed(stages) if mark.passing is not Passing.NOT_REACHED)
    match last.passing:
        case Passing.FAILED:
            words = "picture_failed"
        case Passing.HERE:
            words = "picture_open"
        case _:
            words = "picture_succeeded"
    summary = say(language, words, digit=last.stage.digit, stage=stage_name(last.stage, language))
    return Picture(dots, summary)


def line_of(line: Evidence, language: Language) -> Line:
    """One line of evidence in words. Text of vendors stays as it came, for the template to escape."""
    says = evidence_words(line.says, language) if line.code is None else text_of(line.code, language).title
    if line.detail:
        says = f"{says} ({line.detail})"
    if line.times > 1:
        says = f"{says}, {say(language, 'times', many=line.times)}"
    return Line(
        at=line.at,
        source=source_name(line.source, language),
        stage=None if line.stage is None else stage_name(line.stage, language),
        says=says,
        raw=line.raw_code if line.code is None or line.raw_code != line.code.value else None,
        digits=None if line.code is None else CATALOGUE[line.code].digits,
        fails=line.code is not None,
        probable=line.probable,
    )


def unit_facts(unit: KnownUnit | None, language: Language) -> tuple[Fact, ...]:
    """What support may see of a unit; of none the same lines, so that a miss looks like a hit."""
    unknown = say(language, "nobody_knows")
    values = {
        "in_registry": say(language, "no" if unit is None else "yes"),
        "type": unknown if unit is None else unit.type_id,
        "firmware": (None if unit is None else unit.firmware) or unknown,
        "mac_tail": unknown if unit is None else unit.mac_tail,
        "machine_code_tail": unknown if unit is None else unit.machine_code_tail,
        "activated": say(language, "no" if unit is None or unit.device_id is None else "yes"),
        "blocked": say(language, "no" if unit is None or unit.blocked is None else f"blocked_{unit.blocked}"),
    }
    return tuple(Fact(say(language, name), value) for name, value in values.items())


def _facts(card: Card, language: Language) -> tuple[Fact, ...]:
    unknown = say(language, "nobody_knows")
    blocked = None if card.unit is None else card.unit.blocked
    values = {
        "type": card.type_id,
        "firmware": card.firmware,
        "app_version": card.app_version,
        "mac_tail": card.mac_tail,
        "machine_code_tail": card.machine_code_tail,
        "in_registry": say(language, "no" if card.unit is None else "yes"),
        "blocked": None if blocked is None else say(language, f"blocked_{blocked}"),
    }
    return tuple(
        Fact(say(language, name), value or unknown)
        for name, value in values.items()
        if name != "blocked" or value is not None
    )


def _elsewhere(card: Card, language: Language) -> str | None:
    if card.attempt.code is None:
        return say(language, "elsewhere_no_code") if card.attempt.outcome is Outcome.FAILED else None
    match card.failing_alike:
        case 0:
            return say(language, "elsewhere_none")
        case 1:
            return say(language, "elsewhere_one")
        case many:
            return say(language, "elsewhere_many", many=many)
