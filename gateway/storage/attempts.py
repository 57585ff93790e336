"""Activation attempts on SQL."""

from dataclasses import asdict, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import bindparam, delete, func, insert, or_, select, update

from gateway.domain.attempts import Attempt, Outcome
from gateway.domain.evidence import Confidence, Evidence, Source
from gateway.domain.failures import Code, Stage
from gateway.domain.identity import AccountId, AttemptId, ClaimId, PairingId, UnitId
from gateway.domain.pairing import PAIRING_LIFE
from gateway.storage.put_off import PutOff
from gateway.storage.statements import AnyRow, Statements
from gateway.storage.tables.lifecycle import attempts, evidence, pairings
from gateway.usecases.repositories.attempts import AttemptKeys

_SELECT: Final = select(attempts)
_GET: Final = _SELECT.where(attempts.c.attempt_id == bindparam("id"))
_NEWEST: Final = (attempts.c.opened_at.desc(), attempts.c.attempt_id.desc())
_OF_PAIRING: Final = _SELECT.where(attempts.c.pairing_id == bindparam("id")).order_by(*_NEWEST).limit(1)
_OF_CLAIM: Final = _SELECT.where(attempts.c.claim_id == bindparam("id")).order_by(*_NEWEST).limit(1)
_OF_UNIT: Final = _SELECT.where(attempts.c.unit_id == bindparam("id")).order_by(*_NEWEST).limit(1)
_OF_ACCOUNT: Final = (
    _SELECT.join(pairings, pairings.c.pairing_id == attempts.c.pairing_id)
    .where(
        pairings.c.account_id == bindparam("account_id"),
        or_(attempts.c.unit_id.is_(None), attempts.c.unit_id == bindparam("unit_id")),
        attempts.c.opened_at > bindparam("since"),
        attempts.c.opened_at <= bindparam("moment"),
    )
    .order_by(*_NEWEST)
    .limit(2)
)
_OPEN: Final = attempts.c.outcome == Outcome.OPEN.value
_OVERDUE: Final = (
    _SELECT.where(_OPEN, attempts.c.due_at <= bindparam("now")).order_by(attempts.c.due_at).limit(bindparam("at_most"))
)
_NEXT_DUE: Final = select(func.min(attempts.c.due_at)).where(_OPEN)
_INSERT: Final = insert(attempts)
_UPDATE: Final = update(attempts).where(
    attempts.c.attempt_id == bindparam("b_key"),
    attempts.c.version == bindparam("b_version"),
)
_REMOVE: Final = delete(attempts).where(
    attempts.c.attempt_id == bindparam("other"),
    attempts.c.version == bindparam("version"),
)
_MOVE: Final = update(evidence).where(evidence.c.attempt_id == bindparam("other")).values(attempt_id=bindparam("into"))
_NOTE: Final = insert(evidence)
_EVIDENCE: Final = select(evidence).where(evidence.c.attempt_id == bindparam("id")).order_by(evidence.c.evidence_id)


