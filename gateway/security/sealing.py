"""Encryption at rest: AES-256-GCM that knows where its ciphertext lives, so that a moved one does not open."""

import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

VERSION: Final = b"\x01"
"""First byte of everything sealed: AES-256-GCM, 96-bit random nonce, 128-bit tag."""

KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16


class AesGcmSealer:
    """Seals under one key: the wrapping key, or the key of one person (which the wrapping key wraps).

    Nonces are random; NIST SP 800-38D allows 2^32 of them a key, far more than one person's rows.
    """

    __slots__ = ("_cipher",)

    def __init__(self, key: bytes) -> None:
        """Take a key of 32 bytes."""
        if len(key) != KEY_BYTES:
            raise ValueError(f"a sealing key has {KEY_BYTES} bytes, not {len(key)}")
        self._cipher = AESGCM(key)

    def seal(self, value: bytes, *, place: str) -> bytes:
        """Encrypt for a place (table, column, row). The result is 29 bytes longer than the value."""
        nonce = os.urandom(_NONCE_BYTES)
        return VERSION + nonce + self._cipher.encrypt(nonce, value, VERSION + place.encode())

    def open(self, sealed: bytes, *, place: str) -> bytes:
        """Decrypt what `seal` returned for the same place.

        Raises:
            ValueError: it was changed, moved from another place, sealed under another key, or never sealed.
        """
        if sealed[:1] != VERSION or len(sealed) < len(VERSION) + _NONCE_BYTES + _TAG_BYTES:
            raise ValueError("this was not sealed by any version known here")
        nonce, ciphertext = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        try:
            return self._cipher.decrypt(nonce, ciphertext, VERSION + place.encode())
        except InvalidTag:
            raise ValueError("this does not open here: changed, moved, or sealed under another key") from None


def new_sealing_key() -> bytes:
    """A random key, such as one person's. Destroying it erases what was sealed under it."""
    return AESGCM.generate_key(bit_length=256)
