"""What time and a new policy do to consents: asking once a year, and writing down what a new version has stopped."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from gateway.domain.consent import RENEWAL_MONTHS, Consent, ConsentState, Purpose, months_later
from gateway.domain.consent_ledger import ConsentAct
from gateway.usecases import notices, withdrawal
from gateway.usecases.consent_ledger import ConsentServices
from gateway.usecases.persons import PersonKeyGoneError
from gateway.usecases.transaction import Transaction

RENEWAL_DUE: Final = "consent.renewal_due"
STOPPED: Final = "consent.stopped"
AT_ONCE: Final = 100
"""Consents that one transaction works off."""


def ask_renewals(tx: Transaction, now: datetime) -> int:
    """Ask whether location consents that are a year old should stay; returns how many were asked about.

    The consent goes on whether or not there is an answer: privacy.md promises that the gateway asks, not that silence
    ends anything. A year later it asks again.
    """
    found = tx.consents.to_ask(now, AT_ONCE)
    for consent in found:
        tx.consents.put_ask_at(replace(consent, ask_at=months_later(now, RENEWAL_MONTHS)))
        data = {"purpose": consent.purpose.value, "since": consent.at.isoformat(timespec="milliseconds")}
        _tell(tx, consent, RENEWAL_DUE, data, now)
    return len(found)


def stop_superseded(tx: Transaction, services: ConsentServices, now: datetime) -> int:
    """Write down what a version of the policy has stopped, forget its data, tell the person; returns how many.

    They stopped to count at the moment the version took effect; this follows within moments.
    """
    found = tx.consents.superseded(now, AT_ONCE)
    for consent in found:
        _stop(tx, services, consent, now)
    return len(found)


def _stop(tx: Transaction, services: ConsentServices, consent: Consent, now: datetime) -> None:
    try:
        withdrawal.say_no(tx, services, consent, ConsentAct.STOPPED, now)
    except PersonKeyGoneError:
        # The account is being closed: nothing can be written into its ledger any more, and its rows are on their way.
        tx.consents.put(replace(consent, state=ConsentState.STOPPED, at=now, ask_at=None))
        return
    if consent.purpose is not Purpose.POLICY:
        _tell(tx, consent, STOPPED, {"purpose": consent.purpose.value}, now)


def _tell(tx: Transaction, consent: Consent, kind: str, data: dict[str, str], now: datetime) -> None:
    """Tell the person, and where a guardian said yes for them, also the guardian: nobody else can answer."""
    notices.tell(tx, consent.account_id, kind, data, now)
    link = tx.guardians.of_minor(consent.account_id) if consent.by_guardian else None
    if link is not None:
        notices.tell(tx, link.guardian_id, kind, {**data, "ward_id": link.ward_id}, now)
