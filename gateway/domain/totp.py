"""One-time codes that change with time: RFC 6238, as every authenticator app makes them (SHA-1, 30 s, six digits)."""

import base64
import hmac
import struct
from datetime import datetime
from typing import Final
from urllib.parse import quote, urlencode

PERIOD_S: Final = 30
DIGITS: Final = 6
WINDOW: Final = 1
"""Steps before and after the present one whose code is taken: for clocks that differ, and for people who type."""
SECRET_BYTES: Final = 20
"""As long as SHA-1's output (RFC 4226, 4, R6)."""


def step_at(now: datetime) -> int:
    """The number of the step that a moment lies in (RFC 6238, 4.2)."""
    return int(now.timestamp()) // PERIOD_S


def code_at(secret: bytes, step: int, *, digits: int = DIGITS) -> str:
    """The code of a step (RFC 4226, 5.3)."""
    mac = hmac.digest(secret, struct.pack(">Q", step), "sha1")
    offset = mac[-1] & 0x0F
    number = int.from_bytes(mac[offset : offset + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**digits:0{digits}d}"


def matching_step(secret: bytes, presented: str, *, after: int, now: datetime) -> int | None:
    """The step whose code this is; None when it is none that counts.

    Args:
        secret: what the authenticator holds.
        presented: what was typed; blanks in it do not count.
        after: the latest step that was used: no code of it or an earlier one counts again.
        now: the present moment.
    """
    typed = "".join(presented.split()).encode("utf-8", "replace")
    present = step_at(now)
    found: int | None = None
    for step in range(max(0, present - WINDOW), present + WINDOW + 1):  # every one of them, whichever fits
        if hmac.compare_digest(code_at(secret, step).encode(), typed) and step > after:
            found = step
    return found


def otpauth_uri(secret: bytes, *, issuer: str, name: str) -> str:
    """What an authenticator reads from the QR code (Google's Key Uri Format, which all of them take)."""
    text = base64.b32encode(secret).decode().rstrip("=")
    about = {"secret": text, "issuer": issuer, "algorithm": "SHA1", "digits": DIGITS, "period": PERIOD_S}
    return f"otpauth://totp/{quote(issuer)}:{quote(name)}?{urlencode(about, quote_via=quote)}"
