"""Who uses a data folder: gateways and commands share it, a restore has it for itself."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from gateway.config import Settings

_LOCK_FILE: Final = "in-use.lock"
_MARK: Final = "restore.unfinished"


class FolderInUseError(Exception):
    """Somebody else uses the data folder in a way that does not go together; the text says what to do."""


def restore_mark(settings: Settings) -> Path:
    """The file that is there while a restore replaces things. Nothing is opened while it is."""
    return settings.data_folder / _MARK


class FolderUse:
    """The hold on a data folder, until it is closed or the process ends."""

    def __init__(self, settings: Settings, *, alone: bool = False) -> None:
        """Take hold of it.

        Args:
            settings: name the folder; it is made where it is not there.
            alone: nobody else may use it meanwhile, and an unfinished restore is no hindrance: this finishes it.

        Raises:
            FolderInUseError: it is in use, or a restore has not been finished.
        """
        settings.data_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = settings.data_folder / _LOCK_FILE
        self._descriptor: Final = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            self._take(settings, alone=alone)
        except BaseException:
            self.close()
            raise

    def _take(self, settings: Settings, *, alone: bool) -> None:
        try:
            fcntl.flock(self._descriptor, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except BlockingIOError:
            who = "a gateway or another command uses it; stop it first" if alone else "a restore is going on"
            raise FolderInUseError(f"{settings.data_folder}: {who}") from None
        if not alone and restore_mark(settings).exists():
            raise FolderInUseError(
                f"{settings.data_folder}: a restore was interrupted; run the same hearthgate restore again"
            )

    def close(self) -> None:
        """Let go."""
        os.close(self._descriptor)


@contextmanager
def folder_use(settings: Settings, *, alone: bool = False) -> Iterator[None]:
    """A hold for the length of a command. Raises as `FolderUse` does."""
    use = FolderUse(settings, alone=alone)
    try:
        yield
    finally:
        use.close()
