"""What an officer who has a request in hand may do besides answering it: hand it to a colleague, look at consents.

Each writes a row of the audit in its transaction, about the person who asked; `MayNotError` for everybody else.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from gateway.domain import requests as rules
from gateway.domain.audit import Result
from gateway.domain.requests import NotNow, Request, RequestId, RequestStatus, SomebodyElses
from gateway.domain.staff import Action, Staff, StaffId, StaffRole
from gateway.usecases import audit, consents, staff
from gateway.usecases.consents import PurposeState
from gateway.usecases.request_answers import concerning, deciders, noted
from gateway.usecases.requests import NoSuchRequest
from gateway.usecases.services import Sealer
from gateway.usecases.staff import SeenStaff
from gateway.usecases.staff_sessions import SignedIn, entry_of
from gateway.usecases.transaction import Transaction


@dataclass(frozen=True, slots=True)
class NoSuchColleague:
    """Nobody of this id is a privacy officer who may log in."""


def colleagues(tx: Transaction, who: SignedIn, request: Request, sealer: Sealer) -> list[SeenStaff]:
    """The other officers into whose hands a request may go; nobody whose decision it complains about.

    Part of the look at the request (`request_answers.read`), whose row tells of it.
    """
    barred = {who.staff_id, *deciders(tx, request)}
    return [one for one in staff.listed(tx, sealer) if _is_officer(one) and one.staff_id not in barred]


def hand_on(
    tx: Transaction, who: SignedIn, request_id: RequestId, to: StaffId, now: datetime
) -> Request | NoSuchRequest | NoSuchColleague | NotNow | SomebodyElses:
    """Put a request into a colleague's hands: a complaint about one's own decision, or what one cannot get to.

    Raises:
        MayNotError: they are no officer.
    """
    entry = entry_of(who, Action.HANDLE_REQUESTS, Result.GRANTED, now)
    request = tx.requests.get(request_id)
    if request is None:
        audit.append(tx, replace(entry, result=Result.NOT_FOUND))
        return NoSuchRequest()
    colleague = tx.staff.get(to)
    if colleague is None or not _is_officer(colleague):
        audit.append(tx, concerning(replace(entry, result=Result.REFUSED), request))
        return NoSuchColleague()
    outcome = rules.hand_on(request, to, not_for=deciders(tx, request), now=now)
    return noted(tx, entry, request, outcome, "handed_on")


def consents_of(
    tx: Transaction, who: SignedIn, request_id: RequestId, now: datetime
) -> list[PurposeState] | NoSuchRequest | NotNow | SomebodyElses:
    """Where the purposes stand for the person whose request one has in hand. The person sees that this was looked at.

    Nobody else's, and not before one took the request or after it was answered: then no request needs it.

    Raises:
        MayNotError: they are no officer.
    """
    entry = entry_of(who, Action.SEE_CONSENTS, Result.GRANTED, now)
    request = tx.requests.get(request_id)
    if request is None:
        audit.append(tx, replace(entry, result=Result.NOT_FOUND))
        return NoSuchRequest()
    if request.status is not RequestStatus.TAKEN or request.taken_by != who.staff_id:
        audit.append(tx, concerning(replace(entry, result=Result.REFUSED), request))
        return SomebodyElses() if request.is_waiting else NotNow()
    found = consents.states(tx, request.account_id, now)
    audit.append(tx, concerning(entry, request))
    return found


def _is_officer(one: Staff | SeenStaff) -> bool:
    return one.disabled_at is None and StaffRole.PRIVACY_OFFICER in one.roles
