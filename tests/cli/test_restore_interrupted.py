"""Restores that die, or fail after one that died: the old or the new, never something in between."""

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.bootstrap.backup import restore_authorities
from gateway.bootstrap.folder import FolderInUseError, folder_use, restore_mark
from gateway.domain.identity import DeviceId
from gateway.security.files import create_private
from tests.cli.installation import Installation, Opened, People, name_of
from tests.cli.shell import Shell

ROOT = Path(__file__).resolve().parents[2]


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


def test_a_mark_of_an_interrupted_restore_stays_until_one_is_complete(
    at: Installation, people: People, shell: Shell, tmp_path: Path
) -> None:
    file = tmp_path / "one.backup"
    shell("backup", str(file))
    restore_mark(at.settings).write_bytes(b"of a former restore")
    (tmp_path / "cut.backup").write_bytes(file.read_bytes()[:-20])
    shell.refused("restore", str(tmp_path / "cut.backup"))
    assert restore_mark(at.settings).exists()
    shell("restore", str(file))
    assert not restore_mark(at.settings).exists()


def test_nothing_is_backed_up_while_a_restore_is_under_way(
    at: Installation, people: People, shell: Shell, tmp_path: Path
) -> None:
    with folder_use(at.settings, alone=True):
        assert "a restore is going on" in shell.refused("backup", str(tmp_path / "one.backup"))
    restore_mark(at.settings).write_bytes(b"of a former restore")
    assert "a restore was interrupted" in shell.refused("backup", str(tmp_path / "one.backup"))
    assert not (tmp_path / "one.backup").exists()


class DiedError(BaseException):
    """Stands for the death of the process."""


@pytest.mark.parametrize("left", [1, 2, 3])
def test_authorities_are_put_back_all_together_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, left: int
) -> None:
    """Of some, the start would keep these and make the others anew: no appliance would trust those."""
    folder, files = tmp_path / "authorities", {f"{number}.key": b"%d" % number for number in range(3)}
    written = iter(range(left))

    def dying(path: Path, content: bytes) -> bool:
        if next(written, None) is None:
            raise DiedError
        return create_private(path, content)

    with monkeypatch.context() as patched, contextlib.suppress(DiedError):
        patched.setattr("gateway.bootstrap.backup.create_private", dying)
        restore_authorities(folder, files)
    assert restore_authorities(folder, files) == (left < len(files))
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == files
    assert [path.name for path in tmp_path.iterdir()] == ["authorities"]
    assert folder.stat().st_mode & 0o077 == 0
