"""Homes, members and presence on every database."""

from dataclasses import replace

import pytest

from gateway.domain.consent import Purpose
from gateway.storage.database import Database
from gateway.usecases.location import PURPOSES
from gateway.usecases.transaction import StaleVersionError, Transaction
from tests.storage.location_records import (
    MINUTE,
    a_grant,
    a_home,
    a_line,
    a_member,
    a_rule,
    an_invitation,
    automation_id,
    home_ref,
    with_home,
    with_rule,
)
from tests.storage.records import NOW, SECOND, account_id, digest


async def test_a_home_is_stored_with_its_keeper_and_changed_where_it_was_read(database: Database) -> None:
    def work(tx: Transaction) -> None:
        with_home(tx)
        tx.households.put(replace(a_home(), zone="Asia/Shanghai", someone_here=True))
        with pytest.raises(StaleVersionError):
            tx.households.put(a_home())

    await database.run(work)
    changed = replace(a_home(), zone="Asia/Shanghai", someone_here=True, version=1)
    assert await database.read(lambda tx: tx.households.get(home_ref())) == changed
    assert await database.run(lambda tx: tx.households.hold(home_ref())) == changed
    assert await database.read(lambda tx: tx.households.get(home_ref(2))) is None
    assert await database.read(lambda tx: tx.households.members(home_ref())) == [a_member(keeper=True)]


async def test_members_come_in_the_order_in_which_they_joined(database: Database) -> None:
    await database.run(lambda tx: with_home(tx, 1, 3, 1, 2))
    await database.run(lambda tx: with_home(tx, 2, 1))
    found = await database.read(lambda tx: tx.households.members(home_ref()))
    assert found == [a_member(1, 1), a_member(1, 2), a_member(1, 3, keeper=True)]
    assert await database.read(lambda tx: tx.households.member(home_ref(), account_id(2))) == a_member(1, 2)
    assert await database.read(lambda tx: tx.households.member(home_ref(2), account_id(2))) is None
    called = a_member(1, 2).member_ref
    assert await database.read(lambda tx: tx.households.member_called(home_ref(), called)) == a_member(1, 2)
    assert await database.read(lambda tx: tx.households.member_called(home_ref(2), called)) is None
    assert await database.read(lambda tx: tx.households.of_account(account_id())) == [home_ref(1), home_ref(2)]
    kept = replace(a_member(1, 2), keeper=True, label_sealed=None)
    await database.run(lambda tx: tx.households.put_member(kept))
    assert await database.read(lambda tx: tx.households.member(home_ref(), account_id(2))) == kept


async def test_a_member_who_leaves_takes_presence_and_rules_along(database: Database) -> None:
    def work(tx: Transaction) -> None:
        with_home(tx, 1, 1, 2)
        for account in (1, 2):
            with_rule(tx, account, 1, account)
            tx.whereabouts.put(a_grant(account), home_ref(), b"sealed", NOW)
            tx.automations.explain([a_line(account, account)])
        tx.households.remove_member(home_ref(), account_id(2))

    await database.run(work)
    assert await database.read(lambda tx: tx.whereabouts.of_home(a_grant(), home_ref())) == {account_id(1): b"sealed"}
    assert await database.read(lambda tx: tx.automations.of_home(home_ref())) == [a_rule(1)]
    assert await database.read(lambda tx: tx.automations.lines(automation_id(2), None, 9)) == []
    await database.run(lambda tx: tx.households.remove(home_ref()))
    assert await database.read(lambda tx: tx.households.of_account(account_id())) == []
    assert await database.read(lambda tx: tx.automations.many(account_id())) == 0


