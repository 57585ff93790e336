"""The app tells what it saw of a pairing: kept as its word, bounded, and believed where nobody saw more."""

from datetime import datetime
from enum import StrEnum

from gateway.domain.app_reports import REPORTS_AT_MOST, Report, evidence_of
from gateway.domain.attempts import Attempt, learn
from gateway.domain.evidence import Evidence
from gateway.domain.identity import AccountId, PairingId
from gateway.usecases.transaction import Transaction
from gateway.usecases.verdicts import has_left, noted


class NotTaken(StrEnum):
    """Why a report is not taken."""

    UNKNOWN = "unknown"
    """There is no such pairing of this account, nothing is left of it, or its appliance has left the account."""
    TOO_MANY = "too_many"


def report(
    tx: Transaction, account_id: AccountId, pairing_id: PairingId, told: Report, now: datetime
) -> Attempt | NotTaken:
    """Add an app's report to its pairing's latest attempt.

    Returns:
        The attempt as it is judged with the report, or why the report is not taken.
    """
    pairing = tx.pairings.get(pairing_id)
    if pairing is None or pairing.account_id != account_id or has_left(tx, pairing):
        return NotTaken.UNKNOWN
    attempt = tx.attempts.latest_of_pairing(pairing_id)
    if attempt is None:
        return NotTaken.UNKNOWN
    if tx.pairings.count_report(pairing_id) > REPORTS_AT_MOST:
        return NotTaken.TOO_MANY
    if told.app_version is not None and told.app_version != attempt.app_version:
        attempt = tx.attempts.update(learn(attempt, now=now, app_version=told.app_version))
    return noted(tx, attempt, [_of_its_time(attempt, line) for line in evidence_of(told, now)], now)


def _of_its_time(attempt: Attempt, line: Evidence) -> Evidence:
    """A step after the attempt's end is none of its steps. A failure that is told late may still be its reason."""
    return line.as_history() if line.is_sign and not attempt.was_under_way(line.at) else line
