"""Staff, their sessions, support's access and the audit on every database."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.domain.audit import GENESIS, AuditRow, Checkpoint, Result
from gateway.domain.staff import StaffRole, StaffSession
from gateway.domain.support_access import GlassState, GrantEnd, RecentLookups
from gateway.storage.database import Database
from gateway.usecases.services import PasswordRecord
from gateway.usecases.transaction import DatabaseUnavailableError, StaleVersionError, Transaction
from tests.storage.records import NOW, SECOND, account_id, device_id, digest
from tests.storage.staff_records import (
    a_code,
    a_glass,
    a_grant,
    a_password,
    a_reviewed_glass,
    a_staff,
    an_ended_grant,
    an_entry,
    staff_id,
)


async def test_somebody_of_the_staff_is_found_by_id_and_by_name(database: Database) -> None:
    ada = a_staff(1, StaffRole.AGENT, StaffRole.ENGINEER)
    assert await database.run(lambda tx: tx.staff.add(ada, a_password()))
    assert await database.read(lambda tx: tx.staff.get(staff_id(1))) == ada
    assert await database.read(lambda tx: tx.staff.by_name(digest("staff name 1"))) == ada
    assert await database.read(lambda tx: tx.staff.by_name(digest("staff name 2"))) is None
    assert await database.read(lambda tx: tx.staff.password(staff_id(1))) == a_password()


async def test_a_name_is_taken_once(database: Database) -> None:
    same_name = replace(a_staff(2), name_index=a_staff(1).name_index)
    assert await database.run(lambda tx: tx.staff.add(a_staff(1), a_password()))
    assert not await database.run(lambda tx: tx.staff.add(same_name, a_password(2)))
    assert await database.read(lambda tx: tx.staff.all()) == [a_staff(1)]


async def test_a_change_needs_the_version_that_was_read(database: Database) -> None:
    def work(tx: Transaction) -> None:
        tx.staff.add(a_staff(1), a_password())
        tx.staff.put(replace(a_staff(1), totp_step=7, disabled_at=NOW, roles=frozenset({StaffRole.ADMIN})))
        with pytest.raises(StaleVersionError):
            tx.staff.put(replace(a_staff(1), totp_step=8))

    await database.run(work)
    changed = await database.read(lambda tx: tx.staff.get(staff_id(1)))
    assert changed == replace(a_staff(1), totp_step=7, disabled_at=NOW, roles=frozenset({StaffRole.ADMIN}), version=1)


async def test_a_password_is_replaced_only_where_the_old_one_is(database: Database) -> None:
    new = PasswordRecord("pw1", "new hash", "01")

    def work(tx: Transaction) -> tuple[bool, bool]:
        tx.staff.add(a_staff(1), a_password())
        return (
            tx.staff.replace_password(staff_id(1), a_password(), new),
            tx.staff.replace_password(staff_id(1), a_password(), a_password(3)),
        )

    assert await database.run(work) == (True, False)
    assert await database.read(lambda tx: tx.staff.password(staff_id(1))) == new


async def test_another_password_is_a_change_of_the_person(database: Database) -> None:
    """Or a log-in that checked the former one and stores the used code afterwards would not notice."""

    def work(tx: Transaction) -> None:
        tx.staff.add(a_staff(1), a_password())
        assert tx.staff.replace_password(staff_id(1), a_password(), a_password(2))
        with pytest.raises(StaleVersionError):
            tx.staff.put(a_staff(1))

    await database.run(work)


async def test_a_session_is_used_and_ends_and_stays_ended(database: Database) -> None:
    session = StaffSession(digest("one"), staff_id(1), NOW, NOW)

    def work(tx: Transaction) -> None:
        tx.staff.add(a_staff(1), a_password())
        tx.staff_sessions.add(session)
        tx.staff_sessions.put(replace(session, used_at=NOW + SECOND))

    await database.run(work)
    assert await database.read(lambda tx: tx.staff_sessions.get(digest("one"))) == replace(
        session, used_at=NOW + SECOND
    )
    assert await database.run(lambda tx: tx.staff_sessions.end_all(staff_id(1), NOW + 2 * SECOND)) == 1
    assert await database.run(lambda tx: tx.staff_sessions.end_all(staff_id(1), NOW + 3 * SECOND)) == 0
    await database.run(lambda tx: tx.staff_sessions.put(replace(session, used_at=NOW + 9 * SECOND)))
    ended = replace(session, used_at=NOW + SECOND, ended_at=NOW + 2 * SECOND)
    assert await database.read(lambda tx: tx.staff_sessions.get(digest("one"))) == ended
    assert await database.read(lambda tx: tx.staff_sessions.get(digest("two"))) is None


async def test_a_device_has_one_code_and_a_former_one_is_noticed(database: Database) -> None:
    def work(tx: Transaction) -> None:
        tx.support_access.show_code(a_code())
        first = tx.support_access.code(device_id())
        assert first == a_code()
        tx.support_access.put_code(replace(first, tries_left=4))
        second = tx.support_access.code(device_id())
        assert second == replace(a_code(), tries_left=4, version=1)
        tx.support_access.show_code(replace(a_code(), digest=digest("another")))
        for stale in (first, second):
            with pytest.raises(StaleVersionError):
                tx.support_access.put_code(stale)
            with pytest.raises(StaleVersionError):
                tx.support_access.remove_code(stale)
        third = tx.support_access.code(device_id())
        assert third is not None
        assert (third.digest, third.tries_left) == (digest("another"), 5)
        tx.support_access.remove_code(third)
        assert tx.support_access.code(device_id()) is None

    await database.run(work)


async def test_grants_are_open_until_their_end(database: Database) -> None:
    mine, other, over = a_grant(1), a_grant(2, device=2, staff=2), a_grant(3, until=NOW)

    def work(tx: Transaction) -> None:
        for grant in (mine, other, over, an_ended_grant(4), replace(a_grant(5), account_id=account_id(2))):
            tx.support_access.add_grant(grant)

    await database.run(work)

    def numbers(tx: Transaction) -> tuple[list[str], list[str]]:
        everybodys = tx.support_access.open_grants(NOW)
        anns = tx.support_access.open_grants(NOW, account_id=account_id())
        return [grant.case for grant in everybodys], [grant.case for grant in anns]

    assert await database.read(numbers) == (["T-5", "T-2", "T-1"], ["T-2", "T-1"])
    assert await database.read(lambda tx: tx.support_access.grant(mine.grant_id)) == mine
    assert await database.read(lambda tx: tx.support_access.grant_of(staff_id(2), device_id(2), NOW)) == other
    assert await database.read(lambda tx: tx.support_access.grant_of(staff_id(2), device_id(1), NOW)) is None
    ended = replace(other, ended_at=NOW, end=GrantEnd.STAFF)
    assert await database.run(lambda tx: tx.support_access.end_grant(ended))
    assert not await database.run(lambda tx: tx.support_access.end_grant(replace(ended, end=GrantEnd.CUSTOMER)))
    assert await database.read(lambda tx: tx.support_access.grant(other.grant_id)) == ended
    assert await database.read(numbers) == (["T-5", "T-1"], ["T-1"])


async def test_of_several_grants_the_present_epoch_and_the_longest_counts(database: Database) -> None:
    short, long = a_grant(1), a_grant(2, until=NOW + timedelta(hours=9))
    former = replace(a_grant(3, until=NOW + timedelta(hours=20)), epoch=2)
    for grant in (short, long, former):
        await database.run(lambda tx, g=grant: tx.support_access.add_grant(g))  # type: ignore[misc]
    assert await database.read(lambda tx: tx.support_access.grant_of(staff_id(1), device_id(), NOW)) == long


async def test_a_break_glass_waits_is_decided_once_and_reviewed(database: Database) -> None:
    asked = a_glass(1)
    approved = replace(asked, state=GlassState.APPROVED, decided_by=staff_id(2), decided_at=NOW)

    def decide(tx: Transaction) -> None:
        tx.support_access.put_glass(approved)
        with pytest.raises(StaleVersionError):
            tx.support_access.put_glass(replace(asked, state=GlassState.DECLINED))

    await database.run(lambda tx: tx.support_access.add_glass(asked))
    assert await database.read(lambda tx: tx.support_access.glasses_waiting(NOW - SECOND)) == [asked]
    assert await database.read(lambda tx: tx.support_access.glasses_waiting(NOW)) == []
    await database.run(decide)
    stored = replace(approved, version=1)
    assert await database.read(lambda tx: tx.support_access.glass(asked.glass_id)) == stored
    assert await database.read(lambda tx: tx.support_access.glasses_waiting(NOW - SECOND)) == []
    assert await database.read(lambda tx: tx.support_access.glasses_to_review(NOW)) == [stored]
    assert await database.read(lambda tx: tx.support_access.glasses_to_review(NOW - SECOND)) == []
    await database.run(lambda tx: tx.support_access.add_glass(a_reviewed_glass(2)))
    reviewed = a_reviewed_glass(2)
    assert await database.read(lambda tx: tx.support_access.glass(reviewed.glass_id)) == reviewed
    assert await database.read(lambda tx: tx.support_access.glasses_to_review(NOW)) == [stored]


def a_row(number: int, **facts: Result) -> AuditRow:
    entry = an_entry(NOW + number * SECOND, staff=1 + number % 2, **facts)
    return AuditRow(number, entry, GENESIS, digest(f"hash {number}"))


async def test_rows_of_the_audit_come_in_order_and_in_pieces(database: Database) -> None:
    rows = [a_row(number) for number in range(1, 6)]
    rows[3] = replace(rows[3], entry=replace(rows[3].entry, account_id=None, staff_id=None, target=None))
    for row in rows:
        await database.run(lambda tx, r=row: (tx.audit.hold(), tx.audit.add(r)))  # type: ignore[misc]
    assert await database.read(lambda tx: tx.audit.end()) == 5
    assert await database.read(lambda tx: tx.audit.row(4)) == rows[3]
    assert await database.read(lambda tx: tx.audit.row(6)) is None
    assert await database.read(lambda tx: tx.audit.after(2, 2)) == rows[2:4]
    assert await database.read(lambda tx: tx.audit.before(None, 2)) == [rows[4], rows[3]]
    assert await database.read(lambda tx: tx.audit.before(4, 9)) == [rows[2], rows[1], rows[0]]
    assert await database.read(lambda tx: tx.audit.of_account(account_id(), None, 2)) == [rows[4], rows[2]]
    assert await database.read(lambda tx: tx.audit.of_account(account_id(), 3, 9)) == [rows[1], rows[0]]
    assert await database.read(lambda tx: tx.audit.of_account(account_id(2), None, 9)) == []


async def test_a_row_has_the_next_number_or_none(database: Database) -> None:
    await database.run(lambda tx: tx.audit.add(a_row(1)))
    for number in (1, 3):
        with pytest.raises(DatabaseUnavailableError):  # started again and again, and never right
            await database.run(lambda tx, n=number: tx.audit.add(a_row(n)))  # type: ignore[misc]
    assert await database.run(lambda tx: tx.audit.hold()) == 1


async def test_recent_look_ups_are_counted_by_person_and_result(database: Database) -> None:
    results = [Result.GRANTED, Result.NOT_FOUND, Result.REFUSED, Result.NOT_FOUND, Result.GRANTED, Result.NOT_FOUND]
    for number, result in enumerate(results, 1):
        await database.run(lambda tx, n=number, r=result: tx.audit.add(a_row(n, result=r)))  # type: ignore[misc]
    counted = await database.read(lambda tx: tx.audit.lookups(staff_id(1), NOW))
    assert counted == RecentLookups(NOW + 2 * SECOND, 3, 3)
    counted = await database.read(lambda tx: tx.audit.lookups(staff_id(2), NOW + SECOND))
    assert counted == RecentLookups(NOW + 5 * SECOND, 1, 0)
    assert await database.read(lambda tx: tx.audit.lookups(staff_id(3), NOW)) == RecentLookups(None, 0, 0)


async def test_a_row_is_signed_once(database: Database) -> None:
    one, two = Checkpoint(1, digest("one"), NOW, b"s" * 64), Checkpoint(2, digest("two"), NOW + SECOND, b"t" * 64)
    assert await database.read(lambda tx: tx.audit.newest_checkpoint()) is None
    assert await database.run(lambda tx: [tx.audit.add_checkpoint(each) for each in (two, one, one)]) == [
        True,
        True,
        False,
    ]
    assert await database.read(lambda tx: tx.audit.checkpoints()) == [one, two]
    assert await database.read(lambda tx: tx.audit.newest_checkpoint()) == two
