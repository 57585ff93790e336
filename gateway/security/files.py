"""Files that hold secrets: written whole or not at all, readable by their owner only."""

import os
import secrets
import stat
from pathlib import Path
from typing import Final

MAX_SECRET_FILE: Final = 64 * 1024
"""Nothing that we keep in such a file comes near this; a larger file is somebody else's."""

_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


class UnsafeFileError(Exception):
    """A file of secrets cannot be trusted: others may read it, it is no plain file, or it is far too large."""


def create_private(path: Path, content: bytes) -> bool:
    """Create a file with mode 0600, complete and on disk; False when the name is taken (nothing changes then).

    The content is written under a temporary name and then linked. A crash leaves no half file under the real name,
    and of two processes that do this at once exactly one wins.
    """
    temporary = _write_temporary(path, content)
    try:
        os.link(temporary, path)
    except FileExistsError:
        return False
    finally:
        temporary.unlink()
    _sync_folder(path.parent)
    return True


def replace_private(path: Path, content: bytes) -> None:
    """Write a file with mode 0600, replacing what is there in one step."""
    temporary = _write_temporary(path, content)
    temporary.replace(path)
    _sync_folder(path.parent)


def read_private(path: Path) -> bytes:
    """The content of a file that only its owner may touch.

    Raises:
        FileNotFoundError: there is none.
        UnsafeFileError: group or others have any right to it, it is no plain file, or it is larger than 64 KiB.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    with open(descriptor, "rb") as file:  # noqa: PTH123 - the descriptor, so that what was checked is what is read
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise UnsafeFileError(f"{path} is not a plain file")
        if status.st_mode & _OTHERS:
            mode = stat.S_IMODE(status.st_mode)
            raise UnsafeFileError(f"{path} can be used by others (mode {mode:04o}); run: chmod 600 {path}")
        content = file.read(MAX_SECRET_FILE + 1)
    if len(content) > MAX_SECRET_FILE:
        raise UnsafeFileError(f"{path} is larger than {MAX_SECRET_FILE} bytes")
    return content


def _write_temporary(path: Path, content: bytes) -> Path:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123 - the descriptor was opened with O_EXCL and its mode
            file.write(content)
            file.flush()
            os.fsync(descriptor)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


def _sync_folder(folder: Path) -> None:
    """A new name is on disk only once its folder is."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
