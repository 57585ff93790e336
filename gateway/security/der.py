"""The few steps through DER (ITU-T X.690) that the library does not offer: which key algorithm a request really names.

`cryptography` quietly accepts an elliptic-curve key whose curve is spelled out instead of named, when the numbers
happen to be those of a known curve, and then no longer tells the two apart. So the algorithm is read from the bytes.
"""

from typing import Final

_LONG_FORM: Final = 0x80
_MAX_LENGTH_BYTES: Final = 3

SEQUENCE: Final = 0x30
OBJECT_IDENTIFIER: Final = 0x06


def element(data: bytes, at: int = 0) -> tuple[int, int, int]:
    """Tag, start and end of the content of the element at an offset. Low tag numbers and definite lengths only.

    Raises:
        ValueError: there is no complete element there.
    """
    try:
        tag, length = data[at], data[at + 1]
    except IndexError:
        raise ValueError("truncated") from None
    start = at + 2
    if length & _LONG_FORM:
        count = length & ~_LONG_FORM
        if not 1 <= count <= _MAX_LENGTH_BYTES or start + count > len(data):
            raise ValueError("length")
        length = int.from_bytes(data[start : start + count], "big")
        start += count
    if start + length > len(data):
        raise ValueError("truncated")
    return tag, start, start + length


def key_algorithm(tbs_request: bytes) -> bytes:
    """The AlgorithmIdentifier (whole element) of the key in a CertificationRequestInfo (RFC 2986, 4.1).

    Raises:
        ValueError: these bytes have another shape.
    """
    tag, at, _ = element(tbs_request)  # CertificationRequestInfo
    if tag != SEQUENCE:
        raise ValueError("shape")
    for _field in ("version", "subject"):
        _, _, at = element(tbs_request, at)
    tag, at, _ = element(tbs_request, at)  # SubjectPublicKeyInfo
    if tag != SEQUENCE:
        raise ValueError("shape")
    tag, _, end = element(tbs_request, at)  # AlgorithmIdentifier
    if tag != SEQUENCE:
        raise ValueError("shape")
    return tbs_request[at:end]


def is_explicit_curve(algorithm: bytes) -> bool:
    """True when an AlgorithmIdentifier is of an elliptic curve that is not simply named (RFC 5480, 2.1.1)."""
    _, start, end = element(algorithm)
    if not algorithm.startswith(_EC_PUBLIC_KEY, start):
        return False
    parameters = start + len(_EC_PUBLIC_KEY)
    return parameters >= end or algorithm[parameters] != OBJECT_IDENTIFIER


_EC_PUBLIC_KEY: Final = bytes.fromhex("06072a8648ce3d0201")
"""The object identifier id-ecPublicKey, 1.2.840.10045.2.1."""

P256: Final = bytes.fromhex("301306072a8648ce3d020106082a8648ce3d030107")
"""AlgorithmIdentifier of a key on P-256, named (RFC 5480)."""

ED25519: Final = bytes.fromhex("300506032b6570")
"""AlgorithmIdentifier of an Ed25519 key (RFC 8410)."""