async def test_an_invitation_is_used_once_and_counted_while_it_can_be(database: Database) -> None:
    def work(tx: Transaction) -> None:
        with_home(tx)
        for number in (1, 2):
            tx.households.add_invitation(an_invitation(number))

    await database.run(work)
    assert await database.read(lambda tx: tx.households.invitation(digest("code 1"))) == an_invitation(1)
    assert await database.read(lambda tx: tx.households.invitation(digest("code 3"))) is None
    assert await database.read(lambda tx: tx.households.invitations(home_ref(), NOW)) == 2
    assert await database.read(lambda tx: tx.households.invitations(home_ref(), NOW + MINUTE)) == 1
    assert await database.read(lambda tx: tx.households.invitations(home_ref(2), NOW)) == 0
    assert await database.run(lambda tx: tx.households.use_invitation(digest("code 2")))
    assert not await database.run(lambda tx: tx.households.use_invitation(digest("code 2")))


async def test_of_each_member_only_the_latest_word_is_there(database: Database) -> None:
    def work(tx: Transaction) -> None:
        with_home(tx, 1, 1, 2)
        with_home(tx, 2, 1)
        for home, account, word in ((1, 1, b"older"), (1, 2, b"other"), (2, 1, b"elsewhere"), (1, 1, b"newer")):
            tx.whereabouts.put(a_grant(account), home_ref(home), word, NOW)

    await database.run(work)
    found = await database.read(lambda tx: tx.whereabouts.of_home(a_grant(), home_ref()))
    assert found == {account_id(1): b"newer", account_id(2): b"other"}
    mine = {home_ref(1): b"newer", home_ref(2): b"elsewhere"}
    assert await database.read(lambda tx: tx.whereabouts.own(account_id())) == mine
    await database.run(lambda tx: tx.whereabouts.forget(account_id()))
    assert await database.read(lambda tx: tx.whereabouts.own(account_id())) == {}
    assert await database.read(lambda tx: tx.whereabouts.of_home(a_grant(), home_ref())) == {account_id(2): b"other"}


async def test_homes_are_asked_in_the_order_in_which_they_fall_due(database: Database) -> None:
    def work(tx: Transaction) -> None:
        for number in (2, 1, 3):
            with_home(tx, number)

    assert await database.read(lambda tx: tx.households.next_ask()) is None
    await database.run(work)
    assert await database.read(lambda tx: tx.households.next_ask()) == NOW + MINUTE
    due = NOW + 2 * MINUTE
    assert await database.read(lambda tx: tx.households.asks_due(due, 9)) == [home_ref(1), home_ref(2)]
    assert await database.read(lambda tx: tx.households.asks_due(due - SECOND, 9)) == [home_ref(1)]
    assert await database.read(lambda tx: tx.households.asks_due(due, 1)) == [home_ref(1)]
    await database.run(lambda tx: tx.households.ask_at(home_ref(1), None))
    assert await database.read(lambda tx: tx.households.next_ask()) == due
    assert await database.read(lambda tx: tx.households.get(home_ref(1))) == replace(a_home(1), ask_at=None)


async def test_whereabouts_are_for_members_who_allowed_something_about_location(database: Database) -> None:
    def work(tx: Transaction) -> None:
        with_home(tx, 1, 1, 2)
        with_home(tx, 2, 3)
        tx.whereabouts.put(a_grant(1), home_ref(), b"sealed", NOW)

    await database.run(work)
    found = {account_id(1): b"sealed"}
    assert await database.read(lambda tx: tx.whereabouts.of_home(a_grant(2), home_ref())) == found
    assert await database.read(lambda tx: tx.whereabouts.of_home(a_grant(3), home_ref())) == {}, "no member"


@pytest.mark.parametrize("purpose", sorted(set(Purpose) - set(PURPOSES)))
async def test_a_grant_for_something_else_opens_no_whereabouts(database: Database, purpose: Purpose) -> None:
    wrong = a_grant(1, purpose)
    with pytest.raises(ValueError, match=purpose.value):
        await database.read(lambda tx: tx.whereabouts.of_home(wrong, home_ref()))
    with pytest.raises(ValueError, match=purpose.value):
        await database.run(lambda tx: tx.whereabouts.put(wrong, home_ref(), b"x", NOW))
