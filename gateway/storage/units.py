"""Units on SQL."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, bindparam, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from gateway.domain.identity import ClaimId, UnitId
from gateway.domain.units import BlockReason, CertificateCredential, Credential, KeyCredential, Unit
from gateway.storage.statements import AnyRow, Statements
from gateway.storage.tables.registry import claim_connections, units
from gateway.usecases.repositories.units import ListedUnit
from gateway.usecases.transaction import StaleVersionError

_SELECT: Final = select(units)
_GET: Final = _SELECT.where(units.c.unit_id == bindparam("value"))
_BY_MACHINE_CODE: Final = _SELECT.where(units.c.machine_code_index == bindparam("value"))
_BY_MAC: Final = _SELECT.where(units.c.mac_index == bindparam("value"))
_BY_SETUP_CODE: Final = _SELECT.where(units.c.setup_code_index == bindparam("value"))
_PAGE: Final = _SELECT.where(units.c.unit_id > bindparam("after")).order_by(units.c.unit_id).limit(bindparam("at_most"))
_COUNT: Final = select(func.count()).select_from(units)
_INSERT: Final = insert(units)
_BLOCK: Final = update(units).where(units.c.unit_id == bindparam("id")).values(blocked=bindparam("reason"))
_UNIQUE: Final = ("mac_index", "machine_code_index", "fingerprint", "claim_id", "unit_key_index", "setup_code_index")
_SHARING: Final = {
    name: select(units.c.unit_id).where(units.c[name].in_(bindparam("values", expanding=True))) for name in _UNIQUE
}
_GET_MANY: Final = _SELECT.where(units.c.unit_id.in_(bindparam("values", expanding=True)))
_VALUES_AT_ONCE: Final = 1000
"""SQLite takes 32,766 parameters a statement (250,000 in newer builds), PostgreSQL 65,535."""

_CLAIM_FINGERPRINT: Final = select(claim_connections.c.fingerprint).where(
    claim_connections.c.claim_id == bindparam("id"),
)


def _claim_connected(dialect: Any) -> Any:
    row = dialect.insert(claim_connections)
    return row.on_conflict_do_update(
        index_elements=[claim_connections.c.claim_id],
        set_={"fingerprint": row.excluded.fingerprint, "seen_at": row.excluded.seen_at},
    )


_CLAIM_CONNECTED: Final = {True: _claim_connected(postgresql), False: _claim_connected(sqlite)}


class SqlUnits:
    """Implements `usecases.repositories.units.UnitRepository`."""

    def __init__(self, statements: Statements) -> None:
        self._statements: Final = statements

    def get(self, unit_id: UnitId) -> Unit | None:
        """See the protocol."""
        return self._one(_GET, unit_id)

    def by_machine_code(self, index: bytes) -> Unit | None:
        """See the protocol."""
        return self._one(_BY_MACHINE_CODE, index)

    def by_mac(self, index: bytes) -> Unit | None:
        """See the protocol."""
        return self._one(_BY_MAC, index)

    def by_setup_code(self, digest: bytes) -> Unit | None:
        """See the protocol."""
        return self._one(_BY_SETUP_CODE, digest)

    def page(self, after: UnitId | None, at_most: int) -> list[Unit]:
        """See the protocol."""
        return [_unit(row) for row in self._statements.all(_PAGE, {"after": after or "", "at_most": at_most})]

    def count(self) -> int:
        """See the protocol."""
        number: int = self._statements.execute(_COUNT).scalar_one()
        return number

    def sharing(self, batch: Sequence[ListedUnit]) -> list[ListedUnit]:
        """See the protocol."""
        rows = [_row(listed) for listed in batch]
        found: set[str] = set()
        for name in _UNIQUE:
            values = [row[name] for row in rows if row[name] is not None]
            found.update(row.unit_id for row in self._in_parts(_SHARING[name], values))
        known = self._in_parts(_GET_MANY, sorted(found))
        return [ListedUnit(_unit(row), row.unit_key_index) for row in known]

    def add(self, batch: Sequence[ListedUnit]) -> None:
        """See the protocol."""
        try:
            self._statements.execute_many(_INSERT, [_row(listed) for listed in batch])
        except IntegrityError as taken:
            raise StaleVersionError from taken

    def block(self, unit_id: UnitId, reason: BlockReason | None) -> None:
        """See the protocol."""
        self._statements.execute(_BLOCK, {"id": unit_id, "reason": None if reason is None else reason.value})

    def claim_connected(self, claim_id: ClaimId, fingerprint: bytes, now: datetime) -> None:
        """See the protocol."""
        self._statements.execute(
            _CLAIM_CONNECTED[self._statements.is_postgresql],
            {"claim_id": claim_id, "fingerprint": fingerprint, "seen_at": now},
        )

    def claim_fingerprint(self, claim_id: ClaimId) -> bytes | None:
        """See the protocol."""
        row = self._statements.first(_CLAIM_FINGERPRINT, {"id": claim_id})
        return None if row is None else row.fingerprint

    def _in_parts(self, statement: Any, values: Sequence[Any]) -> Iterator[AnyRow]:
        for start in range(0, len(values), _VALUES_AT_ONCE):
            yield from self._statements.all(statement, {"values": values[start : start + _VALUES_AT_ONCE]})

    def _one(self, statement: Any, value: ColumnElement[Any] | str | bytes) -> Unit | None:
        row = self._statements.first(statement, {"value": value})
        return None if row is None else _unit(row)


def _row(listed: ListedUnit) -> dict[str, Any]:
    unit = listed.unit
    row: dict[str, Any] = {
        "unit_id": unit.unit_id,
        "type_id": unit.type_id,
        "mac_index": unit.mac_index,
        "mac_tail": unit.mac_tail,
        "machine_code_index": unit.machine_code_index,
        "machine_code_tail": unit.machine_code_tail,
        "fingerprint": None,
        "claim_id": None,
        "unit_key_sealed": None,
        "unit_key_index": listed.unit_key_index,
        "setup_code_index": unit.setup_code_digest,
        "blocked": None if unit.blocked is None else unit.blocked.value,
        "created_at": unit.created_at,
    }
    match unit.credential:
        case CertificateCredential(fingerprint=fingerprint, claim_id=claim_id):
            row["fingerprint"], row["claim_id"] = fingerprint, claim_id
        case KeyCredential(key_sealed=sealed):
            row["unit_key_sealed"] = sealed
    return row


def _unit(row: AnyRow) -> Unit:
    credential: Credential
    if row.unit_key_sealed is not None:
        credential = KeyCredential(row.unit_key_sealed)
    else:
        credential = CertificateCredential(row.fingerprint, row.claim_id)
    return Unit(
        unit_id=row.unit_id,
        type_id=row.type_id,
        mac_index=row.mac_index,
        mac_tail=row.mac_tail,
        machine_code_index=row.machine_code_index,
        machine_code_tail=row.machine_code_tail,
        credential=credential,
        setup_code_digest=row.setup_code_index,
        blocked=None if row.blocked is None else BlockReason(row.blocked),
        created_at=row.created_at,
    )
