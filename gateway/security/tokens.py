"""Tokens that the gateway makes: random enough to need no slow hash, stored as keyed digests only."""

import hmac
import secrets
from typing import Final

from gateway.security.keys import KeyRing
from gateway.usecases.services import TokenPurpose

_RANDOM_BYTES: Final = {
    TokenPurpose.ACCESS: 32,
    TokenPurpose.REFRESH: 32,
    TokenPurpose.BIND: 16,
    TokenPurpose.STAFF: 32,
    TokenPurpose.EXPORT: 32,
    TokenPurpose.HOME: 16,
    TokenPurpose.CLOSURE: 32,
    TokenPurpose.ERASURE: 32,
}
"""256 bits for the tokens of the app and of the staff.

128 for the bind token, which a phone carries to an appliance within 10 minutes, and for the code that joins a home.
"""


class KeyedTokens:
    """Tokens and their HMAC-SHA256 digests, each purpose apart from the others."""

    __slots__ = ("_key",)

    def __init__(self, keys: KeyRing) -> None:
        self._key = keys.token_key

    def mint(self, purpose: TokenPurpose) -> tuple[str, bytes]:
        """A fresh token (URL-safe base64 without padding) and its digest (32 bytes)."""
        token = secrets.token_urlsafe(_RANDOM_BYTES[purpose])
        return token, self.digest(purpose, token)

    def digest(self, purpose: TokenPurpose, token: str) -> bytes:
        """The digest of a presented token; text that was never minted has one that nobody stored."""
        return hmac.digest(self._key, purpose.value.encode() + b"\0" + token.encode("utf-8", "surrogatepass"), "sha256")

    def digits(self, many: int) -> str:
        """So many random decimal digits, each as likely as the others."""
        return f"{secrets.randbelow(10**many):0{many}d}"

    def shared_secret(self, size: int) -> bytes:
        """So many random bytes, for a device that keeps them as well (an authenticator)."""
        return secrets.token_bytes(size)
