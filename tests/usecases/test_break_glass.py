"""Break-glass: two people, a reason, an hour, and a third who reviews it."""

import asyncio
from typing import Any

import pytest

from gateway.domain.audit import Result
from gateway.domain.identity import DeviceId
from gateway.domain.staff import Action, StaffRole
from gateway.domain.support_access import (
    ASK_LIFE,
    GLASS_LIFE,
    BreakGlass,
    BreakGlassId,
    Grant,
    GrantKind,
    NotDecided,
)
from gateway.usecases import audit, break_glass, notices, support_grants
from gateway.usecases.break_glass import NoCustomer
from gateway.usecases.staff_sessions import MayNotError, SignedIn
from gateway.usecases.support_access import NoGrant, OpenedDevice
from tests.staff_desk import Desk
from tests.usecases.support_home import ANN, STRAY, ask, decide, last_row, view

pytestmark = pytest.mark.usefixtures("at_home")


async def test_two_people_open_a_device_for_an_hour_and_the_customer_is_told(desk: Desk) -> None:
    ada, lea = await desk.at_work("ada", StaffRole.AGENT), await desk.at_work("lea", StaffRole.LEAD)
    glass = await ask(desk, ada)
    assert isinstance(glass, BreakGlass)
    assert isinstance(await view(desk, ada), NoGrant)
    grant = await decide(desk, lea, glass.glass_id)
    assert isinstance(grant, Grant)
    assert (grant.kind, grant.staff_id, grant.until) == (GrantKind.BREAK_GLASS, ada.staff_id, desk.now + GLASS_LIFE)
    assert isinstance(await view(desk, ada), OpenedDevice)
    assert isinstance(await view(desk, lea), NoGrant)
    events = await desk.database.read(lambda tx: tx.events.of_account(ANN, 0, 10))
    told = [("support.opened", "break_glass"), ("notice", "support.opened")]
    assert [(event.kind, event.data["kind"]) for event in events] == told
    (notice,), _ = await desk.database.read(lambda tx: notices.page(tx, ANN, None, 10))
    assert (notice.kind, notice.data["grant_id"], notice.at) == ("support.opened", grant.grant_id, desk.now)
    listed = await desk.database.read(lambda tx: support_grants.of_account(tx, ANN, desk.now))
    assert [one.grant_id for one in listed] == [grant.grant_id]
    activity, _ = await desk.database.read(lambda tx: audit.activity_of(tx, ANN, None, 10))
    assert [one.action for one in activity] == [
        Action.VIEW_CUSTOMER,
        Action.VIEW_CUSTOMER,
        Action.APPROVE_BREAK_GLASS,
        Action.VIEW_CUSTOMER,
        Action.ASK_BREAK_GLASS,
    ]
    desk.now += GLASS_LIFE
    assert isinstance(await view(desk, ada), NoGrant)


async def test_nobody_is_both_people(desk: Desk) -> None:
    lea, lou = await desk.at_work("lea", StaffRole.LEAD), await desk.at_work("lou", StaffRole.LEAD)
    glass = await ask(desk, lea)
    assert isinstance(glass, BreakGlass)
    assert await decide(desk, lea, glass.glass_id) is NotDecided.OWN_QUESTION
    assert (await last_row(desk)).result == Result.REFUSED
    assert isinstance(await view(desk, lea), NoGrant)
    waiting = {
        who.name: len(await desk.database.read(lambda tx, w=who: break_glass.break_glass_waiting(tx, w, desk.now)))  # type: ignore[misc]
        for who in (lea, lou)
    }
    assert waiting == {"lea": 0, "lou": 1}


async def test_a_question_that_was_declined_or_waited_too_long_opens_nothing(desk: Desk) -> None:
    ada, lea = await desk.at_work("ada", StaffRole.AGENT), await desk.at_work("lea", StaffRole.LEAD)
    glass, late = await ask(desk, ada), await ask(desk, ada)
    assert isinstance(glass, BreakGlass)
    assert isinstance(late, BreakGlass)
    assert isinstance(await decide(desk, lea, glass.glass_id, approve=False), BreakGlass)
    assert await decide(desk, lea, glass.glass_id) is NotDecided.TOO_LATE
    desk.now += ASK_LIFE
    assert await decide(desk, lea, late.glass_id) is NotDecided.TOO_LATE
    assert await decide(desk, lea, BreakGlassId("b-none")) is NotDecided.NOT_FOUND
    assert isinstance(await view(desk, ada), NoGrant)
    assert await desk.database.read(lambda tx: tx.events.of_account(ANN, 0, 10)) == []


async def test_two_leads_who_decide_at_once_open_it_once(desk: Desk) -> None:
    ada = await desk.at_work("ada", StaffRole.AGENT)
    leads = [await desk.at_work(name, StaffRole.LEAD) for name in ("lea", "lou")]
    glass = await ask(desk, ada)
    assert isinstance(glass, BreakGlass)
    answers = await asyncio.gather(*(decide(desk, lead, glass.glass_id) for lead in leads))
    assert sum(isinstance(answer, Grant) for answer in answers) == 1


async def test_what_belongs_to_nobody_has_no_customer_view(desk: Desk) -> None:
    ada = await desk.at_work("ada", StaffRole.AGENT)
    assert await ask(desk, ada, STRAY) == NoCustomer()
    assert await ask(desk, ada, DeviceId("d-made-up")) == NoCustomer()
    assert (await last_row(desk)).device_id is None


async def test_it_is_reviewed_afterwards_by_a_third(desk: Desk) -> None:
    ada, lea = await desk.at_work("ada", StaffRole.AGENT), await desk.at_work("lea", StaffRole.LEAD)
    pam = await desk.at_work("pam", StaffRole.PRIVACY_OFFICER)
    glass = await ask(desk, ada)
    assert isinstance(glass, BreakGlass)
    await decide(desk, lea, glass.glass_id)

    async def to_review(who: SignedIn) -> int:
        found = await desk.database.read(lambda tx: break_glass.break_glass_to_review(tx, who, desk.now))
        return len(found)

    async def review(who: SignedIn) -> Any:
        return await desk.run(
            lambda tx: break_glass.review_break_glass(tx, who, glass.glass_id, justified=False, now=desk.now)
        )

    assert await to_review(pam) == 0
    assert await review(pam) is NotDecided.NOT_OVER
    desk.now += GLASS_LIFE
    assert (await to_review(pam), await to_review(lea)) == (1, 0)
    assert await review(lea) is NotDecided.OWN_QUESTION
    reviewed = await review(pam)
    assert isinstance(reviewed, BreakGlass)
    assert (reviewed.justified, reviewed.reviewed_by) == (False, pam.staff_id)
    assert await to_review(pam) == 0


async def test_an_agent_approves_and_reviews_nothing(desk: Desk) -> None:
    ada = await desk.at_work("ada", StaffRole.AGENT)
    with pytest.raises(MayNotError):
        await decide(desk, ada, BreakGlassId("b-1"))
    with pytest.raises(MayNotError):
        await desk.run(lambda tx: break_glass.break_glass_waiting(tx, ada, desk.now))
    with pytest.raises(MayNotError):
        await desk.run(lambda tx: break_glass.break_glass_to_review(tx, ada, desk.now))
