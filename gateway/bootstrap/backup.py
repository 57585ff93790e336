"""Backups: everything that the database and the authorities hold, in one encrypted file, while the gateway runs.

Not in it: the master key, and the keys of persons. So a backup alone tells nothing, and whoever was erased since is
noise in it once their key is gone from the daily copies.
"""

import base64
import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Final

from gateway.bootstrap.folder import folder_use
from gateway.config import Settings
from gateway.security.backup_cipher import BackupError, decrypt, encrypt
from gateway.security.erasure_ledger import ErasureLedger, LedgerLine
from gateway.security.files import MAX_SECRET_FILE, create_private
from gateway.security.keys import KeyRing
from gateway.storage.dump import TOGETHER, dump
from gateway.storage.engine import engine_for
from gateway.storage.migrate import is_current

WHAT: Final = "hearthgate backup 1"
_LONGEST_LINE: Final = 256 * 1024**2
"""Bytes. Five hundred rows of the largest kind come nowhere near."""

_END: Final = b'{"end":'

Progress = Callable[[int, str], None]


@dataclass(frozen=True, slots=True)
class BackedUp:
    """What was written."""

    file: Path
    bytes: int
    rows: int


@dataclass(frozen=True, slots=True)
class Head:
    """The first line of a backup."""

    made_at: str
    erasures: int
    """Lines of the erasure ledger then: the one here must have at least these."""
    last_erasure: str
    """Hash of the last of them; empty without any."""
    authorities: dict[str, bytes]
    """Files of certificate authorities, encrypted as they lie on the disk."""


def local_file(text: str) -> Path:
    """The file that a backup is written to or read from. Only paths: a backup does not leave for somewhere else.

    Raises:
        BackupError: it is an address of something else.
    """
    if "://" in text or text.startswith("\\\\"):
        raise BackupError("a backup is a file on this machine, so that data stays in its region; give a path")
    return Path(text)


def back_up(settings: Settings, keys: KeyRing, file: Path, now: datetime, progress: Progress) -> BackedUp:
    """Write a backup to a new file. A gateway may run meanwhile; what it writes after the beginning is not in it.

    Raises:
        BackupError: the file exists, or the database is of another schema.
        FolderInUseError: a restore is going on, or was interrupted.
        DatabaseUnavailableError: the database cannot be read.
        OSError: the file cannot be written.
    """
    with folder_use(settings):
        return _write_backup(settings, keys, file, now, progress)


def _write_backup(settings: Settings, keys: KeyRing, file: Path, now: datetime, progress: Progress) -> BackedUp:
    if file.exists():
        raise BackupError(f"{file} exists; a backup is never written over")
    half = file.with_name(f".{file.name}.half")
    half.unlink(missing_ok=True)
    engine = engine_for(settings.database_url.get_secret_value(), threads=1)
    rows = 0

    def counted() -> Iterator[bytes]:
        nonlocal rows
        yield _head_line(settings, keys, now)
        for number, line in enumerate(dump(engine)):
            progress(number, f"{number * TOGETHER} rows")
            if line.startswith(_END):
                rows = sum(json.loads(line)["end"].values())
            yield line

    try:
        if not is_current(engine):
            raise BackupError("the database has another schema than this program; run: hearthgate migrate")
        descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with open(descriptor, "wb") as into:  # noqa: PTH123 - the descriptor was opened with its mode
            size = encrypt(counted(), into, keys)
            into.flush()
            os.fsync(descriptor)
        os.link(half, file)  # never over a file that has appeared meanwhile
    except FileExistsError:
        raise BackupError(f"{file} exists; a backup is never written over") from None
    finally:
        half.unlink(missing_ok=True)
        engine.dispose()
    sync_folder(file.parent)
    return BackedUp(file, size, rows)


def read_backup(file: BinaryIO, keys: KeyRing) -> tuple[Head, Iterator[bytes]]:
    """The head of a backup, and the lines of its rows. Only their end proves that all of it is there and unchanged.

    Raises:
        BackupError: it cannot be used (now, or while the lines are read).
    """
    lines = _in_lines(decrypt(file, keys))
    try:
        found: dict[str, Any] = json.loads(next(lines, b""))
        if found.get("what") != WHAT:
            raise BackupError("this is a backup of a kind that this program does not know")
        authorities = {name: base64.b64decode(content) for name, content in found["authorities"].items()}
        if any(Path(name).name != name for name in authorities):
            raise BackupError("this backup names a file in a way that none is called")
        return Head(found["made_at"], found["erasures"], found["last_erasure"], authorities), lines
    except (ValueError, KeyError, AttributeError):
        raise BackupError("this backup does not begin as one does") from None


def check_ledger(ledger: ErasureLedger, head: Head) -> None:
    """Make sure that the ledger here knows every erasure that the backup's did.

    Raises:
        BackupError: it does not; restoring could bring somebody back for good.
        ErasureLedgerError: it is damaged.
    """
    lines = ledger.lines()
    if head.erasures > len(lines) or (head.erasures and lines[head.erasures - 1].hash != head.last_erasure):
        raise BackupError(
            f"the erasure ledger here has {len(lines)} lines, that of the backup had {head.erasures}: put back the "
            "newest copy of erasures.ledger first, or people who left would be back"
        )


def restore_authorities(folder: Path, authorities: dict[str, bytes]) -> bool:
    """Put back the authorities where there are none, all at once; False where some are, which stay.

    Some of them would be worse than none: after a death in between, the others would be made anew.
    """
    if folder.is_dir() and any(folder.iterdir()):
        return False
    making = folder.with_name(f"{folder.name}.restoring")
    if making.exists():
        shutil.rmtree(making)
    making.mkdir(mode=0o700, parents=True)
    for name, content in authorities.items():
        create_private(making / name, content)
    making.replace(folder)  # an empty folder may be in its place, and nothing else
    sync_folder(folder.parent)
    return True


def sync_folder(folder: Path) -> None:
    """A new name is on disk only once its folder is."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _head_line(settings: Settings, keys: KeyRing, now: datetime) -> bytes:
    lines: list[LedgerLine] = ErasureLedger(settings.erasure_ledger_file, keys).lines()
    head = {
        "what": WHAT,
        "made_at": now.isoformat(timespec="seconds"),
        "erasures": len(lines),
        "last_erasure": lines[-1].hash if lines else "",
        "authorities": {name: base64.b64encode(content).decode() for name, content in _authorities(settings)},
    }
    return json.dumps(head, separators=(",", ":")).encode() + b"\n"


def _authorities(settings: Settings) -> Iterator[tuple[str, bytes]]:
    folder = settings.authorities_folder
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.is_file() and not path.name.startswith(".") and path.stat().st_size <= MAX_SECRET_FILE:
            yield path.name, path.read_bytes()


def _in_lines(pieces: Iterator[bytes]) -> Iterator[bytes]:
    waiting = b""
    for piece in pieces:
        *lines, waiting = (waiting + piece).split(b"\n")
        yield from lines
        if len(waiting) > _LONGEST_LINE:
            raise BackupError("this backup holds what none holds")
    if waiting:
        yield waiting
