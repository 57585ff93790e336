"""Somebody who has acknowledged the first policy, for tests that are about something else."""

from datetime import datetime

from gateway.domain.consent import Consent, ConsentState, Purpose
from gateway.domain.identity import AccountId
from gateway.usecases.transaction import Transaction


def acknowledged(tx: Transaction, account_id: AccountId, now: datetime, version: int = 1) -> None:
    """As after `POST /v1/policies/1/acknowledgement`, without the receipt."""
    tx.consents.put(
        Consent(
            account_id=account_id,
            purpose=Purpose.POLICY,
            state=ConsentState.GRANTED,
            at=now,
            text_version=version,
            policy_version=version,
            event_number=0,
        )
    )
