"""The card of an attempt for programs. Field names are a promise: new ones may come, none changes its meaning."""

from datetime import datetime
from typing import Any

from gateway.domain.attempts import Attempt
from gateway.domain.evidence import Evidence
from gateway.domain.failure_texts import Language, retry_advice, text_of
from gateway.domain.failures import CATALOGUE, Code
from gateway.usecases.repositories.support import KnownUnit, ListedAttempt
from gateway.usecases.support import ALIKE_FOR, Card, Found


def listed_json(listed: ListedAttempt) -> dict[str, Any]:
    """One attempt of a list."""
    attempt = listed.attempt
    return {
        **_attempt(attempt),
        "type_id": attempt.type_id,
        "firmware": attempt.firmware,
        "app_version": attempt.app_version,
        "mac_tail": listed.mac_tail,
        "machine_code_tail": listed.machine_code_tail,
        "proven_unit": attempt.unit_id is not None,
        "opened_at": moment(attempt.opened_at),
        "closed_at": moment(attempt.closed_at),
    }


def moment(at: datetime | None) -> str | None:
    """A moment as text, in milliseconds."""
    return None if at is None else at.isoformat(timespec="milliseconds")


def found_json(found: Found, card: Card | None, language: Language) -> dict[str, Any]:
    """What a look-up found, with the card of its newest attempt."""
    return {
        "digits_differ": found.digits_differ,
        "unit": None if found.unit is None else _unit(found.unit),
        "attempts": [listed_json(one) for one in found.attempts],
        "card": None if card is None else _card(card, language),
    }


def _card(card: Card, language: Language) -> dict[str, Any]:
    attempt, verdict = card.attempt, card.verdict
    return {
        **_attempt(attempt),
        "silent": verdict.silent,
        "text": None if attempt.code is None else _text(attempt.code, language),
        "type_id": card.type_id,
        "firmware": card.firmware,
        "app_version": card.app_version,
        "mac_tail": card.mac_tail,
        "machine_code_tail": card.machine_code_tail,
        "unit": None if card.unit is None else _unit(card.unit),
        "opened_at": moment(attempt.opened_at),
        "closed_at": moment(attempt.closed_at),
        "stages": [{"stage": mark.stage, "passing": mark.passing, "at": moment(mark.at)} for mark in card.stages],
        "timeline": [_line(line) for line in card.timeline],
        "contradictions": [{"first": _line(one.first), "second": _line(one.second)} for one in verdict.contradictions],
        "failing_alike": {"units": card.failing_alike, "days": ALIKE_FOR.days},
    }


def _attempt(attempt: Attempt) -> dict[str, Any]:
    """How it stands: the same in a list and on a card."""
    return {
        "attempt_id": attempt.attempt_id,
        "trace_id": attempt.trace_id,
        "outcome": attempt.outcome,
        "stage": attempt.stage_reached,
        "code": attempt.code,
        "digits": None if attempt.code is None else CATALOGUE[attempt.code].digits,
        "confidence": attempt.confidence,
    }


def _text(code: Code, language: Language) -> dict[str, str]:
    text = text_of(code, language)
    return {
        "title": text.title,
        "cause": text.cause,
        "customer": text.customer,
        "support": text.support,
        "retry": retry_advice(CATALOGUE[code], language),
    }


def _unit(unit: KnownUnit) -> dict[str, Any]:
    return {
        "unit_id": unit.unit_id,
        "type_id": unit.type_id,
        "mac_tail": unit.mac_tail,
        "machine_code_tail": unit.machine_code_tail,
        "blocked": unit.blocked,
        "activated": unit.device_id is not None,
        "firmware": unit.firmware,
    }


def _line(line: Evidence) -> dict[str, Any]:
    return {
        "source": line.source,
        "at": moment(line.at),
        "says": line.says,
        "stage": line.stage,
        "code": line.code,
        "raw_code": line.raw_code,
        "times": line.times,
        "detail": line.detail,
        "probable": line.probable,
        "confidence": line.confidence,
    }
