"""Repositories of notices and of guardians, on every database."""

from dataclasses import replace
from datetime import timedelta

from gateway.domain.guardians import GuardianCode, Guardianship
from gateway.storage.database import Database
from gateway.usecases.transaction import Transaction
from tests.storage.records import NOW, account_id, digest, with_accounts

DAY = timedelta(days=1)


async def test_notices_are_listed_counted_read_and_sent_to_all(database: Database) -> None:
    def seed(tx: Transaction) -> list[int]:
        with_accounts(tx, 1, 2)
        return [tx.notices.add(account_id(), "kind", {"n": number}, NOW) for number in (1, 2, 3)]

    numbers = await database.run(seed)
    assert sorted(numbers) == numbers
    assert await database.run(lambda tx: tx.notices.add_for_all("all", {"version": 2}, NOW)) == 2
    mine = await database.read(lambda tx: tx.notices.of_account(account_id(), None, 2))
    assert [(one.kind, one.data) for one in mine] == [("all", {"version": 2}), ("kind", {"n": 3})]
    rest = await database.read(lambda tx: tx.notices.of_account(account_id(), mine[1].number, 9))
    assert [one.number for one in rest] == numbers[1::-1]
    assert await database.run(lambda tx: tx.notices.mark_read(account_id(), numbers[0], NOW))
    assert await database.run(lambda tx: tx.notices.mark_read(account_id(), numbers[0], NOW + DAY))
    assert not await database.run(lambda tx: tx.notices.mark_read(account_id(2), numbers[1], NOW))
    assert await database.read(lambda tx: tx.notices.unread(account_id())) == 3
    (oldest,) = await database.read(lambda tx: tx.notices.of_account(account_id(), numbers[1], 9))
    assert oldest.read_at == NOW


async def test_a_code_makes_one_guardianship(database: Database) -> None:
    code = GuardianCode(account_id(), digest("code"), NOW, NOW + DAY)
    link = Guardianship(account_id(), "w-1", account_id(2), NOW)

    def seed(tx: Transaction) -> None:
        with_accounts(tx, 1, 2, 3)
        tx.guardians.show_code(replace(code, digest=digest("former")))
        tx.guardians.show_code(code)

    await database.run(seed)
    assert await database.run(lambda tx: tx.guardians.by_code(digest("former"))) is None
    assert await database.run(lambda tx: tx.guardians.by_code(digest("code"))) == code
    assert await database.run(lambda tx: (tx.guardians.remove_code(code), tx.guardians.remove_code(code))) == (
        True,
        False,
    )
    assert await database.run(lambda tx: tx.guardians.add(link))
    other = Guardianship(account_id(), "w-2", account_id(3), NOW)
    assert not await database.run(lambda tx: tx.guardians.add(other))
    assert await database.read(lambda tx: tx.guardians.of_minor(account_id())) == link
    assert await database.read(lambda tx: tx.guardians.of_guardian(account_id(2))) == [link]
    assert await database.run(lambda tx: tx.guardians.by_ward("w-1")) == link
    assert await database.run(lambda tx: (tx.guardians.remove(link), tx.guardians.remove(link))) == (True, False)
