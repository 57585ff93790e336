"""How support comes to see a device: each step, each refusal, and the row that tells of it."""

import asyncio
from typing import Any

import pytest

from gateway.domain.audit import MACHINE, Result
from gateway.domain.identity import AccountId, DeviceId
from gateway.domain.staff import Action, StaffRole
from gateway.domain.support_access import (
    CODE_LIFE,
    CODE_TRIES,
    GRANT_LIFE,
    BreakGlass,
    BreakGlassId,
    Grant,
    GrantEnd,
    GrantId,
    GrantKind,
    NotOpened,
    end_grant,
)
from gateway.usecases import audit, staff, support_access, support_grants
from gateway.usecases.audit import AuditUnavailableError
from gateway.usecases.staff_sessions import MayNotError
from gateway.usecases.support_access import NoDevice, NoGrant, OpenedDevice
from gateway.usecases.support_grants import NotYours, OwnerOnly
from tests.databases import POSTGRESQL
from tests.home import eventually
from tests.staff_desk import Desk
from tests.usecases.lock_waits import waiting
from tests.usecases.support_home import (
    ANN,
    BOB,
    CASE,
    HEATER,
    LAMP,
    STRAY,
    ask,
    decide,
    last_row,
    look,
    other_than,
    released,
    shown,
    use,
    view,
)

pytestmark = pytest.mark.usefixtures("at_home")


# -- the code


async def test_a_code_opens_its_device_for_a_day_to_one_person(desk: Desk) -> None:
    ada, eve = await desk.at_work("ada", StaffRole.AGENT), await desk.at_work("eve", StaffRole.AGENT)
    code = await shown(desk)
    assert len(code) == 6
    assert code.isdigit()
    grant = await use(desk, ada, f" {code[:3]} {code[3:]} ")
    assert isinstance(grant, Grant)
    assert (grant.kind, grant.until) == (GrantKind.CODE, desk.now + GRANT_LIFE)
    assert isinstance(await view(desk, ada), OpenedDevice)
    assert isinstance(await view(desk, eve), NoGrant)
    assert isinstance(await view(desk, ada, LAMP), NoGrant)
    desk.now += GRANT_LIFE
    assert isinstance(await view(desk, ada), NoGrant)


async def test_a_code_works_once_and_for_its_own_device(desk: Desk) -> None:
    ada, eve = await desk.at_work("ada", StaffRole.AGENT), await desk.at_work("eve", StaffRole.LEAD)
    code = await shown(desk)
    assert await use(desk, eve, code, LAMP) is NotOpened.CODE_WRONG
    assert isinstance(await use(desk, ada, code), Grant)
    assert await use(desk, eve, code) is NotOpened.CODE_WRONG


async def test_a_code_lives_fifteen_minutes_and_a_new_one_ends_it(desk: Desk) -> None:
    ada = await desk.at_work("ada", StaffRole.AGENT)
    first = await shown(desk)
    second = await shown(desk)
    if first != second:
        assert await use(desk, ada, first) is NotOpened.CODE_WRONG
    desk.now += CODE_LIFE
    assert await use(desk, ada, second) is NotOpened.CODE_WRONG


async def test_five_tries_whoever_tries_then_a_new_code(desk: Desk) -> None:
    ada, eve = await desk.at_work("ada", StaffRole.AGENT), await desk.at_work("eve", StaffRole.AGENT)
    code = await shown(desk)
    answers = [await use(desk, (ada, eve)[n % 2], other_than(code)) for n in range(CODE_TRIES)]
    assert answers == [NotOpened.CODE_WRONG] * 4 + [NotOpened.CODE_USED_UP]
    assert await use(desk, ada, code) is NotOpened.CODE_USED_UP
    assert isinstance(await use(desk, ada, await shown(desk)), Grant)


async def test_of_a_hundred_guesses_at_once_five_are_looked_at(desk: Desk) -> None:
    ada = await desk.at_work("ada", StaffRole.AGENT)
    code = await shown(desk)
    answers = await asyncio.gather(*(use(desk, ada, other_than(code)) for _ in range(20)))
    assert answers.count(NotOpened.CODE_WRONG) == CODE_TRIES - 1
    assert answers.count(NotOpened.CODE_USED_UP) == 20 - (CODE_TRIES - 1)


