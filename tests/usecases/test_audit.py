"""Writing the audit: a row with every look, and one chain however many write."""

import asyncio

import pytest
from sqlalchemy.exc import SQLAlchemyError

from gateway.domain.audit import GENESIS, AuditEntry, Result, Sound
from gateway.usecases.audit import AuditUnavailableError, append, audited, digest_of, recorded
from gateway.usecases.transaction import DatabaseUnavailableError, Transaction
from tests.databases import opened
from tests.storage.records import NOW, SECOND
from tests.storage.staff_records import an_entry, staff_id
from tests.usecases.audit_book import Book


async def test_rows_hang_together_from_the_first(book: Book) -> None:
    await book.written(3)
    rows = await book.database.read(lambda tx: tx.audit.after(0, 10))
    assert [row.number for row in rows] == [1, 2, 3]
    assert [row.previous for row in rows] == [GENESIS, rows[0].hash, rows[1].hash]
    assert all(row.hash == digest_of(row.number, row.entry, row.previous) for row in rows)
    assert rows[0].entry == an_entry(NOW + SECOND)


async def test_the_answer_comes_with_its_row(book: Book) -> None:
    def entry(found: str) -> AuditEntry:
        return an_entry(result=Result.GRANTED if found else Result.NOT_FOUND)

    assert await audited(book.database, an_entry(), lambda _: "read") == "read"
    assert await audited(book.database, entry, lambda _: "") == ""
    rows = await book.database.read(lambda tx: tx.audit.after(0, 10))
    assert [row.entry.result for row in rows] == [Result.GRANTED, Result.NOT_FOUND]


async def test_what_fails_leaves_neither_answer_nor_row(book: Book) -> None:
    def fails(tx: Transaction) -> str:
        append(tx, an_entry())
        raise LookupError

    def finds_nothing(_tx: Transaction) -> str:
        raise LookupError

    with pytest.raises(LookupError):
        await recorded(book.database, fails)
    with pytest.raises(LookupError):
        await audited(book.database, an_entry(), finds_nothing)
    assert await book.checked() == Sound(0, 0, None, None, 0)


async def test_what_is_only_read_is_not_read_where_others_wait_to_write(book: Book) -> None:
    with pytest.raises(SQLAlchemyError):  # the transaction that reads cannot write: it holds no lock of writers
        await audited(book.database, an_entry(), lambda tx: append(tx, an_entry()))
    assert await book.checked() == Sound(0, 0, None, None, 0)


async def test_without_a_row_there_is_no_answer(book: Book) -> None:
    await book.written(2)
    book.do("DELETE FROM audit_rows WHERE number = 2")
    shown: list[str] = []
    with pytest.raises(AuditUnavailableError):
        shown.append(await audited(book.database, an_entry(), lambda _: "secret"))
    assert shown == []
    book.do("DROP TABLE audit_rows")
    with pytest.raises(Exception, match="audit_rows"):
        shown.append(await audited(book.database, an_entry(), lambda _: "secret"))
    assert shown == []


async def test_a_database_that_is_away_is_an_audit_that_is_away(book: Book) -> None:
    book.database.close()
    with pytest.raises(AuditUnavailableError) as caught:
        await audited(book.database, an_entry(), lambda _: "secret")
    assert isinstance(caught.value, DatabaseUnavailableError)
    assert "secret" not in repr(caught.value.__cause__)


async def test_an_entry_shows_nobody_in_its_repr(book: Book) -> None:
    row = await book.database.run(lambda tx: append(tx, an_entry()))
    for hidden in (staff_id(1), "küche", "T-1", "d-0", "a-0"):
        assert hidden not in repr(row)


async def test_two_gateways_write_one_chain(book: Book) -> None:
    with opened(str(book.database.engine.url.render_as_string(hide_password=False))) as other:
        await asyncio.gather(
            *(one.run(lambda tx: append(tx, an_entry())) for _ in range(20) for one in (book.database, other))
        )
    assert await book.checked() == Sound(40, 0, 1, 40, 0)
