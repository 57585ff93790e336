"""Requests: thirty days with alarms, an officer who answers or refuses, and a complaint that goes to another."""

from collections.abc import AsyncIterator, Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.domain.requests import (
    ALARMS,
    OPEN_AT_MOST,
    BadRequest,
    DeletionGround,
    NotNow,
    RefusalGround,
    Request,
    RequestKind,
    RequestStatus,
    SomebodyElses,
)
from gateway.domain.staff import Action, StaffRole
from gateway.storage.database import Database
from gateway.usecases import audit, deadlines, notices, request_answers, requests
from gateway.usecases.outbox import Counted
from gateway.usecases.request_answers import DECIDED, InHand
from gateway.usecases.requests import Enough, NoSuchRequest
from gateway.usecases.retention import sweep
from gateway.usecases.staff_sessions import MayNotError
from gateway.usecases.transaction import Transaction
from tests.databases import DURABLE, fresh_url, opened
from tests.staff_desk import NOW
from tests.usecases.privacy_office import NOBODYS, SECRET, Office


@pytest.fixture(params=DURABLE)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with fresh_url(request.param, tmp_path) as url, opened(url) as database:
        yield database


@pytest.fixture
async def office(database: Database) -> AsyncIterator[Office]:
    one = Office(database)
    yield one
    one.close()


async def test_a_question_is_taken_answered_and_its_person_told(office: Office) -> None:
    ann = await office.people.account()
    request = await office.asks(ann)
    assert isinstance(request, Request)
    assert request.due_at - request.asked_at == timedelta(days=30)
    olga = await office.officer("olga")
    waiting, following = await office.database.run(
        lambda tx: request_answers.waiting(tx, olga, None, 10, office.desk.now)
    )
    assert ([one.request_id for one in waiting], following) == ([request.request_id], None)
    seen = await office.database.run(
        lambda tx: request_answers.read(tx, olga, request.request_id, persons=office.persons, now=office.desk.now)
    )
    assert isinstance(seen, InHand)
    assert (seen.readable.text, seen.readable.answer, seen.not_yours) == (SECRET, None, False)
    assert isinstance(await office.answers(olga, request), SomebodyElses)  # first it has to be in hand
    assert (await office.takes(olga, request)).status is RequestStatus.TAKEN
    assert (await office.answers(olga, request)).status is RequestStatus.ANSWERED
    stored = await office.stored(request)
    own = requests.readable(stored, office.persons.sealer(ann))
    assert (own.text, own.answer, stored.next_alarm_at) == (SECRET, "It does not.", None)
    told, _ = await office.database.read(lambda tx: notices.page(tx, ann, None, 10))
    assert [(one.kind, one.data["status"]) for one in told] == [(DECIDED, "answered")]
    activity, _ = await office.database.read(lambda tx: audit.activity_of(tx, ann, None, 10))
    assert [(one.role, one.action, one.result) for one in activity] == [
        ("privacy_officer", Action.HANDLE_REQUESTS, "granted"),
        ("privacy_officer", Action.HANDLE_REQUESTS, "granted"),
        ("privacy_officer", Action.HANDLE_REQUESTS, "refused"),
        ("privacy_officer", Action.HANDLE_REQUESTS, "granted"),
    ]
    ended, _ = await office.database.run(lambda tx: request_answers.ended(tx, olga, None, 10, office.desk.now))
    assert [one.request_id for one in ended] == [request.request_id]
    assert isinstance(await office.takes(olga, request), NotNow)


@pytest.mark.parametrize("ground", list(RefusalGround))
async def test_a_refusal_names_one_of_the_six_grounds(office: Office, ground: RefusalGround) -> None:
    ann = await office.people.account()
    request = await office.asks(ann, RequestKind.DELETION, ground=DeletionGround.UNLAWFUL)
    olga = await office.officer("olga")
    await office.takes(olga, request)
    refused = await office.refuses(olga, request, ground)
    assert (refused.status, refused.refusal) == (RequestStatus.REFUSED, ground)


