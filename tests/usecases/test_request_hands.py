"""A request in an officer's hands: handed to a colleague, and the consents that it takes to answer it."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.domain.audit import Result
from gateway.domain.consent import ConsentState, Purpose
from gateway.domain.requests import NotNow, Request, RequestKind, SomebodyElses
from gateway.domain.staff import Action, StaffId, StaffRole
from gateway.storage.database import Database
from gateway.usecases import audit, request_hands, staff
from gateway.usecases.request_hands import NoSuchColleague
from gateway.usecases.requests import NoSuchRequest
from gateway.usecases.staff_sessions import MayNotError, SignedIn
from tests.databases import DURABLE, fresh_url, opened
from tests.usecases.privacy_office import NOBODYS, Office


@pytest.fixture(params=DURABLE)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with fresh_url(request.param, tmp_path) as url, opened(url) as database:
        yield database


@pytest.fixture
async def office(database: Database) -> AsyncIterator[Office]:
    one = Office(database)
    yield one
    one.close()


async def hands_on(office: Office, who: SignedIn, request: Request, to: str) -> Any:
    return await office.database.run(
        lambda tx: request_hands.hand_on(tx, who, request.request_id, StaffId(to), office.desk.now)
    )


async def colleagues(office: Office, who: SignedIn, request: Request) -> list[str]:
    found = await office.database.read(lambda tx: request_hands.colleagues(tx, who, request, sealer=office.desk.sealer))
    return [one.name for one in found]


async def looks(office: Office, who: SignedIn, request: Request) -> Any:
    return await office.database.run(lambda tx: request_hands.consents_of(tx, who, request.request_id, office.desk.now))


async def newest_row(office: Office) -> tuple[str, str, str]:
    [row] = await office.database.read(lambda tx: tx.audit.before(None, 1))
    return row.entry.action, row.entry.result, row.entry.reason


async def test_a_complaint_about_oneself_goes_into_another_officers_hands(office: Office) -> None:
    ann = await office.people.account()
    olga, otto = await office.officer("olga"), await office.officer("otto")
    await office.desk.hire("ada", StaffRole.ADMIN)
    first = await office.asks(ann)
    await office.takes(olga, first)
    await office.answers(olga, first)
    complaint = await office.asks(ann, RequestKind.COMPLAINT, about=first.request_id)
    assert await colleagues(office, olga, complaint) == ["otto"]
    assert await colleagues(office, otto, complaint) == [], "not back to whom it is about"
    handed = await hands_on(office, olga, complaint, otto.staff_id)
    assert handed.taken_by == otto.staff_id
    assert await newest_row(office) == (Action.HANDLE_REQUESTS, Result.GRANTED, "request: complaint")
    assert handed.due_at == complaint.due_at, "the clock runs on"
    assert isinstance(await hands_on(office, otto, complaint, olga.staff_id), SomebodyElses)
    await office.answers(otto, complaint)
    assert isinstance(await hands_on(office, olga, complaint, otto.staff_id), NotNow)
    activity, _ = await office.database.read(lambda tx: audit.activity_of(tx, ann, None, 10))
    assert all(one.reason.startswith("request: ") for one in activity)


async def test_it_goes_to_officers_who_can_log_in_and_to_nobody_else(office: Office) -> None:
    ann = await office.people.account()
    olga, otto = await office.officer("olga"), await office.officer("otto")
    ada = await office.desk.hire("ada", StaffRole.ADMIN)
    request = await office.asks(ann)
    await office.database.run(lambda tx: staff.disable(tx, otto.staff_id, by=None, now=office.desk.now))
    for nobody in (ada.staff_id, otto.staff_id, "w-" + "0" * 26):
        assert isinstance(await hands_on(office, olga, request, nobody), NoSuchColleague)
        assert await newest_row(office) == (Action.HANDLE_REQUESTS, Result.REFUSED, "request: question")
    assert await colleagues(office, olga, request) == []
    assert await office.stored(request) == request
    missing = await office.database.run(
        lambda tx: request_hands.hand_on(tx, olga, NOBODYS, olga.staff_id, office.desk.now)
    )
    assert isinstance(missing, NoSuchRequest)


async def test_consents_are_seen_while_ones_own_request_needs_them_and_leave_a_row(office: Office) -> None:
    ann = await office.people.account()
    olga, otto = await office.officer("olga"), await office.officer("otto")
    request = await office.asks(ann)
    assert isinstance(await looks(office, olga, request), SomebodyElses), "not taken yet"
    assert await newest_row(office) == (Action.SEE_CONSENTS, Result.REFUSED, "request: question")
    await office.takes(olga, request)
    assert isinstance(await looks(office, otto, request), SomebodyElses)
    found = await looks(office, olga, request)
    assert [one.purpose for one in found] == list(Purpose)
    assert {one.purpose for one in found if one.state is ConsentState.GRANTED} == {Purpose.POLICY}
    assert await newest_row(office) == (Action.SEE_CONSENTS, Result.GRANTED, "request: question")
    activity, _ = await office.database.read(lambda tx: audit.activity_of(tx, ann, None, 1))
    assert [one.action for one in activity] == [Action.SEE_CONSENTS], "its person sees that"
    await office.answers(olga, request)
    assert isinstance(await looks(office, olga, request), NotNow)
    missing = await office.database.run(lambda tx: request_hands.consents_of(tx, olga, NOBODYS, office.desk.now))
    assert isinstance(missing, NoSuchRequest)


@pytest.mark.parametrize("role", [role for role in StaffRole if role is not StaffRole.PRIVACY_OFFICER])
async def test_whoever_is_no_officer_hands_on_and_sees_nothing(office: Office, role: StaffRole) -> None:
    request = await office.asks(await office.people.account(), now=office.desk.now - timedelta(days=1))
    who = await office.desk.at_work("ada", role)
    with pytest.raises(MayNotError):
        await hands_on(office, who, request, who.staff_id)
    with pytest.raises(MayNotError):
        await looks(office, who, request)
    assert await office.stored(request) == request
