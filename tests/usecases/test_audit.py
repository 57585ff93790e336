"""The audit: a row with every look, one chain however many write, and whatever is changed in it is found."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from gateway.domain.audit import GENESIS, KEPT_FOR, AuditEntry, Broken, Checkpoint, Fault, Result, Sound
from gateway.runtime.checkpoints import Checkpoints
from gateway.security.audit_signatures import Ed25519AuditSigner
from gateway.storage.database import Database
from gateway.usecases import audit, retention
from gateway.usecases.audit import (
    AuditUnavailableError,
    append,
    audited,
    checkpoint_if_due,
    digest_of,
    recorded,
    verify,
)
from gateway.usecases.retention import sweep
from gateway.usecases.transaction import DatabaseUnavailableError, Transaction
from tests.databases import DURABLE, fresh_url, opened
from tests.storage.records import NOW, SECOND
from tests.storage.staff_records import an_entry, staff_id

SIGNER = Ed25519AuditSigner(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
DAY = timedelta(days=1)


@pytest.fixture(params=DURABLE)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with fresh_url(request.param, tmp_path) as url, opened(url) as database:
        yield database


def do(database: Database, *statements: str) -> None:
    """As somebody would who has the database."""
    with database.engine.connect() as connection:
        for statement in statements:
            connection.execute(text(statement))
        connection.commit()


async def written(database: Database, many: int, *, signed_after: int | None = None) -> None:
    for number in range(1, many + 1):
        await database.run(lambda tx, n=number: append(tx, an_entry(NOW + n * SECOND, staff=n % 3)))  # type: ignore[misc]
        if number == signed_after:
            assert await signed(database)


async def signed(database: Database, at: Any = NOW + 60 * SECOND) -> Checkpoint | None:
    return await database.run(lambda tx: checkpoint_if_due(tx, SIGNER, at))


async def checked(database: Database, at: Any = NOW + DAY) -> Sound | Broken:
    return await verify(database, SIGNER, at)


# -- writing


async def test_rows_hang_together_from_the_first(database: Database) -> None:
    await written(database, 3)
    rows = await database.read(lambda tx: tx.audit.after(0, 10))
    assert [row.number for row in rows] == [1, 2, 3]
    assert [row.previous for row in rows] == [GENESIS, rows[0].hash, rows[1].hash]
    assert all(row.hash == digest_of(row.number, row.entry, row.previous) for row in rows)
    assert rows[0].entry == an_entry(NOW + SECOND)


async def test_the_answer_comes_with_its_row(database: Database) -> None:
    def entry(found: str) -> AuditEntry:
        return an_entry(result=Result.GRANTED if found else Result.NOT_FOUND)

    assert await audited(database, an_entry(), lambda _: "read") == "read"
    assert await audited(database, entry, lambda _: "") == ""
    rows = await database.read(lambda tx: tx.audit.after(0, 10))
    assert [row.entry.result for row in rows] == [Result.GRANTED, Result.NOT_FOUND]


async def test_what_fails_leaves_neither_answer_nor_row(database: Database) -> None:
    def fails(tx: Transaction) -> str:
        append(tx, an_entry())
        raise LookupError

    def finds_nothing(_tx: Transaction) -> str:
        raise LookupError

    with pytest.raises(LookupError):
        await recorded(database, fails)
    with pytest.raises(LookupError):
        await audited(database, an_entry(), finds_nothing)
    assert await checked(database) == Sound(0, 0, None, None, 0)


async def test_what_is_only_read_is_not_read_where_others_wait_to_write(database: Database) -> None:
    with pytest.raises(SQLAlchemyError):  # the transaction that reads cannot write: it holds no lock of writers
        await audited(database, an_entry(), lambda tx: append(tx, an_entry()))
    assert await checked(database) == Sound(0, 0, None, None, 0)


async def test_without_a_row_there_is_no_answer(database: Database) -> None:
    await written(database, 2)
    do(database, "DELETE FROM audit_rows WHERE number = 2")
    shown: list[str] = []
    with pytest.raises(AuditUnavailableError):
        shown.append(await audited(database, an_entry(), lambda _: "secret"))
    assert shown == []
    do(database, "DROP TABLE audit_rows")
    with pytest.raises(Exception, match="audit_rows"):
        shown.append(await audited(database, an_entry(), lambda _: "secret"))
    assert shown == []


async def test_a_database_that_is_away_is_an_audit_that_is_away(database: Database) -> None:
    database.close()
    with pytest.raises(AuditUnavailableError) as caught:
        await audited(database, an_entry(), lambda _: "secret")
    assert isinstance(caught.value, DatabaseUnavailableError)
    assert "secret" not in repr(caught.value.__cause__)


async def test_an_entry_shows_nobody_in_its_repr(database: Database) -> None:
    row = await database.run(lambda tx: append(tx, an_entry()))
    for hidden in (staff_id(1), "küche", "T-1", "d-0", "a-0"):
        assert hidden not in repr(row)


async def test_two_gateways_write_one_chain(database: Database, tmp_path: Path) -> None:
    with opened(str(database.engine.url.render_as_string(hide_password=False))) as other:
        await asyncio.gather(
            *(one.run(lambda tx: append(tx, an_entry())) for _ in range(20) for one in (database, other))
        )
    assert await checked(database) == Sound(40, 0, 1, 40, 0)


# -- checking


async def test_a_chain_that_nobody_touched_is_sound(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "ROWS_AT_ONCE", 3)
    assert await checked(database) == Sound(0, 0, None, None, 0)
    await written(database, 10, signed_after=6)
    assert await checked(database) == Sound(10, 1, 1, 10, 6)


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
async def test_an_edit_of_any_column_is_found(database: Database, column: str) -> None:
    await written(database, 5)
    do(database, f"UPDATE audit_rows SET {column} = {COLUMNS[column]} WHERE number = 3")  # noqa: S608 - our own words
    assert await checked(database) == Broken(3, Fault.EDITED)


async def test_a_word_that_no_program_writes_is_an_edit(database: Database) -> None:
    await written(database, 3)
    do(database, "UPDATE audit_rows SET action = 'made_up', result = 'made_up' WHERE number = 2")
    assert await checked(database) == Broken(2, Fault.EDITED)


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
}  # fmt: skip


@pytest.mark.parametrize("what", TAMPERED)
async def test_who_changes_the_database_is_found_out(database: Database, what: str) -> None:
    statements, expected = TAMPERED[what]
    await written(database, 5, signed_after=4)
    assert isinstance(await checked(database), Sound)
    do(database, *statements)
    assert await checked(database) == expected


async def rehashed(database: Database, change: Callable[[AuditEntry], AuditEntry], number: int) -> None:
    """Somebody who knows how writes a row and all after it anew, hashes and all."""
    rows = await database.read(lambda tx: tx.audit.after(0, 100))
    previous = GENESIS
    for row in rows:
        entry = change(row.entry) if row.number == number else row.entry
        digest = digest_of(row.number, entry, previous)
        with database.engine.connect() as connection:
            connection.execute(
                text("UPDATE audit_rows SET reason = :reason, previous = :previous, hash = :hash WHERE number = :n"),
                {"reason": entry.reason, "previous": previous, "hash": digest, "n": row.number},
            )
            connection.commit()
        previous = digest


def other_reason(entry: AuditEntry) -> AuditEntry:
    return replace(entry, reason="something harmless")


async def test_a_chain_that_was_made_anew_fails_at_the_signature(database: Database) -> None:
    await written(database, 5, signed_after=4)
    await rehashed(database, other_reason, 2)
    assert await checked(database) == Broken(4, Fault.CHECKPOINT)


async def test_what_no_signature_vouches_for_yet_is_said(database: Database) -> None:
    """The limit of a daily signature, written down: rows since the last one could be made anew."""
    await written(database, 5, signed_after=3)
    await rehashed(database, other_reason, 5)
    assert await checked(database) == Sound(5, 1, 1, 5, 3)


# -- signing


async def test_a_signature_a_day_where_there_is_something_new(database: Database) -> None:
    assert await signed(database, NOW) is None
    await written(database, 2)
    first = await signed(database, NOW)
    assert first is not None
    assert first.number == 2
    await written(database, 1)
    assert await signed(database, NOW + DAY - SECOND) is None
    second = await signed(database, NOW + DAY)
    assert second is not None
    assert second.number == 3
    assert await signed(database, NOW + 3 * DAY) is None
    assert await checked(database) == Sound(3, 2, 1, 3, 3)


async def test_the_service_signs_and_survives_what_it_cannot_sign(database: Database) -> None:
    await written(database, 2)
    service = Checkpoints(database, SIGNER, lambda: NOW)
    await service.look()
    assert (await checked(database)) == Sound(2, 1, 1, 2, 2)
    later = Checkpoints(database, SIGNER, lambda: NOW + 2 * DAY)
    await written(database, 1)
    do(database, "DELETE FROM audit_rows")
    await later.look()
    database.close()
    await later.look()


# -- retention


async def test_what_is_left_after_two_years_is_still_sound(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "ROWS_AT_ONCE", 2)
    await written(database, 7, signed_after=5)
    now = NOW + KEPT_FOR + 2 * DAY
    await sweep(database, now)
    assert await checked(database, now) == Sound(2, 1, 6, 7, 5)
    await database.run(lambda tx: append(tx, an_entry(now)))
    assert await checked(database, now) == Sound(3, 1, 6, 8, 5)
    do(database, "DELETE FROM audit_rows WHERE number = 6")
    assert await checked(database, now) == Broken(6, Fault.MISSING)


async def test_nothing_goes_that_no_signature_vouches_for(database: Database) -> None:
    await written(database, 3)
    await sweep(database, NOW + KEPT_FOR + 2 * DAY)
    assert await checked(database) == Sound(3, 0, 1, 3, 0)


async def test_the_newest_row_stays_for_the_next_to_refer_to(database: Database) -> None:
    await written(database, 3, signed_after=3)
    now = NOW + KEPT_FOR + 2 * DAY
    await sweep(database, now)
    assert await checked(database, now) == Sound(1, 1, 3, 3, 3)
    await database.run(lambda tx: append(tx, an_entry(now)))
    assert await checked(database, now) == Sound(2, 1, 3, 4, 3)


async def test_removing_that_was_interrupted_is_sound_half_way(database: Database) -> None:
    await written(database, 6, signed_after=5)
    now = NOW + KEPT_FOR + 2 * DAY
    do(database, "DELETE FROM audit_rows WHERE number <= 2")
    assert await checked(database, now) == Sound(4, 1, 3, 6, 5)
    assert await checked(database, NOW + DAY) == Broken(1, Fault.MISSING)
