"""Carrying out what people had sent to their addresses; the consent is asked for again before each try."""

from dataclasses import dataclass, field
from datetime import datetime

from gateway.domain import disclosures as rules
from gateway.domain.disclosures import Disclosure, DisclosureId, Why
from gateway.usecases import consents
from gateway.usecases.disclosures import SHARE, payload_place
from gateway.usecases.outbox import Counted
from gateway.usecases.persons import PersonKeys
from gateway.usecases.recipients import drop, secret_place, url_of
from gateway.usecases.repositories.disclosures import StoredRecipient
from gateway.usecases.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Errand:
    """One sending in hand: everything that a try needs."""

    disclosure_id: DisclosureId = field(repr=False)
    url: str = field(repr=False)
    secret: str = field(repr=False)
    payload: bytes = field(repr=False)


def claim_due(tx: Transaction, persons: PersonKeys, now: datetime) -> Errand | bool:
    """Take the next sending in hand, if its person still allows it.

    Returns:
        What to send; True when something was settled without sending; False when nothing is due.
    """
    disclosure = tx.disclosures.due(now)
    if disclosure is None:
        return False
    taken = rules.claim(disclosure, now)
    recipient = tx.disclosures.recipient(disclosure.account_id, disclosure.recipient_id)
    if taken is None:
        return False
    if consents.granted(tx, taken.account_id, SHARE, now) is None:
        drop(tx, disclosure, Why.WITHDRAWN, now)
        return True
    if recipient is None:
        drop(tx, disclosure, Why.RECIPIENT_REMOVED, now)
        return True
    try:
        errand = _errand(taken, recipient, persons)
    except ValueError:
        drop(tx, disclosure, Why.UNREADABLE, now)
        return True
    tx.disclosures.put(taken)
    return errand


def _errand(taken: Disclosure, recipient: StoredRecipient, persons: PersonKeys) -> Errand:
    sealer = persons.sealer(taken.account_id)
    place = payload_place(taken.account_id, taken.disclosure_id)
    payload = sealer.open(taken.payload_sealed or b"", place=place)
    secret = sealer.open(recipient.secret_sealed, place=secret_place(taken.account_id, recipient.recipient_id))
    return Errand(taken.disclosure_id, url_of(recipient, persons), secret.decode(), payload)


def may_leave(tx: Transaction, disclosure_id: DisclosureId, now: datetime) -> bool:
    """Whether it still may leave: asked when somebody's server is reached, right before the first byte.

    To find it and to connect takes seconds, in which the person may withdraw or take the address away.
    """
    disclosure = tx.disclosures.get(disclosure_id)
    if disclosure is None or disclosure.status is not rules.DisclosureStatus.WAITING:
        return False
    return consents.granted(tx, disclosure.account_id, SHARE, now) is not None


def settle(tx: Transaction, disclosure_id: DisclosureId, why: Why | None, now: datetime) -> None:
    """What became of a try: None for delivered. One that was dropped meanwhile stays so."""
    disclosure = tx.disclosures.get(disclosure_id)
    if disclosure is None or disclosure.status is not rules.DisclosureStatus.WAITING:
        return
    settled = rules.delivered(disclosure, now) if why is None else rules.not_delivered(disclosure, why, now)
    tx.disclosures.put(settled)
    tx.count(Counted.DISCLOSURE, settled.status.value if settled.ended_at is not None else "again")


def next_due(tx: Transaction) -> datetime | None:
    """When the next is to be tried."""
    return tx.disclosures.next_due()
