"""How support comes to see a device: each step, each refusal, and the row that tells of it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.domain.audit import Result
from gateway.domain.binding import Role
from gateway.domain.identity import AccountId, DeviceId
from gateway.domain.staff import Action, StaffRole
from gateway.domain.support_access import (
    ASK_LIFE,
    CODE_LIFE,
    CODE_TRIES,
    GLASS_LIFE,
    GRANT_LIFE,
    LOOKUPS_AN_HOUR,
    MANY_MISSES,
    BreakGlass,
    BreakGlassId,
    Case,
    Grant,
    GrantId,
    GrantKind,
    LookedEnough,
    NotDecided,
    NotOpened,
    case_of,
)
from gateway.storage.database import Database
from gateway.usecases import audit, support_access, support_grants
from gateway.usecases.audit import AuditUnavailableError
from gateway.usecases.outbox import Committed, Counted
from gateway.usecases.staff_sessions import MayNotError, SignedIn
from gateway.usecases.support_access import Looked, NoCustomer, NoGrant, OpenedDevice
from gateway.usecases.support_grants import NotYours, OwnerOnly, ShownCode
from gateway.usecases.transaction import Transaction
from tests.databases import DURABLE, fresh_url, opened
from tests.staff_desk import Desk
from tests.storage.records import a_binding, account_id, device_id, digest, with_accounts, with_devices


@pytest.fixture(params=DURABLE)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with fresh_url(request.param, tmp_path) as url, opened(url) as database:
        yield database


@pytest.fixture
async def desk(database: Database) -> AsyncIterator[Desk]:
    one = Desk(database)
    await one.run(at_home)
    yield one
    one.close()


ANN, BOB = account_id(1), account_id(2)
HEATER, LAMP, STRAY = device_id(1), device_id(2), device_id(3)
_CASE = case_of("T-2041", "does not heat since monday")
assert isinstance(_CASE, Case)
CASE = _CASE


def at_home(tx: Transaction) -> None:
    """Ann owns a heater that Bob may use; Bob owns a lamp; a third appliance is nobody's."""
    with_accounts(tx, 1, 2)
    with_devices(tx, 1, 2, 3)
    tx.bindings.put(a_binding(1, 1))
    tx.bindings.put(a_binding(1, 2, role=Role.ADULT))
    tx.bindings.put(a_binding(2, 2))


def released(tx: Transaction) -> None:
    """Ann lets the heater go, and Bob takes it."""
    device = tx.devices.get(HEATER)
    assert device is not None
    tx.devices.update(replace(device, epoch=device.epoch + 1))
    tx.bindings.remove_all(HEATER)
    tx.bindings.put(a_binding(1, 2, epoch=device.epoch + 1))


async def shown(desk: Desk, account: AccountId = ANN, device: DeviceId = HEATER) -> str:
    code = await desk.run(lambda tx: support_grants.show_one(tx, account, device, tokens=desk.tokens, now=desk.now))
    assert isinstance(code, ShownCode)
    assert code.code not in repr(code)
    return code.code


async def use(desk: Desk, who: SignedIn, code: str, device: DeviceId = HEATER) -> Grant | NotOpened:
    found: Grant | NotOpened = await desk.run(
        lambda tx: support_access.open_with_code(
            tx, who, device, CASE, code, tokens=desk.tokens, identifiers=desk.identifiers, now=desk.now
        )
    )
    return found


async def view(desk: Desk, who: SignedIn, device: DeviceId = HEATER) -> OpenedDevice | NoGrant:
    found: OpenedDevice | NoGrant = await desk.run(lambda tx: support_access.view_customer(tx, who, device, desk.now))
    return found


async def ask(desk: Desk, who: SignedIn, device: DeviceId = HEATER) -> BreakGlass | NoCustomer:
    found: BreakGlass | NoCustomer = await desk.run(
        lambda tx: support_access.ask_break_glass(tx, who, device, CASE, identifiers=desk.identifiers, now=desk.now)
    )
    return found


async def decide(desk: Desk, who: SignedIn, glass_id: BreakGlassId, *, approve: bool = True) -> Any:
    return await desk.run(
        lambda tx: support_access.decide_break_glass(
            tx, who, glass_id, approve=approve, identifiers=desk.identifiers, now=desk.now
        )
    )


