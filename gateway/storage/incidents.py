"""Incidents, and whom they concern, on SQL."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Select, bindparam, delete, func, insert, or_, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

from gateway.domain.identity import AccountId, DeviceId
from gateway.domain.incidents import Affected, Incident, IncidentId, IncidentStatus, Parts
from gateway.domain.staff import StaffId
from gateway.storage.statements import AnyRow, Statements
from gateway.storage.tables.lifecycle import bindings
from gateway.storage.tables.registry import devices, units
from gateway.storage.tables.rights import incident_accounts, incidents
from gateway.storage.tables.schema import Instant, from_milliseconds, to_milliseconds

_INSERT: Final = insert(incidents)
_GET: Final = select(incidents).where(incidents.c.incident_id == bindparam("incident_id"))
_CHANGING: Final = ("began_at", "ended_at", "affected", "texts", "status", "place", "told", "told_at")
_PUT: Final = (
    update(incidents)
    .where(incidents.c.incident_id == bindparam("b_incident_id"), incidents.c.version == bindparam("b_version"))
    .values({**{name: bindparam(name) for name in _CHANGING}, "version": incidents.c.version + 1})
)
_REMOVE: Final = delete(incidents).where(
    incidents.c.incident_id == bindparam("b_incident_id"), incidents.c.status == IncidentStatus.DRAFT.value
)
_PAGE: Final = (
    select(incidents)
    .order_by(incidents.c.recorded_at.desc(), incidents.c.incident_id.desc())
    .limit(bindparam("at_most"))
)
_PAGE_BEFORE: Final = _PAGE.where(
    tuple_(incidents.c.recorded_at, incidents.c.incident_id)
    < tuple_(bindparam("place_at", type_=Instant()), bindparam("place_id"))
)
_BEING_TOLD: Final = (
    select(incidents)
    .where(incidents.c.status == IncidentStatus.TELLING.value)
    .order_by(incidents.c.recorded_at, incidents.c.incident_id)
    .limit(1)
    .with_for_update(skip_locked=True)  # one gateway at a time; another is not kept waiting
)
_TELL: Final = {
    # What an INSERT did is known by what it gives back: of those, not every driver counts rows.
    True: postgresql.insert(incident_accounts).on_conflict_do_nothing().returning(incident_accounts.c.account_id),
    False: sqlite.insert(incident_accounts).on_conflict_do_nothing().returning(incident_accounts.c.account_id),
}
_OF_ACCOUNT: Final = (
    select(incidents, incident_accounts.c.told_at.label("this_told_at"))
    .join(incident_accounts, incident_accounts.c.incident_id == incidents.c.incident_id)
    .where(incident_accounts.c.account_id == bindparam("account_id"))
    .order_by(incident_accounts.c.told_at.desc(), incidents.c.incident_id)
    .limit(bindparam("at_most"))
)


class SqlIncidents:
    """Implements `usecases.repositories.incidents.IncidentRepository`."""

    def __init__(self, statements: Statements) -> None:
        self._statements: Final = statements

    def add(self, incident: Incident) -> None:
        """See the protocol."""
        self._statements.execute(
            _INSERT,
            {
                "incident_id": incident.incident_id,
                "recorded_by": incident.recorded_by,
                "recorded_at": incident.recorded_at,
                "version": incident.version,
                **_changing(incident),
            },
        )

    def get(self, incident_id: IncidentId) -> Incident | None:
        """See the protocol."""
        row = self._statements.first(_GET, {"incident_id": incident_id})
        return None if row is None else _incident(row)

    def put(self, incident: Incident) -> None:
        """See the protocol."""
        values = {"b_incident_id": incident.incident_id, "b_version": incident.version, **_changing(incident)}
        self._statements.execute_guarded(_PUT, values)

    def remove_draft(self, incident_id: IncidentId) -> bool:
        """See the protocol."""
        return self._statements.execute(_REMOVE, {"b_incident_id": incident_id}).rowcount == 1

    def page(self, before: tuple[datetime, IncidentId] | None, at_most: int) -> list[Incident]:
        """See the protocol."""
        if before is None:
            return [_incident(row) for row in self._statements.all(_PAGE, {"at_most": at_most})]
        values = {"at_most": at_most, "place_at": before[0], "place_id": before[1]}
        return [_incident(row) for row in self._statements.all(_PAGE_BEFORE, values)]

    def being_told(self) -> Incident | None:
        """See the protocol."""
        row = self._statements.first(_BEING_TOLD)
        return None if row is None else _incident(row)

    def concerned(self, affected: Affected, after: str | None, at_most: int, now: datetime) -> Sequence[AccountId]:
        """See the protocol."""
        rows = self._statements.all(_concerned(affected, after), {"at_most": at_most, "now": now})
        return [AccountId(row.account_id) for row in rows]

    def count_concerned(self, affected: Affected, now: datetime) -> int:
        """See the protocol."""
        found = _fitting(affected).subquery()
        many: int = self._statements.execute(select(func.count()).select_from(found), {"now": now}).scalar_one()
        return many

    def tell(self, incident_id: IncidentId, account_id: AccountId, now: datetime) -> bool:
        """See the protocol."""
        values = {"incident_id": incident_id, "account_id": account_id, "told_at": now}
        return self._statements.first(_TELL[self._statements.is_postgresql], values) is not None

    def of_account(self, account_id: AccountId, at_most: int) -> list[tuple[Incident, datetime]]:
        """See the protocol."""
        rows = self._statements.all(_OF_ACCOUNT, {"account_id": account_id, "at_most": at_most})
        return [(_incident(row), row.this_told_at) for row in rows]


def _concerned(affected: Affected, after: str | None) -> Select[Any]:
    found = _fitting(affected).order_by(bindings.c.account_id).limit(bindparam("at_most"))
    return found if after is None else found.where(bindings.c.account_id > after)


def _fitting(affected: Affected) -> Select[Any]:
    """Accounts whose appliances fit. Made anew each time: incidents are rare, and what they ask for differs."""
    found = (
        select(bindings.c.account_id)
        .distinct()
        .join(devices, devices.c.device_id == bindings.c.device_id)
        .join(units, units.c.unit_id == devices.c.unit_id)
        .where(or_(bindings.c.until.is_(None), bindings.c.until > bindparam("now", type_=Instant())))
    )
    if affected.type_id is not None:
        found = found.where(units.c.type_id == affected.type_id)
    if affected.firmware is not None:
        found = found.where(devices.c.firmware == affected.firmware)
    if affected.bound_before is not None:
        found = found.where(bindings.c.since < affected.bound_before)
    if affected.device_ids:
        found = found.where(bindings.c.device_id.in_(affected.device_ids))
    return found


def _texts(texts: Mapping[str, Parts]) -> str:
    return json.dumps({language: asdict(parts) for language, parts in texts.items()}, ensure_ascii=False)


def _changing(incident: Incident) -> dict[str, Any]:
    return {
        "began_at": incident.began_at,
        "ended_at": incident.ended_at,
        "texts": _texts(incident.texts),
        "affected": None if incident.affected is None else _affected_text(incident.affected),
        "status": incident.status.value,
        "place": incident.place,
        "told": incident.told,
        "told_at": incident.told_at,
    }


def _affected_text(affected: Affected) -> str:
    before = affected.bound_before
    return json.dumps(
        {
            "type_id": affected.type_id,
            "firmware": affected.firmware,
            "bound_before": None if before is None else to_milliseconds(before),
            "device_ids": affected.device_ids,
        }
    )


def _affected(text: str) -> Affected:
    told = json.loads(text)
    before = told["bound_before"]
    return Affected(
        type_id=told["type_id"],
        firmware=told["firmware"],
        bound_before=None if before is None else from_milliseconds(before),
        device_ids=tuple(DeviceId(one) for one in told["device_ids"]),
    )


def _incident(row: AnyRow) -> Incident:
    return Incident(
        incident_id=IncidentId(row.incident_id),
        recorded_by=StaffId(row.recorded_by),
        recorded_at=row.recorded_at,
        began_at=row.began_at,
        ended_at=row.ended_at,
        affected=None if row.affected is None else _affected(row.affected),
        texts={name: Parts(**parts) for name, parts in json.loads(row.texts).items()},
        status=IncidentStatus(row.status),
        place=row.place,
        told=row.told,
        told_at=row.told_at,
        version=row.version,
    )
