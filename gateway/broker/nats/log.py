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

_SAYS: Final = (
    ("TLS handshake error", "tls_failed"),
    ("TLS handshake timeout", "tls_failed"),
    ("Publish Violation", "publish_denied"),
    ("Subscription Violation", "subscribe_denied"),
    ("unable to connect: authentication error", "refused"),  # one attempt has up to four lines; this is the last
    ("Authentication Timeout", "refused"),
    ("maximum connections exceeded", "refused"),
)


def parse_line(raw: bytes, at: datetime) -> LogLine:
    """One line of the log.

    Args:
        raw: the line as it came, without its end, of any content.
        at: when it was read.

    Returns:
        The line, named. `client_id` is what the other side claims to be: the certificate of a `tls_failed` may be
        anybody's making, so such a line is evidence about an attempt, never about the appliance that it names.
    """
    text = raw[: 4 * MOST].decode("utf-8", "replace")
    text = "".join(each if each.isprintable() else "\ufffd" for each in text)[:MOST]
    found = _CLIENT.fullmatch(text)
    address = found["address"] if found is not None else None
    rest = found["rest"] if found is not None else text
    says = next((name for phrase, name in _SAYS if phrase in rest), "other")
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
