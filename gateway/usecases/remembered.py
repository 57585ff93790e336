"""Failures that an appliance remembered while it had nobody to tell: each belongs to the attempt in which it happened.

An appliance that could not join the Wi-Fi is silent, and its attempt ends without a word. When it succeeds later it
hands over what it remembers, with how long ago: so the silent attempt gets its reason after all.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from gateway.domain.app_reports import failure_line, moment
from gateway.domain.attempts import Attempt
from gateway.domain.evidence import Evidence, Source
from gateway.domain.identity import AttemptId
from gateway.domain.pairing import Pairing
from gateway.domain.verdicts import SAME_MOMENT
from gateway.protocol.messages.claim import RememberedFailure
from gateway.usecases.transaction import Transaction
from gateway.usecases.verdicts import noted


def remember(
    tx: Transaction, attempt: Attempt, pairing: Pairing | None, failures: Sequence[RememberedFailure], now: datetime
) -> Attempt:
    """Add remembered failures where they belong; returns the present attempt as it is then.

    Args:
        tx: the open transaction.
        attempt: the present one. What happened in its time belongs to it; what fits nowhere else is kept with it as
            history, without a stage or a code.
        pairing: whose account's earlier attempts may be this appliance's.
        failures: what it remembers.
        now: the present moment.
    """
    present: list[Evidence] = []
    earlier: dict[AttemptId, tuple[Attempt, list[Evidence]]] = {}
    for failure in failures:
        at = moment(now, failure.ago_ms)
        line = failure_line(Source.APPLIANCE_LATER, failure.stage, failure.code, failure.count, at)
        if attempt.was_under_way(at):
            present.append(line)
            continue
        found = [] if pairing is None or at >= attempt.deadline else _under_way(tx, attempt, pairing, at)
        if not found:
            # Of another time: support may want to know, and about the present attempt it proves nothing.
            present.append(line.as_history())
            continue
        if len(found) > 1:
            line = replace(line, probable=True)  # two were tried at once: the newer one is the better guess
        earlier.setdefault(found[0].attempt_id, (found[0], []))[1].append(line)
    for other, lines in earlier.values():
        noted(tx, other, _new(tx, other, lines), now)
    fresh = _new(tx, attempt, present)
    return noted(tx, attempt, fresh, now) if fresh else attempt


def _under_way(tx: Transaction, attempt: Attempt, pairing: Pairing, at: datetime) -> list[Attempt]:
    found = tx.attempts.of_account_at(pairing.account_id, attempt.unit_id, at)
    return [other for other in found if other.attempt_id != attempt.attempt_id]


def _new(tx: Transaction, attempt: Attempt, lines: Sequence[Evidence]) -> list[Evidence]:
    """Lines that are not there yet: an appliance hands over its memory until it is sure that it arrived."""
    known = tx.attempts.evidence(attempt.attempt_id)
    fresh: list[Evidence] = []
    for line in lines:
        if not any(_same(line, other) for other in (*known, *fresh)):
            fresh.append(line)
    return fresh


def _same(one: Evidence, other: Evidence) -> bool:
    """One failure told twice: by the same teller, under the same code, at the same stage in its word (`detail`)."""
    alike = (one.source, one.says, one.raw_code, one.detail) == (other.source, other.says, other.raw_code, other.detail)
    return alike and abs(one.at - other.at) < SAME_MOMENT
