"""Reads nats-server's log as evidence of why a connection failed.

The lines are the server's, and what they quote is a stranger's: any bytes may come. Nothing here raises; a line that is
not understood becomes `other`, and only bounded, printable text is kept.
"""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Final

from gateway.broker.port import LogLine

MOST: Final = 1024
"""Characters of a line that are kept."""

_CLIENT: Final = re.compile(
    r"\[\d+\] \d{4}/\d\d/\d\d \d\d:\d\d:\d\d\.\d{1,9} \[[A-Z]{3}\] "
    r"(?:(?P<address>\[?[0-9a-fA-F.:%]{2,60}\]?):(?P<port>\d{1,5}) - )?"
    r"(?:[a-z_]{1,12}:\d{1,20} - )?"
    r"(?P<rest>.{0,1024})"
)
_COMMON_NAME: Final = re.compile(r"(?<![0-9a-z-])[cdg]-[0-9a-z]{26}(?![0-9a-z])")

_HANDSHAKE: Final = "TLS handshake error"
_HANDSHAKE_SAYS: Final = (
    # What the server itself found wrong, in the words of Go's crypto/tls.
    ("tls: client didn't provide a certificate", "tls_no_client_certificate"),
    ("x509: certificate has expired or is not yet valid", "tls_client_certificate_expired"),
    ("tls: failed to verify certificate", "tls_client_certificate_refused"),
    ("tls: client offered only unsupported versions", "tls_version"),
    ("remote error: tls: protocol version not supported", "tls_version"),
    # What the other side said of our certificate.
    ("remote error: tls: expired certificate", "tls_server_refused_by_clock"),
    ("remote error: tls: unknown certificate", "tls_server_refused"),
    ("remote error: tls: bad certificate", "tls_server_refused"),
    # An OpenSSL client that refuses our certificate in TLS 1.3 says so before both have the same keys: this is all that
    # the server can read of it.
    ("local error: tls: bad record MAC", "tls_server_refused"),
    ("connection reset by peer", "tls_reset"),
    ("i/o timeout", "tls_reset"),
    (f"{_HANDSHAKE}: EOF", "tls_reset"),
)
"""Only of a line that begins with `_HANDSHAKE`: a connection that stood for days is reset in the same words."""

_SAYS: Final = (
    ("TLS handshake timeout", "tls_reset"),
    ("maximum payload exceeded", "payload_too_large"),
    ("Publish Violation", "publish_denied"),
    ("Subscription Violation", "subscribe_denied"),
    ("unable to connect: authentication error", "refused"),  # one attempt has up to four lines; this is the last
    ("Authentication Timeout", "refused"),
    ("maximum connections exceeded", "broker_busy"),
)


def parse_line(raw: bytes, at: datetime) -> LogLine:
    """One line of the log.

    Args:
        raw: the line as it came, without its end, of any content.
        at: when it was read.

    Returns:
        The line, named. `client_id` is what the other side claims to be: the certificate of a failed handshake may be
        anybody's making, so such a line is evidence about an attempt, never about the appliance that it names.
    """
    text = raw[: 4 * MOST].decode("utf-8", "replace")
    text = "".join(each if each.isprintable() else "\ufffd" for each in text)[:MOST]
    found = _CLIENT.fullmatch(text)
    address = found["address"] if found is not None else None
    rest = found["rest"] if found is not None else text
    words, otherwise = (_HANDSHAKE_SAYS, "tls_failed") if rest.startswith(_HANDSHAKE) else (_SAYS, "other")
    says = next((name for phrase, name in words if phrase in rest), otherwise)
    who = _COMMON_NAME.search(rest) if says != "other" else None
    return LogLine(
        at=at,
        says=says,
        raw=text,
        client_id=who[0] if who is not None else None,
        address=address.strip("[]") if address is not None else None,
    )


class LogCounts:
    """How many lines said what; the only thing about them that is shown without a reason."""

    __slots__ = ("counts",)

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}

    def counting(self, then: Callable[[LogLine], None]) -> Callable[[LogLine], None]:
        """Count a line, then hand it on unless nothing is known about it."""

        def take(line: LogLine) -> None:
            self.counts[line.says] = self.counts.get(line.says, 0) + 1
            if line.says != "other":
                then(line)

        return take
