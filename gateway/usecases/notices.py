"""What a person is told: changes of the policy, consents that stop or are asked about, support, incidents."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from gateway.domain.identity import AccountId
from gateway.usecases.repositories.notices import Notice
from gateway.usecases.transaction import Transaction

EVENT: Final = "notice"
"""Kind of the event that tells the app's streams of a new notice."""


def tell(tx: Transaction, account_id: AccountId, kind: str, data: Mapping[str, Any], now: datetime) -> None:
    """Tell a person something: a line in `GET /v1/notices`, and an event for the app.

    Args:
        tx: the transaction of what is told.
        account_id: whom.
        kind: what it is about, such as `policy.published`; lower-case words with dots.
        data: what the app needs to say it in the person's language. No free text about anybody else.
        now: the present moment.
    """
    number = tx.notices.add(account_id, kind, data, now)
    tx.emit(account_id, EVENT, {"notice_id": str(number), "kind": kind}, now)


def page(tx: Transaction, account_id: AccountId, before: int | None, at_most: int) -> tuple[list[Notice], int | None]:
    """A piece of the notices, newest first, and the number to go on before; None at the end."""
    found = tx.notices.of_account(account_id, before, at_most + 1)
    return found[:at_most], found[at_most - 1].number if len(found) > at_most else None


def mark_read(tx: Transaction, account_id: AccountId, number: int, now: datetime) -> bool:
    """Mark one as read; False when there is none of theirs. Marking again changes nothing."""
    return tx.notices.mark_read(account_id, number, now)
