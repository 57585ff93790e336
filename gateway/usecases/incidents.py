"""Incidents: what went wrong with people's data, written down by an officer and told to those whom it concerns alone.

Telling goes piece by piece in a job (`tell_some`): it survives a crash and tells nobody twice. Who was concerned once
and has nothing to do with the appliance any more cannot be told: the gateway does not know them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from gateway.domain import incidents as rules
from gateway.domain.audit import Result
from gateway.domain.identity import AccountId
from gateway.domain.incidents import (
    Affected,
    AlreadyTold,
    BadIncident,
    Incident,
    IncidentId,
    IncidentStatus,
    Parts,
    Rewritten,
)
from gateway.domain.staff import Action
from gateway.usecases import audit, notices
from gateway.usecases.outbox import Counted
from gateway.usecases.services import Identifiers
from gateway.usecases.staff_sessions import SignedIn, entry_of
from gateway.usecases.transaction import Transaction

TOLD: Final = "incident"
"""Notice for those whom it concerns."""
TOLD_AT_ONCE: Final = 200
SHOWN_AT_MOST: Final = 100


# -- the officers' side: each raises MayNotError for everybody else and writes a row of the audit


@dataclass(frozen=True, slots=True)
class NoSuchIncident:
    """There is none of this id, or none that can be taken away."""


def record(
    tx: Transaction,
    who: SignedIn,
    texts: Mapping[str, Parts],
    affected: Affected,
    *,
    began_at: datetime,
    ended_at: datetime | None,
    identifiers: Identifiers,
    now: datetime,
) -> Incident | list[BadIncident]:
    """Write an incident down, with all four parts in both languages. Nobody is told yet.

    Args:
        tx: the transaction.
        who: an officer.
        texts: the four parts, by language (`en`, `zh`).
        affected: whose appliances it concerns.
        began_at: since when.
        ended_at: until when; None while it lasts.
        identifiers: names it.
        now: the present moment.

    Raises:
        MayNotError: they are no officer.
    """
    entry = entry_of(who, Action.HANDLE_INCIDENTS, Result.GRANTED, now)
    wrong = rules.wrong_with(texts, affected, began_at, ended_at, now)
    if wrong:
        return wrong
    incident = Incident(
        incident_id=IncidentId(identifiers.new("i")),
        recorded_by=who.staff_id,
        recorded_at=now,
        began_at=began_at,
        ended_at=ended_at,
        affected=affected,
        texts={language: texts[language] for language in rules.LANGUAGES},
    )
    tx.incidents.add(incident)
    tx.count(Counted.INCIDENT, "recorded")
    audit.append(tx, replace(entry, reason="incident recorded"))
    return incident


def page(
    tx: Transaction, who: SignedIn, before: tuple[datetime, IncidentId] | None, at_most: int, now: datetime
) -> tuple[list[Incident], tuple[datetime, IncidentId] | None]:
    """All incidents, newest first, and the place to go on before; None at the end."""
    entry = entry_of(who, Action.HANDLE_INCIDENTS, Result.GRANTED, now)
    found = tx.incidents.page(before, at_most + 1)
    audit.append(tx, entry)
    last = found[at_most - 1] if len(found) > at_most else None
    return found[:at_most], None if last is None else (last.recorded_at, last.incident_id)


def revise(
    tx: Transaction,
    who: SignedIn,
    incident_id: IncidentId,
    texts: Mapping[str, Parts],
    affected: Affected,
    *,
    began_at: datetime,
    ended_at: datetime | None,
    seen: int,
    now: datetime,
) -> Incident | NoSuchIncident | AlreadyTold | Rewritten | list[BadIncident]:
    """Write a draft anew: other words, or others whom it concerns. Arguments as of `record`.

    Args:
        tx: the transaction.
        who: an officer.
        incident_id: which one.
        texts: the four parts, by language.
        affected: whose appliances it concerns.
        began_at: since when.
        ended_at: until when.
        seen: the version that its writer had before them.
        now: the present moment.
    """
    entry = replace(entry_of(who, Action.HANDLE_INCIDENTS, Result.GRANTED, now), reason="incident rewritten")
    wrong = rules.wrong_with(texts, affected, began_at, ended_at, now)
    if wrong:
        return wrong
    incident = tx.incidents.get(incident_id)
    if incident is None:
        audit.append(tx, replace(entry, result=Result.NOT_FOUND))
        return NoSuchIncident()
    chosen = {language: texts[language] for language in rules.LANGUAGES}
    outcome = rules.revise(incident, chosen, affected, began_at=began_at, ended_at=ended_at, seen=seen)
    if isinstance(outcome, Incident):
        tx.incidents.put(outcome)
    else:
        entry = replace(entry, result=Result.REFUSED)
    audit.append(tx, entry)
    return outcome


def reach(tx: Transaction, incident: Incident, now: datetime) -> int | None:
    """How many accounts a draft concerns at this moment: so many would be told. None once telling has begun.

    Part of the look at the incident (`read`), whose row tells of it. A number, and nobody's name.
    """
    if incident.status is not IncidentStatus.DRAFT or incident.affected is None:
        return None
    return tx.incidents.count_concerned(incident.affected, now)


def read(tx: Transaction, who: SignedIn, incident_id: IncidentId, now: datetime) -> Incident | NoSuchIncident:
    """One incident."""
    entry = entry_of(who, Action.HANDLE_INCIDENTS, Result.GRANTED, now)
    incident = tx.incidents.get(incident_id)
    audit.append(tx, entry if incident is not None else replace(entry, result=Result.NOT_FOUND))
    return NoSuchIncident() if incident is None else incident


def discard(tx: Transaction, who: SignedIn, incident_id: IncidentId, now: datetime) -> bool:
    """Take away what was written down and nobody was told of; False when there is no such one."""
    entry = entry_of(who, Action.HANDLE_INCIDENTS, Result.GRANTED, now)
    removed = tx.incidents.remove_draft(incident_id)
    result = Result.GRANTED if removed else Result.NOT_FOUND
    audit.append(tx, replace(entry, result=result, reason="incident discarded"))
    return removed


def tell(
    tx: Transaction, who: SignedIn, incident_id: IncidentId, now: datetime, *, seen: int | None = None
) -> Incident | NoSuchIncident | AlreadyTold | Rewritten:
    """Begin to tell those whom it concerns. What they read does not change any more.

    With `seen`, the version whose reach was shown, nothing is told when a colleague has changed it since.
    """
    entry = replace(entry_of(who, Action.HANDLE_INCIDENTS, Result.GRANTED, now), reason="incident told")
    incident = tx.incidents.get(incident_id)
    if incident is None:
        audit.append(tx, replace(entry, result=Result.NOT_FOUND))
        return NoSuchIncident()
    outcome = rules.tell(incident, seen=seen)
    if not isinstance(outcome, Incident):
        audit.append(tx, replace(entry, result=Result.REFUSED))
        return outcome
    tx.incidents.put(outcome)
    tx.count(Counted.INCIDENT, "telling")
    audit.append(tx, entry)
    return outcome


# -- the job


def tell_some(tx: Transaction, now: datetime) -> bool:
    """Tell some more of those whom an incident concerns; False when nobody is left to tell."""
    incident = tx.incidents.being_told()
    if incident is None:
        return False
    found = (
        []
        if incident.affected is None
        else tx.incidents.concerned(incident.affected, incident.place, TOLD_AT_ONCE, now)
    )
    told = 0
    for account_id in found:
        if tx.incidents.tell(incident.incident_id, account_id, now):
            notices.tell(tx, account_id, TOLD, {"incident_id": incident.incident_id}, now)
            told += 1
    after = found[-1] if len(found) == TOLD_AT_ONCE else None
    tx.incidents.put(rules.told_some(incident, told, after, now))
    if after is None:
        tx.count(Counted.INCIDENT, "told")
    return True


# -- the person's side


@dataclass(frozen=True, slots=True)
class ToldIncident:
    """An incident as somebody whom it concerns reads it."""

    incident_id: IncidentId = field(repr=False)
    began_at: datetime
    ended_at: datetime | None
    told_at: datetime
    texts: Mapping[str, Parts] = field(repr=False)


def of_account(tx: Transaction, account_id: AccountId) -> list[ToldIncident]:
    """What the account was told of, newest first. Nobody else's incidents are in it."""
    return [
        ToldIncident(one.incident_id, one.began_at, one.ended_at, told_at, one.texts)
        for one, told_at in tx.incidents.of_account(account_id, SHOWN_AT_MOST)
    ]
