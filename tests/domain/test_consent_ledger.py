"""The ledger finds every row that was edited, removed, added or swapped."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.consent_ledger import GENESIS, LedgerBroken, LedgerEnd, LedgerRow, check_ledger

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def hash_of(ledger_id: str, number: int, at: datetime, digest: bytes, previous: bytes) -> bytes:
    return hashlib.sha256(repr((ledger_id, number, at, digest, previous)).encode()).digest()


def a_ledger(many: int) -> list[LedgerRow]:
    rows: list[LedgerRow] = []
    previous = GENESIS
    for number in range(1, many + 1):
        at, digest = NOW + timedelta(days=number), hashlib.sha256(bytes([number])).digest()
        made = hash_of("l-1", number, at, digest, previous)
        rows.append(
            LedgerRow(
                ledger_id="l-1", number=number, at=at, digest=digest, previous=previous, hash=made, sealed=b"sealed"
            )
        )
        previous = made
    return rows


def end_of(rows: list[LedgerRow]) -> LedgerEnd:
    return LedgerEnd("l-1", rows[-1].number, rows[-1].hash)


def test_what_was_written_is_sound_with_and_without_its_end() -> None:
    rows = a_ledger(5)
    assert check_ledger(rows, end_of(rows), hash_of) is None
    assert check_ledger(rows, None, hash_of) is None


def test_rows_removed_from_the_end_are_missed() -> None:
    rows = a_ledger(5)
    assert check_ledger(rows[:4], end_of(rows), hash_of) == LedgerBroken(5)
    assert check_ledger([], end_of(rows), hash_of) == LedgerBroken(1)


@given(place=st.integers(0, 4), what=st.sampled_from(["at", "digest", "previous", "hash", "number", "ledger_id"]))
def test_an_edited_row_is_found_where_it_is(place: int, what: str) -> None:
    rows = a_ledger(5)
    row = rows[place]
    rows[place] = {
        "at": replace(row, at=row.at + timedelta(milliseconds=1)),
        "digest": replace(row, digest=b"x" * 32),
        "previous": replace(row, previous=b"x" * 32),
        "hash": replace(row, hash=b"x" * 32),
        "number": replace(row, number=99),
        "ledger_id": replace(row, ledger_id="l-2"),
    }[what]
    assert check_ledger(rows, None, hash_of) == LedgerBroken(place + 1)


@pytest.mark.parametrize("place", [0, 1, 2, 3])
def test_a_row_taken_out_or_swapped_is_found(place: int) -> None:
    rows = a_ledger(5)
    assert check_ledger(rows[:place] + rows[place + 1 :], None, hash_of) == LedgerBroken(place + 1)
    rows[place], rows[place + 1] = rows[place + 1], rows[place]
    assert check_ledger(rows, None, hash_of) == LedgerBroken(place + 1)


def test_a_ledger_written_anew_does_not_end_where_the_old_one_did() -> None:
    rows = a_ledger(3)
    assert check_ledger(a_ledger(3)[:2], LedgerEnd("l-1", 2, rows[2].hash), hash_of) == LedgerBroken(3)
