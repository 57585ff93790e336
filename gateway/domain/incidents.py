"""What went wrong with people's data, in the four parts that the policy owes to those whom it concerns."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum, unique
from typing import Final, NewType

from gateway.domain.identity import DeviceId
from gateway.domain.staff import StaffId

IncidentId = NewType("IncidentId", str)

PART_AT_MOST: Final = 2000
"""Characters of each part."""
DEVICES_AT_MOST: Final = 1000
"""Appliances that one incident names one by one."""
LANGUAGES: Final = ("en", "zh")


@dataclass(frozen=True, slots=True)
class Parts:
    """The four parts (GB/T 35273-2020, 10.2), in one language."""

    what: str
    effects: str
    measures: str
    advice: str
    """What the person can do, and what is offered to make good."""


@dataclass(frozen=True, slots=True)
class Affected:
    """Which appliances' people it concerns. What is given has to fit together; nothing given fits nobody."""

    type_id: str | None = None
    firmware: str | None = None
    bound_before: datetime | None = None
    """Only people whose appliance was theirs before this moment."""
    device_ids: tuple[DeviceId, ...] = field(default=(), repr=False)

    @property
    def names_something(self) -> bool:
        """Whether it says more than "everybody"."""
        return bool(self.type_id or self.firmware or self.device_ids)


@unique
class IncidentStatus(StrEnum):
    """How far an incident is."""

    DRAFT = "draft"
    TELLING = "telling"
    TOLD = "told"


@dataclass(frozen=True, slots=True)
class Incident:
    """One incident."""

    incident_id: IncidentId = field(repr=False)
    recorded_by: StaffId = field(repr=False)
    recorded_at: datetime
    began_at: datetime
    ended_at: datetime | None
    affected: Affected | None
    """None when all were told: then it is known by whom it was told to."""
    texts: Mapping[str, Parts] = field(repr=False)
    status: IncidentStatus = IncidentStatus.DRAFT
    place: str | None = field(repr=False, default=None)
    told: int = 0
    told_at: datetime | None = None
    version: int = 0
    """For compare and swap in the store."""


@unique
class IncidentFault(StrEnum):
    """Why a field does not fit."""

    MISSING = "missing"
    """All four parts are owed, in both languages; and since when it is."""
    TOO_LONG = "too_long"
    NAMES_NOBODY = "names_nobody"
    """Neither a type nor a firmware nor appliances: that would be everybody."""
    TOO_MANY = "too_many"
    FUTURE = "future"
    NOT_BETWEEN = "not_between"
    """The end does not lie between the beginning and now."""
    UNREADABLE = "unreadable"
    """It is not of the form that is asked for."""


@dataclass(frozen=True, slots=True)
class BadIncident:
    """A field that does not fit, and why."""

    field: str
    fault: IncidentFault


def wrong_with(
    texts: Mapping[str, Parts], affected: Affected, began_at: datetime, ended_at: datetime | None, now: datetime
) -> list[BadIncident]:
    """Everything that is missing or does not fit; empty when it can be recorded."""
    wrong: list[BadIncident] = []
    for language in LANGUAGES:
        parts = texts.get(language)
        for name in ("what", "effects", "measures", "advice"):
            text = "" if parts is None else str(getattr(parts, name)).strip()
            if not text:
                wrong.append(BadIncident(f"{language}.{name}", IncidentFault.MISSING))
            elif len(text) > PART_AT_MOST:
                wrong.append(BadIncident(f"{language}.{name}", IncidentFault.TOO_LONG))
    if not affected.names_something:
        wrong.append(BadIncident("affected", IncidentFault.NAMES_NOBODY))
    if len(affected.device_ids) > DEVICES_AT_MOST:
        wrong.append(BadIncident("affected.device_ids", IncidentFault.TOO_MANY))
    if began_at > now:
        wrong.append(BadIncident("began_at", IncidentFault.FUTURE))
    if ended_at is not None and not began_at <= ended_at <= now:
        wrong.append(BadIncident("ended_at", IncidentFault.NOT_BETWEEN))
    return wrong


@dataclass(frozen=True, slots=True)
class AlreadyTold:
    """Telling has begun; what people read does not change behind them."""


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A colleague changed it since it was read: whom it concerns may be others now."""


def revise(
    incident: Incident,
    texts: Mapping[str, Parts],
    affected: Affected,
    *,
    began_at: datetime,
    ended_at: datetime | None,
    seen: int,
) -> Incident | AlreadyTold | Rewritten:
    """Write a draft anew, texts and all. `seen` is the version that its writer had before them."""
    if incident.status is not IncidentStatus.DRAFT:
        return AlreadyTold()
    if incident.version != seen:
        return Rewritten()
    return replace(incident, texts=texts, affected=affected, began_at=began_at, ended_at=ended_at)


def tell(incident: Incident, *, seen: int | None = None) -> Incident | AlreadyTold | Rewritten:
    """Begin to tell those whom it concerns. `seen` is the version whose reach was shown; None for whatever it is."""
    if incident.status is not IncidentStatus.DRAFT:
        return AlreadyTold()
    if seen is not None and incident.version != seen:
        return Rewritten()
    return replace(incident, status=IncidentStatus.TELLING)


def told_some(incident: Incident, many: int, place: str | None, now: datetime) -> Incident:
    """So many more were told; with no place to go on from, all were, and whom it concerned need not be said twice."""
    more = replace(incident, told=incident.told + many, place=place)
    if place is not None:
        return more
    return replace(more, status=IncidentStatus.TOLD, told_at=now, affected=None)