async def test_a_complaint_goes_to_another_officer(office: Office) -> None:
    ann = await office.people.account()
    first = await office.asks(ann)
    olga, otto = await office.officer("olga"), await office.officer("otto")
    await office.takes(olga, first)
    await office.answers(olga, first)
    named = await office.asks(ann, RequestKind.COMPLAINT, about=first.request_id)
    general = await office.asks(ann, RequestKind.COMPLAINT)
    office.desk.pass_by(hours=1)  # what is decided from now on is not what they complain about
    for complaint in (named, general):
        assert isinstance(await office.takes(olga, complaint), SomebodyElses)
        seen = await office.reads(olga, complaint)
        assert seen.not_yours
        assert (await office.takes(otto, complaint)).taken_by == otto.staff_id
        assert isinstance(await office.answers(olga, complaint), SomebodyElses)
        assert (await office.answers(otto, complaint)).status is RequestStatus.ANSWERED
    # Another's decisions are no reason: Bob's complaint may come to Olga.
    bob = await office.people.account()
    assert (await office.takes(olga, await office.asks(bob, RequestKind.COMPLAINT))).taken_by == olga.staff_id
    # And an officer who fell ill is relieved by a colleague, who then answers.
    later = await office.asks(ann)
    await office.takes(olga, later)
    await office.takes(otto, later)
    assert isinstance(await office.answers(olga, later), SomebodyElses)
    assert (await office.answers(otto, later)).status is RequestStatus.ANSWERED


async def test_its_clock_rings_at_twenty_twenty_five_and_twenty_eight_days_and_when_it_is_late(office: Office) -> None:
    ann = await office.people.account()
    request = await office.asks(ann)

    async def ring(now: datetime) -> int:
        return await office.database.run(lambda tx: requests.ring_due(tx, now))

    names = ["day_20", "day_25", "day_28", "late"]
    for number, alarm in enumerate(ALARMS):
        moment = request.asked_at + alarm
        assert await ring(moment - timedelta(milliseconds=1)) == 0
        assert await office.database.read(deadlines.next_moment) == moment
        assert await ring(moment) == 1
        assert (await office.stored(request)).alarms == number + 1
        assert office.counted[-1] == (Counted.REQUEST_ALARM, (names[number],))
    assert await ring(request.asked_at + timedelta(days=400)) == 0


async def test_alarms_that_came_due_while_nothing_ran_all_ring_at_once(office: Office) -> None:
    ann = await office.people.account()
    request = await office.asks(ann)
    now = request.asked_at + timedelta(days=26)
    assert await office.database.run(lambda tx: requests.ring_due(tx, now)) == 1
    assert [label for what, (label,) in office.counted if what is Counted.REQUEST_ALARM] == ["day_20", "day_25"]
    assert (await office.stored(request)).next_alarm_at == request.asked_at + timedelta(days=28)


async def test_what_has_its_answer_or_was_taken_back_rings_no_more(office: Office) -> None:
    ann = await office.people.account()
    back, answered = await office.asks(ann), await office.asks(ann)
    olga = await office.officer("olga")
    await office.takes(olga, answered)
    await office.answers(olga, answered)
    for _ in range(2):
        outcome: Any = await office.database.run(
            lambda tx: requests.withdraw(tx, ann, back.request_id, office.desk.now)
        )
        assert outcome.status is RequestStatus.WITHDRAWN
    late = await office.database.run(lambda tx: requests.withdraw(tx, ann, answered.request_id, office.desk.now))
    assert isinstance(late, NotNow)
    far = office.desk.now + timedelta(days=100)
    assert await office.database.run(lambda tx: requests.ring_due(tx, far)) == 0


async def test_nobody_else_reads_or_takes_back_what_somebody_asked(office: Office) -> None:
    ann, bob = await office.people.account(), await office.people.account()
    request = await office.asks(ann)
    assert await office.database.read(lambda tx: requests.one(tx, bob, request.request_id)) is None
    outcome = await office.database.run(lambda tx: requests.withdraw(tx, bob, request.request_id, office.desk.now))
    assert isinstance(outcome, NoSuchRequest)
    complaint = await office.asks(bob, RequestKind.COMPLAINT, about=request.request_id)
    assert isinstance(complaint, NoSuchRequest)


