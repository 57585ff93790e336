"""Rows about consents of every kind that time ends, each written at `NOW`."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import delete

from gateway.domain.consent import Purpose
from gateway.domain.consent_ledger import LedgerRow
from gateway.domain.consent_notices import ConsentNotice
from gateway.domain.erasure import ErasureId
from gateway.domain.guardians import GuardianCode
from gateway.domain.policies import Language
from gateway.storage.tables.access import accounts
from gateway.usecases.repositories.retention import RetentionClass as Class
from gateway.usecases.transaction import Transaction
from tests.storage.records import NOW, account_id, digest, with_accounts

TEN_MINUTES: Final = timedelta(minutes=10)


def with_ledger(tx: Transaction, *, number: int, written: timedelta, closed: bool) -> None:
    """An event, and how its account went: closed at NOW, or only its row is gone."""
    with_accounts(tx, number)
    row = LedgerRow(
        ledger_id=f"l-{number}",
        number=1,
        at=NOW - written,
        digest=digest("record"),
        previous=digest("before"),
        hash=digest("row"),
        sealed=b"sealed",
    )
    tx.consents.append(account_id(number), row, None)
    if closed:
        tx.erasures.remove_subject(account_id(number), ErasureId("e-1"), NOW)
    else:
        gone = delete(accounts).where(accounts.c.account_id == account_id(number))
        tx.statements.execute(gone)  # type: ignore[attr-defined]


def with_consent_notice(tx: Transaction) -> None:
    with_accounts(tx, 1)
    tx.consents.add_notice(
        ConsentNotice(
            notice_id="n-1",
            account_id=account_id(),
            shown_to=account_id(),
            purpose=Purpose.LOCATION_REMINDER,
            language=Language.ENGLISH,
            text_version=1,
            text_hash=digest("text"),
            policy_version=1,
            shown_at=NOW - TEN_MINUTES,
            expires_at=NOW,
        )
    )


def with_notice(tx: Transaction) -> None:
    with_accounts(tx, 1)
    tx.notices.add(account_id(), "policy.published", {}, NOW)


def with_guardian_code(tx: Transaction) -> None:
    with_accounts(tx, 1)
    tx.guardians.show_code(GuardianCode(account_id(), digest("code"), NOW - TEN_MINUTES, NOW))


SEEDS: Final[dict[str, tuple[Class, Callable[[Transaction], Any]]]] = {
    "the ledger of an account that was closed": (
        Class.CONSENT_CLOSED,
        lambda tx: with_ledger(tx, number=8, written=timedelta(days=1), closed=True),
    ),
    "the ledger of an account that is gone": (
        Class.CONSENT_CLOSED,
        lambda tx: with_ledger(tx, number=9, written=timedelta(0), closed=False),
    ),
    "a notice of a consent": (Class.CONSENT_NOTICE, with_consent_notice),
    "something that was told": (Class.NOTICE, with_notice),
    "a guardian's code": (Class.GUARDIAN_CODE, with_guardian_code),
}
