"""Taking a consent back: one call, and it counts before the answer is sent."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from gateway.domain.consent import Consent, ConsentState, Purpose
from gateway.domain.consent_ledger import ConsentAct
from gateway.domain.identity import AccountId
from gateway.domain.policies import Language
from gateway.usecases import consent_ledger, disclosures, location, pairings
from gateway.usecases.consent_ledger import ConsentServices, Receipt
from gateway.usecases.purposes import purpose_in
from gateway.usecases.receipts import Said
from gateway.usecases.transaction import Transaction

CHANGED: Final = "consent"
"""Kind of the event that tells the app's streams of a consent that changed."""


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """It does not count any more, and nothing of it is left."""

    consent: Consent
    receipt: Receipt


@dataclass(frozen=True, slots=True)
class WasOff:
    """It did not count before either. Nothing changed, and that is no error."""

    consent: Consent | None


def withdraw(
    tx: Transaction,
    services: ConsentServices,
    account_id: AccountId,
    purpose: Purpose,
    now: datetime,
    *,
    by_guardian: bool = False,
) -> Withdrawn | WasOff:
    """Take a consent back, in one transaction: the word, what was stored because of it, what was in flight for it."""
    if purpose.is_location:
        location.hold_homes(tx, account_id)
    consent = tx.consents.to_change(account_id, purpose, now).consent
    if consent is None or consent.state in {ConsentState.WITHDRAWN, ConsentState.REFUSED}:
        return WasOff(consent)
    receipt, stored = say_no(tx, services, consent, ConsentAct.WITHDRAWN, now, by_guardian=by_guardian)
    return Withdrawn(stored, receipt)


def say_no(
    tx: Transaction,
    services: ConsentServices,
    consent: Consent,
    act: ConsentAct,
    now: datetime,
    *,
    by_guardian: bool = False,
) -> tuple[Receipt, Consent]:
    """Store a no (a refusal, a withdrawal, a stop), and forget what a yes had brought. Returns the stored state.

    Args:
        tx: the transaction.
        services: what the ledger takes.
        consent: as it is stored, or the first word on this purpose.
        act: anything but a grant.
        now: the present moment.
        by_guardian: whether the guardian said it.
    """
    text = purpose_in(consent.purpose, Language.ENGLISH)
    said = Said(
        account_id=consent.account_id,
        purpose=consent.purpose,
        act=act,
        at=now,
        text=text.text,
        text_version=text.version,
        text_hash=text.hash,
        policy_version=consent.policy_version,
        policy_hash=tx.policies.hashes(consent.policy_version).get(text.language),
        language=text.language,
        by_guardian=by_guardian,
    )
    receipt = consent_ledger.write(tx, services, said)
    stored = tx.consents.put(
        replace(
            consent,
            state=ConsentState(act.value),
            at=receipt.at,
            event_number=receipt.number,
            by_guardian=by_guardian,
            ask_at=None,
        )
    )
    forget(tx, consent.account_id, consent.purpose, now)
    tx.emit(consent.account_id, CHANGED, {"purpose": consent.purpose.value, "state": stored.state.value}, now)
    return receipt, stored


def forget(tx: Transaction, account_id: AccountId, purpose: Purpose, now: datetime) -> None:
    """Remove what is stored for a purpose that does not count any more. Call it after that was stored.

    Without `policy` nothing new is connected, also not by a token that was handed out before. The other purposes store
    nothing of their own: a push, a case and a figure are made when they are needed.
    """
    if purpose is Purpose.POLICY:
        pairings.cancel_all(tx, account_id, now)
    if purpose.is_location:
        location.forget_purpose(tx, account_id, purpose, now)
    disclosures.forget_purpose(tx, account_id, purpose, now)
