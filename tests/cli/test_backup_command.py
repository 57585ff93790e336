"""Backups while everything runs, and restoring them: whole or not at all, and without anybody who has left."""

import shutil
from pathlib import Path

import pytest

from gateway.bootstrap.folder import folder_use
from gateway.domain.identity import AccountId
from gateway.security.backup_cipher import decrypt
from gateway.security.keys import KeyRing, MasterKey
from tests.cli.installation import Installation, Opened, People, name_of
from tests.cli.shell import Shell
from tests.databases import POSTGRESQL, SQLITE_FILE


def closed_since(at: Installation, people: People) -> None:
    at.close_account(people[0])


def test_what_was_there_is_there_again(at: Installation, people: People, shell: Shell, tmp_path: Path) -> None:
    ann, bath, bob, hall = people
    made = shell.json("backup", str(tmp_path / "one.backup"))
    assert made["bytes"] == (tmp_path / "one.backup").stat().st_size
    assert (tmp_path / "one.backup").stat().st_mode & 0o777 == 0o600

    async def afterwards(it: Opened) -> AccountId:
        await it.household.release(ann, bath)
        return await it.household.account()

    late = at.run(afterwards)
    answer = shell.json("restore", str(tmp_path / "one.backup"))
    assert (answer["rows"], answer["erased_again"], answer["authorities_restored"]) == (made["rows"], 0, False)
    assert name_of(at, ann, bath) == "Bath"
    assert name_of(at, bob, hall) == "Hall"
    assert at.naming(late) == set()


def test_it_is_made_while_a_gateway_runs_but_not_restored(
    at: Installation, people: People, shell: Shell, tmp_path: Path
) -> None:
    with folder_use(at.settings):
        shell("backup", str(tmp_path / "one.backup"))
        assert "stop it first" in shell.refused("restore", str(tmp_path / "one.backup"))
    assert shell("restore", str(tmp_path / "one.backup")).startswith("restored what was backed up at ")


@pytest.mark.parametrize("kind", [POSTGRESQL])
def test_a_gateway_on_another_machine_is_noticed(
    at: Installation, people: People, shell: Shell, tmp_path: Path
) -> None:
    shell("backup", str(tmp_path / "one.backup"))

    async def while_it_runs(_: Opened) -> str:
        return shell.refused("restore", str(tmp_path / "one.backup"))

    assert "a gateway is connected" in at.run(while_it_runs)


def test_who_left_since_then_does_not_come_back(at: Installation, people: People, shell: Shell, tmp_path: Path) -> None:
    ann, bath, bob, hall = people
    shell("backup", str(tmp_path / "one.backup"))
    closed_since(at, people)
    assert at.naming(ann) == set()
    answer = shell.json("restore", str(tmp_path / "one.backup"))
    assert answer["erased_again"] == 1
    assert at.naming(ann) == {"erasures.account_id"}  # whose steps the next start carries out
    assert name_of(at, ann, bath) is None
    assert name_of(at, bob, hall) == "Hall"


@pytest.mark.parametrize("kind", [SQLITE_FILE])
def test_who_left_is_in_no_file_of_the_restored_database(
    at: Installation, people: People, shell: Shell, tmp_path: Path
) -> None:
    ann = people[0]
    shell("backup", str(tmp_path / "one.backup"))
    closed_since(at, people)
    shell("restore", str(tmp_path / "one.backup"))
    at.close_account(at.run(lambda it: it.household.account()))  # lets the steps of both be carried out
    content = b"".join(path.read_bytes() for path in at.folder.rglob("*") if path.is_file())
    assert ann.encode() not in content
    assert people[2].encode() in content  # the search finds somebody who is here


def test_an_erasure_ledger_that_knows_less_than_the_backup_is_refused(
    at: Installation, people: People, shell: Shell, tmp_path: Path
) -> None:
    closed_since(at, people)
    shell("backup", str(tmp_path / "one.backup"))
    ledger = at.settings.erasure_ledger_file
    ledger.rename(tmp_path / "kept.ledger")
    assert "put back the newest copy of erasures.ledger" in shell.refused("restore", str(tmp_path / "one.backup"))
    (tmp_path / "kept.ledger").rename(ledger)
    shell("restore", str(tmp_path / "one.backup"))


