"""What people ask about their data, and the clock under which it is answered within thirty days.

It needs nothing but their session: whoever is signed in is who they say, and nothing more is asked. Words are sealed
under the person's key. The officers' side is in `request_answers`.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from gateway.domain import requests as rules
from gateway.domain.identity import AccountId
from gateway.domain.requests import (
    ALARMS,
    OPEN_AT_MOST,
    BadRequest,
    DeletionGround,
    NotNow,
    Request,
    RequestId,
    RequestKind,
    normal_text,
    wrong_with,
)
from gateway.usecases.outbox import Counted
from gateway.usecases.persons import PersonKeys
from gateway.usecases.services import Identifiers, Sealer
from gateway.usecases.transaction import Transaction

RING_AT_ONCE: Final = 100

ALARM_NAMES: Final = (*(f"day_{alarm.days}" for alarm in ALARMS[:-1]), "late")
"""How metrics call the alarms, in their order."""


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
        place = answer_place(request.account_id, request.request_id)
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


def answer_place(account_id: AccountId, request_id: RequestId) -> str:
    """Where an answer's words are sealed."""
    return f"requests.answer:{account_id}:{request_id}"
