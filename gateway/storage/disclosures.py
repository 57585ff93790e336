"""Recipients that people named, and what was sent to them, on SQL."""

import json
from datetime import datetime
from typing import Any, Final

from sqlalchemy import bindparam, delete, func, insert, select, tuple_, update

from gateway.domain.disclosures import Disclosure, DisclosureId, DisclosureStatus, Field, Why
from gateway.domain.identity import AccountId, DeviceId
from gateway.domain.recipients import RecipientId
from gateway.storage.statements import AnyRow, Statements
from gateway.storage.tables.access import accounts
from gateway.storage.tables.rights import disclosures, recipients
from gateway.storage.tables.schema import Instant
from gateway.usecases.repositories.disclosures import StoredRecipient

_HOLD: Final = select(accounts.c.account_id).where(accounts.c.account_id == bindparam("account_id")).with_for_update()

_ADD_RECIPIENT: Final = insert(recipients)
_OF_ONE: Final = select(recipients).where(recipients.c.account_id == bindparam("account_id"))
_RECIPIENT: Final = _OF_ONE.where(recipients.c.recipient_id == bindparam("recipient_id"))
_RECIPIENTS: Final = _OF_ONE.order_by(recipients.c.created_at, recipients.c.recipient_id)
_REMOVE_RECIPIENT: Final = delete(recipients).where(
    recipients.c.account_id == bindparam("b_account_id"), recipients.c.recipient_id == bindparam("b_recipient_id")
)

_INSERT: Final = insert(disclosures)
_GET: Final = select(disclosures).where(disclosures.c.disclosure_id == bindparam("disclosure_id"))
_CHANGING: Final = ("payload_sealed", "status", "why", "tries", "next_try_at", "ended_at")
_PUT: Final = (
    update(disclosures)
    .where(disclosures.c.disclosure_id == bindparam("b_disclosure_id"), disclosures.c.version == bindparam("b_version"))
    .values({**{name: bindparam(name) for name in _CHANGING}, "version": disclosures.c.version + 1})
)
_OF_ACCOUNT: Final = (
    select(disclosures)
    .where(disclosures.c.account_id == bindparam("account_id"))
    .order_by(disclosures.c.at.desc(), disclosures.c.disclosure_id.desc())
    .limit(bindparam("at_most"))
)
_OF_ACCOUNT_BEFORE: Final = _OF_ACCOUNT.where(
    tuple_(disclosures.c.at, disclosures.c.disclosure_id)
    < tuple_(bindparam("place_at", type_=Instant()), bindparam("place_id"))
)
_WAITING_OF: Final = (
    select(disclosures)
    .where(disclosures.c.account_id == bindparam("account_id"), disclosures.c.status == DisclosureStatus.WAITING.value)
    .order_by(disclosures.c.at, disclosures.c.disclosure_id)
)
_DUE: Final = (
    select(disclosures)
    .where(disclosures.c.next_try_at <= bindparam("now"))
    .order_by(disclosures.c.next_try_at, disclosures.c.disclosure_id)
    .limit(1)
    # Two gateways share what is due: neither waits for the other.
    .with_for_update(skip_locked=True)
)
_NEXT_DUE: Final = select(func.min(disclosures.c.next_try_at, type_=Instant()))


