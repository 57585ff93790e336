"""What may be done with a person's data, because they said so; and where each purpose stands."""

from dataclasses import dataclass, field
from datetime import datetime

from gateway.domain.consent import (
    Consent,
    ConsentState,
    GrantedPurpose,
    Purpose,
    may_ask,
    may_ask_at,
    renewal_due,
)
from gateway.domain.identity import AccountId
from gateway.usecases.repositories.consents import Standing
from gateway.usecases.transaction import Transaction


def granted(tx: Transaction, account_id: AccountId, purpose: Purpose, now: datetime) -> GrantedPurpose | None:
    """The proof that a person allowed a purpose and that it counts now; None otherwise.

    Ask in the transaction that acts on it. A withdrawal that comes at the same time either is seen here, or waits for
    this transaction and then removes what it wrote.
    """
    return tx.consents.standing(account_id, purpose, now).proof


@dataclass(frozen=True, slots=True)
class PurposeState:
    """Where one purpose stands for a person."""

    purpose: Purpose
    state: ConsentState
    consent: Consent | None = field(repr=False)
    may_ask: bool
    """Whether the app may ask of its own accord."""
    may_ask_at: datetime | None
    """From when on, where it may not because of a no."""
    renewal_due: bool


def states(tx: Transaction, account_id: AccountId, now: datetime) -> list[PurposeState]:
    """Where every purpose stands."""
    found = tx.consents.of_account(account_id, now)
    return [_state(purpose, found.get(purpose, Standing(None, None)), now) for purpose in Purpose]


def state(tx: Transaction, account_id: AccountId, purpose: Purpose, now: datetime) -> PurposeState:
    """Where one purpose stands."""
    return _state(purpose, tx.consents.standing(account_id, purpose, now), now)


def _state(purpose: Purpose, standing: Standing, now: datetime) -> PurposeState:
    consent = standing.consent
    if consent is None:
        return PurposeState(purpose, ConsentState.OFF, None, may_ask=True, may_ask_at=None, renewal_due=False)
    stopped = consent.state is ConsentState.GRANTED and standing.proof is None
    return PurposeState(
        purpose,
        ConsentState.STOPPED if stopped else consent.state,
        consent,
        may_ask=stopped or may_ask(consent, now),
        may_ask_at=may_ask_at(consent),
        renewal_due=not stopped and renewal_due(consent, now),
    )
