"""Backups while everything runs, and restoring them: whole or not at all, and without anybody who has left."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.bootstrap.backup import read_backup
from gateway.bootstrap.folder import FolderInUseError, folder_use
from gateway.bootstrap.secrets import AUDIT_MEMORY
from gateway.domain.audit import MACHINE, AuditEntry, AuditRow, Broken, Result, Sound
from gateway.domain.identity import AccountId, DeviceId
from gateway.domain.staff import Action
from gateway.runtime.clock import utc_now
from gateway.security.backup_cipher import decrypt
from gateway.security.keys import KeyRing, MasterKey
from gateway.usecases import audit
from gateway.usecases.audit_checks import sign_if_due, verify
from tests.cli.installation import Installation, Opened
from tests.cli.shell import Shell
from tests.databases import DURABLE, POSTGRESQL, SQLITE_FILE, fresh_url

ROOT = Path(__file__).resolve().parents[2]
People = tuple[AccountId, DeviceId, AccountId, DeviceId]


@pytest.fixture(params=DURABLE)
def kind(request: pytest.FixtureRequest) -> str:
    kind: str = request.param
    return kind


@pytest.fixture
def at(kind: str, tmp_path: Path, shell: Shell) -> Iterator[Installation]:
    """An installation, which the shell is set to."""
    if kind == SQLITE_FILE:
        yield Installation(tmp_path / "data")
        return
    with fresh_url(POSTGRESQL, tmp_path) as url:
        shell.environment["HEARTHGATE_DATABASE__URL"] = url
        yield Installation(tmp_path / "data", url)


@pytest.fixture
def people(at: Installation) -> People:
    """Ann with her bath heater, Bob with his in the hall."""

    async def move_in(it: Opened) -> People:
        ann, bob = await it.household.account(), await it.household.account()
        return ann, await it.named(ann, "Bath"), bob, await it.named(bob, "Hall")

    return at.run(move_in)


def name_of(at: Installation, account_id: AccountId, device_id: DeviceId) -> str | None:
    return at.run(lambda it: it.name_of(account_id, device_id))


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


def test_the_audit_remembers_no_signature_that_the_restored_database_does_not_hold(
    at: Installation, people: People, shell: Shell, tmp_path: Path
) -> None:
    memory = at.settings.authorities_folder / AUDIT_MEMORY
    memory.unlink(missing_ok=True)
    shell("backup", str(tmp_path / "one.backup"))
    memory.write_text("{}")
    memory.chmod(0o600)
    shell("backup", str(tmp_path / "two.backup"))
    memory.write_text('{"newer": 1}')
    shell("restore", str(tmp_path / "two.backup"))
    assert memory.read_text("utf-8") == "{}"
    shell("restore", str(tmp_path / "one.backup"))
    assert not memory.exists()


def test_the_audit_says_that_a_backup_was_put_back_and_goes_on_being_signed(
    at: Installation, people: People, shell: Shell, tmp_path: Path
) -> None:
    looked = AuditEntry(at=utc_now(), staff_id=None, role=MACHINE, action=Action.LIST_STAFF, result=Result.GRANTED)

    async def look_and_sign(it: Opened) -> None:
        database, now = it.household.database, utc_now() + timedelta(days=1)
        await audit.recorded(database, lambda tx: audit.append(tx, looked))
        await sign_if_due(database, it.secrets.audit_signer, it.secrets.audit_memory, now)

    async def found(it: Opened) -> tuple[list[AuditRow], Sound | Broken]:
        database = it.household.database
        rows, _ = await database.read(lambda tx: audit.page(tx, None, 10))
        later = utc_now() + timedelta(days=3)
        await sign_if_due(database, it.secrets.audit_signer, it.secrets.audit_memory, later)
        return rows, await verify(database, it.secrets.audit_signer, it.secrets.audit_memory, later)

    at.run(look_and_sign)
    made_at = read_made_at(at, shell, tmp_path / "one.backup")
    at.run(look_and_sign)
    (at.settings.authorities_folder / AUDIT_MEMORY).write_text('{"ordinal": 2, "row": 2, "signature": "00"}')
    shell("restore", str(tmp_path / "one.backup"))
    rows, checked = at.run(found)
    assert [row.number for row in rows] == [2, 1]
    entry = rows[0].entry
    assert (entry.role, entry.action, entry.staff_id, entry.account_id) == (MACHINE, Action.RESTORE_BACKUP, None, None)
    assert entry.reason == f"backup of {made_at}; before, signed up to: row 2"
    assert isinstance(checked, Sound)
    assert (checked.rows, checked.vouched) == (2, 2)


def read_made_at(at: Installation, shell: Shell, file: Path) -> str:
    shell("backup", str(file))
    with file.open("rb") as opened:
        head, _ = read_backup(opened, KeyRing(MasterKey.from_file(at.settings.master_key_file)))
    return head.made_at


KILLED = """
import os, signal, sys
from pathlib import Path
from gateway.bootstrap import restore as restoring
from gateway.cli.app import app

left = int(sys.argv[2])
unlink = Path.unlink

def dying(function):
    def step(*args, **kwargs):
        global left
        changes = function is not unlink or args[0].exists()  # most of what is removed was not there
        result = function(*args, **kwargs)
        left -= changes
        if changes and left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return result
    return step

for name in ("fill_file", "refill", "create_private", "sync_folder", "restore_authorities", "overwrite", "_on_disk"):
    if hasattr(restoring, name):
        setattr(restoring, name, dying(getattr(restoring, name)))
Path.replace, Path.unlink = dying(Path.replace), dying(Path.unlink)
app(["restore", sys.argv[1]])
"""


def test_killed_anywhere_it_leaves_the_old_or_the_new_and_can_be_run_again(
    at: Installation, people: People, shell: Shell, tmp_path: Path
) -> None:
    ann, bath, *_ = people
    file = tmp_path / "one.backup"
    shell("backup", str(file))

    async def rename(it: Opened) -> DeviceId:
        return await it.named(ann, "Attic")

    attic = at.run(rename)
    died = finished = 0
    for step in range(1, 40):
        ended = subprocess.run(  # noqa: S603 - this interpreter, and a script of ours
            [sys.executable, "-c", KILLED, str(file), str(step)],
            cwd=ROOT,
            env={**os.environ, **shell.environment, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            timeout=60,
            check=False,
        )
        if ended.returncode == 0:
            finished = step
            break
        assert ended.returncode == -signal.SIGKILL, ended.stderr
        died += 1
        try:
            with folder_use(at.settings):
                pass
        except FolderInUseError as told:
            assert "run the same hearthgate restore again" in str(told)  # noqa: PT017 - either is right here
        else:
            assert name_of(at, ann, bath) == "Bath"
            assert name_of(at, ann, attic) in {"Attic", None}
    assert died >= 5
    assert finished
    assert name_of(at, ann, bath) == "Bath"
    assert name_of(at, ann, attic) is None