@pytest.mark.parametrize("role", [role for role in StaffRole if role is not StaffRole.PRIVACY_OFFICER])
async def test_whoever_is_no_officer_does_nothing_and_sees_nothing(office: Office, role: StaffRole) -> None:
    ann = await office.people.account()
    request = await office.asks(ann)
    who = await office.desk.at_work("ada", role)
    now = office.desk.now
    steps: tuple[Callable[[Transaction], Any], ...] = (
        lambda tx: request_answers.waiting(tx, who, None, 10, now),
        lambda tx: request_answers.ended(tx, who, None, 10, now),
        lambda tx: request_answers.read(tx, who, request.request_id, persons=office.persons, now=now),
        lambda tx: request_answers.take(tx, who, request.request_id, now),
        lambda tx: request_answers.answer(tx, who, request.request_id, "no", persons=office.persons, now=now),
    )
    for step in steps:
        with pytest.raises(MayNotError):
            await office.database.run(step)
    assert await office.stored(request) == request


async def test_an_officer_who_asks_for_what_is_not_there_leaves_a_row_as_well(office: Office) -> None:
    olga = await office.officer("olga")
    before = await office.database.read(lambda tx: tx.audit.end())
    outcome = await office.database.run(lambda tx: request_answers.take(tx, olga, NOBODYS, office.desk.now))
    assert isinstance(outcome, NoSuchRequest)
    assert await office.database.read(lambda tx: tx.audit.end()) == before + 1


@pytest.mark.parametrize(
    ("kind", "ground", "about", "text", "field"),
    [
        (RequestKind.DELETION, None, None, "all of it", "ground"),
        (RequestKind.QUESTION, DeletionGround.BREACH, None, "why", "ground"),
        (RequestKind.QUESTION, None, NOBODYS, "why", "about"),
        (RequestKind.QUESTION, None, None, "   ", "text"),
        (RequestKind.QUESTION, None, None, "x" * 2001, "text"),
        (RequestKind.QUESTION, None, None, "bell\a", "text"),
        (RequestKind.QUESTION, None, None, "turned \u202e round", "text"),
    ],
)
async def test_what_does_not_fit_is_named(
    office: Office, kind: RequestKind, ground: Any, about: Any, text: str, field: str
) -> None:
    ann = await office.people.account()
    refused = await office.asks(ann, kind, text, ground=ground, about=about)
    assert isinstance(refused, BadRequest)
    assert refused.field == field


async def test_at_most_ten_wait_at_once(office: Office) -> None:
    ann = await office.people.account()
    for _ in range(OPEN_AT_MOST):
        last = await office.asks(ann)
    assert isinstance(await office.asks(ann), Enough)
    await office.database.run(lambda tx: requests.withdraw(tx, ann, last.request_id, office.desk.now))
    assert isinstance(await office.asks(ann), Request)


async def test_words_are_stored_under_the_persons_key_and_nowhere_else(office: Office) -> None:
    ann = await office.people.account()
    request = await office.asks(ann)
    olga = await office.officer("olga")
    await office.takes(olga, request)
    await office.answers(olga, request, "We asked your neighbour.")
    with office.database.engine.connect() as connection:
        for table in ("requests", "notices", "events", "audit_rows"):
            text = str(connection.exec_driver_sql(f"SELECT * FROM {table}").all())  # noqa: S608 - our own names
            assert "neighbour" not in text, table
    office.persons.destroy(ann)
    with pytest.raises(ValueError, match="gone"):
        requests.readable(await office.stored(request), office.persons.sealer(ann))


async def test_what_waits_for_an_answer_is_kept_however_long_that_takes(office: Office) -> None:
    ann = await office.people.account()
    waiting, over = await office.asks(ann), await office.asks(ann)
    await office.database.run(lambda tx: requests.withdraw(tx, ann, over.request_id, office.desk.now))
    await sweep(office.database, office.desk.now + timedelta(days=3650))
    assert (await office.stored(waiting)).is_waiting
    assert await office.database.read(lambda tx: tx.requests.get(over.request_id)) is None


async def test_lists_come_in_pieces(office: Office) -> None:
    ann = await office.people.account()
    made = [(await office.asks(ann, now=NOW + timedelta(hours=n))).request_id for n in range(5)]
    newest, place = await office.database.read(lambda tx: requests.page(tx, ann, None, 3))
    older, end = await office.database.read(lambda tx: requests.page(tx, ann, place, 3))
    assert [one.request_id for one in (*newest, *older)] == made[::-1]
    assert end is None
    olga = await office.officer("olga")
    first, place = await office.database.run(lambda tx: request_answers.waiting(tx, olga, None, 3, office.desk.now))
    rest, end = await office.database.run(lambda tx: request_answers.waiting(tx, olga, place, 3, office.desk.now))
    assert [one.request_id for one in (*first, *rest)] == made
    assert end is None
