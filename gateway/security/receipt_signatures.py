"""Signatures under receipts of consents, with a key of their own: its public half is for everybody."""

import base64
import binascii
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from gateway.security.private_keys import load_or_make_ed25519

KEY_FILE: Final = "receipts.key"


class NoPublicKeyError(ValueError):
    """A text that is no Ed25519 public key in base64."""


class Ed25519ReceiptSigner:
    """Signs receipts. Another key than that for appliances, and than that of the audit: each is trusted by others."""

    __slots__ = ("_key", "_public")

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self._public = base64.b64encode(key.public_key().public_bytes_raw()).decode()

    @classmethod
    def from_file_or_new(cls, path: Path, passphrase: bytes) -> "Ed25519ReceiptSigner":
        """The key in a file (encrypted with `KeyRing.ca_passphrase`); made at the first start.

        Raises:
            PrivateKeyError: it does not open with this passphrase.
            UnsafeFileError: others may read it.
        """
        return cls(load_or_make_ed25519(path, passphrase))

    @property
    def public_key(self) -> str:
        """The raw 32-byte public key, base64 with padding."""
        return self._public

    def sign(self, message: bytes) -> str:
        """The 64-byte signature (RFC 8032, deterministic), base64 with padding."""
        return base64.b64encode(self._key.sign(message)).decode()


class ReceiptKey:
    """The public half: all that checking takes."""

    __slots__ = ("_key", "text")

    def __init__(self, text: str) -> None:
        """Take a key as `public_key` gives it.

        Raises:
            NoPublicKeyError: this is none.
        """
        try:
            self._key = Ed25519PublicKey.from_public_bytes(base64.b64decode(text.strip(), validate=True))
        except (ValueError, binascii.Error):
            raise NoPublicKeyError("this is no Ed25519 public key: 32 bytes in base64") from None
        self.text: str = base64.b64encode(self._key.public_bytes_raw()).decode()

    def verify(self, message: bytes, signature: str) -> bool:
        """True when the private half of this key made the signature (base64)."""
        try:
            self._key.verify(base64.b64decode(signature, validate=True), message)
        except (InvalidSignature, ValueError, TypeError):
            return False
        return True
