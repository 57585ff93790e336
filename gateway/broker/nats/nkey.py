"""nkeys and the JWTs of NATS, as far as an auth callout needs them.

An nkey is base32 of a type byte, 32 bytes of Ed25519 key and a CRC-16; a NATS JWT is a JWT whose algorithm is
`ed25519-nkey` and whose issuer is the public nkey that signed it (docs.nats.io, "JWTs"; github.com/nats-io/nkeys).
"""

import base64
import binascii
import hashlib
import json
from typing import Any, Final

import nkeys
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

_HEADER: Final = {"typ": "JWT", "alg": "ed25519-nkey"}
_KEY_BYTES: Final = 32
_MOST_TOKEN: Final = 65_536


class BadTokenError(Exception):
    """A JWT that is malformed, too long, or not signed by the key it names."""


def new_account_seed(random_bytes: bytes) -> str:
    """An account seed (`SA…`) from 32 random bytes."""
    return bytes(nkeys.encode_seed(random_bytes, nkeys.PREFIX_BYTE_ACCOUNT)).decode()


def public_key(seed: str) -> str:
    """The public nkey of a seed."""
    return bytes(nkeys.from_seed(bytearray(seed.encode())).public_key).decode()


class Signer:
    """Signs JWTs with one seed, parsed once."""

    __slots__ = ("_pair", "issuer")

    def __init__(self, seed: str) -> None:
        self._pair = nkeys.from_seed(bytearray(seed.encode()))
        self.issuer = bytes(self._pair.public_key).decode()

    def sign(self, claims: dict[str, Any]) -> str:
        """The signed JWT of these claims; `iss` and `jti` are added (`jti` is a digest of the claims, as in NATS)."""
        body = {**claims, "iss": self.issuer}
        digest = hashlib.sha512(_compact(body)).digest()[:_KEY_BYTES]
        body["jti"] = base64.b32encode(digest).rstrip(b"=").decode()
        signed = _encode(_compact(_HEADER)) + b"." + _encode(_compact(body))
        return (signed + b"." + _encode(self._pair.sign(signed))).decode()


def read_token(token: bytes, *, issuer_type: str) -> dict[str, Any]:
    """The claims of a JWT whose signature fits the issuer that it names.

    Args:
        token: the JWT as it came.
        issuer_type: first letter that the issuer's nkey must have (`N` is a server).

    Raises:
        BadTokenError: anything about it is wrong.
    """
    if len(token) > _MOST_TOKEN:
        raise BadTokenError("too long")
    try:
        head, body, signature = token.split(b".")
        header, claims = json.loads(_decode(head)), json.loads(_decode(body))
        issuer = claims["iss"]
        if header.get("alg") != _HEADER["alg"] or not issuer.startswith(issuer_type):
            raise BadTokenError("not signed as expected")
        VerifyKey(_raw_key(issuer)).verify(head + b"." + body, _decode(signature))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, binascii.Error, BadSignatureError):
        raise BadTokenError("malformed or not signed by its issuer") from None
    if not isinstance(claims, dict):
        raise BadTokenError("no claims")
    return claims


def _raw_key(public: str) -> bytes:
    raw = base64.b32decode(public + "=" * (-len(public) % 8))
    body, crc = raw[:-2], raw[-2:]
    if len(body) != _KEY_BYTES + 1 or binascii.crc_hqx(body, 0).to_bytes(2, "little") != crc:
        raise BadTokenError("not an nkey")
    return body[1:]


def _compact(value: dict[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _encode(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def _decode(text: bytes) -> bytes:
    return base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))
