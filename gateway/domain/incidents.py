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


@dataclass(frozen=True, slots=True)
class BadIncident:
    """A field that does not fit, and why."""

    field: str
    message: str


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
                wrong.append(BadIncident(f"{language}.{name}", "is missing: all four parts are owed"))
            elif len(text) > PART_AT_MOST:
                wrong.append(BadIncident(f"{language}.{name}", f"has at most {PART_AT_MOST} characters"))
    if not affected.names_something:
        wrong.append(BadIncident("affected", "names a type, a firmware or appliances"))
    if len(affected.device_ids) > DEVICES_AT_MOST:
        wrong.append(BadIncident("affected.device_ids", f"names at most {DEVICES_AT_MOST}"))
    if began_at > now:
        wrong.append(BadIncident("began_at", "is in the future"))
    if ended_at is not None and not began_at <= ended_at <= now:
        wrong.append(BadIncident("ended_at", "lies between the beginning and now"))
    return wrong


@dataclass(frozen=True, slots=True)
class AlreadyTold:
    """Telling has begun; what people read does not change behind them."""


def tell(incident: Incident) -> Incident | AlreadyTold:
    """Begin to tell those whom it concerns."""
    if incident.status is not IncidentStatus.DRAFT:
        return AlreadyTold()
    return replace(incident, status=IncidentStatus.TELLING)


def told_some(incident: Incident, many: int, place: str | None, now: datetime) -> Incident:
    """So many more were told; with no place to go on from, all were, and whom it concerned need not be said twice."""
    more = replace(incident, told=incident.told + many, place=place)
    if place is not None:
        return more
    return replace(more, status=IncidentStatus.TOLD, told_at=now, affected=None)
