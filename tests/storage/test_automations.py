"""Rules, firings and explanations on every database."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.domain.automations import Mode, Reason, Trigger
from gateway.domain.firings import FiringState
from gateway.storage.database import Database
from gateway.usecases.repositories.automations import FIRINGS_KEPT, Line
from gateway.usecases.transaction import StaleVersionError, Transaction
from tests.storage.location_records import (
    MINUTE,
    a_done_firing,
    a_firing,
    a_line,
    a_rule,
    automation_id,
    firing_id,
    home_ref,
    with_home,
    with_rule,
)
from tests.storage.records import NOW, SECOND, account_id, device_id


async def test_a_rule_is_stored_whole_and_changed_where_it_was_read(database: Database) -> None:
    changed = replace(
        a_rule(),
        trigger=Trigger.NEAR,
        mode=Mode.REMIND,
        action="on",
        params={},
        starts=True,
        enabled=False,
        dry_run_until=None,
    )

    def work(tx: Transaction) -> None:
        with_rule(tx)
        assert tx.automations.one(account_id(), automation_id()) == a_rule()
        assert tx.automations.put(changed) == replace(changed, version=1)
        with pytest.raises(StaleVersionError):
            tx.automations.put(changed)

    await database.run(work)
    assert await database.read(lambda tx: tx.automations.one(account_id(), automation_id())) == replace(
        changed, version=1
    )
    assert await database.read(lambda tx: tx.automations.one(account_id(2), automation_id())) is None


async def test_rules_come_in_pages_by_account_and_all_of_a_home(database: Database) -> None:
    def work(tx: Transaction) -> None:
        with_home(tx, 1, 1, 2)
        for number, account in ((1, 1), (2, 2), (3, 1)):
            with_rule(tx, number, 1, account)
        with_rule(tx, 4, 2, 1)

    await database.run(work)
    first = await database.read(lambda tx: tx.automations.of_account(account_id(), None, 2))
    assert first == [a_rule(1), a_rule(3)]
    assert await database.read(lambda tx: tx.automations.of_account(account_id(), automation_id(3), 2)) == [
        a_rule(4, home=2)
    ]
    assert await database.read(lambda tx: tx.automations.many(account_id())) == 3
    assert await database.read(lambda tx: tx.automations.of_home(home_ref())) == [
        a_rule(1),
        a_rule(2, account=2),
        a_rule(3),
    ]


async def test_firing_and_resting_are_no_edits(database: Database) -> None:
    def work(tx: Transaction) -> None:
        with_rule(tx, 1)
        with_rule(tx, 2)
        with_rule(tx, 3, device=2)
        tx.automations.fired(automation_id(1), NOW + MINUTE)
        assert tx.automations.rest(device_id(), NOW + timedelta(hours=9)) == 2
        assert tx.automations.rest(device_id(3), NOW) == 0

    await database.run(work)
    rested = NOW + timedelta(hours=9)
    assert await database.read(lambda tx: tx.automations.of_account(account_id(), None, 9)) == [
        replace(a_rule(1), fired_at=NOW + MINUTE, rested_until=rested),
        replace(a_rule(2), rested_until=rested),
        a_rule(3, device=2),
    ]


async def test_an_edit_that_began_before_it_ends_no_rest(database: Database) -> None:
    rested = NOW + timedelta(hours=9)

    def work(tx: Transaction) -> None:
        with_rule(tx)
        read = tx.automations.one(account_id(), automation_id())
        assert read is not None
        tx.automations.rest(device_id(), rested)
        assert tx.automations.put(replace(read, enabled=False)).rested_until == rested

    await database.run(work)


async def test_rules_go_by_name_by_device_and_by_account(database: Database) -> None:
    def work(tx: Transaction) -> None:
        with_home(tx, 1, 1, 2)
        for number, account, device in ((1, 1, 1), (2, 1, 2), (3, 2, 1), (4, 2, 2), (5, 2, 2)):
            with_rule(tx, number, 1, account, device)
        tx.automations.remove_of_device(device_id(1))
        tx.automations.remove_of_account(account_id(1))
        tx.automations.remove(automation_id(4))

    await database.run(work)
    left = await database.read(lambda tx: tx.automations.of_home(home_ref()))
    assert left == [a_rule(5, account=2, device=2)]


async def test_a_firing_is_due_until_it_ended_and_changed_where_it_was_read(database: Database) -> None:
    ended = replace(a_firing(1), state=FiringState.UNDONE, due_at=None, reason=Reason.UNDONE)

    def work(tx: Transaction) -> None:
        with_rule(tx)
        for number in (2, 1, 3):
            tx.automations.add_firing(a_firing(number))
        tx.automations.add_firing(a_done_firing(4))
        assert tx.automations.next_due() == NOW + MINUTE
        assert tx.automations.due(NOW + 2 * MINUTE, 9) == [a_firing(1), a_firing(2)]
        assert tx.automations.due(NOW + 2 * MINUTE, 1) == [a_firing(1)]
        assert tx.automations.due(NOW + MINUTE - SECOND, 9) == []
        tx.automations.put_firing(ended)
        with pytest.raises(StaleVersionError):
            tx.automations.put_firing(ended)

    await database.run(work)
    assert await database.read(lambda tx: tx.automations.next_due()) == NOW + 2 * MINUTE
    stored = await database.read(lambda tx: tx.automations.firing(account_id(), firing_id(1)))
    assert stored == replace(ended, version=1)
    assert await database.read(lambda tx: tx.automations.firing(account_id(), firing_id(4))) == a_done_firing(4)
    assert await database.read(lambda tx: tx.automations.firing(account_id(2), firing_id(1))) is None


async def test_of_a_rules_firings_that_are_over_the_newest_stay(database: Database) -> None:
    def work(tx: Transaction) -> None:
        with_rule(tx, 1)
        with_rule(tx, 2)
        tx.automations.add_firing(a_firing(1))
        tx.automations.add_firing(replace(a_done_firing(2), automation_id=automation_id(2)))
        for number in range(3, FIRINGS_KEPT + 6):
            tx.automations.add_firing(replace(a_done_firing(number), at=NOW + number * MINUTE))

    await database.run(work)
    there = {
        number: await database.read(lambda tx, number=number: tx.automations.firing(account_id(), firing_id(number)))  # type: ignore[misc]
        for number in range(1, FIRINGS_KEPT + 6)
    }
    gone = [number for number, firing in there.items() if firing is None]
    assert gone == [3, 4, 5]


async def test_open_firings_are_found_by_account_home_and_device(database: Database) -> None:
    def work(tx: Transaction) -> None:
        with_home(tx, 1, 1, 2)
        with_rule(tx, 1)
        with_rule(tx, 2, 1, 2)
        tx.automations.add_firing(a_firing(1))
        tx.automations.add_firing(a_firing(2, 2, 2))
        tx.automations.add_firing(a_done_firing(3))

    await database.run(work)
    assert await database.read(lambda tx: tx.automations.open_of_account(account_id(2))) == [a_firing(2, 2, 2)]
    both = [a_firing(1), a_firing(2, 2, 2)]
    assert await database.read(lambda tx: tx.automations.open_of_home(home_ref())) == both
    assert await database.read(lambda tx: tx.automations.open_of_device(device_id())) == both
    assert await database.read(lambda tx: tx.automations.open_of_home(home_ref(2))) == []
    assert await database.read(lambda tx: tx.automations.open_of_device(device_id(2))) == []


@pytest.mark.parametrize(("starting", "left"), [(True, 1), (False, 2), (None, None)])
async def test_firings_are_forgotten_by_kind(database: Database, starting: bool | None, left: int | None) -> None:  # noqa: FBT001 - a table
    def work(tx: Transaction) -> None:
        with_home(tx, 1, 1, 2)
        with_rule(tx, 1)
        with_rule(tx, 2, 1, 2)
        tx.automations.add_firing(a_firing(1))
        tx.automations.add_firing(a_firing(2, starts=True))
        tx.automations.add_firing(a_firing(3, 2, 2, starts=True))
        tx.automations.forget_firings(account_id(), starting=starting)

    await database.run(work)
    found = await database.read(lambda tx: tx.automations.open_of_account(account_id()))
    assert [firing.firing_id for firing in found] == ([] if left is None else [firing_id(left)])
    assert len(await database.read(lambda tx: tx.automations.open_of_account(account_id(2)))) == 1


async def test_lines_come_newest_first_in_pieces_and_go_with_their_account(database: Database) -> None:
    reasons = [Reason.ACTS, Reason.NIGHT, Reason.RESTING]

    def work(tx: Transaction) -> None:
        with_home(tx, 1, 1, 2)
        with_rule(tx, 1)
        with_rule(tx, 2, 1, 2)
        for reason in reasons:
            tx.automations.explain([a_line(reason=reason, dry=reason is Reason.NIGHT), a_line(2, 2)])
        tx.automations.explain([])

    def bare(lines: list[Line]) -> list[Line]:
        return [replace(line, number=0) for line in lines]

    await database.run(work)
    newest = await database.read(lambda tx: tx.automations.lines(automation_id(), None, 2))
    assert bare(newest) == [a_line(reason=Reason.RESTING), a_line(reason=Reason.NIGHT, dry=True)]
    older = await database.read(lambda tx: tx.automations.lines(automation_id(), newest[-1].number, 2))
    assert bare(older) == [a_line(reason=Reason.ACTS)]
    await database.run(lambda tx: tx.automations.forget_lines(account_id()))
    assert await database.read(lambda tx: tx.automations.lines(automation_id(), None, 9)) == []
    assert len(await database.read(lambda tx: tx.automations.lines(automation_id(2), None, 9))) == 3


async def test_what_rules_told_an_app_is_forgotten_and_nothing_else(database: Database) -> None:
    def work(tx: Transaction) -> None:
        for account in (1, 2):
            for kind in ("automation.reminder", "automationx", "command"):
                tx.emit(account_id(account), kind, {}, NOW)

    await database.run(work)
    await database.run(lambda tx: tx.automations.forget_events(account_id()))
    for account, kinds in ((1, ["automationx", "command"]), (2, ["automation.reminder", "automationx", "command"])):
        found = await database.read(lambda tx, a=account: tx.events.of_account(account_id(a), 0, 9))  # type: ignore[misc]
        assert [event.kind for event in found] == kinds
