"""Signatures under the audit's checkpoints, with a key of their own that is never in the database or its backup."""

from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.security.private_keys import load_or_make_ed25519


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