def test_on_another_machine_with_the_keys_of_persons_everything_is_there(
    at: Installation, people: People, shell: Shell, tmp_path: Path
) -> None:
    ann, bath, *_ = people
    shell("backup", str(tmp_path / "one.backup"))
    before = {path.name: path.read_bytes() for path in at.settings.authorities_folder.iterdir()}
    old = tmp_path / "old"
    at.folder.rename(old)
    (at.folder / "keys").mkdir(mode=0o700, parents=True)
    shutil.copy(old / "keys" / "master.key", at.folder / "keys" / "master.key")
    refused = shell.refused("restore", str(tmp_path / "one.backup"))
    assert "restore persons.db from persons-copies" in refused
    shutil.copy(old / "persons.db", at.folder / "persons.db")
    assert shell.json("restore", str(tmp_path / "one.backup"))["authorities_restored"] or refused
    assert {path.name: path.read_bytes() for path in at.settings.authorities_folder.iterdir()} == before
    assert name_of(at, ann, bath) == "Bath"


def _another_key(file: Path) -> None:
    (file.parent / "data" / "keys" / "master.key").write_bytes(bytes(range(7, 39)))


def _cut_off(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-20])


def _changed(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def _something_else(file: Path) -> None:
    file.write_bytes(b"SQLite format 3\0" * 100)


@pytest.mark.parametrize("harm", [_another_key, _cut_off, _changed, _something_else])
def test_what_cannot_be_restored_changes_nothing(
    at: Installation, people: People, shell: Shell, tmp_path: Path, harm: object
) -> None:
    ann, bath, *_ = people
    file = tmp_path / "one.backup"
    shell("backup", str(file))
    key = (at.folder / "keys" / "master.key").read_bytes()
    harm(file)  # type: ignore[operator]
    shell.refused("restore", str(file))
    (at.folder / "keys" / "master.key").write_bytes(key)
    assert name_of(at, ann, bath) == "Bath"
    assert not list(at.folder.glob("*restor*"))
    with folder_use(at.settings):
        pass  # nothing keeps a gateway away


def test_a_backup_tells_nothing_and_holds_no_key(
    at: Installation, people: People, shell: Shell, tmp_path: Path
) -> None:
    shell("backup", str(tmp_path / "one.backup"))
    content = (tmp_path / "one.backup").read_bytes()
    assert people[0].encode() not in content
    keys = KeyRing(MasterKey.from_file(at.settings.master_key_file))
    with (tmp_path / "one.backup").open("rb") as file:
        opened = b"".join(decrypt(file, keys))
    assert people[0].encode() in opened  # the search finds what is there
    assert b"person_keys" not in opened
    assert (at.folder / "keys" / "master.key").read_bytes().strip() not in opened
    assert b"Bath" not in opened


def test_a_backup_is_never_written_over(at: Installation, people: People, shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "one.backup").write_bytes(b"something")
    assert "never written over" in shell.refused("backup", str(tmp_path / "one.backup"))
    assert (tmp_path / "one.backup").read_bytes() == b"something"
    assert list(tmp_path.glob(".*half")) == []


@pytest.mark.parametrize("kind", [SQLITE_FILE])
@pytest.mark.parametrize(
    "place", ["https://example.org/one", "s3://bucket/one", "postgresql://host/db", "\\\\host\\one"]
)
def test_a_backup_stays_on_this_machine(at: Installation, people: People, shell: Shell, place: str) -> None:
    for what in ("backup", "restore"):
        assert "data stays in its region" in shell.refused(what, place)


@pytest.mark.parametrize("kind", [SQLITE_FILE])
def test_a_file_that_is_not_there_is_said(at: Installation, shell: Shell, tmp_path: Path) -> None:
    assert shell.refused("restore", str(tmp_path / "none")) == f"there is no file {tmp_path / 'none'}"