async def test_of_two_who_use_a_code_at_once_one_gets_in(desk: Desk) -> None:
    ada, eve = await desk.at_work("ada", StaffRole.AGENT), await desk.at_work("eve", StaffRole.AGENT)
    code = await shown(desk)
    answers = await asyncio.gather(use(desk, ada, code), use(desk, eve, code))
    assert sum(isinstance(answer, Grant) for answer in answers) == 1


async def test_no_code_and_no_device_look_like_a_wrong_code(desk: Desk) -> None:
    ada = await desk.at_work("ada", StaffRole.AGENT)
    assert await use(desk, ada, "123456") is NotOpened.CODE_WRONG
    assert await use(desk, ada, "123456", STRAY) is NotOpened.CODE_WRONG
    assert await use(desk, ada, "123456", DeviceId("+4915112345678")) is NotOpened.CODE_WRONG
    assert (await last_row(desk)).device_id is None


async def test_only_the_owner_shows_a_code(desk: Desk) -> None:
    async def show(account: AccountId, device: DeviceId) -> Any:
        return await desk.run(lambda tx: support_grants.show_one(tx, account, device, tokens=desk.tokens, now=desk.now))

    assert await show(BOB, HEATER) == OwnerOnly()
    assert await show(ANN, LAMP) == NotYours()
    assert await show(ANN, STRAY) == NotYours()


async def test_when_the_device_changes_hands_neither_code_nor_grant_opens_it(desk: Desk) -> None:
    ada, eve = await desk.at_work("ada", StaffRole.AGENT), await desk.at_work("eve", StaffRole.AGENT)
    assert isinstance(await use(desk, ada, await shown(desk)), Grant)
    code = await shown(desk)
    await desk.run(released)
    assert isinstance(await view(desk, ada), NoGrant)
    assert await use(desk, eve, code) is NotOpened.CODE_WRONG
    for account in (ANN, BOB):
        assert await desk.database.read(lambda tx, a=account: support_grants.of_account(tx, a, desk.now)) == []  # type: ignore[misc]


async def test_who_means_no_device_leaves_a_row_that_names_none(desk: Desk) -> None:
    ada = await desk.at_work("ada", StaffRole.AGENT)
    for action in (Action.USE_CODE, Action.ASK_BREAK_GLASS):
        assert await desk.run(lambda tx, a=action: support_access.no_device(tx, ada, a, CASE, desk.now)) == NoDevice()
        row = await last_row(desk)
        assert (row.action, row.result, row.case, row.device_id) == (action, Result.NOT_FOUND, CASE.number, None)


# -- ending it


async def test_the_customer_ends_it_and_it_is_over_at_once(desk: Desk) -> None:
    ada = await desk.at_work("ada", StaffRole.AGENT)
    grant = await use(desk, ada, await shown(desk))
    assert isinstance(grant, Grant)
    assert not await desk.run(lambda tx: support_grants.end_one(tx, BOB, grant.grant_id, desk.now))
    assert isinstance(await view(desk, ada), OpenedDevice)
    assert await desk.run(lambda tx: support_grants.end_one(tx, ANN, grant.grant_id, desk.now))
    assert isinstance(await view(desk, ada), NoGrant)


async def test_staff_give_back_what_is_theirs(desk: Desk) -> None:
    ada, eve = await desk.at_work("ada", StaffRole.AGENT), await desk.at_work("eve", StaffRole.AGENT)
    grant = await use(desk, ada, await shown(desk))
    assert isinstance(grant, Grant)
    for who, done in ((eve, False), (ada, True)):
        assert await desk.run(lambda tx, w=who: support_access.give_back(tx, w, grant.grant_id, desk.now)) is done
    assert not await desk.run(lambda tx: support_access.give_back(tx, ada, GrantId("x-none"), desk.now))
    assert isinstance(await view(desk, ada), NoGrant)


async def test_an_agent_lists_their_own_grants_a_lead_all(desk: Desk) -> None:
    ada, eve = await desk.at_work("ada", StaffRole.AGENT), await desk.at_work("eve", StaffRole.AGENT)
    lea, pam = await desk.at_work("lea", StaffRole.LEAD), await desk.at_work("pam", StaffRole.PRIVACY_OFFICER)
    await use(desk, ada, await shown(desk))
    await use(desk, eve, await shown(desk, BOB, LAMP), LAMP)
    seen = {
        who.name: len(await desk.run(lambda tx, w=who: support_access.open_grants(tx, w, desk.now)))
        for who in (ada, eve, lea, pam)
    }
    assert seen == {"ada": 1, "eve": 1, "lea": 2, "pam": 2}


