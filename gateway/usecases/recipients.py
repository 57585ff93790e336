"""Addresses that people name for their data. Naming one sends nothing, not even to see whether somebody is there."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from gateway.domain.disclosures import Disclosure, Why, dropped
from gateway.domain.identity import AccountId
from gateway.domain.recipients import RECIPIENTS_AT_MOST, BadAddress, RecipientId, webhook
from gateway.usecases.outbox import Counted
from gateway.usecases.persons import PersonKeys
from gateway.usecases.repositories.disclosures import StoredRecipient
from gateway.usecases.services import Identifiers, Tokens
from gateway.usecases.transaction import Transaction

SECRET_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Recipient:
    """An address that a person named."""

    recipient_id: RecipientId = field(repr=False)
    url: str = field(repr=False)
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Named:
    """A new recipient, and the secret under which everything for it is signed. The secret is told once."""

    recipient: Recipient
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class TooManyRecipients:
    """They have as many as one account may have."""


def name_recipient(
    tx: Transaction,
    account_id: AccountId,
    url: str,
    *,
    ports: frozenset[int],
    persons: PersonKeys,
    tokens: Tokens,
    identifiers: Identifiers,
    now: datetime,
) -> Named | BadAddress | TooManyRecipients:
    """Name an address for one's data. Nothing is sent to it by that, not even to see whether it is there.

    Args:
        tx: the transaction.
        account_id: who names it.
        url: the address.
        ports: which ports may be called.
        persons: seals it.
        tokens: makes the secret.
        identifiers: names it.
        now: the present moment.
    """
    address = webhook(url, ports=ports)
    if isinstance(address, BadAddress):
        return address
    tx.disclosures.hold(account_id)
    if len(tx.disclosures.recipients_of(account_id)) >= RECIPIENTS_AT_MOST:
        return TooManyRecipients()
    recipient_id = RecipientId(identifiers.new("k"))
    secret = tokens.shared_secret(SECRET_BYTES).hex()
    sealer = persons.sealer(account_id)
    tx.disclosures.add_recipient(
        StoredRecipient(
            recipient_id=recipient_id,
            account_id=account_id,
            url_sealed=sealer.seal(address.url.encode(), place=_url_place(account_id, recipient_id)),
            secret_sealed=sealer.seal(secret.encode(), place=secret_place(account_id, recipient_id)),
            created_at=now,
        )
    )
    return Named(Recipient(recipient_id, address.url, now), secret)


def recipients_of(tx: Transaction, account_id: AccountId, persons: PersonKeys) -> list[Recipient]:
    """The addresses that a person named, oldest first."""
    stored = tx.disclosures.recipients_of(account_id)
    return [Recipient(one.recipient_id, url_of(one, persons), one.created_at) for one in stored]


def remove_recipient(tx: Transaction, account_id: AccountId, recipient_id: RecipientId, now: datetime) -> bool:
    """Take an address away: what waits for it is dropped. False when the account has none of this id."""
    if not tx.disclosures.remove_recipient(account_id, recipient_id):
        return False
    for waiting in tx.disclosures.waiting_of(account_id):
        if waiting.recipient_id == recipient_id:
            drop(tx, waiting, Why.RECIPIENT_REMOVED, now)
    return True


def drop(tx: Transaction, disclosure: Disclosure, why: Why, now: datetime) -> None:
    """What waits does not leave any more; what it would have sent is forgotten."""
    tx.disclosures.put(dropped(disclosure, why, now))
    tx.count(Counted.DISCLOSURE, "dropped")


def url_of(recipient: StoredRecipient, persons: PersonKeys) -> str:
    """Its address.

    Raises:
        ValueError: it does not open.
    """
    place = _url_place(recipient.account_id, recipient.recipient_id)
    return persons.sealer(recipient.account_id).open(recipient.url_sealed, place=place).decode()


def _url_place(account_id: AccountId, recipient_id: RecipientId) -> str:
    return f"recipients.url:{account_id}:{recipient_id}"


def secret_place(account_id: AccountId, recipient_id: RecipientId) -> str:
    """Where what signs for it is sealed."""
    return f"recipients.secret:{account_id}:{recipient_id}"
