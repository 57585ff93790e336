"""Signatures and proofs between gateway and appliance: commands are signed, units of a batch prove their key."""

import base64
import hmac
import re
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.security.private_keys import load_or_make_ed25519

_PROOF: Final = re.compile(r"[0-9a-f]{64}")


class Ed25519CommandSigner:
    """Signs commands and verdicts. Appliances keep the public half from their activation on."""

    __slots__ = ("_key", "_public")

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self._public = base64.b64encode(key.public_key().public_bytes_raw()).decode()

    @classmethod
    def from_file_or_new(cls, path: Path, passphrase: bytes) -> "Ed25519CommandSigner":
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


class HmacUnitProofs:
    """Checks the proof of a unit that shares its claim certificate with its batch."""

    __slots__ = ()

    def matches(self, unit_key: bytes, message: bytes, proof: str) -> bool:
        """True when `proof` is HMAC-SHA256(unit key, message) in lower-case hexadecimal; in constant time.

        An empty unit key matches nothing: it would be a key that everybody has.
        """
        if not unit_key or _PROOF.fullmatch(proof) is None:
            return False
        return hmac.compare_digest(hmac.digest(unit_key, message, "sha256"), bytes.fromhex(proof))
