"""Daily copies of the keys of persons: one a day, seven of them, and a destroyed key is in none after a week."""

import asyncio
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.domain.identity import AccountId
from gateway.runtime import person_copies
from gateway.runtime.person_copies import KEPT, PersonCopies
from gateway.security.keys import KeyRing, MasterKey
from gateway.storage.person_keys import SqlPersonKeys
from gateway.usecases.erasure_receipts import COPIES_KEPT_FOR
from tests.person_keys import persons_at

KEYS = KeyRing(MasterKey(bytes(range(32))))
ANN = AccountId("a-" + "1" * 26)


class Time:
    now = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def persons(tmp_path: Path) -> SqlPersonKeys:
    persons = persons_at(f"sqlite:///{tmp_path}/persons.db", KEYS)
    persons.sealer(ANN).seal(b"", place="p")
    return persons


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.endswith("-journal"))


def wrapped(folder: Path) -> bytes:
    with sqlite3.connect(folder / "persons.db") as connection:
        [value] = connection.execute("SELECT wrapped FROM person_keys").fetchone()
    connection.close()
    found: bytes = value
    return found


def test_a_day_has_one_copy_and_a_week_has_seven(persons: SqlPersonKeys, time: Time, tmp_path: Path) -> None:
    copies = PersonCopies(persons, tmp_path / "copies", time)
    for day in range(10):
        for _ in range(3):
            copies.look()
        assert len(names(tmp_path / "copies")) == min(day + 1, KEPT)
        time.now += timedelta(days=1)
    assert names(tmp_path / "copies") == [f"persons-2026-03-{day:02}.db" for day in range(4, 11)]


def test_only_its_owner_reads_a_copy(persons: SqlPersonKeys, time: Time, tmp_path: Path) -> None:
    PersonCopies(persons, tmp_path / "copies", time).look()
    assert (tmp_path / "copies").stat().st_mode & 0o077 == 0
    assert all(path.stat().st_mode & 0o077 == 0 for path in (tmp_path / "copies").iterdir())


def test_a_destroyed_key_is_in_no_copy_when_the_receipt_says_so(
    persons: SqlPersonKeys, time: Time, tmp_path: Path
) -> None:
    copies = PersonCopies(persons, tmp_path / "copies", time)
    copies.look()
    key, destroyed_at = wrapped(tmp_path), time.now
    persons.destroy(ANN)

    def in_copies() -> bool:
        return any(key in path.read_bytes() for path in (tmp_path / "copies").iterdir())

    assert in_copies()
    while time.now < destroyed_at + COPIES_KEPT_FOR:
        time.now += timedelta(minutes=10)
        copies.look()
    assert not in_copies()


def test_half_a_copy_of_a_crash_is_removed_and_nothing_of_others_is(
    persons: SqlPersonKeys, time: Time, tmp_path: Path
) -> None:
    folder = tmp_path / "copies"
    folder.mkdir(mode=0o700)
    (folder / ".persons-2026-03-01.db.half").write_bytes(b"half")
    (folder / "notes.txt").write_bytes(b"somebody's")
    PersonCopies(persons, folder, time).look()
    assert names(folder) == ["notes.txt", "persons-2026-03-01.db"]


def test_a_copy_of_a_clock_that_was_wrong_is_not_kept_for_years(
    persons: SqlPersonKeys, time: Time, tmp_path: Path
) -> None:
    folder, right = tmp_path / "copies", time.now
    time.now = right + timedelta(days=3650)
    PersonCopies(persons, folder, time).look()
    assert len(names(folder)) == 1
    time.now = right
    (folder / "2026-02-01").write_bytes(b"somebody's")
    PersonCopies(persons, folder, time).look()
    assert names(folder) == ["2026-02-01", "persons-2026-03-01.db"]


def test_a_copy_opens_as_a_store(persons: SqlPersonKeys, time: Time, tmp_path: Path) -> None:
    sealed = persons.sealer(ANN).seal(b"Bath", place="p")
    PersonCopies(persons, tmp_path / "copies", time).look()
    copy = persons_at(f"sqlite:///{tmp_path}/copies/persons-2026-03-01.db", KEYS)
    assert copy.sealer(ANN).open(sealed, place="p") == b"Bath"
    copy.close()


async def test_the_service_goes_on_after_trouble(
    persons: SqlPersonKeys, time: Time, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(person_copies, "EVERY_S", 0.01)
    (tmp_path / "copies").write_bytes(b"a file where the folder should be")
    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        running = tasks.create_task(PersonCopies(persons, tmp_path / "copies", time).run())
        await asyncio.sleep(0.05)
        (tmp_path / "copies").unlink()
        while not (tmp_path / "copies" / "persons-2026-03-01.db").exists():  # noqa: ASYNC110 - a thread makes it
            await asyncio.sleep(0.01)
        running.cancel()
