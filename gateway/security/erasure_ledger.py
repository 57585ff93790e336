"""The erasure ledger: a file outside of the database that remembers who was erased, under a keyed digest.

No backup of the database takes it back, so an older state can be held against it. A line is appended and on disk
before anything is destroyed. Lines form a chain under a key of their own: who has no master key can neither put one in
nor take one out of the middle.
"""

import contextlib
import fcntl
import hmac
import json
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from gateway.security.files import UnsafeFileError
from gateway.security.keys import KeyRing

_FIRST: Final = "0" * 64
_MEMBERS: Final = {"number", "at", "subject", "previous", "hash"}


class ErasureLedgerError(Exception):
    """The ledger cannot be used; the text says why. Without it, nobody knows who must not come back."""


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """One erasure."""

    number: int
    """From 1."""
    at: datetime
    subject: bytes = field(repr=False)
    """Keyed digest of the account."""
    hash: str
    """HMAC over the line and the hash of the one before, hexadecimal."""


class ErasureLedger:
    """The ledger in a file. Any thread and any process may use it."""

    def __init__(self, file: Path, keys: KeyRing) -> None:
        self._file: Final = file
        self._key: Final = keys.derive("erasure ledger")
        self._alone: Final = threading.Lock()

    def append(self, subject: bytes, at: datetime) -> LedgerLine:
        """Write down an erasure; the line is on disk when this returns. One that is there already is found again.

        Raises:
            ErasureLedgerError: what is there is damaged.
            OSError: it cannot be written.
        """
        with self._held() as descriptor:
            lines, sound = self._read(descriptor)
            for line in lines:
                if line.subject == subject:
                    return line
            # What a crash left of a line that nobody was told of.
            os.ftruncate(descriptor, sound)
            last = lines[-1] if lines else None
            line, text = self._line(1 if last is None else last.number + 1, at, subject, last)
            os.lseek(descriptor, sound, os.SEEK_SET)
            _write(descriptor, text)
            os.fsync(descriptor)
            return line

    def lines(self) -> list[LedgerLine]:
        """Everything that is in it, checked.

        Raises:
            ErasureLedgerError: a line was edited, put in, or taken out.
        """
        if not self._file.exists():
            return []
        with self._held() as descriptor:
            return self._read(descriptor)[0]

    def _line(self, number: int, at: datetime, subject: bytes, last: LedgerLine | None) -> tuple[LedgerLine, bytes]:
        previous = _FIRST if last is None else last.hash
        moment = at.isoformat(timespec="milliseconds")
        digest = self._hash(number, moment, subject.hex(), previous)
        members = {"number": number, "at": moment, "subject": subject.hex(), "previous": previous, "hash": digest}
        text = json.dumps(members, separators=(",", ":")).encode() + b"\n"
        return LedgerLine(number, datetime.fromisoformat(moment), subject, digest), text

    def _hash(self, number: int, moment: str, subject: str, previous: str) -> str:
        text = f"{number}\n{moment}\n{subject}\n{previous}"
        return hmac.digest(self._key, text.encode(), "sha256").hex()

    def _read(self, descriptor: int) -> tuple[list[LedgerLine], int]:
        """The lines, and the size of the file up to the last whole one."""
        os.lseek(descriptor, 0, os.SEEK_SET)
        with open(os.dup(descriptor), "rb") as file:  # noqa: PTH123 - the descriptor that is locked
            content = file.read()
        whole = content.rfind(b"\n") + 1
        lines: list[LedgerLine] = []
        for number, text in enumerate(content[:whole].splitlines(), start=1):
            previous = lines[-1].hash if lines else _FIRST
            lines.append(self._checked(number, text, previous))
        return lines, whole

    def _checked(self, number: int, text: bytes, previous: str) -> LedgerLine:
        try:
            found = json.loads(text)
            if not isinstance(found, dict) or found.keys() != _MEMBERS:
                raise ValueError  # noqa: TRY301 - as what json raises
            digest = self._hash(found["number"], found["at"], found["subject"], found["previous"])
            right = hmac.compare_digest(digest, str(found["hash"]))
            if not right or found["number"] != number or found["previous"] != previous:
                raise ValueError  # noqa: TRY301 - same
            return LedgerLine(number, datetime.fromisoformat(found["at"]), bytes.fromhex(found["subject"]), digest)
        except (ValueError, TypeError):
            raise ErasureLedgerError(
                f"{self._file}: line {number} is not what this installation wrote; put back an unharmed copy"
            ) from None

    @contextlib.contextmanager
    def _held(self) -> Iterator[int]:
        """The open file, locked against other threads and processes."""
        with self._alone:
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            fresh = not self._file.exists()
            descriptor = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            try:
                if os.fstat(descriptor).st_mode & 0o077:
                    raise UnsafeFileError(f"{self._file} can be used by others; run: chmod 600 {self._file}")
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                if fresh:
                    _sync_folder(self._file.parent)
                yield descriptor
            finally:
                os.close(descriptor)  # ends the lock as well


def _write(descriptor: int, content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[os.write(descriptor, left) :]


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
