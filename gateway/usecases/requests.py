"""What people ask about their data, and the officers who answer within thirty days.

The person's side needs nothing but their session: whoever is signed in is who they say, and nothing more is asked. The
officers' side writes a row of the audit with each step, in its transaction; `MayNotError` for everybody else.
Words are sealed under the person's key on both sides.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from gateway.domain import requests as rules
from gateway.domain.audit import AuditEntry, Result
from gateway.domain.identity import AccountId
from gateway.domain.requests import (
    ALARMS,
    OPEN_AT_MOST,
    BadRequest,
    DeletionGround,
    NotNow,
    RefusalGround,
    Request,
    RequestId,
    RequestKind,
    SomebodyElses,
    normal_text,
    wrong_with,
)
from gateway.domain.staff import Action, StaffId
from gateway.usecases import audit, notices
from gateway.usecases.outbox import Counted
from gateway.usecases.persons import PersonKeys
from gateway.usecases.services import Identifiers, Sealer
from gateway.usecases.staff_sessions import SignedIn, entry_of
from gateway.usecases.transaction import Transaction

DECIDED: Final = "request.decided"
"""Notice for the person: there is an answer."""
RING_AT_ONCE: Final = 100

ALARM_NAMES: Final = (*(f"day_{alarm.days}" for alarm in ALARMS[:-1]), "late")
"""How metrics call the alarms, in their order."""


# -- the person's side


@dataclass(frozen=True, slots=True)
class Enough:
    """So many requests of theirs wait already; answers to those come first."""


@dataclass(frozen=True, slots=True)
class NoSuchRequest:
    """None of theirs, or none at all: not told apart."""


@dataclass(frozen=True, slots=True)
class Readable:
    """A request with its words."""

    request: Request
    text: str = field(repr=False)
    answer: str | None = field(repr=False)


def ask(
    tx: Transaction,
    account_id: AccountId,
    *,
    kind: RequestKind,
    ground: DeletionGround | None,
    about: RequestId | None,
    text: str,
    persons: PersonKeys,
    identifiers: Identifiers,
    now: datetime,
) -> Request | BadRequest | Enough | NoSuchRequest:
    """Ask, object or complain; the clock runs from now.

    Args:
        tx: the transaction.
        account_id: who asks.
        kind: what is asked.
        ground: of a deletion, one of the policy's five.
        about: of a complaint, the request whose answer it is about.
        text: the person's words.
        persons: seals them.
        identifiers: names the request.
        now: the present moment.
    """
    normal = normal_text(text)
    if normal is None:
        return BadRequest("text", f"must have 1 to {rules.TEXT_AT_MOST} visible characters")
    wrong = wrong_with(kind, ground, about=about is not None)
    if wrong is not None:
        return wrong
    tx.requests.hold(account_id)
    if about is not None and one(tx, account_id, about) is None:
        return NoSuchRequest()
    if len(tx.requests.waiting_of(account_id)) >= OPEN_AT_MOST:
        return Enough()
    request_id = RequestId(identifiers.new("q"))
    sealed = persons.sealer(account_id).seal(normal.encode(), place=_text_place(account_id, request_id))
    request = rules.ask(
        request_id=request_id, account_id=account_id, kind=kind, ground=ground, about=about, text_sealed=sealed, now=now
    )
    tx.requests.add(request)
    tx.count(Counted.REQUEST, "asked")
    if request.next_alarm_at is not None:
        tx.ring_at(request.next_alarm_at)
    return request


def one(tx: Transaction, account_id: AccountId, request_id: RequestId) -> Request | None:
    """One of the account's requests."""
    request = tx.requests.get(request_id)
    return None if request is None or request.account_id != account_id else request


def page(
    tx: Transaction, account_id: AccountId, before: tuple[datetime, RequestId] | None, at_most: int
) -> tuple[list[Request], tuple[datetime, RequestId] | None]:
    """A piece of the account's requests, newest first, and the place to go on before; None at the end."""
    found = tx.requests.of_account(account_id, before, at_most + 1)
    last = found[at_most - 1] if len(found) > at_most else None
    return found[:at_most], None if last is None else (last.asked_at, last.request_id)


def open_of(tx: Transaction, account_id: AccountId) -> list[Request]:
    """Those of the account's that have no answer yet, oldest first."""
    return tx.requests.waiting_of(account_id)


def readable(request: Request, sealer: Sealer) -> Readable:
    """A request with its words.

    Raises:
        ValueError: they do not open.
    """
    text = sealer.open(request.text_sealed, place=_text_place(request.account_id, request.request_id)).decode()
    answer = None
    if request.answer_sealed is not None:
        place = _answer_place(request.account_id, request.request_id)
        answer = sealer.open(request.answer_sealed, place=place).decode()
    return Readable(request, text, answer)


def withdraw(
    tx: Transaction, account_id: AccountId, request_id: RequestId, now: datetime
) -> Request | NoSuchRequest | NotNow:
    """Take a request back. It stays in the list; a second time changes nothing."""
    request = one(tx, account_id, request_id)
    if request is None:
        return NoSuchRequest()
    outcome = rules.withdraw(request, now)
    if isinstance(outcome, Request) and outcome is not request:
        tx.requests.put(outcome)
        tx.count(Counted.REQUEST, "withdrawn")
    return outcome


# -- the officers' side


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
    place = _answer_place(request.account_id, request_id)
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


# -- the clock


def ring_due(tx: Transaction, now: datetime) -> int:
    """Raise the alarms whose moment has come: counted, and in the officers' list. Returns how many rang."""
    ringing = tx.requests.ringing(now, RING_AT_ONCE)
    for request in ringing:
        rung = rules.ring(request, now)
        for alarm in range(request.alarms, rung.alarms):
            tx.count(Counted.REQUEST_ALARM, ALARM_NAMES[alarm])
        tx.requests.put(rung)
    return len(ringing)


def next_alarm(tx: Transaction) -> datetime | None:
    """When the next clock rings."""
    return tx.requests.next_alarm()


def _text_place(account_id: AccountId, request_id: RequestId) -> str:
    return f"requests.text:{account_id}:{request_id}"


def _answer_place(account_id: AccountId, request_id: RequestId) -> str:
    return f"requests.answer:{account_id}:{request_id}"
