"""The card of an attempt as lines of text.

What appliances and apps say of themselves (versions, codes of their own) is printed without anything that a terminal
would obey: a firmware version must not be able to move the cursor.
"""

import unicodedata
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from gateway.cli.attempts.labels import label, outcome_name
from gateway.domain.attempts import Attempt
from gateway.domain.evidence import Evidence
from gateway.domain.failure_texts import (
    Language,
    confidence_name,
    retry_advice,
    source_name,
    stage_name,
    text_of,
)
from gateway.domain.failures import CATALOGUE
from gateway.domain.stage_picture import Passing, StageMark
from gateway.usecases.repositories.support import KnownUnit, ListedAttempt
from gateway.usecases.support import ALIKE_FOR, Card, Found

_MARKS: Final = {Passing.PASSED: "✓", Passing.HERE: "…", Passing.FAILED: "✗", Passing.NOT_REACHED: "·"}
_LABEL_WIDTH: Final = 15
_OTHERS_AT_MOST: Final = 10


def listed_line(listed: ListedAttempt) -> str:
    """One attempt of a list."""
    attempt = listed.attempt
    what = attempt.outcome.value if attempt.code is None else f"{_digits(attempt)} {attempt.code.value}"
    tails = f"MAC …{plain(listed.mac_tail or '??')}  machine code …{plain(listed.machine_code_tail or '??')}"
    return (
        f"{_when(attempt.opened_at)}  {attempt.trace_id}  {attempt.stage_reached.value:7} {what:30} "
        f"{plain(attempt.type_id or '?'):20} {plain(attempt.firmware or '?'):10} {tails}"
    )


def found_lines(found: Found, card: Card | None, language: Language) -> Iterator[str]:
    """What a look-up found: the card of the newest attempt, and the other attempts below it."""
    if found.digits_differ:
        yield label("digits_differ", language)
        yield ""
    if card is None:
        if found.unit is not None:
            yield _labelled("appliance", _unit(found.unit, language), language)
        yield label("no_attempts", language)
        return
    yield from _card(card, language)
    others = found.attempts[1 : _OTHERS_AT_MOST + 1]
    if others:
        yield ""
        yield label("others", language)
        for one in others:
            yield f"  {listed_line(one)}"


def picture_line(stages: tuple[StageMark, ...]) -> str:
    """The ten stages in one line."""
    return "  ".join(f"{_MARKS[mark.passing]} {mark.stage.value}" for mark in stages)


def plain(text: str) -> str:
    """Text of somebody else's, with `?` for everything that is no ordinary character."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _card(card: Card, language: Language) -> Iterator[str]:
    attempt = card.attempt
    code = "" if attempt.code is None else f"{_digits(attempt)} "
    named = "" if attempt.code is None else f"  {attempt.code.value}"
    yield f"{code}{attempt.trace_id}  {outcome_name(attempt.outcome, language)}{named}"
    yield picture_line(card.stages)
    yield ""
    yield _labelled("stage", stage_name(attempt.stage_reached, language), language)
    yield from _why(card, language)
    yield _labelled("appliance", _who(card, language), language)
    yield _labelled("when", _span(attempt, language), language)
    for one in card.verdict.contradictions:
        yield _labelled("against", f"{_said(one.first, language)} / {_said(one.second, language)}", language)
    yield ""
    yield label("timeline", language)
    for line in card.timeline:
        yield f"  {_offset(line.at, attempt.opened_at)}  {_said(line, language)}"


def _why(card: Card, language: Language) -> Iterator[str]:
    attempt = card.attempt
    if attempt.code is None:
        if card.verdict.silent:
            yield _labelled("title", label("no_code", language), language)
        return
    text = text_of(attempt.code, language)
    yield _labelled("title", text.title, language)
    yield _labelled("sure", confidence_name(attempt.confidence, language), language)
    yield _labelled("cause", text.cause, language)
    yield _labelled("customer", text.customer, language)
    yield _labelled("support", text.support, language)
    yield _labelled("again", retry_advice(CATALOGUE[attempt.code], language), language)
    alike = label("alike", language).format(units=card.failing_alike, days=ALIKE_FOR.days)
    yield _labelled("elsewhere", alike, language)


def _who(card: Card, language: Language) -> str:
    parts = [plain(card.type_id)] if card.type_id else []
    for name, value in (("firmware", card.firmware), ("app", card.app_version)):
        if value:
            parts.append(f"{label(name, language)} {plain(value)}")
    for name, tail in (("mac", card.mac_tail), ("machine_code", card.machine_code_tail)):
        if tail:
            parts.append(f"{label(name, language)} …{plain(tail)}")
    if card.unit is None:
        parts.append(label("unproven", language))
    elif card.unit.blocked:
        parts.append(label("blocked", language).format(reason=card.unit.blocked))
    return ", ".join(parts)


def _unit(unit: KnownUnit, language: Language) -> str:
    parts = [
        plain(unit.type_id),
        f"{label('mac', language)} …{unit.mac_tail}",
        f"{label('machine_code', language)} …{unit.machine_code_tail}",
    ]
    if unit.blocked:
        parts.append(label("blocked", language).format(reason=unit.blocked))
    return ", ".join(parts)


def _span(attempt: Attempt, language: Language) -> str:
    begun = _when(attempt.opened_at)
    if attempt.closed_at is None:
        return begun
    seconds = f"{(attempt.closed_at - attempt.opened_at).total_seconds():.1f}"
    return f"{begun}, {label('after', language).format(seconds=seconds)}"


def _said(line: Evidence, language: Language) -> str:
    """One line of evidence: who says it, and everything that it says."""
    who = source_name(line.source, language)
    if line.probable:
        who = f"{who} ({label('probable', language)})"
    parts = [f"{who}: {plain(line.says).replace('_', ' ')}"]
    if line.stage is not None:
        parts.append(f"[{line.stage.value}]")
    if line.code is not None:
        parts.append(f"{CATALOGUE[line.code].digits} {line.code.value}")
    if line.raw_code is not None and (line.code is None or line.raw_code != line.code.value):
        parts.append(f"“{plain(line.raw_code)}”")
    if line.detail is not None:
        parts.append(plain(line.detail))
    if line.times > 1:
        parts.append(f"x{line.times}")
    return "  ".join(parts)


def _digits(attempt: Attempt) -> str:
    return "" if attempt.code is None else CATALOGUE[attempt.code].digits


def _when(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}Z"


def _offset(at: datetime, since: datetime) -> str:
    return f"{(at - since).total_seconds():+9.1f} s"


def _labelled(name: str, text: str, language: Language) -> str:
    """A label and what belongs to it. Chinese characters take two places of a terminal each."""
    title = label(name, language)
    places = sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in title)
    return f"{title}{' ' * max(_LABEL_WIDTH - places, 1)}{text}"
