"""Incidents: written down in four parts and both languages, previewed, and told to those whom they concern."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Final

from gateway.console.places import place_text, read_place
from gateway.console.refusal import Refusal
from gateway.console.rendering import TAGS
from gateway.console.views.incident_form import PARTS, Draft, draft_of, meant_by, typed
from gateway.console.visit import Answered, Moved, Shown, Visit
from gateway.domain.audit import Result
from gateway.domain.failure_texts import Language, own_name
from gateway.domain.incidents import (
    LANGUAGES,
    PART_AT_MOST,
    AlreadyTold,
    BadIncident,
    Incident,
    IncidentId,
    IncidentStatus,
    Rewritten,
)
from gateway.domain.staff import Action
from gateway.usecases import audit
from gateway.usecases import incidents as usecase
from gateway.usecases.incidents import NoSuchIncident
from gateway.usecases.staff_sessions import entry_of
from gateway.usecases.transaction import Transaction

DONE: Final = {"recorded": "incident_recorded", "rewritten": "incident_rewritten", "telling": "incident_telling"}
LISTED: Final = {"discarded": "incident_discarded"}
LOOKS: Final = {IncidentStatus.DRAFT: "warn", IncidentStatus.TELLING: "warn", IncidentStatus.TOLD: "good"}
TITLE_AT_MOST: Final = 80
_VERSION: Final = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class Row:
    """One incident of the list."""

    incident_id: str = field(repr=False)
    at: datetime
    status: str
    look: str
    what: str = field(repr=False)
    told: int | None
    """None where nobody was told yet."""


async def show_incidents(visit: Visit) -> Answered:
    """All of them, newest first."""
    who, now, at_most = visit.staff, visit.now, visit.deps.limits.rows_of_page
    asked = read_place(visit)
    place = None if asked is None else (asked[0], IncidentId(asked[1]))
    found, following = await audit.recorded(visit.deps.database, lambda tx: usecase.page(tx, who, place, at_most, now))
    values = {
        "rows": [_row(one, visit) for one in found],
        "following": place_text(following),
        "said": LISTED.get(visit.request.query.get("done", "")),
    }
    return Shown("incidents.html", values)


def _row(incident: Incident, visit: Visit) -> Row:
    what = incident.texts[visit.language.value].what
    return Row(
        incident_id=incident.incident_id,
        at=incident.recorded_at,
        status=visit.say(f"incident_status_{incident.status.value}"),
        look=LOOKS[incident.status],
        what=what if len(what) <= TITLE_AT_MOST else f"{what[: TITLE_AT_MOST - 1]}…",
        told=None if incident.status is IncidentStatus.DRAFT else incident.told,
    )


async def show_new(visit: Visit) -> Answered:
    """An empty form."""
    entry = entry_of(visit.staff, Action.HANDLE_INCIDENTS, Result.GRANTED, visit.now)
    await audit.recorded(visit.deps.database, lambda tx: audit.append(tx, entry))
    return _form(visit, Draft())


async def record(visit: Visit) -> Answered:
    """Write one down. Nobody is told yet."""
    who, draft = visit.staff, typed(visit.form)
    meant = meant_by(draft)
    began_at = meant.began_at
    if meant.unreadable or began_at is None:
        return _form(visit, draft, meant.unreadable, status=HTTPStatus.BAD_REQUEST)

    def work(tx: Transaction) -> Incident | list[BadIncident]:
        return usecase.record(
            tx,
            who,
            meant.texts,
            meant.affected,
            began_at=began_at,
            ended_at=meant.ended_at,
            identifiers=visit.deps.identifiers,
            now=visit.now,
        )

    made = await audit.recorded(visit.deps.database, work)
    if isinstance(made, list):
        return _form(visit, draft, tuple(made), status=HTTPStatus.BAD_REQUEST)
    return Moved(f"/incidents/{made.incident_id}?done=recorded")


async def show_incident(visit: Visit) -> Answered:
    """One incident; a draft with how many it would be told to, and the form in which it can be changed."""
    who, incident_id, now = visit.staff, _id(visit), visit.now

    def read(tx: Transaction) -> tuple[Incident, int | None] | NoSuchIncident:
        found = usecase.read(tx, who, incident_id, now)
        return found if isinstance(found, NoSuchIncident) else (found, usecase.reach(tx, found, now))

    found = await audit.recorded(visit.deps.database, read)
    if isinstance(found, NoSuchIncident):
        raise Refusal(HTTPStatus.NOT_FOUND, "incident_gone")
    incident, reach = found
    values = {
        "incident": incident,
        "status": visit.say(f"incident_status_{incident.status.value}"),
        "look": LOOKS[incident.status],
        "in_languages": _languages(),
        "parts_owed": [(part, visit.say(f"incident_part_{part}")) for part in PARTS],
        "is_draft": incident.status is IncidentStatus.DRAFT,
        "reach": reach,
        "said": DONE.get(visit.request.query.get("done", "")),
    }
    return Shown("incident.html", values)


async def show_rewriting(visit: Visit) -> Answered:
    """The form with what a draft says."""
    who, incident_id = visit.staff, _id(visit)
    found = await audit.recorded(visit.deps.database, lambda tx: usecase.read(tx, who, incident_id, visit.now))
    if isinstance(found, NoSuchIncident):
        raise Refusal(HTTPStatus.NOT_FOUND, "incident_gone")
    if found.status is not IncidentStatus.DRAFT:
        raise Refusal(HTTPStatus.CONFLICT, "incident_told_already")
    return _form(visit, draft_of(found), incident_id=incident_id, seen=found.version)


async def rewrite(visit: Visit) -> Answered:
    """Write a draft anew."""
    who, incident_id, draft, seen = visit.staff, _id(visit), typed(visit.form), _seen(visit)
    meant = meant_by(draft)
    began_at = meant.began_at
    if meant.unreadable or began_at is None:
        return _form(visit, draft, meant.unreadable, status=HTTPStatus.BAD_REQUEST, incident_id=incident_id, seen=seen)

    def work(tx: Transaction) -> Incident | NoSuchIncident | AlreadyTold | Rewritten | list[BadIncident]:
        return usecase.revise(
            tx,
            who,
            incident_id,
            meant.texts,
            meant.affected,
            began_at=began_at,
            ended_at=meant.ended_at,
            seen=seen,
            now=visit.now,
        )

    made = await audit.recorded(visit.deps.database, work)
    if isinstance(made, list):
        return _form(visit, draft, tuple(made), status=HTTPStatus.BAD_REQUEST, incident_id=incident_id, seen=seen)
    _refuse(made)
    return Moved(f"/incidents/{incident_id}?done=rewritten")


async def tell(visit: Visit) -> Answered:
    """Tell those whom it concerns, as many as were shown."""
    who, incident_id, seen = visit.staff, _id(visit), _seen(visit)
    _refuse(
        await audit.recorded(visit.deps.database, lambda tx: usecase.tell(tx, who, incident_id, visit.now, seen=seen))
    )
    return Moved(f"/incidents/{incident_id}?done=telling")


async def discard(visit: Visit) -> Answered:
    """Take a draft away."""
    who, incident_id = visit.staff, _id(visit)
    removed = await audit.recorded(visit.deps.database, lambda tx: usecase.discard(tx, who, incident_id, visit.now))
    if not removed:
        raise Refusal(HTTPStatus.CONFLICT, "incident_not_discarded")
    return Moved("/incidents?done=discarded")


def _refuse(outcome: Incident | NoSuchIncident | AlreadyTold | Rewritten) -> None:
    match outcome:
        case Incident():
            return
        case NoSuchIncident():
            raise Refusal(HTTPStatus.NOT_FOUND, "incident_gone")
        case AlreadyTold():
            raise Refusal(HTTPStatus.CONFLICT, "incident_told_already")
        case Rewritten():
            raise Refusal(HTTPStatus.CONFLICT, "incident_changed_meanwhile")


def _form(
    visit: Visit,
    draft: Draft,
    wrong: tuple[BadIncident, ...] = (),
    *,
    status: HTTPStatus = HTTPStatus.OK,
    incident_id: IncidentId | None = None,
    seen: int = 0,
) -> Shown:
    values = {
        "draft": draft,
        "wrong": [_fault(visit, one) for one in wrong],
        "in_languages": _languages(),
        "parts_owed": [
            (part, visit.say(f"incident_part_{part}"), visit.say(f"incident_hint_{part}")) for part in PARTS
        ],
        "at_most": PART_AT_MOST,
        "incident_id": incident_id,
        "seen": seen,
    }
    return Shown("incident_form.html", values, status)


def _languages() -> list[tuple[str, str, str]]:
    """Each language as texts are kept by it, as a page marks it, and as it calls itself."""
    return [(tag, TAGS[Language(tag)], own_name(Language(tag))) for tag in LANGUAGES]


def _fault(visit: Visit, wrong: BadIncident) -> tuple[str, str, str]:
    """The field's place in the page, its name, and what is wrong with it."""
    head, _, part = wrong.field.partition(".")
    if head in LANGUAGES:
        name = f"{own_name(Language(head))}: {visit.say(f'incident_part_{part}')}"
        return f"{head}-{part}", name, visit.say(f"incident_fault_{wrong.fault.value}")
    place = part or ("type_id" if head == "affected" else head)
    return place, visit.say(f"incident_field_{part or head}"), visit.say(f"incident_fault_{wrong.fault.value}")


def _id(visit: Visit) -> IncidentId:
    return IncidentId(visit.request.match_info["incident_id"])


def _seen(visit: Visit) -> int:
    """The version of the draft that the form was made for."""
    text = visit.form.text("seen", at_most=16)
    if _VERSION.fullmatch(text) is None:
        raise Refusal(HTTPStatus.BAD_REQUEST, "form_field_unfit", field="seen")
    return int(text)
