"""Backups are encrypted in pieces, each of which knows its place and whether it is the last one.

Format 1: the letters `HGBACKUP1` and a line feed, 16 random bytes, then pieces. A piece is a length (4 bytes, big
endian; its top bit says that this is the last one) and so many bytes of AES-256-GCM ciphertext with its tag. The key is
HKDF of the master key with the 16 bytes in its label, so each file has a key of its own and the piece's number can be
the nonce. Header, number and last-piece bit are associated data: cut off, put together anew or exchanged, it does not
open.
"""

import os
import struct
from collections.abc import Iterable, Iterator
from typing import BinaryIO, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.security.keys import KeyRing

MAGIC: Final = b"HGBACKUP1\n"
PIECE_BYTES: Final = 256 * 1024
_SALT_BYTES: Final = 16
_TAG_BYTES: Final = 16
_LAST: Final = 1 << 31


class BackupError(Exception):
    """This file cannot be used as a backup; the text says why."""


def encrypt(content: Iterable[bytes], into: BinaryIO, keys: KeyRing) -> int:
    """Write a backup. Returns how many bytes it has."""
    salt = os.urandom(_SALT_BYTES)
    header = MAGIC + salt
    cipher = _cipher(keys, salt)
    written = into.write(header)
    number = 0
    waiting = bytearray()
    for some in content:
        waiting += some
        while len(waiting) > PIECE_BYTES:  # not `>=`: something must be left for the last piece
            written += into.write(_piece(cipher, header, number, bytes(waiting[:PIECE_BYTES]), last=False))
            del waiting[:PIECE_BYTES]
            number += 1
    return written + into.write(_piece(cipher, header, number, bytes(waiting), last=True))


def decrypt(file: BinaryIO, keys: KeyRing) -> Iterator[bytes]:
    """The content of a backup, piece by piece. Only its end proves that all of it was there.

    Raises:
        BackupError: it is no backup, was made under another master key, was changed, or is not complete.
    """
    header = file.read(len(MAGIC) + _SALT_BYTES)
    if len(header) != len(MAGIC) + _SALT_BYTES or not header.startswith(MAGIC):
        raise BackupError("this is no backup of hearthgate")
    cipher = _cipher(keys, header[len(MAGIC) :])
    number, last = 0, False
    while not last:
        length, last = _length(file.read(4))
        sealed = file.read(length)
        if len(sealed) != length:
            raise BackupError("the backup is not complete: its end is missing")
        try:
            yield cipher.decrypt(_nonce(number), sealed, _data(header, number, last=last))
        except InvalidTag:
            what = "it was made under another master key, or changed" if number == 0 else "it was changed"
            raise BackupError(f"the backup does not open: {what}") from None
        number += 1
    if file.read(1):
        raise BackupError("the backup was changed: something follows its end")


def _piece(cipher: AESGCM, header: bytes, number: int, content: bytes, *, last: bool) -> bytes:
    sealed = cipher.encrypt(_nonce(number), content, _data(header, number, last=last))
    return struct.pack(">I", len(sealed) | (_LAST if last else 0)) + sealed


def _length(text: bytes) -> tuple[int, bool]:
    if len(text) != 4:  # noqa: PLR2004 - as it was written
        raise BackupError("the backup is not complete: its end is missing")
    [number] = struct.unpack(">I", text)
    length = number & ~_LAST
    if not _TAG_BYTES <= length <= PIECE_BYTES + _TAG_BYTES:
        raise BackupError("the backup was changed: it holds a piece of a size that is never written")
    return length, bool(number & _LAST)


def _cipher(keys: KeyRing, salt: bytes) -> AESGCM:
    return AESGCM(keys.derive(f"backup 1 {salt.hex()}"))


def _nonce(number: int) -> bytes:
    return number.to_bytes(12)


def _data(header: bytes, number: int, *, last: bool) -> bytes:
    return header + number.to_bytes(8) + bytes([last])
