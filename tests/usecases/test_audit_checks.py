"""Signing and checking the audit: whatever is changed in it is found, and what is not there is not signed over."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from gateway.domain.audit import GENESIS, KEPT_FOR, AuditEntry, Broken, Checkpoint, Fault, KnownCheckpoint, Sound
from gateway.usecases import audit_checks, retention
from gateway.usecases.audit import append, digest_of
from gateway.usecases.audit_checks import SignaturesBrokenError
from gateway.usecases.retention import sweep
from gateway.usecases.services import MemoryUnavailableError
from tests.storage.records import NOW, SECOND
from tests.storage.staff_records import an_entry
from tests.usecases.audit_book import DAY, Book, book_of


async def test_a_chain_that_nobody_touched_is_sound(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_checks, "ROWS_AT_ONCE", 3)
    assert await book.checked() == Sound(0, 0, None, None, 0)
    await book.written(10, signed_after=6)
    assert await book.checked() == Sound(10, 1, 1, 10, 6)


COLUMNS = {
    "at": "at + 1",
    "staff_id": "'w-x'",
    "role": "'viewer'",
    "action": "'log_out'",
    "result": "'refused'",
    "device_id": "NULL",
    "account_id": "NULL",
    "target": "NULL",
    "case_number": "'T-2'",
    "reason": "'because'",
}


@pytest.mark.parametrize("column", COLUMNS)
async def test_an_edit_of_any_column_is_found(book: Book, column: str) -> None:
    await book.written(5)
    book.do(f"UPDATE audit_rows SET {column} = {COLUMNS[column]} WHERE number = 3")  # noqa: S608 - our own words
    assert await book.checked() == Broken(3, Fault.EDITED)


async def test_a_word_that_no_program_writes_is_an_edit(book: Book) -> None:
    await book.written(3)
    book.do("UPDATE audit_rows SET action = 'made_up', result = 'made_up' WHERE number = 2")
    assert await book.checked() == Broken(2, Fault.EDITED)


SWAP = (
    "UPDATE audit_rows SET number = 99 WHERE number = 2",
    "UPDATE audit_rows SET number = 2 WHERE number = 3",
    "UPDATE audit_rows SET number = 3 WHERE number = 99",
)
COPY = (
    "INSERT INTO audit_rows SELECT {n}, at, staff_id, role, action, result, device_id, account_id, target, "
    "case_number, reason, previous, hash FROM audit_rows WHERE number = 2"
)
TAMPERED: dict[str, tuple[tuple[str, ...], Broken]] = {
    "the first is gone": (("DELETE FROM audit_rows WHERE number = 1",), Broken(1, Fault.MISSING)),
    "one is gone": (("DELETE FROM audit_rows WHERE number = 3",), Broken(3, Fault.MISSING)),
    "two are gone": (("DELETE FROM audit_rows WHERE number IN (2, 3)",), Broken(2, Fault.MISSING)),
    "one is gone and the others moved up": (
        (
            "DELETE FROM audit_rows WHERE number = 2",
            *(f"UPDATE audit_rows SET number = {n - 1} WHERE number = {n}" for n in (3, 4, 5)),  # noqa: S608
        ),
        Broken(2, Fault.OUT_OF_PLACE),
    ),
    "two are swapped": (SWAP, Broken(2, Fault.OUT_OF_PLACE)),
    "one was put in at the end": ((COPY.format(n=6), "UPDATE counters SET value = 6 WHERE name = 'audit'"),
                                  Broken(6, Fault.OUT_OF_PLACE)),
    "one was put in between": (
        (
            *(f"UPDATE audit_rows SET number = {n + 1} WHERE number = {n}" for n in (5, 4, 3)),  # noqa: S608
            COPY.format(n=3),
            "UPDATE counters SET value = 6 WHERE name = 'audit'",
        ),
        Broken(3, Fault.OUT_OF_PLACE),
    ),
    "the end is gone": (("DELETE FROM audit_rows WHERE number > 3",), Broken(4, Fault.END_MISSING)),
    "all of it is gone": (("DELETE FROM audit_rows",), Broken(1, Fault.END_MISSING)),
    "the end is gone and the counter set back": (
        ("DELETE FROM audit_rows WHERE number > 2", "UPDATE counters SET value = 2 WHERE name = 'audit'"),
        Broken(3, Fault.END_MISSING),
    ),
    "the signature was made with another key": (
        ("UPDATE audit_checkpoints SET signature = substr(signature, 2)",),
        Broken(4, Fault.SIGNATURE),
    ),
    "the signature was moved to another row": (
        ("UPDATE audit_checkpoints SET number = 3",), Broken(3, Fault.SIGNATURE),
    ),
    "the signature is gone": (("DELETE FROM audit_checkpoints",), Broken(4, Fault.SIGNATURE_MISSING)),
    "the whole database is an older one": (
        (
            "DELETE FROM audit_checkpoints",
            "DELETE FROM audit_rows WHERE number > 2",
            "UPDATE counters SET value = 2 WHERE name = 'audit'",
        ),
        Broken(4, Fault.SIGNATURE_MISSING),
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", TAMPERED)
async def test_who_changes_the_database_is_found_out(book: Book, what: str) -> None:
    statements, expected = TAMPERED[what]
    await book.written(5, signed_after=4)
    assert isinstance(await book.checked(), Sound)
    book.do(*statements)
    assert await book.checked() == expected


async def rehashed(book: Book, change: Callable[[AuditEntry], AuditEntry], number: int) -> None:
    """Somebody who knows how writes a row and all after it anew, hashes and all."""
    rows = await book.database.read(lambda tx: tx.audit.after(0, 100))
    previous = GENESIS
    for row in rows:
        entry = change(row.entry) if row.number == number else row.entry
        digest = digest_of(row.number, entry, previous)
        with book.database.engine.connect() as connection:
            connection.execute(
                text("UPDATE audit_rows SET reason = :reason, previous = :previous, hash = :hash WHERE number = :n"),
                {"reason": entry.reason, "previous": previous, "hash": digest, "n": row.number},
            )
            connection.commit()
        previous = digest


def other_reason(entry: AuditEntry) -> AuditEntry:
    return replace(entry, reason="something harmless")


async def test_a_chain_that_was_made_anew_fails_at_the_signature(book: Book) -> None:
    await book.written(5, signed_after=4)
    await rehashed(book, other_reason, 2)
    assert await book.checked() == Broken(4, Fault.CHECKPOINT)


async def test_what_no_signature_vouches_for_yet_is_said(book: Book) -> None:
    """The limit of a daily signature, written down: rows since the last one could be made anew."""
    await book.written(5, signed_after=3)
    await rehashed(book, other_reason, 5)
    assert await book.checked() == Sound(5, 1, 1, 5, 3)


async def test_a_new_chain_without_the_old_signatures_is_neither_sound_nor_signed(book: Book) -> None:
    await book.written(5, signed_after=4)
    await rehashed(book, other_reason, 2)
    book.do("DELETE FROM audit_checkpoints")
    assert await book.checked() == Broken(4, Fault.SIGNATURE_MISSING)
    with pytest.raises(SignaturesBrokenError):
        await book.signed(NOW + 2 * DAY)
    await book.service(NOW + 2 * DAY).look()
    assert book.failures() == 1
    assert await book.database.read(lambda tx: tx.audit.newest_checkpoint()) is None
    assert await book.checked() == Broken(4, Fault.SIGNATURE_MISSING)


@pytest.mark.parametrize(
    ("gone", "expected"),
    [(1, Broken(2, Fault.SIGNATURE)), (2, Broken(3, Fault.SIGNATURE)), (3, Broken(3, Fault.SIGNATURE_MISSING))],
)
async def test_no_signature_can_be_taken_out(book: Book, gone: int, expected: Broken) -> None:
    for day in range(3):
        await book.written(1)
        assert await book.signed(NOW + day * DAY)
    book.do(f"DELETE FROM audit_checkpoints WHERE number = {gone}")  # noqa: S608 - a number of ours
    assert await book.checked(NOW + 3 * DAY) == expected
    await book.written(1)
    with pytest.raises(SignaturesBrokenError):
        await book.signed(NOW + 4 * DAY)


# -- signing


async def test_a_signature_a_day_where_there_is_something_new(book: Book) -> None:
    assert await book.signed(NOW) is None
    await book.written(2)
    first = await book.signed(NOW)
    assert first is not None
    assert first.number == 2
    await book.written(1)
    assert await book.signed(NOW + DAY - SECOND) is None
    second = await book.signed(NOW + DAY)
    assert second is not None
    assert second.number == 3
    assert await book.signed(NOW + 3 * DAY) is None
    assert await book.checked() == Sound(3, 2, 1, 3, 3)


async def test_what_another_gateway_signed_may_not_go_either(book: Book, tmp_path: Path) -> None:
    other = book_of(book.database, tmp_path / "other")
    await book.written(2)
    assert await book.signed(NOW)
    assert await other.signed(NOW) is None
    book.do("DELETE FROM audit_checkpoints")
    assert await other.checked() == Broken(2, Fault.SIGNATURE_MISSING)


async def test_a_signature_that_was_committed_and_not_kept_is_kept_at_the_next_look(book: Book, tmp_path: Path) -> None:
    await book.written(2, signed_after=2)
    (tmp_path / "audit.newest.json").unlink()
    assert await book.signed(NOW + 61 * SECOND) is None
    assert book.memory.known() == KnownCheckpoint(1, 2, (await newest(book)).signature)


async def test_a_memory_that_was_damaged_is_no_empty_one(book: Book, tmp_path: Path) -> None:
    await book.written(2, signed_after=1)
    for content in ("", "{}", "[1]", '{"ordinal": 1, "row": 1, "signature": "x"}'):
        (tmp_path / "audit.newest.json").write_text(content)
        with pytest.raises(MemoryUnavailableError):
            await book.checked()
        await book.service(NOW + 2 * DAY).look()
        assert (await newest(book)).number == 1


async def test_a_clock_that_was_ahead_does_not_put_off_signing(book: Book) -> None:
    await book.written(1)
    assert await book.signed(NOW + 900 * DAY)
    await book.written(1)
    assert await book.signed(NOW)
    await book.written(1)
    assert await book.signed(NOW + DAY - SECOND) is None
    assert await book.signed(NOW + DAY)
    assert await book.checked() == Sound(3, 3, 1, 3, 3)


async def newest(book: Book) -> Checkpoint:
    found = await book.database.read(lambda tx: tx.audit.newest_checkpoint())
    assert found is not None
    return found


async def test_the_service_signs_and_survives_what_it_cannot_sign(book: Book) -> None:
    await book.written(2)
    service = book.service(NOW)
    await service.look()
    assert (await book.checked()) == Sound(2, 1, 1, 2, 2)
    later = book.service(NOW + 2 * DAY)
    await book.written(1)
    book.do("DELETE FROM audit_rows")
    await later.look()
    assert (await newest(book)).number == 2
    assert book.failures() == 1
    book.database.close()
    await later.look()


# -- retention


async def test_what_is_left_after_two_years_is_still_sound(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "ROWS_AT_ONCE", 2)
    await book.written(7, signed_after=5)
    now = NOW + KEPT_FOR + 2 * DAY
    await sweep(book.database, now)
    assert await book.checked(now) == Sound(2, 1, 6, 7, 5)
    await book.database.run(lambda tx: append(tx, an_entry(now)))
    assert await book.checked(now) == Sound(3, 1, 6, 8, 5)
    book.do("DELETE FROM audit_rows WHERE number = 6")
    assert await book.checked(now) == Broken(6, Fault.MISSING)


async def test_nothing_goes_that_no_signature_vouches_for(book: Book) -> None:
    await book.written(3)
    await sweep(book.database, NOW + KEPT_FOR + 2 * DAY)
    assert await book.checked() == Sound(3, 0, 1, 3, 0)


async def test_the_newest_row_stays_for_the_next_to_refer_to(book: Book) -> None:
    await book.written(3, signed_after=3)
    now = NOW + KEPT_FOR + 2 * DAY
    await sweep(book.database, now)
    assert await book.checked(now) == Sound(1, 1, 3, 3, 3)
    await book.database.run(lambda tx: append(tx, an_entry(now)))
    assert await book.checked(now) == Sound(2, 1, 3, 4, 3)


async def test_removing_that_was_interrupted_is_sound_half_way(book: Book) -> None:
    await book.written(6, signed_after=5)
    now = NOW + KEPT_FOR + 2 * DAY
    book.do("DELETE FROM audit_rows WHERE number <= 2")
    assert await book.checked(now) == Sound(4, 1, 3, 6, 5)
    assert await book.checked(NOW + DAY) == Broken(1, Fault.MISSING)