def other_than(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


async def last_row(desk: Desk) -> Any:
    return (await desk.rows())[-1].entry


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


# -- break-glass


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
    assert [(event.kind, event.data["kind"]) for event in events] == [("support.opened", "break_glass")]
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
        who.name: len(await desk.database.read(lambda tx, w=who: support_access.break_glass_waiting(tx, w, desk.now)))  # type: ignore[misc]
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
        found = await desk.database.read(lambda tx: support_access.break_glass_to_review(tx, who, desk.now))
        return len(found)

    async def review(who: SignedIn) -> Any:
        return await desk.run(
            lambda tx: support_access.review_break_glass(tx, who, glass.glass_id, justified=False, now=desk.now)
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


# -- look-ups


async def look(desk: Desk, who: SignedIn, found: DeviceId | None, action: Action = Action.VIEW_UNIT) -> Any:
    return await desk.run(
        lambda tx: support_access.look_up(
            tx,
            who,
            action=action,
            target=digest("typed"),
            find=lambda _: found,
            device_of=lambda device: device,
            now=desk.now,
        )
    )


async def test_a_look_at_a_unit_is_in_its_owners_activity(desk: Desk) -> None:
    vic = await desk.at_work("vic", StaffRole.VIEWER)
    assert await look(desk, vic, HEATER) == Looked(HEATER, alarm=False)
    activity, _ = await desk.database.read(lambda tx: audit.activity_of(tx, ANN, None, 10))
    assert [(one.role, one.action, one.device_id) for one in activity] == [("viewer", Action.VIEW_UNIT, HEATER)]
    assert await look(desk, vic, STRAY) == Looked(STRAY, alarm=False)
    assert (await last_row(desk)).account_id is None


async def test_thirty_an_hour_hits_and_misses_of_both_kinds(desk: Desk) -> None:
    eng, vic = await desk.at_work("eng", StaffRole.ENGINEER), await desk.at_work("vic", StaffRole.VIEWER)
    for number in range(LOOKUPS_AN_HOUR):
        found = HEATER if number % 5 else None
        action = Action.READ_TRACE if number % 2 else Action.VIEW_UNIT
        assert isinstance(await look(desk, eng, found, action), Looked)
        desk.pass_by(seconds=10)
    assert await look(desk, eng, HEATER) == LookedEnough(3300)
    assert (await last_row(desk)).result == Result.REFUSED
    assert (await last_row(desk)).device_id is None
    assert isinstance(await look(desk, vic, HEATER), Looked)
    desk.pass_by(seconds=3299)
    assert await look(desk, eng, HEATER) == LookedEnough(1)
    desk.pass_by(seconds=1)
    assert isinstance(await look(desk, eng, HEATER), Looked)


async def test_of_many_at_once_no_more_than_thirty_are_made(desk: Desk) -> None:
    vic = await desk.at_work("vic", StaffRole.VIEWER)
    answers = await asyncio.gather(*(look(desk, vic, None) for _ in range(LOOKUPS_AN_HOUR + 10)))
    assert sum(isinstance(answer, Looked) for answer in answers) == LOOKUPS_AN_HOUR


async def test_many_misses_raise_the_alarm_once_and_it_is_counted(desk: Desk) -> None:
    vic = await desk.at_work("vic", StaffRole.VIEWER)
    counted: list[tuple[Counted, tuple[str, ...]]] = []

    def listen(committed: Committed) -> None:
        counted.extend(one for one in committed.counted if one[0] is Counted.SUPPORT_ALARM)

    desk.database.on_commit(listen)
    alarms = [(await look(desk, vic, None)).alarm for _ in range(MANY_MISSES + 5)]
    assert alarms.index(True) == MANY_MISSES - 1
    assert alarms.count(True) == 1
    assert counted == [(Counted.SUPPORT_ALARM, ("misses",))]


# -- who may


@pytest.mark.parametrize("role", sorted(set(StaffRole) - {StaffRole.AGENT, StaffRole.LEAD}))
async def test_no_other_role_comes_near_a_customer(desk: Desk, role: StaffRole) -> None:
    who, code = await desk.at_work("sam", role), await shown(desk)
    for attempt in (use(desk, who, code), view(desk, who), ask(desk, who), decide(desk, who, BreakGlassId("b-1"))):
        with pytest.raises(MayNotError):
            await attempt
    ada = await desk.at_work("ada", StaffRole.AGENT)
    assert isinstance(await use(desk, ada, code), Grant)


async def test_an_agent_approves_and_reviews_nothing(desk: Desk) -> None:
    ada = await desk.at_work("ada", StaffRole.AGENT)
    with pytest.raises(MayNotError):
        await decide(desk, ada, BreakGlassId("b-1"))
    with pytest.raises(MayNotError):
        await desk.run(lambda tx: support_access.break_glass_waiting(tx, ada, desk.now))
    with pytest.raises(MayNotError):
        await desk.run(lambda tx: support_access.break_glass_to_review(tx, ada, desk.now))


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
