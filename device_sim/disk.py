"""The file operations under an appliance's flash, small enough that a test can make each of them fail."""

import os
from pathlib import Path
from typing import Protocol


class Disk(Protocol):
    """What replacing a file takes. The order in which `Flash` calls these is what makes it safe."""

    def write(self, path: Path, data: bytes) -> None:
        """Make the file hold exactly these bytes and ask the system to have them on the medium. Mode 0600."""

    def rename(self, source: Path, target: Path) -> None:
        """Put one file in the place of another in one step (POSIX rename)."""

    def sync_folder(self, folder: Path) -> None:
        """Have the folder's entries on the medium: a rename alone may be forgotten in a power cut."""

    def read(self, path: Path) -> bytes | None:
        """What the file holds, or None when there is none."""


class PosixDisk:
    """The real thing. Without `durable` a killed process loses nothing, a power cut may: enough for a large fleet."""

    def __init__(self, *, durable: bool = True) -> None:
        self._durable = durable

    def write(self, path: Path, data: bytes) -> None:
        """See `Disk.write`."""
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            left = memoryview(data)
            while left:
                left = left[os.write(descriptor, left) :]
            if self._durable:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def rename(self, source: Path, target: Path) -> None:
        """See `Disk.rename`."""
        source.replace(target)

    def sync_folder(self, folder: Path) -> None:
        """See `Disk.sync_folder`."""
        if not self._durable:
            return
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def read(self, path: Path) -> bytes | None:
        """See `Disk.read`."""
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None
