"""Writing what was said into a person's ledger, and reading it back."""

import json
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from gateway.domain.consent_ledger import LedgerBroken, LedgerRow, check_ledger
from gateway.domain.identity import AccountId
from gateway.protocol.canonical import canonical
from gateway.usecases.persons import PersonKeys
from gateway.usecases.receipts import Controller, Said, hash_of, place_of, receipt_of, record_of
from gateway.usecases.services import Identifiers, ReceiptSigner
from gateway.usecases.transaction import Transaction

EVENTS_A_DAY: Final = 100
"""Grants and refusals in one ledger. Withdrawals are not limited: each needs a grant before it."""


class ConsentServices(Protocol):
    """What saying yes or no takes besides a transaction."""

    @property
    def persons(self) -> PersonKeys: ...  # noqa: D102 - the type says it
    @property
    def receipts(self) -> ReceiptSigner: ...  # noqa: D102
    @property
    def identifiers(self) -> Identifiers: ...  # noqa: D102
    @property
    def controller(self) -> Controller: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt and its number in the person's ledger."""

    number: int
    at: datetime
    content: dict[str, Any] = field(repr=False)


def write(tx: Transaction, services: ConsentServices, said: Said) -> Receipt:
    """Write one event at the end of the person's ledger, and sign its receipt.

    Raises:
        PersonKeyGoneError: the account is being closed.
        StaleVersionError: somebody else wrote one meanwhile.
    """
    said = replace(said, at=said.at.replace(microsecond=said.at.microsecond // 1000 * 1000))  # as it is stored
    before = tx.consents.end_of_ledger(said.account_id)
    record = record_of(said, services.identifiers.new("r"), services.controller)
    row = place_of(record, before, services.identifiers.new("l"), said.at)
    receipt = receipt_of(record, row, services.receipts)
    sealed = services.persons.sealer(said.account_id).seal(canonical(receipt), place=_place(row))
    tx.consents.append(said.account_id, replace(row, sealed=sealed), before)
    return Receipt(row.number, row.at, receipt)


def is_full(tx: Transaction, account_id: AccountId, now: datetime) -> bool:
    """True when a person's ledger has had its events of a day: what is never removed must not grow without bounds."""
    end = tx.consents.end_of_ledger(account_id)
    earlier = None if end is None else tx.consents.event(account_id, end.number - EVENTS_A_DAY + 1)
    return earlier is not None and now - earlier.at < timedelta(days=1)


def read(tx: Transaction, services: ConsentServices, account_id: AccountId, number: int) -> Receipt | None:
    """The receipt of one event of this person; None when there is none of this number."""
    row = tx.consents.event(account_id, number)
    return None if row is None else _opened(services, account_id, row)


def history(
    tx: Transaction, services: ConsentServices, account_id: AccountId, before: int | None, at_most: int
) -> tuple[list[Receipt], int | None]:
    """A piece of a person's ledger, newest first, and the number to go on before; None at the end."""
    rows = tx.consents.events(account_id, before, at_most + 1)
    found = [_opened(services, account_id, row) for row in rows[:at_most]]
    return found, found[-1].number if len(rows) > at_most else None


def verify(tx: Transaction, account_id: AccountId) -> LedgerBroken | None:
    """Follow a person's ledger to its end; the first wrong row, or None. Takes no key: what is chained is digests."""
    end = tx.consents.end_of_ledger(account_id)
    return None if end is None else check_ledger(tx.consents.ledger(end.ledger_id), end, hash_of)


def _opened(services: ConsentServices, account_id: AccountId, row: LedgerRow) -> Receipt:
    content = services.persons.sealer(account_id).open(row.sealed, place=_place(row))
    return Receipt(row.number, row.at, json.loads(content))


def _place(row: LedgerRow) -> str:
    return f"consent_events.sealed:{row.ledger_id}/{row.number}"
