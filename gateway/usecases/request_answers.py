"""Officers answer what people ask about their data: lists, one request with its words, taking it in hand, the answer.

Each step writes a row of the audit in its transaction; `MayNotError` for everybody else. Words are sealed under the
key of the person who asked.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from gateway.domain import requests as rules
from gateway.domain.audit import AuditEntry, Result
from gateway.domain.requests import (
    BadRequest,
    NotNow,
    RefusalGround,
    Request,
    RequestId,
    RequestKind,
    SomebodyElses,
    normal_text,
)
from gateway.domain.staff import Action, StaffId
from gateway.usecases import audit, notices
from gateway.usecases.outbox import Counted
from gateway.usecases.persons import PersonKeys
from gateway.usecases.requests import NoSuchRequest, Readable, answer_place, one, readable
from gateway.usecases.staff_sessions import SignedIn, entry_of
from gateway.usecases.transaction import Transaction

DECIDED: Final = "request.decided"
"""Notice for the person: there is an answer."""


@dataclass(frozen=True, slots=True)
class InHand:
    """A request as an officer sees it."""

    readable: Readable
    not_yours: bool
    """It complains about a decision of this officer: a colleague has to answer."""


def waiting(
    tx: Transaction, who: SignedIn, after: tuple[datetime, RequestId] | None, at_most: int, now: datetime
) -> tuple[list[Request], tuple[datetime, RequestId] | None]:
    """For an officer: what waits for an answer, the most urgent first, without words.

    Returns:
        Requests, and the place to go on after; None at the end. `alarms` says how loud each clock is.

    Raises:
        MayNotError: they are none.
    """
    entry = entry_of(who, Action.HANDLE_REQUESTS, Result.GRANTED, now)
    found = tx.requests.waiting(after, at_most + 1)
    audit.append(tx, entry)
    last = found[at_most - 1] if len(found) > at_most else None
    return found[:at_most], None if last is None else (last.due_at, last.request_id)


def ended(
    tx: Transaction, who: SignedIn, before: tuple[datetime, RequestId] | None, at_most: int, now: datetime
) -> tuple[list[Request], tuple[datetime, RequestId] | None]:
    """For an officer: what was answered, refused or taken back, newest first, without words. Raises as `waiting`."""
    entry = entry_of(who, Action.HANDLE_REQUESTS, Result.GRANTED, now)
    found = tx.requests.ended(before, at_most + 1)
    audit.append(tx, entry)
    last = found[at_most - 1] if len(found) > at_most else None
    following = None if last is None or last.ended_at is None else (last.ended_at, last.request_id)
    return found[:at_most], following


def read(
    tx: Transaction, who: SignedIn, request_id: RequestId, *, persons: PersonKeys, now: datetime
) -> InHand | NoSuchRequest:
    """For an officer: one request with its words. Its person sees in their activity that it was read.

    Raises:
        MayNotError: they are none.
        ValueError: the words do not open.
    """
    entry = entry_of(who, Action.HANDLE_REQUESTS, Result.GRANTED, now)
    request = tx.requests.get(request_id)
    if request is None:
        audit.append(tx, replace(entry, result=Result.NOT_FOUND))
        return NoSuchRequest()
    words = readable(request, persons.sealer(request.account_id))
    not_yours = who.staff_id in deciders(tx, request)
    audit.append(tx, concerning(entry, request))
    return InHand(words, not_yours)


def take(
    tx: Transaction, who: SignedIn, request_id: RequestId, now: datetime
) -> Request | NoSuchRequest | NotNow | SomebodyElses:
    """An officer takes a request in hand; also one that a colleague has, who may be away. Raises as `waiting`."""
    entry = entry_of(who, Action.HANDLE_REQUESTS, Result.GRANTED, now)
    request = tx.requests.get(request_id)
    if request is None:
        audit.append(tx, replace(entry, result=Result.NOT_FOUND))
        return NoSuchRequest()
    outcome = rules.take(request, who.staff_id, not_for=deciders(tx, request), now=now)
    return noted(tx, entry, request, outcome, "taken")


def answer(
    tx: Transaction, who: SignedIn, request_id: RequestId, text: str, *, persons: PersonKeys, now: datetime
) -> Request | BadRequest | NoSuchRequest | NotNow | SomebodyElses:
    """The officer who has the request in hand answers it. Its person is told that there is an answer, and reads it.

    Raises:
        MayNotError: they are no officer.
    """
    return _decide(tx, who, request_id, text, None, persons, now)


def refuse(
    tx: Transaction,
    who: SignedIn,
    request_id: RequestId,
    ground: RefusalGround,
    text: str,
    *,
    persons: PersonKeys,
    now: datetime,
) -> Request | BadRequest | NoSuchRequest | NotNow | SomebodyElses:
    """The officer who has it in hand refuses it on one of the six grounds, and says why. Raises as `answer`."""
    return _decide(tx, who, request_id, text, ground, persons, now)


def _decide(
    tx: Transaction,
    who: SignedIn,
    request_id: RequestId,
    text: str,
    refusal: RefusalGround | None,
    persons: PersonKeys,
    now: datetime,
) -> Request | BadRequest | NoSuchRequest | NotNow | SomebodyElses:
    entry = entry_of(who, Action.HANDLE_REQUESTS, Result.GRANTED, now)
    normal = normal_text(text)
    if normal is None:
        return BadRequest("text", f"must have 1 to {rules.TEXT_AT_MOST} visible characters")
    request = tx.requests.get(request_id)
    if request is None:
        audit.append(tx, replace(entry, result=Result.NOT_FOUND))
        return NoSuchRequest()
    place = answer_place(request.account_id, request_id)
    sealed = persons.sealer(request.account_id).seal(normal.encode(), place=place)
    outcome = rules.decide(request, who.staff_id, answer_sealed=sealed, refusal=refusal, now=now)
    if isinstance(outcome, Request):
        told = {"request_id": request_id, "status": outcome.status.value}
        notices.tell(tx, request.account_id, DECIDED, told, now)
    return noted(tx, entry, request, outcome, "answered" if refusal is None else "refused")


def noted(
    tx: Transaction,
    entry: AuditEntry,
    request: Request,
    outcome: Request | NotNow | SomebodyElses,
    state: str,
) -> Request | NotNow | SomebodyElses:
    """Store an outcome, count it, and write its row."""
    if isinstance(outcome, Request):
        if outcome is not request:
            tx.requests.put(outcome)
            tx.count(Counted.REQUEST, state)
    else:
        entry = replace(entry, result=Result.REFUSED)
    audit.append(tx, concerning(entry, request))
    return outcome


def concerning(entry: AuditEntry, request: Request) -> AuditEntry:
    """The entry as its person reads it: about them, and what kind of request it was for."""
    return replace(entry, account_id=request.account_id, reason=f"request: {request.kind.value}")


def deciders(tx: Transaction, request: Request) -> set[StaffId]:
    """Whose decision a complaint is about: the named request's, else the newest of the account's before it.

    They cannot answer it.
    """
    if request.kind is not RequestKind.COMPLAINT:
        return set()
    if request.about is not None:
        named = one(tx, request.account_id, request.about)
        decided = [] if named is None or named.answer_sealed is None else [named]
    else:
        decided = [
            other
            for other in tx.requests.of_account(request.account_id, None, _LOOKED_AT)
            if other.answer_sealed is not None and other.ended_at is not None and other.ended_at <= request.asked_at
        ]
    newest = max(decided, key=lambda other: other.ended_at or other.asked_at, default=None)
    return set() if newest is None or newest.taken_by is None else {newest.taken_by}


_LOOKED_AT: Final = 200
"""Requests of one account, the newest, among which the decision is looked for."""
