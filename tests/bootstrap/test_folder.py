"""Who may use a data folder at the same time as whom."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.bootstrap.folder import FolderInUseError, folder_use, restore_mark
from gateway.config import Settings

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.model_validate({"data_folder": tmp_path / "data", "region": "local"})


def test_gateways_and_commands_share_it(settings: Settings) -> None:
    with folder_use(settings), folder_use(settings):
        assert settings.data_folder.stat().st_mode & 0o077 == 0


def test_a_restore_waits_for_nobody_and_nobody_comes_in_meanwhile(settings: Settings) -> None:
    with folder_use(settings), pytest.raises(FolderInUseError, match="stop it first"), folder_use(settings, alone=True):
        pass
    with folder_use(settings, alone=True):
        with pytest.raises(FolderInUseError, match="a restore is going on"), folder_use(settings):
            pass
        with pytest.raises(FolderInUseError), folder_use(settings, alone=True):
            pass
    with folder_use(settings):
        pass


def test_after_an_interrupted_restore_only_another_restore_comes_in(settings: Settings) -> None:
    settings.data_folder.mkdir()
    restore_mark(settings).touch()
    with pytest.raises(FolderInUseError, match="run the same hearthgate restore again"), folder_use(settings):
        pass
    with folder_use(settings, alone=True):
        pass


def test_a_process_that_was_killed_holds_nothing(settings: Settings) -> None:
    script = (
        "import os, signal, sys\n"
        "from gateway.bootstrap.folder import FolderUse\n"
        "from gateway.config import Settings\n"
        "use = FolderUse(Settings.model_validate({'data_folder': sys.argv[1], 'region': 'local'}), alone=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    ended = subprocess.run(  # noqa: S603 - this interpreter, and a script of ours
        [sys.executable, "-c", script, str(settings.data_folder)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert ended.returncode == -signal.SIGKILL
    with folder_use(settings, alone=True):
        pass