@pytest.mark.parametrize("database", [POSTGRESQL], indirect=True)
async def test_a_customer_who_ends_it_while_somebody_waits_to_look_is_not_looked_at(desk: Desk) -> None:
    ada = await desk.at_work("ada", StaffRole.AGENT)
    assert isinstance(await use(desk, ada, await shown(desk)), Grant)
    with desk.database.engine.connect() as ending, waiting(desk.database) as somebody_waits:
        ending.exec_driver_sql("SELECT value FROM counters WHERE name = 'audit' FOR UPDATE")
        async with asyncio.TaskGroup() as tasks:
            looking = tasks.create_task(view(desk, ada))
            await eventually(somebody_waits)
            ending.exec_driver_sql("UPDATE support_grants SET ended_at = 1, end_reason = 'customer'")
            ending.commit()
    assert isinstance(looking.result(), NoGrant)
    assert (await last_row(desk)).result == Result.REFUSED


async def test_a_grant_that_two_end_at_once_ends_once(desk: Desk) -> None:
    ada = await desk.at_work("ada", StaffRole.AGENT)
    grant = await use(desk, ada, await shown(desk))
    assert isinstance(grant, Grant)
    await asyncio.gather(
        desk.run(lambda tx: support_grants.end_one(tx, ANN, grant.grant_id, desk.now)),
        desk.run(lambda tx: support_access.give_back(tx, ada, grant.grant_id, desk.now)),
    )
    assert await events_of_ann(desk) == ["support.opened", "support.ended"]
    assert not await desk.run(lambda tx: tx.support_access.end_grant(end_grant(grant, GrantEnd.STAFF, desk.now)))


async def test_whose_account_is_disabled_leaves_nothing_open_and_each_customer_is_told(desk: Desk) -> None:
    ada, eve = await desk.at_work("ada", StaffRole.AGENT), await desk.at_work("eve", StaffRole.AGENT)
    first, second = [await use(desk, who, await shown(desk)) for who in (ada, eve)]
    await use(desk, ada, await shown(desk, BOB, LAMP), LAMP)
    await desk.run(lambda tx: staff.disable(tx, ada.staff_id, by=None, now=desk.now))
    open_now = await desk.database.read(lambda tx: tx.support_access.open_grants(desk.now))
    assert open_now == [second]
    assert await events_of_ann(desk) == ["support.opened", "support.opened", "support.ended"]
    assert isinstance(first, Grant)
    ended = await desk.database.read(lambda tx: tx.support_access.grant(first.grant_id))
    assert ended is not None
    assert ended.end is GrantEnd.DISABLED
    activity, _ = await desk.database.read(lambda tx: audit.activity_of(tx, ANN, None, 1))
    assert [(one.role, one.action, one.case) for one in activity] == [(MACHINE, Action.END_GRANT, CASE.number)]


async def events_of_ann(desk: Desk) -> list[str]:
    events = await desk.database.read(lambda tx: tx.events.of_account(ANN, 0, 10))
    return [event.kind for event in events if event.kind.startswith("support.")]


# -- who may


@pytest.mark.parametrize("role", sorted(set(StaffRole) - {StaffRole.AGENT, StaffRole.LEAD}))
async def test_no_other_role_comes_near_a_customer(desk: Desk, role: StaffRole) -> None:
    who, code = await desk.at_work("sam", role), await shown(desk)
    for attempt in (use(desk, who, code), view(desk, who), ask(desk, who), decide(desk, who, BreakGlassId("b-1"))):
        with pytest.raises(MayNotError):
            await attempt
    ada = await desk.at_work("ada", StaffRole.AGENT)
    assert isinstance(await use(desk, ada, code), Grant)


# -- without the audit


async def test_without_the_audit_nothing_opens_and_nothing_is_seen(desk: Desk) -> None:
    ada, lea = await desk.at_work("ada", StaffRole.AGENT), await desk.at_work("lea", StaffRole.LEAD)
    code, glass = await shown(desk), await ask(desk, ada)
    assert isinstance(glass, BreakGlass)
    with desk.database.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM audit_rows")
    for attempt in (
        use(desk, ada, code),
        view(desk, ada),
        ask(desk, ada),
        decide(desk, lea, glass.glass_id),
        look(desk, ada, HEATER),
    ):
        with pytest.raises(AuditUnavailableError):
            await attempt
    assert await desk.database.read(lambda tx: tx.support_access.open_grants(desk.now)) == []
    assert await desk.database.read(lambda tx: tx.events.of_account(ANN, 0, 10)) == []
