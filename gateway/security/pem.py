"""Reading one PEM block that strangers send, strictly: one block, nothing before, between or after."""

import base64
import binascii
import re
from typing import Final

MAX_PEM_CHARS: Final = 16 * 1024

_BLOCK: Final = re.compile(
    r"\s*-----BEGIN (?P<label>[A-Z0-9 ]{1,40})-----[ \t]*\r?\n"
    r"(?P<body>[A-Za-z0-9+/=\s]*)"
    r"-----END (?P=label)-----\s*"
)
"""RFC 7468, strict enough to leave no second reading, lax about line length and line ends."""


def one_der(text: str, *labels: str) -> bytes | None:
    """The DER inside the only PEM block of a text, or None when it is anything else than exactly that.

    Refused are also more than 16 KiB, other labels, and base64 that has a second reading (RFC 7468 wants none).
    """
    if len(text) > MAX_PEM_CHARS or not text.isascii():
        return None
    block = _BLOCK.fullmatch(text)
    if block is None or block["label"] not in labels:
        return None
    packed = "".join(block["body"].split())
    try:
        der = base64.b64decode(packed, validate=True)
    except (binascii.Error, ValueError):
        return None
    return der if base64.b64encode(der).decode() == packed else None
