"""Blind indexes: a value is found again under a keyed digest, and cannot be read or guessed from it without the key."""

import hmac

from gateway.security.keys import KeyRing
from gateway.usecases.services import IndexedField


class HmacBlindIndexes:
    """HMAC-SHA256 with a key of its own per field.

    The key matters: the 2^24 MAC addresses of a maker, or the machine codes of a series, are tried in a moment
    against a plain hash. Separate keys keep one field's index from being looked up in another's.
    """

    __slots__ = ("_keys",)

    def __init__(self, keys: KeyRing) -> None:
        self._keys = keys

    def index(self, which: IndexedField, value: str) -> bytes:
        """The index (32 bytes) of an already normalised value. Any text has one, lone surrogates too."""
        return hmac.digest(self._keys.blind_index_key(which), value.encode("utf-8", "surrogatepass"), "sha256")
