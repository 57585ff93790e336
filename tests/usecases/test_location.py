"""What phones tell, in a real database: who may, what is stored of it, and how all of it goes."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select

from gateway.domain.automations import Trigger
from gateway.domain.consent import GrantedPurpose, Purpose
from gateway.domain.households import HomeRef
from gateway.domain.identity import AccountId
from gateway.domain.location import Accuracy, Ignored, Unfit
from gateway.storage.tables import metadata
from gateway.storage.tables.delivery import events
from gateway.storage.tables.households import home_members, homes, whereabouts
from gateway.usecases import location
from gateway.usecases.location import NoHome, NotGranted, Taken
from gateway.usecases.retention import sweep
from gateway.usecases.transaction import Transaction
from gateway.usecases.whereabouts import told_place
from tests.usecases.household import Household
from tests.usecases.neighbourhood import ALL, AUTO_OFF, AUTO_ON, AWAY, HOME, NEAR, REMINDER, Neighbourhood


@pytest.fixture
def near(household: Household) -> Neighbourhood:
    return Neighbourhood(household)


async def everything(near: Neighbourhood) -> set[str]:
    """Every text and every byte of the database, as texts."""

    def work(tx: Transaction) -> set[str]:
        found: set[str] = set()
        for table in metadata.sorted_tables:
            for row in tx.statements.all(select(table)):  # type: ignore[attr-defined]
                found |= {value.decode("latin-1") if isinstance(value, bytes) else str(value) for value in row}
        return found

    return await near.run(work)


# -- who may tell


@pytest.mark.parametrize("purposes", [(), (Purpose.POLICY,), (Purpose.NOTICES_PUSH, Purpose.SUPPORT_CASE)])
async def test_without_a_grant_nothing_is_stored(near: Neighbourhood, purposes: tuple[Purpose, ...]) -> None:
    ann = await near.account(*purposes)
    home = await near.home(ann)
    before = await everything(near)
    assert await near.tell(ann, home, AWAY) == NotGranted()
    assert await everything(near) == before


@pytest.mark.parametrize("purpose", ALL)
async def test_each_of_the_three_grants_is_enough_to_tell(near: Neighbourhood, purpose: Purpose) -> None:
    ann = await near.account(purpose)
    assert await near.tell(ann, await near.home(ann), HOME) == Taken()


async def test_the_home_of_others_is_not_there(near: Neighbourhood) -> None:
    ann, bob = await near.account(*ALL), await near.account(*ALL)
    home = await near.home(ann)
    assert await near.tell(bob, home, HOME) == NoHome()
    assert await near.rows(whereabouts) == {}


# -- what is stored


def proof(tx: Transaction, near: Neighbourhood, account_id: AccountId) -> GrantedPurpose:
    """That somebody allows something about location."""
    found = location.grants_of(tx, account_id, near.household.now).proof
    assert found is not None
    return found


async def test_only_the_latest_word_is_stored_and_nobody_reads_it_without_the_key(near: Neighbourhood) -> None:
    ann = await near.account(REMINDER)
    home = await near.home(ann)
    for state in (HOME, AWAY, NEAR, HOME, AWAY):
        await near.tell(ann, home, state)
        near.pass_by(minutes=5)
    assert await near.rows(whereabouts) == {"whereabouts": 1}
    [sealed] = (await near.run(lambda tx: tx.whereabouts.of_home(proof(tx, near, ann), home))).values()
    assert b"away" not in sealed
    opened = near.persons.sealer(ann).open(sealed, place=told_place(home, ann))
    assert opened == (
        b'{"state":"away","since":"2026-03-01T12:20Z","minute":"2026-03-01T12:20Z","seq":5,'
        b'"out":true,"long":false,"told":false}'
    )
    texts = await everything(near)
    assert not any("away" in text or "near" in text for text in texts - {"location.reminder"})


async def test_a_word_that_was_moved_to_another_row_is_as_good_as_none(near: Neighbourhood) -> None:
    ann, bob = await near.account(*ALL), await near.account(*ALL)
    home = await near.home(ann, bob)
    await near.tell(ann, home, AWAY)

    def swap(tx: Transaction) -> None:
        sealed = tx.whereabouts.of_home(proof(tx, near, ann), home)[ann]
        tx.whereabouts.put(proof(tx, near, bob), home, sealed, near.household.now)

    await near.run(swap)
    near.pass_by(minutes=30)
    assert await near.tell(bob, home, HOME, seq=1) == Taken(), "a first word: the seq of the other row is unknown"


async def test_without_the_key_a_member_is_unknown(near: Neighbourhood) -> None:
    ann, bob = await near.account(*ALL), await near.account(*ALL)
    home = await near.home(ann, bob)
    heater = await near.household.bound(ann)
    rule = await near.rule(ann, home, heater, Trigger.LAST_LEAVES)
    await near.tell(bob, home, AWAY)
    near.persons.destroy(bob)
    await near.trip(ann, home, 0)
    assert await near.reasons(rule) == ["reminded: household_unsure"]


async def test_what_fires_nothing_is_said(near: Neighbourhood) -> None:
    ann = await near.account(*ALL)
    home = await near.home(ann)
    await near.tell(ann, home, HOME, seq=10, age=30)
    assert await near.tell(ann, home, AWAY, seq=10) == Ignored(Unfit.USED_SEQ)
    assert await near.tell(ann, home, AWAY, seq=9) == Ignored(Unfit.USED_SEQ)
    assert await near.tell(ann, home, AWAY, seq=11, age=11) == Taken(Unfit.TOO_OLD)
    assert await near.tell(ann, home, AWAY, seq=12, age=15) == Ignored(Unfit.OUT_OF_ORDER)
    assert await near.tell(ann, home, NEAR, seq=13) == Taken(Unfit.AWAY_TOO_SHORT)
    assert await near.tell(ann, home, NEAR, seq=14, age=-5) == Ignored(Unfit.CLOCK_AHEAD)


async def test_a_poor_fix_only_reminds(near: Neighbourhood) -> None:
    ann = await near.account(*ALL)
    home = await near.home(ann)
    rule = await near.rule(ann, home, await near.household.bound(ann), Trigger.LEAVE)
    await near.tell(ann, home, HOME)
    await near.tell(ann, home, AWAY, accuracy=Accuracy.POOR)
    assert await near.reasons(rule) == ["reminded: poor_accuracy"]


# -- how it goes


async def with_everything(near: Neighbourhood) -> tuple[AccountId, HomeRef]:
    """Presence, rules of both kinds, a firing that is pending, one that waits for an arrival, and lines."""
    ann = await near.account(*ALL)
    home, heater = await near.home(ann), await near.household.bound(ann)
    await near.rule(ann, home, heater, Trigger.NEAR, "on")
    await near.trip(ann, home)
    await near.tell(ann, home, NEAR)
    near.pass_by(seconds=60)
    await near.household.hello(heater)
    await near.tick()
    [on] = await near.run(lambda tx: tx.commands.under_way(heater))
    await near.household.ack(heater, on, "applied")
    await near.rule(ann, home, heater, Trigger.NEAR, "off")
    await near.tell(ann, home, AWAY)
    return ann, home


async def test_withdrawing_the_last_grant_leaves_nothing_and_turns_off_what_waits(near: Neighbourhood) -> None:
    ann, home = await with_everything(near)
    [waiting] = await near.open(ann)
    await near.withdraw(ann, REMINDER)
    await near.withdraw(ann, AUTO_OFF)
    assert (await near.rows())["whereabouts"] == 1, "one grant is left"
    await near.withdraw(ann, AUTO_ON)
    assert await near.rows() == {}
    told = await near.run(lambda tx: {event.kind for event in tx.events.of_account(ann, 0, 1000)})
    assert not any(kind.startswith("automation.") for kind in told)
    await near.tick()
    assert await near.actions_to(waiting.device_id) == ["on", "off"]
    assert await near.tell(ann, home, HOME) == NotGranted()
    assert await near.rows() == {}


@pytest.mark.parametrize("leaves", [False, True])
async def test_when_a_home_is_asked_tells_nothing_of_who_withdrew_or_left(near: Neighbourhood, leaves: bool) -> None:  # noqa: FBT001 - a table
    ann, bob = await near.account(*ALL), await near.account(REMINDER)
    shared, own = await near.home(ann, bob), await near.home(ann)
    await near.tell(bob, shared, HOME)
    of_bob = await near.run(lambda tx: tx.households.get(shared))
    near.pass_by(hours=1)
    for home in (shared, own):
        await near.tell(ann, home, HOME)
    if leaves:
        await near.leave_home(shared, ann)
    for purpose in ALL:
        await near.withdraw(ann, purpose)
    left = [await near.run(lambda tx, home=home: tx.households.get(home)) for home in (shared, own)]  # type: ignore[misc]
    assert of_bob is not None
    assert [home and home.ask_at for home in left] == [of_bob.ask_at, None]


async def test_withdrawing_one_of_them_stops_that_kind_and_nothing_else(near: Neighbourhood) -> None:
    ann = await near.account(*ALL)
    home, heater = await near.home(ann), await near.household.bound(ann)
    rule = await near.rule(ann, home, heater, Trigger.LEAVE)
    await near.trip(ann, home, 0)
    assert len(await near.open(ann)) == 1
    await near.withdraw(ann, AUTO_OFF)
    assert await near.open(ann) == []
    near.pass_by(minutes=5)
    assert await near.tick() == 0
    await near.trip(ann, home, 0)
    assert (await near.reasons(rule))[-1] == "reminded: auto_off_not_granted"


async def test_another_purposes_end_changes_nothing(near: Neighbourhood) -> None:
    ann, _ = await with_everything(near)
    before = await near.rows()
    await near.run(lambda tx: location.forget_purpose(tx, ann, Purpose.NOTICES_PUSH, near.household.now))
    assert await near.rows() == before


async def test_a_thousand_words_in_flight_at_the_withdrawal_have_no_effect_and_leave_nothing(
    near: Neighbourhood,
) -> None:
    ann, bob = await near.account(*ALL), await near.account(*ALL)
    home = await near.home(ann, bob)
    heater = await near.household.bound(ann)
    await near.rule(ann, home, heater, Trigger.LEAVE)
    await near.tell(ann, home, HOME)
    outcomes: list[object] = []

    async def told(number: int) -> None:
        outcomes.append(await near.tell(ann, home, (AWAY, HOME)[number % 2], seq=100 + number))

    async with asyncio.TaskGroup() as group:
        for number in range(1000):
            if number == 500:
                for purpose in ALL:
                    group.create_task(near.withdraw(ann, purpose))
            group.create_task(told(number))
    assert len(outcomes) == 1000
    assert NotGranted() in outcomes
    assert any(isinstance(outcome, Taken | Ignored) for outcome in outcomes)
    assert await near.rows() == {}
    near.household.sent.clear()
    near.pass_by(minutes=2)
    await near.household.hello(heater)
    assert await near.tick() == 0
    assert await near.actions_to(heater) == []
    assert isinstance(await near.tell(bob, home, HOME), Taken), "nothing else stops working"


async def test_an_account_that_closes_leaves_its_homes_to_the_others(near: Neighbourhood) -> None:
    ann, bob = await near.account(*ALL), await near.account(*ALL)
    shared, own = await near.home(ann, bob), await near.home(ann)
    heater = await near.household.bound(ann)
    for home in (shared, own):
        await near.rule(ann, home, heater, Trigger.LEAVE)
        await near.trip(ann, home, 0)
    await near.tell(bob, shared, HOME)
    await near.run(lambda tx: location.forget_account(tx, ann, near.household.now))
    assert await near.rows(homes, home_members, whereabouts) == {"homes": 1, "home_members": 1, "whereabouts": 1}
    assert not any(ann in text for text in await located(near))
    [left] = await near.run(lambda tx: tx.households.members(shared))
    assert (left.account_id, left.keeper) == (bob, True)


async def located(near: Neighbourhood) -> set[str]:
    """What homes, rules and the app's events of them hold."""
    tables = [table for table in metadata.sorted_tables if table.name.startswith(("home", "where", "automation"))]

    def work(tx: Transaction) -> set[str]:
        statements = tx.statements  # type: ignore[attr-defined]
        rows = [row for table in tables for row in statements.all(select(table))]
        rows += statements.all(select(events).where(events.c.kind.like("automation.%")))
        return {str(value) for row in rows for value in row}

    return await near.run(work)


async def test_who_leaves_a_home_leaves_no_presence_and_no_rules_there(near: Neighbourhood) -> None:
    ann, bob = await near.account(*ALL), await near.account(*ALL)
    home = await near.home(ann, bob)
    heater = await near.household.bound(bob)
    await near.rule(bob, home, heater, Trigger.LEAVE)
    await near.trip(bob, home, 0)
    assert await near.leave_home(home, bob) is None
    assert await near.rows() == {}
    assert await near.tell(bob, home, HOME) == NoHome()
    near.pass_by(minutes=2)
    assert await near.tick() == 0


@pytest.mark.parametrize(("after", "there"), [(timedelta(hours=48, seconds=-1), 1), (timedelta(hours=48), 0)])
async def test_presence_that_nobody_confirms_goes_after_two_days(
    near: Neighbourhood, after: timedelta, there: int
) -> None:
    ann = await near.account(*ALL)
    await near.tell(ann, await near.home(ann), HOME)
    await sweep(near.household.database, near.household.now + after)
    assert (await near.rows(whereabouts)).get("whereabouts", 0) == there