class SqlAttempts:
    """Implements `usecases.repositories.attempts.AttemptRepository`.

    Writes are put off: see `put_off`.
    """

    def __init__(self, statements: Statements) -> None:
        self._statements: Final = statements
        self._rows: Final = PutOff(statements, _INSERT, _UPDATE)
        self._notes: list[dict[str, Any]] = []
        self._known: dict[AttemptId | None, list[Evidence]] = {}
        """Lines read or begun in this transaction: a verdict on each new line costs no reading each."""

    def flush(self) -> None:
        """Write what was put off.

        Raises:
            StaleVersionError: one of the attempts changed meanwhile.
        """
        self._rows.flush()
        notes, self._notes = self._notes, []
        self._statements.execute_many(_NOTE, notes)

    def get(self, attempt_id: AttemptId) -> Attempt | None:
        """See the protocol."""
        return self._one(_GET, attempt_id)

    def latest_of_pairing(self, pairing_id: PairingId) -> Attempt | None:
        """See the protocol."""
        return self._one(_OF_PAIRING, pairing_id)

    def latest_of_claim(self, claim_id: ClaimId) -> Attempt | None:
        """See the protocol."""
        return self._one(_OF_CLAIM, claim_id)

    def latest_of_unit(self, unit_id: UnitId) -> Attempt | None:
        """See the protocol."""
        return self._one(_OF_UNIT, unit_id)

    def _one(self, statement: Any, key: str) -> Attempt | None:
        self.flush()
        row = self._statements.first(statement, {"id": key})
        return None if row is None else attempt_of(row)

    def of_account_at(self, account_id: AccountId, unit_id: UnitId | None, moment: datetime) -> list[Attempt]:
        """See the protocol."""
        self.flush()
        values = {"account_id": account_id, "unit_id": unit_id, "since": moment - PAIRING_LIFE, "moment": moment}
        return [attempt_of(row) for row in self._statements.all(_OF_ACCOUNT, values)]

    def add(self, attempt: Attempt, keys: AttemptKeys) -> None:
        """See the protocol."""
        columns = {
            "attempt_id": attempt.attempt_id,
            "trace_id": attempt.trace_id,
            "opened_at": attempt.opened_at,
            **_changing(attempt),
            **asdict(keys),
            "version": attempt.version,
        }
        self._rows.add(attempt.attempt_id, columns)
        self._known[attempt.attempt_id] = []

    def update(self, attempt: Attempt, keys: AttemptKeys | None = None) -> Attempt:
        """See the protocol."""
        known = {} if keys is None else {name: value for name, value in asdict(keys).items() if value is not None}
        columns = {**_changing(attempt), **known, "version": attempt.version + 1}
        self._rows.change(attempt.attempt_id, attempt.version, columns)
        return replace(attempt, version=attempt.version + 1)

    def absorb(self, into: AttemptId, other: Attempt) -> None:
        """See the protocol."""
        self.flush()
        # Its row first: whoever is adding a line to it raises its version, and that line would not be moved any more.
        self._statements.execute_guarded(_REMOVE, {"other": other.attempt_id, "version": other.version})
        self._statements.execute(_MOVE, {"into": into, "other": other.attempt_id})
        self._known.pop(into, None)
        self._known.pop(other.attempt_id, None)

    def note(self, attempt_id: AttemptId | None, line: Evidence, address_index: bytes | None = None) -> None:
        """See the protocol."""
        self._notes.append(
            {
                "attempt_id": attempt_id,
                "source": line.source.value,
                "at": line.at,
                "says": line.says,
                "raw_code": line.raw_code,
                "address_index": address_index,
                "stage": None if line.stage is None else line.stage.value,
                "code": None if line.code is None else line.code.value,
                "probable": line.probable,
                "times": line.times,
                "detail": line.detail,
            },
        )
        if attempt_id in self._known:
            self._known[attempt_id].append(line)

    def evidence(self, attempt_id: AttemptId) -> list[Evidence]:
        """See the protocol."""
        known = self._known.get(attempt_id)
        if known is None:
            self.flush()
            known = [_line(row) for row in self._statements.all(_EVIDENCE, {"id": attempt_id})]
            self._known[attempt_id] = known
        return list(known)

    def overdue(self, now: datetime, at_most: int) -> list[Attempt]:
        """See the protocol."""
        self.flush()
        values = {"now": now, "at_most": at_most}
        return [attempt_of(row) for row in self._statements.all(_OVERDUE, values)]

    def next_due(self) -> datetime | None:
        """See the protocol."""
        self.flush()
        row = self._statements.first(_NEXT_DUE)
        return None if row is None else row[0]


def _changing(attempt: Attempt) -> dict[str, Any]:
    return {
        "pairing_id": attempt.pairing_id,
        "unit_id": attempt.unit_id,
        "type_id": attempt.type_id,
        "firmware": attempt.firmware,
        "app_version": attempt.app_version,
        "due_at": attempt.due_at,
        "stage": attempt.stage_reached.value,
        "code": None if attempt.code is None else attempt.code.value,
        "confidence": attempt.confidence.value,
        "outcome": attempt.outcome.value,
        "updated_at": attempt.updated_at,
        "closed_at": attempt.closed_at,
    }


def _line(row: AnyRow) -> Evidence:
    return Evidence(
        source=Source(row.source),
        at=row.at,
        says=row.says,
        raw_code=row.raw_code,
        stage=None if row.stage is None else Stage(row.stage),
        code=None if row.code is None else Code(row.code),
        probable=row.probable,
        times=row.times,
        detail=row.detail,
    )


def attempt_of(row: AnyRow) -> Attempt:
    """The attempt of a row that holds all columns of the table."""
    return Attempt(
        attempt_id=row.attempt_id,
        trace_id=row.trace_id,
        stage_reached=Stage(row.stage),
        confidence=Confidence(row.confidence),
        opened_at=row.opened_at,
        updated_at=row.updated_at,
        pairing_id=row.pairing_id,
        unit_id=row.unit_id,
        type_id=row.type_id,
        firmware=row.firmware,
        app_version=row.app_version,
        due_at=row.due_at,
        code=None if row.code is None else Code(row.code),
        outcome=Outcome(row.outcome),
        closed_at=row.closed_at,
        version=row.version,
    )
