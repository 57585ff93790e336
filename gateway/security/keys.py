"""The master key and everything that derives from it. Without it the database is noise; it is never in the database."""

import base64
import binascii
import re
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gateway.security.files import create_private, read_private
from gateway.security.sealing import AesGcmSealer
from gateway.usecases.services import IndexedField

KEY_BYTES: Final = 32
BLIND_INDEX_VERSION: Final = 1
"""Part of every blind-index label. Raise it to change those keys; every stored index must then be made anew."""

_HEX: Final = re.compile(r"[0-9a-fA-F]{64}")
_SELF_TEST_TEXT: Final = b"hearthgate self test 1"
_SELF_TEST_PLACE: Final = "key self test"


class MasterKeyError(Exception):
    """The master key cannot be used; the text says why and never shows any of it."""


class WrongMasterKeyError(MasterKeyError):
    """The stored record was sealed under another master key. Nothing may be written under this one."""


@dataclass(frozen=True, slots=True)
class MasterKey:
    """32 secret bytes."""

    value: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.value) != KEY_BYTES:
            raise MasterKeyError(f"a master key has {KEY_BYTES} bytes, not {len(self.value)}")
        if len(set(self.value)) == 1:
            raise MasterKeyError("this master key is one byte repeated; make a random one")

    @classmethod
    def from_text(cls, text: str) -> "MasterKey":
        """Read 64 hexadecimal digits or base64 (either alphabet, padding optional); white space around is ignored.

        Raises:
            MasterKeyError: it is neither, or not 32 bytes.
        """
        trimmed = text.strip()
        if _HEX.fullmatch(trimmed):
            return cls(bytes.fromhex(trimmed))
        standard = trimmed.rstrip("=").replace("-", "+").replace("_", "/")
        try:
            value = base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
        except (binascii.Error, ValueError):
            raise MasterKeyError("a master key is written as base64 or as 64 hexadecimal digits") from None
        return cls(value)

    @classmethod
    def from_file(cls, path: Path) -> "MasterKey":
        """Read a key file: text as above, or the 32 bytes themselves.

        Raises:
            FileNotFoundError: there is none.
            UnsafeFileError: others may read it.
            MasterKeyError: its content is no master key.
        """
        content = read_private(path)
        try:
            if len(content) == KEY_BYTES:
                return cls(content)
            return cls.from_text(content.decode("ascii"))
        except UnicodeDecodeError:
            raise MasterKeyError(f"{path} holds no master key") from None
        except MasterKeyError as problem:
            raise MasterKeyError(f"{path}: {problem}") from None

    @classmethod
    def from_file_or_new(cls, path: Path) -> "MasterKey":
        """Read the key file; at the first start make it (mode 0600, complete or not at all).

        Raises:
            UnsafeFileError: others may read it.
            MasterKeyError: its content is no master key.
        """
        try:
            return cls.from_file(path)
        except FileNotFoundError:
            create_private(path, base64.b64encode(secrets.token_bytes(KEY_BYTES)) + b"\n")
            return cls.from_file(path)  # read back: another process may have been first


class KeyRing:
    """The keys that derive from one master key, each by its own HKDF-SHA256 label (RFC 5869)."""

    __slots__ = ("_blind_index", "_master", "ca_passphrase", "pepper", "pepper_id", "token_key", "wrapping_key")

    def __init__(self, master: MasterKey) -> None:
        """Derive all keys; a few microseconds each."""
        self._master = master
        self.pepper: bytes = self.derive("pepper")
        self.pepper_id: str = self.derive("pepper id", length=4).hex()
        """Stored beside each password, so that a changed pepper is noticed and not taken for a wrong password."""
        self.token_key: bytes = self.derive("token")
        self.wrapping_key: bytes = self.derive("key wrapping")
        """Wraps the keys of persons and seals what belongs to nobody in particular."""
        self.ca_passphrase: bytes = base64.b64encode(self.derive("authority passphrase"))
        """Encrypts the authorities' private keys on disk."""
        self._blind_index: dict[IndexedField, bytes] = {
            which: self.derive(f"blind index {BLIND_INDEX_VERSION} {which.value}") for which in IndexedField
        }

    def __repr__(self) -> str:
        return f"KeyRing(pepper_id={self.pepper_id!r})"

    def __reduce__(self) -> str:
        raise TypeError("a key ring does not leave its process")

    def derive(self, label: str, *, length: int = KEY_BYTES) -> bytes:
        """The key (`length` bytes) for a label. Labels are never re-used for another purpose."""
        info = b"hearthgate 1 " + label.encode()
        return HKDF(algorithm=SHA256(), length=length, salt=None, info=info).derive(self._master.value)

    def blind_index_key(self, which: IndexedField) -> bytes:
        """The key under which one field is indexed."""
        return self._blind_index[which]

    def self_test_record(self) -> bytes:
        """A known value sealed under these keys, for storage to keep from the first start on."""
        return AesGcmSealer(self.wrapping_key).seal(_SELF_TEST_TEXT, place=_SELF_TEST_PLACE)

    def check(self, record: bytes) -> None:
        """Prove that the record was made under the same master key. Call it before anything is written.

        Raises:
            WrongMasterKeyError: it was not, or it is damaged.
        """
        try:
            opened = AesGcmSealer(self.wrapping_key).open(record, place=_SELF_TEST_PLACE)
        except ValueError:
            opened = b""
        if opened != _SELF_TEST_TEXT:
            raise WrongMasterKeyError("this database was written under another master key; nothing was changed")
