"""Keys of persons: made once, destroyed for ever, and in no backup of the database."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.domain.identity import AccountId
from gateway.security.keys import KeyRing, MasterKey
from gateway.security.sealing import AesGcmSealer
from gateway.storage import person_keys
from gateway.storage.person_keys import SqlPersonKeys
from gateway.usecases.persons import PersonKeyGoneError, SealedBefore
from gateway.usecases.transaction import DatabaseUnavailableError
from tests.databases import POSTGRESQL, SQLITE_FILE, SQLITE_MEMORY, postgresql_server
from tests.person_keys import persons_at

KEYS = KeyRing(MasterKey(bytes(range(32))))
ANN, BOB = AccountId("a-" + "1" * 26), AccountId("a-" + "2" * 26)
PLACE = "bindings.nickname:a:d"
KINDS = (SQLITE_FILE, SQLITE_MEMORY, POSTGRESQL)


@pytest.fixture(params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty store."""
    if request.param == POSTGRESQL:
        server = postgresql_server()
        address = server.empty_database()
        yield address
        server.drop_database(address)
    else:
        yield "sqlite://" if request.param == SQLITE_MEMORY else f"sqlite:///{tmp_path}/persons.db"


@pytest.fixture
def persons(url: str) -> Iterator[SqlPersonKeys]:
    opened = persons_at(url, KEYS)
    yield opened
    opened.close()


def test_what_is_sealed_for_a_person_opens_for_them_alone(persons: SqlPersonKeys) -> None:
    sealed = persons.sealer(ANN).seal(b"Bath", place=PLACE)
    persons.sealer(BOB).seal(b"", place=PLACE)
    assert persons.sealer(ANN).open(sealed, place=PLACE) == b"Bath"
    with pytest.raises(ValueError, match="does not open here"):
        persons.sealer(BOB).open(sealed, place=PLACE)


def test_what_was_moved_to_another_row_does_not_open(persons: SqlPersonKeys) -> None:
    sealed = persons.sealer(ANN).seal(b"Bath", place=PLACE)
    with pytest.raises(ValueError, match="does not open here"):
        persons.sealer(ANN).open(sealed, place=PLACE + "2")


def test_the_master_key_alone_opens_nothing_of_a_person(persons: SqlPersonKeys) -> None:
    sealed = persons.sealer(ANN).seal(b"Bath", place=PLACE)
    with pytest.raises(ValueError, match="does not open here"):
        AesGcmSealer(KEYS.wrapping_key).open(sealed, place=PLACE)


def test_a_store_without_its_master_key_opens_nothing(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path}/persons.db"
    with_key = persons_at(address, KEYS)
    sealed = with_key.sealer(ANN).seal(b"Bath", place=PLACE)
    thief = persons_at(address, KeyRing(MasterKey(bytes(range(1, 33)))))
    with pytest.raises(PersonKeyGoneError):  # not even whose key is which can be found
        thief.sealer(ANN).open(sealed, place=PLACE)


def test_keys_swapped_between_persons_do_not_unwrap(tmp_path: Path) -> None:
    import sqlite3

    persons = persons_at(f"sqlite:///{tmp_path}/persons.db", KEYS)
    for who in (ANN, BOB):
        persons.sealer(who).seal(b"", place=PLACE)
    raw = sqlite3.connect(tmp_path / "persons.db", isolation_level=None)
    (one, first), (two, second) = raw.execute("SELECT subject, wrapped FROM person_keys").fetchall()
    raw.execute("UPDATE person_keys SET wrapped = ? WHERE subject = ?", (second, one))
    raw.execute("UPDATE person_keys SET wrapped = ? WHERE subject = ?", (first, two))
    raw.close()
    with pytest.raises(ValueError, match="does not open here"):
        persons.sealer(ANN).seal(b"Bath", place=PLACE)


def test_a_destroyed_key_opens_nothing_and_is_never_made_again(persons: SqlPersonKeys) -> None:
    sealed = persons.sealer(ANN).seal(b"Bath", place=PLACE)
    assert persons.destroy(ANN)
    assert not persons.destroy(ANN)
    with pytest.raises(PersonKeyGoneError):
        persons.sealer(ANN).open(sealed, place=PLACE)
    with pytest.raises(PersonKeyGoneError):
        persons.sealer(ANN).seal(b"Bath", place=PLACE)


def test_who_never_had_a_key_gets_none_after_it_was_destroyed(persons: SqlPersonKeys) -> None:
    assert not persons.destroy(ANN)
    with pytest.raises(PersonKeyGoneError):
        persons.sealer(ANN).seal(b"Bath", place=PLACE)
    persons.sealer(BOB).seal(b"Bath", place=PLACE)


def test_reading_makes_no_key(persons: SqlPersonKeys) -> None:
    with pytest.raises(PersonKeyGoneError):
        persons.sealer(ANN).open(b"", place=PLACE)
    assert persons.destroyed() == set()


