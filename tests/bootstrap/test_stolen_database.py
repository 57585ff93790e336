"""Somebody has a copy of the database: alone, with the master key, with the keys of persons, and with all of it."""

import shutil
import sqlite3
from pathlib import Path

import pytest

from gateway.bootstrap.persons import ForeignPersonKeysError
from gateway.domain.identity import AccountId, DeviceId
from gateway.security.keys import KeyRing, MasterKey, WrongMasterKeyError
from gateway.security.sealing import AesGcmSealer
from tests.cli.installation import Installation, Opened

NICKNAME = "Zanzibar-Badezimmer"


async def _move_in(it: Opened) -> tuple[AccountId, DeviceId, DeviceId]:
    ann = await it.household.account()
    return ann, await it.named(ann, NICKNAME), await it.named(ann, "Hall")


@pytest.fixture
def at(tmp_path: Path) -> Installation:
    return Installation(tmp_path / "data")


@pytest.fixture
def ann(at: Installation) -> tuple[AccountId, DeviceId, DeviceId]:
    return at.run(_move_in)


def stolen(at: Installation, folder: Path, *names: str) -> Installation:
    """A data folder with some of the files of another."""
    for name in ("hearthgate.db", *names):
        (folder / name).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.copy(at.folder / name, folder / name)
    return Installation(folder)


def sealed(at: Installation, device_id: DeviceId) -> bytes:
    with sqlite3.connect(at.folder / "hearthgate.db") as connection:
        [value] = connection.execute("SELECT nickname_sealed FROM bindings WHERE device_id = ?", [device_id]).fetchone()
    connection.close()
    found: bytes = value
    return found


def test_the_database_alone_tells_nothing_that_somebody_wrote(
    at: Installation, ann: tuple[AccountId, DeviceId, DeviceId], tmp_path: Path
) -> None:
    thief = stolen(at, tmp_path / "thief")
    content = (thief.folder / "hearthgate.db").read_bytes()
    assert ann[0].encode() in content  # the search finds what is there
    assert NICKNAME.encode() not in content
    with pytest.raises(WrongMasterKeyError):
        thief.run(lambda it: it.name_of(ann[0], ann[1]))


def test_with_the_master_key_but_without_the_keys_of_persons_neither(
    at: Installation, ann: tuple[AccountId, DeviceId, DeviceId], tmp_path: Path
) -> None:
    thief = stolen(at, tmp_path / "thief", "keys/master.key")
    with pytest.raises(ForeignPersonKeysError):
        thief.run(lambda it: it.name_of(ann[0], ann[1]))
    keys = KeyRing(MasterKey.from_file(at.settings.master_key_file))
    place = f"bindings.nickname:{ann[0]}:{ann[1]}"
    with pytest.raises(ValueError, match="does not open here"):
        AesGcmSealer(keys.wrapping_key).open(sealed(at, ann[1]), place=place)


def test_with_all_three_it_is_open(at: Installation, ann: tuple[AccountId, DeviceId, DeviceId], tmp_path: Path) -> None:
    thief = stolen(at, tmp_path / "thief", "keys/master.key", "persons.db")
    assert thief.run(lambda it: it.name_of(ann[0], ann[1])) == NICKNAME


def test_after_the_erasure_not_even_all_of_it_opens_what_an_old_copy_holds(
    at: Installation, ann: tuple[AccountId, DeviceId, DeviceId], tmp_path: Path
) -> None:
    old = stolen(at, tmp_path / "old")
    at.close_account(ann[0])
    for name in ("keys/master.key", "persons.db"):
        (old.folder / name).parent.mkdir(exist_ok=True)
        shutil.copy(at.folder / name, old.folder / name)
    with pytest.raises(ValueError, match="the key of this person is gone"):
        old.run(lambda it: it.name_of(ann[0], ann[1]))


def test_what_is_moved_to_another_row_does_not_open(
    at: Installation, ann: tuple[AccountId, DeviceId, DeviceId]
) -> None:
    account_id, bath, hall = ann
    moved = sealed(at, bath)
    with sqlite3.connect(at.folder / "hearthgate.db") as connection:
        connection.execute("UPDATE bindings SET nickname_sealed = ? WHERE device_id = ?", [moved, hall])
    connection.close()
    with pytest.raises(ValueError, match="does not open here"):
        at.run(lambda it: it.name_of(account_id, hall))