class SqlDisclosures:
    """Implements `usecases.repositories.disclosures.DisclosureRepository`."""

    def __init__(self, statements: Statements) -> None:
        self._statements: Final = statements

    def hold(self, account_id: AccountId) -> None:
        """See the protocol."""
        self._statements.first(_HOLD, {"account_id": account_id})

    def add_recipient(self, recipient: StoredRecipient) -> None:
        """See the protocol."""
        self._statements.execute(
            _ADD_RECIPIENT,
            {
                "recipient_id": recipient.recipient_id,
                "account_id": recipient.account_id,
                "kind": "webhook",
                "url_sealed": recipient.url_sealed,
                "secret_sealed": recipient.secret_sealed,
                "created_at": recipient.created_at,
            },
        )

    def recipient(self, account_id: AccountId, recipient_id: RecipientId) -> StoredRecipient | None:
        """See the protocol."""
        row = self._statements.first(_RECIPIENT, {"account_id": account_id, "recipient_id": recipient_id})
        return None if row is None else _recipient(row)

    def recipients_of(self, account_id: AccountId) -> list[StoredRecipient]:
        """See the protocol."""
        return [_recipient(row) for row in self._statements.all(_RECIPIENTS, {"account_id": account_id})]

    def remove_recipient(self, account_id: AccountId, recipient_id: RecipientId) -> bool:
        """See the protocol."""
        values = {"b_account_id": account_id, "b_recipient_id": recipient_id}
        return self._statements.execute(_REMOVE_RECIPIENT, values).rowcount == 1

    def add(self, disclosure: Disclosure) -> None:
        """See the protocol."""
        self._statements.execute(
            _INSERT,
            {
                "disclosure_id": disclosure.disclosure_id,
                "account_id": disclosure.account_id,
                "recipient_id": disclosure.recipient_id,
                "recipient_sealed": disclosure.recipient_sealed,
                "purpose": disclosure.purpose,
                "fields": json.dumps([field.value for field in disclosure.fields]),
                "device_id": disclosure.device_id,
                "at": disclosure.at,
                "version": disclosure.version,
                **_changing(disclosure),
            },
        )

    def get(self, disclosure_id: DisclosureId) -> Disclosure | None:
        """See the protocol."""
        row = self._statements.first(_GET, {"disclosure_id": disclosure_id})
        return None if row is None else _disclosure(row)

    def put(self, disclosure: Disclosure) -> None:
        """See the protocol."""
        values = {
            "b_disclosure_id": disclosure.disclosure_id,
            "b_version": disclosure.version,
            **_changing(disclosure),
        }
        self._statements.execute_guarded(_PUT, values)

    def waiting_of(self, account_id: AccountId) -> list[Disclosure]:
        """See the protocol."""
        return [_disclosure(row) for row in self._statements.all(_WAITING_OF, {"account_id": account_id})]

    def of_account(
        self, account_id: AccountId, before: tuple[datetime, DisclosureId] | None, at_most: int
    ) -> list[Disclosure]:
        """See the protocol."""
        values: dict[str, Any] = {"account_id": account_id, "at_most": at_most}
        if before is None:
            return [_disclosure(row) for row in self._statements.all(_OF_ACCOUNT, values)]
        values |= {"place_at": before[0], "place_id": before[1]}
        return [_disclosure(row) for row in self._statements.all(_OF_ACCOUNT_BEFORE, values)]

    def due(self, now: datetime) -> Disclosure | None:
        """See the protocol."""
        row = self._statements.first(_DUE, {"now": now})
        return None if row is None else _disclosure(row)

    def next_due(self) -> datetime | None:
        """See the protocol."""
        row = self._statements.first(_NEXT_DUE)
        return None if row is None else row[0]


def _changing(disclosure: Disclosure) -> dict[str, Any]:
    return {
        "payload_sealed": disclosure.payload_sealed,
        "status": disclosure.status.value,
        "why": None if disclosure.why is None else disclosure.why.value,
        "tries": disclosure.tries,
        "next_try_at": disclosure.next_try_at,
        "ended_at": disclosure.ended_at,
    }


def _recipient(row: AnyRow) -> StoredRecipient:
    return StoredRecipient(
        RecipientId(row.recipient_id), AccountId(row.account_id), row.url_sealed, row.secret_sealed, row.created_at
    )


def _disclosure(row: AnyRow) -> Disclosure:
    return Disclosure(
        disclosure_id=DisclosureId(row.disclosure_id),
        account_id=AccountId(row.account_id),
        recipient_id=RecipientId(row.recipient_id),
        recipient_sealed=row.recipient_sealed,
        purpose=row.purpose,
        fields=tuple(Field(name) for name in json.loads(row.fields)),
        device_id=None if row.device_id is None else DeviceId(row.device_id),
        payload_sealed=row.payload_sealed,
        at=row.at,
        status=DisclosureStatus(row.status),
        why=None if row.why is None else Why(row.why),
        tries=row.tries,
        next_try_at=row.next_try_at,
        ended_at=row.ended_at,
        version=row.version,
    )
