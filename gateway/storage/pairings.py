"""Pairings on SQL."""

from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from gateway.domain.failures import Code
from gateway.domain.identity import AccountId, PairingId
from gateway.domain.pairing import Pairing, PairingState
from gateway.storage.statements import AnyRow, Statements
from gateway.storage.tables.lifecycle import pairing_steps, pairings
from gateway.usecases.repositories.pairings import PairingStep

_SELECT: Final = select(pairings)
_GET: Final = _SELECT.where(pairings.c.pairing_id == bindparam("id"))
_BY_TOKEN: Final = _SELECT.where(pairings.c.token_digest == bindparam("digest"))
_OPEN: Final = pairings.c.status == PairingState.OPEN.value
_OPEN_OF: Final = _SELECT.where(pairings.c.account_id == bindparam("account_id"), _OPEN).order_by(pairings.c.opened_at)
_OVERDUE: Final = (
    _SELECT.where(_OPEN, pairings.c.expires_at <= bindparam("now"))
    .order_by(pairings.c.expires_at)
    .limit(bindparam("at_most"))
)
_NEXT_DEADLINE: Final = select(pairings.c.expires_at).where(_OPEN).order_by(pairings.c.expires_at).limit(1)
_OPEN_FROM: Final = (
    _SELECT.where(pairings.c.address_index == bindparam("address"), _OPEN, pairings.c.expires_at > bindparam("now"))
    .order_by(pairings.c.opened_at)
    .limit(2)
)
_COUNT_REPORT: Final = (
    update(pairings)
    .where(pairings.c.pairing_id == bindparam("id"))
    .values(reports=pairings.c.reports + 1)
    .returning(pairings.c.reports)
)
_INSERT: Final = insert(pairings)
_UPDATE: Final = (
    update(pairings)
    .where(pairings.c.pairing_id == bindparam("b_pairing_id"), pairings.c.version == bindparam("b_version"))
    .values(
        status=bindparam("status"),
        device_id=bindparam("device_id"),
        code=bindparam("code"),
        version=bindparam("version"),
    )
)
_STEP: Final = {
    True: postgresql.insert(pairing_steps).on_conflict_do_nothing().returning(pairing_steps.c.step),
    False: sqlite.insert(pairing_steps).on_conflict_do_nothing().returning(pairing_steps.c.step),
}
_STEPS: Final = (
    select(pairing_steps)
    .where(pairing_steps.c.pairing_id == bindparam("id"))
    .order_by(pairing_steps.c.at, pairing_steps.c.step)
)


class SqlPairings:
    """Implements `usecases.repositories.pairings.PairingRepository`."""

    def __init__(self, statements: Statements) -> None:
        self._statements: Final = statements

    def get(self, pairing_id: PairingId) -> Pairing | None:
        """See the protocol."""
        row = self._statements.first(_GET, {"id": pairing_id})
        return None if row is None else _pairing(row)

    def by_token(self, digest: bytes) -> Pairing | None:
        """See the protocol."""
        row = self._statements.first(_BY_TOKEN, {"digest": digest})
        return None if row is None else _pairing(row)

    def open_of(self, account_id: AccountId) -> list[Pairing]:
        """See the protocol."""
        return [_pairing(row) for row in self._statements.all(_OPEN_OF, {"account_id": account_id})]

    def open_from(self, address_index: bytes, now: datetime) -> list[Pairing]:
        """See the protocol."""
        return [_pairing(row) for row in self._statements.all(_OPEN_FROM, {"address": address_index, "now": now})]

    def count_report(self, pairing_id: PairingId) -> int:
        """See the protocol."""
        return int(self._statements.execute(_COUNT_REPORT, {"id": pairing_id}).scalar_one_or_none() or 0)

    def add(self, pairing: Pairing, address_index: bytes | None = None) -> None:
        """See the protocol."""
        self._statements.execute(
            _INSERT,
            {
                "pairing_id": pairing.pairing_id,
                "account_id": pairing.account_id,
                "token_digest": pairing.token_digest,
                "opened_at": pairing.opened_at,
                "expires_at": pairing.expires_at,
                "trace_id": pairing.trace_id,
                **_changing(pairing),
                "version": pairing.version,
                "address_index": address_index,
            },
        )

    def update(self, pairing: Pairing) -> Pairing:
        """See the protocol."""
        self._statements.execute_guarded(
            _UPDATE,
            {
                "b_pairing_id": pairing.pairing_id,
                "b_version": pairing.version,
                **_changing(pairing),
                "version": pairing.version + 1,
            },
        )
        return replace(pairing, version=pairing.version + 1)

    def overdue(self, now: datetime, at_most: int) -> list[Pairing]:
        """See the protocol."""
        return [_pairing(row) for row in self._statements.all(_OVERDUE, {"now": now, "at_most": at_most})]

    def next_deadline(self) -> datetime | None:
        """See the protocol."""
        row = self._statements.first(_NEXT_DEADLINE)
        return None if row is None else row.expires_at

    def note_step(self, pairing_id: PairingId, step: PairingStep) -> bool:
        """See the protocol."""
        done = self._statements.first(
            _STEP[self._statements.is_postgresql],
            {"pairing_id": pairing_id, "step": step.step, "at": step.at, "code": step.code},
        )
        return done is not None

    def steps(self, pairing_id: PairingId) -> list[PairingStep]:
        """See the protocol."""
        return [
            PairingStep(row.step, row.at, None if row.code is None else Code(row.code))
            for row in self._statements.all(_STEPS, {"id": pairing_id})
        ]


def _changing(pairing: Pairing) -> dict[str, Any]:
    return {
        "status": pairing.state.value,
        "device_id": pairing.device_id,
        "code": None if pairing.code is None else pairing.code.value,
    }


def _pairing(row: AnyRow) -> Pairing:
    return Pairing(
        pairing_id=row.pairing_id,
        account_id=row.account_id,
        token_digest=row.token_digest or b"",  # forgotten once the token is worth nothing
        state=PairingState(row.status),
        opened_at=row.opened_at,
        expires_at=row.expires_at,
        trace_id=row.trace_id,
        device_id=row.device_id,
        code=None if row.code is None else Code(row.code),
        version=row.version,
    )
