"""The ledger of each person's consents on SQL. Its end is a row of its own, moved by compare and swap."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Integer, bindparam, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from gateway.domain.consent_ledger import LedgerEnd, LedgerRow
from gateway.domain.identity import AccountId
from gateway.storage.statements import AnyRow, Statements
from gateway.storage.tables.consent import consent_events, consent_ledgers
from gateway.usecases.transaction import StaleVersionError

_END: Final = select(consent_ledgers).where(consent_ledgers.c.account_id == bindparam("account_id"))
_HELD_END: Final = _END.with_for_update()
_BEGIN: Final = {
    True: postgresql.insert(consent_ledgers).on_conflict_do_nothing().returning(consent_ledgers.c.number),
    False: sqlite.insert(consent_ledgers).on_conflict_do_nothing().returning(consent_ledgers.c.number),
}
_ADVANCE: Final = (
    update(consent_ledgers)
    .where(consent_ledgers.c.account_id == bindparam("b_account_id"), consent_ledgers.c.number == bindparam("before"))
    .values(number=bindparam("number"), hash=bindparam("hash"))
)
_ADD: Final = insert(consent_events)
_EVENTS: Final = (
    select(consent_events)
    .where(
        consent_events.c.account_id == bindparam("account_id"),
        consent_events.c.number < bindparam("before", type_=Integer()),
    )
    .order_by(consent_events.c.number.desc())
    .limit(bindparam("at_most"))
)
_EVENT: Final = select(consent_events).where(
    consent_events.c.account_id == bindparam("account_id"), consent_events.c.number == bindparam("number")
)
_LEDGER: Final = (
    select(consent_events).where(consent_events.c.ledger_id == bindparam("ledger_id")).order_by(consent_events.c.number)
)
_FAR: Final = 2**31 - 1


class SqlConsentLedger:
    """The part of `ConsentRepository` that is about the ledger."""

    def __init__(self, statements: Statements) -> None:
        self._statements: Final = statements

    def end_of_ledger(self, account_id: AccountId) -> LedgerEnd | None:
        """See the protocol."""
        row = self._statements.first(_END if self._statements.read_only else _HELD_END, {"account_id": account_id})
        return None if row is None else LedgerEnd(row.ledger_id, row.number, row.hash)

    def append(self, account_id: AccountId, row: LedgerRow, before: LedgerEnd | None) -> None:
        """See the protocol."""
        end: dict[str, Any] = {"number": row.number, "hash": row.hash}
        if before is None:
            begun = {"account_id": account_id, "ledger_id": row.ledger_id, **end}
            if self._statements.first(_BEGIN[self._statements.is_postgresql], begun) is None:
                raise StaleVersionError
        else:
            self._statements.execute_guarded(_ADVANCE, {"b_account_id": account_id, "before": before.number, **end})
        self._statements.execute(
            _ADD,
            {
                "ledger_id": row.ledger_id,
                "number": row.number,
                "account_id": account_id,
                "at": row.at,
                "digest": row.digest,
                "previous": row.previous,
                "hash": row.hash,
                "sealed": row.sealed,
            },
        )

    def event(self, account_id: AccountId, number: int) -> LedgerRow | None:
        """See the protocol."""
        row = self._statements.first(_EVENT, {"account_id": account_id, "number": number})
        return None if row is None else _row(row)

    def events(self, account_id: AccountId, before: int | None, at_most: int) -> list[LedgerRow]:
        """See the protocol."""
        # A cursor may name any number; one that no column holds would be PostgreSQL's error, and ours a 500.
        values = {"account_id": account_id, "before": min(_FAR if before is None else before, _FAR), "at_most": at_most}
        return [_row(row) for row in self._statements.all(_EVENTS, values)]

    def ledger(self, ledger_id: str) -> Sequence[LedgerRow]:
        """See the protocol."""
        return [_row(row) for row in self._statements.all(_LEDGER, {"ledger_id": ledger_id})]


def _row(row: AnyRow) -> LedgerRow:
    return LedgerRow(
        ledger_id=row.ledger_id,
        number=row.number,
        at=row.at,
        digest=row.digest,
        previous=row.previous,
        hash=row.hash,
        sealed=row.sealed,
    )
