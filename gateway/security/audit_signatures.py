"""Signatures under the audit's checkpoints, with a key of their own that is never in the database or its backup.

Beside the key lies the newest checkpoint, so that the database cannot hold less without its being noticed.
"""

import json
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.domain.audit import KnownCheckpoint
from gateway.security.files import UnsafeFileError, read_private, replace_private
from gateway.security.private_keys import load_or_make_ed25519
from gateway.usecases.services import MemoryUnavailableError


class Ed25519AuditSigner:
    """Signs checkpoints, and checks what was signed. Another key than that for appliances: they trust that one."""

    __slots__ = ("_key",)

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key

    @classmethod
    def from_file_or_new(cls, path: Path, passphrase: bytes) -> "Ed25519AuditSigner":
        """The key in a file (encrypted with `KeyRing.ca_passphrase`); made at the first start.

        Raises:
            PrivateKeyError: it does not open with this passphrase.
            UnsafeFileError: others may read it.
        """
        return cls(load_or_make_ed25519(path, passphrase))

    def sign(self, message: bytes) -> bytes:
        """The 64-byte signature (RFC 8032, deterministic)."""
        return self._key.sign(message)

    def verify(self, message: bytes, signature: bytes) -> bool:
        """True when `sign` of this key made it."""
        try:
            self._key.public_key().verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


class FileCheckpointMemory:
    """Implements `usecases.services.CheckpointMemory` in a file: three members of a JSON object."""

    __slots__ = ("_path",)

    def __init__(self, path: Path) -> None:
        self._path = path

    def known(self) -> KnownCheckpoint | None:
        """See the protocol."""
        try:
            content = read_private(self._path)
        except FileNotFoundError:
            return None
        except (OSError, UnsafeFileError) as trouble:
            raise MemoryUnavailableError(str(trouble)) from trouble
        try:
            found = json.loads(content)
            return KnownCheckpoint(int(found["ordinal"]), int(found["row"]), bytes.fromhex(found["signature"]))
        except (KeyError, TypeError, ValueError):
            # Not "none is known": whoever damages the file would make the gateway forget.
            raise MemoryUnavailableError(f"{self._path} is not what was written") from None

    def keep(self, newest: KnownCheckpoint) -> None:
        """See the protocol."""
        known = self.known()
        if known is not None and known.ordinal >= newest.ordinal:
            return
        content = {"ordinal": newest.ordinal, "row": newest.number, "signature": newest.signature.hex()}
        try:
            replace_private(self._path, json.dumps(content).encode())
        except OSError as trouble:
            raise MemoryUnavailableError(str(trouble)) from trouble