def test_many_threads_make_one_key(persons: SqlPersonKeys) -> None:
    sealed: list[bytes] = []
    together = threading.Barrier(8)

    def seal() -> None:
        together.wait()
        sealed.append(persons.sealer(ANN).seal(b"Bath", place=PLACE))

    threads = [threading.Thread(target=seal) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [persons.sealer(ANN).open(each, place=PLACE) for each in sealed] == [b"Bath"] * 8


def test_a_store_keeps_its_identity(persons: SqlPersonKeys) -> None:
    assert persons.prepare(b"another") == b"store"


def test_a_key_outlives_its_process(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path}/persons.db"
    before = persons_at(address, KEYS)
    sealed = before.sealer(ANN).seal(b"Bath", place=PLACE)
    before.close()
    assert persons_at(address, KEYS).sealer(ANN).open(sealed, place=PLACE) == b"Bath"


def test_a_destroyed_key_is_in_no_file_of_the_store(tmp_path: Path) -> None:
    import sqlite3

    persons = persons_at(f"sqlite:///{tmp_path}/persons.db", KEYS)
    for number in range(300):  # several pages
        persons.sealer(AccountId(f"a-{number}")).seal(b"", place=PLACE)
    raw = sqlite3.connect(tmp_path / "persons.db")
    wrapped = [row[0] for row in raw.execute("SELECT wrapped FROM person_keys")]
    raw.close()
    here = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert all(each in here for each in wrapped)
    for number in range(300):
        assert persons.destroy(AccountId(f"a-{number}"))
    left = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert [each for each in wrapped if each in left] == []


@pytest.mark.parametrize("url", [POSTGRESQL], indirect=True)
@pytest.mark.parametrize("most", [person_keys.REWRITTEN_UP_TO, 0], ids=["written anew", "too large to be written anew"])
def test_a_destroyed_key_is_not_in_the_table_of_a_server_either(
    url: str, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(person_keys, "REWRITTEN_UP_TO", most)
    persons = persons_at(url, KEYS)
    everybody = [AccountId(f"a-{number}") for number in range(50)]
    for each in everybody:
        persons.sealer(each).seal(b"", place=PLACE)
    engine = person_keys.person_engine_for(url)
    with engine.connect() as connection:

        def on_disk() -> bytes:
            connection.exec_driver_sql("CHECKPOINT")
            folder = connection.exec_driver_sql("SHOW data_directory").scalar_one()
            name = connection.exec_driver_sql("SELECT pg_relation_filepath('person_keys')").scalar_one()
            content: bytes = (Path(folder) / name).read_bytes()
            return content

        wrapped = [bytes(row[0]) for row in connection.exec_driver_sql("SELECT wrapped FROM person_keys")]
        assert all(each in on_disk() for each in wrapped)
        for each in everybody:
            assert persons.destroy(each)
        left = [each for each in wrapped if each in on_disk()]
        dead = connection.exec_driver_sql("SELECT count(*) FROM person_keys WHERE wrapped IS NOT NULL").scalar_one()
    engine.dispose()
    persons.close()
    assert dead == 0
    assert left == [] if most else len(left) < len(wrapped)


def test_a_copy_holds_the_keys_of_its_day_and_the_digests_end_them_again(
    persons: SqlPersonKeys, tmp_path: Path
) -> None:
    sealed = persons.sealer(ANN).seal(b"Bath", place=PLACE)
    other = persons.sealer(BOB).seal(b"Hall", place=PLACE)
    assert persons.copy_to(tmp_path / "copy.db") == 2
    persons.destroy(ANN)
    copy = persons_at(f"sqlite:///{tmp_path}/copy.db", KEYS, b"ignored")
    assert copy.prepare(b"ignored") == b"store"
    assert copy.sealer(ANN).open(sealed, place=PLACE) == b"Bath"
    assert copy.destroy_indexed(persons.destroyed()) == 1
    with pytest.raises(PersonKeyGoneError):
        copy.sealer(ANN).open(sealed, place=PLACE)
    assert copy.sealer(BOB).open(other, place=PLACE) == b"Hall"
    copy.close()


def test_a_name_sealed_before_persons_had_keys_still_opens(persons: SqlPersonKeys) -> None:
    common = AesGcmSealer(KEYS.wrapping_key)
    names = SealedBefore(persons.sealer(ANN), common)
    old = common.seal(b"Bath", place=PLACE)
    assert names.open(old, place=PLACE) == b"Bath"
    new = names.seal(b"Hall", place=PLACE)
    assert names.open(new, place=PLACE) == b"Hall"
    with pytest.raises(ValueError, match="does not open here"):
        common.open(new, place=PLACE)
    with pytest.raises(ValueError, match="does not open here"):
        names.open(new, place=PLACE + "2")


def test_a_store_that_cannot_be_reached_is_an_unavailable_database(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnavailableError):
        persons_at(f"sqlite:///{tmp_path}/nowhere/persons.db", KEYS)


def test_opening_takes_less_than_a_millisecond(tmp_path: Path) -> None:
    persons = persons_at(f"sqlite:///{tmp_path}/persons.db", KEYS)
    sealed = persons.sealer(ANN).seal(b"Bath", place=PLACE)
    taken = []
    for _ in range(200):
        began = time.perf_counter()
        persons.sealer(ANN).open(sealed, place=PLACE)
        taken.append(time.perf_counter() - began)
    assert sorted(taken)[100] < 0.001
