"""The form of an incident: what stands in it, and what it means."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final

from gateway.console.forms import Form
from gateway.domain.identity import DeviceId
from gateway.domain.incidents import (
    DEVICES_AT_MOST,
    LANGUAGES,
    PART_AT_MOST,
    Affected,
    BadIncident,
    Incident,
    IncidentFault,
    Parts,
)

PARTS: Final = ("what", "effects", "measures", "advice")
FORM_AT_MOST: Final = 384 * 1024
"""Eight parts of 2,000 Chinese characters, nine bytes each in a form, and 1,000 appliances of 29."""
_DEVICES_TEXT_AT_MOST: Final = 40 * DEVICES_AT_MOST
_NAME_AT_MOST: Final = 64
_DEVICE: Final = re.compile(r"d-[0-9a-z]{26}")
_FIELDS: Final = ("began_at", "ended_at", "type_id", "firmware", "bound_before", "device_ids")
_UNSEEN: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Draft:
    """What stands in the fields, as text."""

    texts: Mapping[str, str] = field(repr=False, default_factory=lambda: MappingProxyType({}))
    """By `language.part`."""
    fields: Mapping[str, str] = field(repr=False, default_factory=lambda: MappingProxyType({}))

    def text(self, language: str, part: str) -> str:
        """One of the eight parts."""
        return self.texts.get(f"{language}.{part}", "")

    def value(self, name: str) -> str:
        """One of the other fields."""
        return self.fields.get(name, "")


@dataclass(frozen=True, slots=True)
class Meant:
    """What a form means, as far as it can be read."""

    texts: Mapping[str, Parts] = field(repr=False)
    affected: Affected
    began_at: datetime | None
    ended_at: datetime | None
    unreadable: tuple[BadIncident, ...]


def draft_of(incident: Incident) -> Draft:
    """The fields as an incident fills them."""
    affected = incident.affected or Affected()
    texts = {f"{tag}.{part}": getattr(incident.texts[tag], part) for tag in LANGUAGES for part in PARTS}
    fields = {
        "began_at": _moment_text(incident.began_at),
        "ended_at": _moment_text(incident.ended_at),
        "type_id": affected.type_id or "",
        "firmware": affected.firmware or "",
        "bound_before": _moment_text(affected.bound_before),
        "device_ids": "\n".join(affected.device_ids),
    }
    return Draft(texts, fields)


def typed(form: Form) -> Draft:
    """The fields as they were sent."""
    names = [f"{tag}.{part}" for tag in LANGUAGES for part in PARTS]
    texts = {name: form.draft(name, at_most=2 * PART_AT_MOST) for name in names}
    bounds = {"device_ids": _DEVICES_TEXT_AT_MOST}
    fields = {name: form.draft(name, at_most=bounds.get(name, _NAME_AT_MOST)).strip() for name in _FIELDS}
    return Draft(texts, fields)


def meant_by(draft: Draft) -> Meant:
    """What the fields mean. Moments are UTC, as the form says."""
    wrong = [BadIncident(name, IncidentFault.UNREADABLE) for name, text in draft.texts.items() if _UNSEEN.search(text)]
    moments: dict[str, datetime | None] = {}
    for name in ("began_at", "ended_at", "bound_before"):
        try:
            moments[name] = _moment(draft.value(name))
        except ValueError:
            moments[name] = None
            wrong.append(BadIncident(name, IncidentFault.UNREADABLE))
    if not draft.value("began_at"):
        wrong.append(BadIncident("began_at", IncidentFault.MISSING))
    named = draft.value("device_ids").replace(",", " ").split()
    if not all(_DEVICE.fullmatch(one) for one in named):
        wrong.append(BadIncident("device_ids", IncidentFault.UNREADABLE))
    wrong += [
        BadIncident(name, IncidentFault.UNREADABLE)
        for name in ("type_id", "firmware")
        if _UNSEEN.search(draft.value(name))
    ]
    affected = Affected(
        type_id=draft.value("type_id") or None,
        firmware=draft.value("firmware") or None,
        bound_before=moments["bound_before"],
        device_ids=tuple(DeviceId(one) for one in dict.fromkeys(named)),
    )
    texts = {tag: Parts(*(draft.text(tag, part).strip() for part in PARTS)) for tag in LANGUAGES}
    return Meant(texts, affected, moments["began_at"], moments["ended_at"], tuple(wrong))


def _moment(text: str) -> datetime | None:
    """A field of kind `datetime-local`: without a zone, which is UTC."""
    if not text:
        return None
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is not None:
        raise ValueError("with a zone")
    return moment.replace(tzinfo=UTC, microsecond=0)


def _moment_text(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}"
