"""Reads Mosquitto's log as evidence of why a connection failed. Formats of 2.0 and 2.1.

2.0 tells a failed TLS handshake in three lines that only their order connects, and names no address in the last two:

    New connection from 192.0.2.7:52614 on port 8883.
    OpenSSL Error[0]: error:0A000086:SSL routines::certificate verify failed
    Client <unknown> disconnected: Protocol error.

2.1 puts the address into the last line: `Client (null) [192.0.2.7:52614] disconnected: protocol error.` So the reader
remembers who has connected and not yet said CONNECT. It names an address only when there is exactly one such.

What a line quotes is a stranger's and may be anything: nothing here raises, and only bounded, printable text is kept.
"""

import re
from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from gateway.broker.port import LogLine, OnLogLine

MOST: Final = 1_024
"""Characters of a line that are kept."""
_PENDING: Final = 1_000
"""Connections between their first byte and their CONNECT that are remembered."""
_PENDING_FOR: Final = timedelta(seconds=30)
"""And for how long: 2.0 does not say which of several ended."""
_NAMELESS: Final = ("<unknown>", "(null)")

_STAMP: Final = re.compile(r"(?:\d{9,12}|\d{4}-\d\d-\d\d[T ][\d:.+Z]{8,20}): ")
_ADDRESS: Final = r"(?P<address>[0-9A-Fa-f.:%\[\]a-z]{2,60}?)"
_CLIENT: Final = r"(?P<client>.{1,256}?)"
_WHERE: Final = r"(?: \[" + _ADDRESS + r":(?P<port>\d{1,5})\])?"

_SAYS: Final = tuple(
    (re.compile(pattern), says)
    for pattern, says in (
        (rf"New connection from {_ADDRESS}:(?P<port>\d{{1,5}}) on port \d{{1,5}}\.", "opened"),
        (rf"New client connected from {_ADDRESS}:(?P<port>\d{{1,5}}) as {_CLIENT} \(p\d.*", "connected"),
        *(
            (rf"(?:Client connection from {_ADDRESS} failed|OpenSSL Error(?: .{{0,80}}?)?\[\d+\]): {cause}", says)
            for cause, says in (
                (r".*peer did not return a certificate.*", "tls_no_client_certificate"),
                # OpenSSL tells no more here: expired, or of an unknown authority, or for another purpose.
                (r".*certificate verify failed.*", "tls_client_certificate_refused"),
                (r".*alert certificate expired.*", "tls_server_refused_by_clock"),
                (
                    r".*alert (?:unknown ca|bad certificate|certificate unknown|unsupported certificate).*",
                    "tls_server_refused",
                ),
                (r".*(?:unsupported protocol|alert protocol version|version too low).*", "tls_version"),
                (r".*(?:unexpected eof while reading|Connection reset by peer).*", "tls_reset"),
                (r".*", "tls_failed"),
            )
        ),
        (rf"Client connection from {_ADDRESS} denied: max_connections exceeded\.", "broker_busy"),
        (rf"Denied PUBLISH from {_CLIENT} \(.*", "publish_denied"),
        (rf"Denied SUBSCRIBE from {_CLIENT} \(.*", "subscribe_denied"),
        (rf"Client {_CLIENT}{_WHERE} disconnected[,:] not authorised\.", "refused"),
        (rf"Client {_CLIENT}{_WHERE} disconnected: client identifier not valid\.", "refused"),
        (rf"Client {_CLIENT}{_WHERE} disconnected: bad username or password\.", "refused"),
        (rf"Client {_CLIENT}{_WHERE} disconnected(?:: | due to )oversize (?:packet|payload)\.", "payload_too_large"),
        (rf"Client {_CLIENT}{_WHERE} disconnected(?:: | due to )(?:used|using not)? ?.{{0,20}}feature .*", "refused"),
        (rf"Client {_CLIENT} disconnected due to QoS too high or retain not supported\.", "refused"),
        (r"Client (?:<unknown>|\(null\)) disconnected due to .*", "refused"),
        (rf"Client {_CLIENT}{_WHERE} disconnected.*", "ended"),
        # How 2.0 ends a 3.1.1 client that published where it may not, retained, or too much.
        (rf"Bad socket read/write on client {_CLIENT}: Unknown error\.", "refused"),
        (rf"Bad socket read/write on client {_CLIENT}: .*", "ended"),
        (rf"Client {_CLIENT} closed its connection\.", "ended"),
        (rf"Client {_CLIENT}(?: has exceeded timeout, disconnecting| been disconnected by .*)\.", "ended"),
        (rf"Client {_CLIENT} already connected, closing old connection\.", "ended"),
        (r"Reloading config\.", "reloading"),
        (r"mosquitto version \S{1,40} running", "running"),
    )
)
_OURS: Final = frozenset({"opened", "connected", "ended", "reloading", "running"})
"""Read for what they tell about other lines; as evidence they are `other`."""

_COMMON_NAME: Final = re.compile(r"[cdg]-[0-9a-z]{26}")


class LogReader:
    """Turns lines into evidence, and counts what they said."""

    def __init__(
        self, clock: Callable[[], datetime], take: OnLogLine, notice: Callable[[str], None] = lambda _: None
    ) -> None:
        """`take` gets the lines that say why somebody was kept out; `notice` hears `running` and `reloading`."""
        self._clock = clock
        self._take = take
        self._notice = notice
        self._pending: OrderedDict[str, tuple[str, datetime]] = OrderedDict()
        self.counts: Counter[str] = Counter()
        self.last: deque[str] = deque(maxlen=5)
        """The latest lines, for the report of a start that failed."""

    def read(self, raw: bytes) -> None:
        """Read one line, without its end, of any content."""
        text = raw[: 4 * MOST].decode("utf-8", "replace")
        text = _STAMP.sub("", "".join(c if c.isprintable() else "\ufffd" for c in text), count=1)[:MOST]
        says, found = "other", None
        for pattern, name in _SAYS:
            if (found := pattern.fullmatch(text)) is not None:
                says = name
                break
        self.counts[says] += 1
        self.last.append(text)
        groups = found.groupdict() if found is not None else {}
        address = (groups.get("address") or "").strip("[]") or None
        self._remember(says, address, groups.get("port"), groups.get("client"))
        if says in _OURS:
            self._notice(says)
        elif says != "other":
            client = groups.get("client")
            self._take(
                LogLine(
                    at=self._clock(),
                    says=says,
                    raw=text,
                    client_id=client if client is not None and _COMMON_NAME.fullmatch(client) else None,
                    address=address or (self._only_one() if client is None or client in _NAMELESS else None),
                )
            )

    def _remember(self, says: str, address: str | None, port: str | None, client: str | None) -> None:
        if says == "opened" and address is not None:
            self._pending[f"{address} {port}"] = (address, self._clock())
            if len(self._pending) > _PENDING:
                self._pending.popitem(last=False)
        elif says == "connected" or (says == "ended" and address is not None):
            self._pending.pop(f"{address} {port}", None)
        elif says == "ended" and client in _NAMELESS and len(self._pending) == 1:
            self._pending.clear()  # 2.0 does not say whose: it can only have been the one

    def _only_one(self) -> str | None:
        since = self._clock() - _PENDING_FOR
        while self._pending and next(iter(self._pending.values()))[1] < since:
            self._pending.popitem(last=False)
        addresses = {address for address, _ in self._pending.values()}
        return addresses.pop() if len(addresses) == 1 else None
