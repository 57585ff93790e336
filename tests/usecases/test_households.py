"""Homes in a real database: made, shared by codes that work once, left, and kept by somebody."""

import asyncio

import pytest
from sqlalchemy import select

from gateway.domain.households import HomeRef
from gateway.domain.identity import AccountId
from gateway.storage.tables import metadata
from gateway.storage.tables.households import home_invitations, home_members, homes
from gateway.usecases import households as usecase
from gateway.usecases import location, notices
from gateway.usecases.households import CodeRefused, Invited, KeeperOnly, NoZone, SeenHome, TooMany
from gateway.usecases.transaction import Transaction
from tests.usecases.household import Household
from tests.usecases.neighbourhood import AUTO_OFF, AWAY, HOME, REMINDER, Neighbourhood


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


async def test_a_home_is_a_random_name_a_zone_and_a_word_that_only_its_owner_reads(near: Neighbourhood) -> None:
    ann, bob = await near.account(), await near.account()
    made = await near.run(lambda tx: usecase.make(tx, near, ann, "Asia/Shanghai", "Lake house", near.household.now))
    assert isinstance(made, SeenHome)
    home = made.home.home_ref
    assert (made.label, made.home.zone, len(made.members)) == ("Lake house", "Asia/Shanghai", 1)
    assert not any("Lake" in text for text in await everything(near))
    near.pass_by(minutes=1)
    joined = await near.join(home, ann, bob)
    assert isinstance(joined, SeenHome)
    assert joined.label is None
    assert [(member.keeper, member.you) for member in joined.members] == [(True, False), (False, True)]
    await near.run(lambda tx: usecase.name(tx, near, bob, home, "Work"))
    for who, label in ((ann, "Lake house"), (bob, "Work")):
        seen = await near.run(lambda tx, who=who: usecase.one(tx, near, who, home))  # type: ignore[misc]
        assert isinstance(seen, SeenHome)
        assert seen.label == label


@pytest.mark.parametrize("zone", ["Mars/Base", "../etc/passwd", "Europe/../Europe/Berlin", "", "europe/berlin "])
async def test_a_zone_is_one_of_the_known_names(near: Neighbourhood, zone: str) -> None:
    ann = await near.account()
    assert await near.run(lambda tx: usecase.make(tx, near, ann, zone, None, near.household.now)) == NoZone()


async def test_a_code_joins_one_person_once_for_a_day(near: Neighbourhood) -> None:
    ann, bob, carl = [await near.account() for _ in range(3)]
    home = await near.home(ann)
    code = await invited(near, ann, home)
    assert isinstance(await join(near, bob, code), SeenHome)
    assert await join(near, carl, code) == CodeRefused()
    late = await invited(near, ann, home)
    near.pass_by(hours=24)
    assert await join(near, carl, late) == CodeRefused()
    assert await join(near, carl, "x" * 22) == CodeRefused()
    assert len(await near.run(lambda tx: tx.households.members(home))) == 2


async def invited(near: Neighbourhood, who: AccountId, home: HomeRef) -> str:
    found = await near.run(lambda tx: usecase.invite(tx, near, who, home, near.household.now))
    assert isinstance(found, Invited)
    return found.code


async def join(near: Neighbourhood, who: AccountId, code: str) -> object:
    return await near.run(lambda tx: usecase.join(tx, near, who, code, None, near.household.now))


async def test_two_who_bring_one_code_at_once_are_one_member_more(near: Neighbourhood) -> None:
    ann, *others = [await near.account() for _ in range(5)]
    home = await near.home(ann)
    code = await invited(near, ann, home)
    outcomes = await asyncio.gather(*(join(near, other, code) for other in others))
    assert sum(isinstance(outcome, SeenHome) for outcome in outcomes) == 1
    assert len(await near.run(lambda tx: tx.households.members(home))) == 2


async def test_the_code_of_somebody_who_left_joins_nobody(near: Neighbourhood) -> None:
    ann, bob, carl = [await near.account() for _ in range(3)]
    home = await near.home(ann, bob)
    code = await invited(near, bob, home)
    await near.leave_home(home, bob)
    assert await join(near, carl, code) == CodeRefused()


async def test_a_member_who_joins_again_stays_one_and_does_not_use_the_code(near: Neighbourhood) -> None:
    ann, bob, carl = [await near.account() for _ in range(3)]
    home = await near.home(ann, bob)
    code = await invited(near, ann, home)
    assert isinstance(await join(near, bob, code), SeenHome)
    assert isinstance(await join(near, carl, code), SeenHome)


async def test_there_are_limits(near: Neighbourhood) -> None:
    ann = await near.account()
    home, *_ = [await near.home(ann) for _ in range(5)]
    assert await near.run(lambda tx: usecase.make(tx, near, ann, "UTC", None, near.household.now)) == TooMany()
    for _ in range(5):
        await invited(near, ann, home)
    assert await near.run(lambda tx: usecase.invite(tx, near, ann, home, near.household.now)) == TooMany()
    near.pass_by(hours=24)
    for _ in range(9):
        await near.join(home, ann, await near.account())
    assert await near.run(lambda tx: usecase.invite(tx, near, ann, home, near.household.now)) == TooMany()


async def test_only_the_keeper_removes_others_and_after_the_keeper_the_longest_there_is_one(
    near: Neighbourhood,
) -> None:
    ann, bob, carl = [await near.account() for _ in range(3)]
    home = await near.home(ann, bob)
    near.pass_by(minutes=1)
    await near.join(home, ann, carl)
    assert await near.leave_home(home, carl, by=bob) == KeeperOnly()
    assert await near.leave_home(home, ann) is None
    members = await near.run(lambda tx: tx.households.members(home))
    assert [(member.account_id, member.keeper) for member in members] == [(bob, True), (carl, False)]
    assert await near.leave_home(home, carl, by=bob) is None
    found, _ = await near.run(lambda tx: notices.page(tx, carl, None, 10))
    assert [one.kind for one in found] == ["home.removed"]
    assert await near.leave_home(home, bob) is None
    assert await near.rows(homes, home_members, home_invitations) == {}


# -- asking


async def test_members_of_a_home_that_is_silent_for_two_days_are_asked_once(near: Neighbourhood) -> None:
    """Unknown after six hours, and asked after two days of that."""
    ann, bob, carl = await near.account(REMINDER), await near.account(AUTO_OFF), await near.account()
    home = await near.home(ann, bob, carl)
    await near.tell(bob, home, AWAY)
    near.pass_by(hours=1)
    await near.tell(ann, home, AWAY)
    near.pass_by(hours=53, minutes=59)
    assert await asked(near) == 0
    near.pass_by(minutes=1)
    assert await asked(near) == 1
    assert await asked(near) == 0
    for who, many in ((ann, 1), (bob, 1), (carl, 0)):
        found, _ = await near.run(lambda tx, who=who: notices.page(tx, who, None, 10))  # type: ignore[misc]
        assert [(one.kind, one.data) for one in found] == [("automation.still_wanted", {"home_ref": home})] * many


async def test_an_old_word_of_one_phone_has_nobody_asked_while_another_is_heard(near: Neighbourhood) -> None:
    ann, bob = await near.account(REMINDER), await near.account(REMINDER)
    home = await near.home(ann, bob)
    await near.tell(bob, home, HOME)
    await near.tell(ann, home, HOME, age=50 * 60)
    near.pass_by(hours=53, minutes=59)
    assert await asked(near) == 0
    near.pass_by(minutes=1)
    assert await asked(near) == 1


async def asked(near: Neighbourhood) -> int:
    return await near.run(lambda tx: location.ask_silent_homes(tx, near.household.now))
