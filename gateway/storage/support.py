"""What support reads, on SQL."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, bindparam, case, distinct, func, literal, or_, select

from gateway.domain.attempts import Outcome
from gateway.domain.evidence import Source
from gateway.domain.failures import Code, Stage
from gateway.domain.funnel import Share, Tally, TopCode
from gateway.domain.identity import AttemptId
from gateway.storage.attempts import attempt_of
from gateway.storage.statements import AnyRow, Statements
from gateway.storage.tables.lifecycle import attempts, evidence
from gateway.storage.tables.registry import devices, units
from gateway.storage.tables.schema import Instant
from gateway.usecases.repositories.support import AttemptFilter, KnownUnit, ListedAttempt, LookUpKeys

_a: Final = attempts.c
_e: Final = evidence.c
_u: Final = units.c

_UNIT: Final = (
    select(
        *(_u.unit_id, _u.type_id, _u.mac_tail, _u.machine_code_tail, _u.blocked),
        *(_u.mac_index, _u.machine_code_index),  # find its attempts
        *(devices.c.device_id, devices.c.firmware),
    )
    .select_from(units.outerjoin(devices, devices.c.unit_id == _u.unit_id))
    .where(
        or_(
            _u.unit_id == bindparam("unit_id"),
            _u.mac_index == bindparam("mac_index"),
            _u.machine_code_index == bindparam("machine_code_index"),
            _u.claim_id == bindparam("claim_id"),
            _u.unit_id
            == select(devices.c.unit_id).where(devices.c.device_id == bindparam("device_id")).scalar_subquery(),
        ),
    )
    .order_by(_u.unit_id)
    .limit(1)
)
_NEWEST_FIRST: Final = (_a.opened_at.desc(), _a.attempt_id.desc())
_NAMED: Final = (
    select(attempts)
    .where(
        or_(
            _a.attempt_id == bindparam("attempt_id"),
            _a.trace_id == bindparam("trace_id"),
            _a.pairing_id == bindparam("pairing_id"),
            _a.unit_id == bindparam("unit_id"),
            _a.claim_id == bindparam("claim_id"),
            _a.mac_index == bindparam("mac_index"),
            _a.machine_code_index == bindparam("machine_code_index"),
        ),
    )
    .order_by(*_NEWEST_FIRST)
    .limit(bindparam("at_most"))
)
_GET: Final = select(attempts).where(_a.attempt_id == bindparam("id"))
_SINCE: Final = _a.opened_at >= bindparam("since", type_=Instant())
_SPAN: Final = and_(_SINCE, _a.opened_at < bindparam("until", type_=Instant()))
_FAILED: Final = _a.outcome == Outcome.FAILED.value


def _newest(conditions: list[ColumnElement[bool]]) -> Select[Any]:
    return select(attempts).where(_SINCE, *conditions).order_by(*_NEWEST_FIRST).limit(bindparam("at_most"))


_OF_CODE: Final = _a.code == bindparam("code")
_NEWEST: Final = {
    (False, False): _newest([]),
    (True, False): _newest([_FAILED]),
    (False, True): _newest([_OF_CODE]),
    (True, True): _newest([_FAILED, _OF_CODE]),
}
"""By whether only failures are wanted, and whether only those of one code."""

# Which appliance an attempt is of: the unit; else the unit whose machine code it names; else whoever it can be.
_appliance: Final = func.coalesce(_a.unit_id, _u.unit_id, _a.claim_id, _a.attempt_id)
_with_units: Final = attempts.outerjoin(units, _u.machine_code_index == _a.machine_code_index)
_own: Final = attempts.alias("own")
_own_unit: Final = units.alias("own_unit")
_ALIKE: Final = (
    select(func.count(distinct(_appliance)))
    .select_from(
        _own.outerjoin(_own_unit, _own_unit.c.machine_code_index == _own.c.machine_code_index)
        .join(attempts, and_(_a.code == _own.c.code, _SINCE))
        .outerjoin(units, _u.machine_code_index == _a.machine_code_index),
    )
    .where(
        _own.c.attempt_id == bindparam("id"),
        _FAILED,
        _a.type_id.is_not_distinct_from(_own.c.type_id),
        _a.firmware.is_not_distinct_from(_own.c.firmware),
        _appliance != func.coalesce(_own.c.unit_id, _own_unit.c.unit_id, _own.c.claim_id, _own.c.attempt_id),
    )
)

_said_by_somebody: Final = (
    select(literal(1))
    .where(
        _e.attempt_id == _a.attempt_id,
        _e.stage == _a.stage,
        _e.code.is_not(None),
        _e.source != Source.SILENCE.value,
    )
    .exists()
)
_silent: Final = case((and_(_FAILED, ~_said_by_somebody), 1), else_=0).label("silent")
_judged: Final = select(_a.stage, _a.outcome, _silent).where(_SPAN).subquery()
_TALLIES: Final = select(_judged, func.count().label("many")).group_by(
    _judged.c.stage, _judged.c.outcome, _judged.c.silent
)
_FIRST_SIGNS: Final = (
    select(_e.attempt_id, _e.stage, func.min(_e.at, type_=Instant()).label("at"))
    .where(
        _e.attempt_id.in_(
            select(_a.attempt_id).where(_SPAN).order_by(_a.opened_at.desc()).limit(bindparam("at_most")),
        ),
        _e.stage.is_not(None),
        _e.code.is_(None),
        _e.source != Source.SILENCE.value,
    )
    .group_by(_e.attempt_id, _e.stage)
)
_earlier: Final = attempts.alias("earlier")
_FIRST_TRIES: Final = select(
    func.count().label("whole"),
    func.coalesce(func.sum(case((_a.outcome == Outcome.SUCCEEDED.value, 1), else_=0)), 0).label("part"),
).where(
    _SPAN,
    _a.unit_id.is_not(None),
    _a.outcome != Outcome.OPEN.value,
    ~select(literal(1))
    .where(
        _earlier.c.unit_id == _a.unit_id,
        or_(
            _earlier.c.opened_at < _a.opened_at,
            and_(_earlier.c.opened_at == _a.opened_at, _earlier.c.attempt_id < _a.attempt_id),
        ),
    )
    .exists(),
)
_TOP_CODES: Final = (
    select(_a.code, _a.type_id, _a.firmware, _a.app_version, func.count().label("many"))
    .where(_SPAN, _FAILED, _a.code.is_not(None))
    .group_by(_a.code, _a.type_id, _a.firmware, _a.app_version)
    .order_by(func.count().desc(), _a.code, _a.type_id, _a.firmware, _a.app_version)
    .limit(bindparam("at_most"))
)


class SqlSupport:
    """Implements `usecases.repositories.support.SupportRepository`."""

    def __init__(self, statements: Statements) -> None:
        self._statements: Final = statements

    def unit(self, keys: LookUpKeys) -> KnownUnit | None:
        """See the protocol."""
        row = self._statements.first(_UNIT, _values(keys, "attempt_id", "trace_id", "pairing_id"))
        if row is None:
            return None
        return KnownUnit(
            unit_id=row.unit_id,
            type_id=row.type_id,
            mac_tail=row.mac_tail,
            machine_code_tail=row.machine_code_tail,
            blocked=row.blocked,
            device_id=row.device_id,
            firmware=row.firmware,
            mac_index=row.mac_index,
            machine_code_index=row.machine_code_index,
        )

    def attempts(self, keys: LookUpKeys, at_most: int) -> list[ListedAttempt]:
        """See the protocol."""
        values = {**_values(keys, "device_id"), "at_most": at_most}
        return [_listed(row) for row in self._statements.all(_NAMED, values)]

    def attempt(self, attempt_id: AttemptId) -> ListedAttempt | None:
        """See the protocol."""
        row = self._statements.first(_GET, {"id": attempt_id})
        return None if row is None else _listed(row)

    def newest(self, which: AttemptFilter, at_most: int) -> list[ListedAttempt]:
        """See the protocol."""
        values: dict[str, Any] = {"since": which.since, "at_most": at_most}
        if which.code is not None:
            values["code"] = which.code.value
        statement = _NEWEST[which.failed_only, which.code is not None]
        return [_listed(row) for row in self._statements.all(statement, values)]

    def units_failing_alike(self, attempt_id: AttemptId, since: datetime) -> int:
        """See the protocol."""
        number: int = self._statements.execute(_ALIKE, {"id": attempt_id, "since": since}).scalar_one()
        return number

    def tallies(self, since: datetime, until: datetime) -> list[Tally]:
        """See the protocol."""
        return [
            Tally(Stage(row.stage), Outcome(row.outcome), bool(row.silent), row.many)
            for row in self._statements.all(_TALLIES, {"since": since, "until": until})
        ]

    def first_signs(self, since: datetime, until: datetime, at_most: int) -> Sequence[Mapping[Stage, datetime]]:
        """See the protocol."""
        found: dict[str, dict[Stage, datetime]] = {}
        for row in self._statements.all(_FIRST_SIGNS, {"since": since, "until": until, "at_most": at_most}):
            found.setdefault(row.attempt_id, {})[Stage(row.stage)] = row.at
        return list(found.values())

    def first_tries(self, since: datetime, until: datetime) -> Share:
        """See the protocol."""
        row = self._statements.first(_FIRST_TRIES, {"since": since, "until": until})
        return Share(0, 0) if row is None else Share(int(row.part), row.whole)

    def top_codes(self, since: datetime, until: datetime, at_most: int) -> list[TopCode]:
        """See the protocol."""
        values = {"since": since, "until": until, "at_most": at_most}
        return [
            TopCode(Code(row.code), row.type_id, row.firmware, row.app_version, row.many)
            for row in self._statements.all(_TOP_CODES, values)
        ]


def _values(keys: LookUpKeys, *without: str) -> dict[str, Any]:
    return {name: value for name, value in asdict(keys).items() if name not in without}


def _listed(row: AnyRow) -> ListedAttempt:
    return ListedAttempt(attempt_of(row), row.mac_tail, row.machine_code_tail)
