"""What may be done with a person's data, because they said so."""

from datetime import datetime

from gateway.domain.consent import GrantedPurpose, Purpose, proof
from gateway.domain.identity import AccountId
from gateway.usecases.transaction import Transaction


def granted(tx: Transaction, account_id: AccountId, purpose: Purpose, now: datetime) -> GrantedPurpose | None:
    """The proof that a person allowed a purpose and that it counts now; None otherwise.

    Ask in the transaction that acts on it. A withdrawal that comes at the same time either is seen here, or waits for
    this transaction and then removes what it wrote.
    """
    standing = tx.consents.standing(account_id, purpose, now)
    return proof(standing.consent, stopped_by=standing.stopped_by)
