"""nats-py with a short cut for the messages that come by the thousand.

nats-py builds an object, parses the headers and passes a queue and a task for every message. An intake needs the
subject, the reply and the payload, so subscriptions that registered a sink here get exactly that, straight from the
parser (4 microseconds a message instead of 40). All else (connecting, TLS, requests, pings) is nats-py's own. This
leans on two names that are private there, `_ps` and `_transport`; the contract tests notice when they change.
"""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from nats.aio.client import Client
from nats.protocol.parser import Parser

Sink = Callable[[bytes, bytes, bytes, bytes], None]
"""Takes subject, reply, header block (empty when there is none) and payload of one message. Must not raise."""

_CONNECT_SECONDS: Final = 3
_BETWEEN_SECONDS: Final = 0.05
_CRLF: Final = b"\r\n"


@dataclass(frozen=True, slots=True)
class NatsAddress:
    """Where the NATS servers are and how a gateway logs in.

    Attributes:
        servers: `nats://host:port` of every node; tried in turn.
        tls: a context with the gateway's certificate where the listener asks for one.
    """

    servers: tuple[str, ...]
    user: str = "gateway"
    password: str = field(repr=False, default="")
    tls: ssl.SSLContext | None = field(repr=False, default=None)


class _ShortCut(Parser):
    """Takes messages of registered subscriptions out of the byte stream before nats-py looks at them."""

    sinks: dict[bytes, Sink]
    rest = b""
    """The beginning of an operation whose end has not been read yet."""

    async def parse(self, data: bytes = b"") -> None:
        """Handle all complete operations: those for sinks here, each other one by nats-py."""
        data = self.rest + data if self.rest else data
        at = 0
        while True:
            at = self._take(data, at)
            size = _foreign(data, at)
            if not size:
                break
            await super().parse(data[at : at + size])
            at += size
        self.rest = data[at:]

    def _take(self, data: bytes, at: int) -> int:
        """Give every complete message from `at` on to its sink, until something else comes; where that is."""
        sinks, size = self.sinks, len(data)
        while True:
            end = data.find(_CRLF, at)
            if end < 0:
                return at
            words = data[at:end].split(b" ")
            with_headers = words[0] == b"HMSG"
            if (not with_headers and words[0] != b"MSG") or (sink := sinks.get(words[2])) is None:
                return at
            body = end + 2
            after = body + int(words[-1])
            if after + 2 > size:
                return at
            if with_headers:
                split = body + int(words[-2])
                reply = words[3] if len(words) == 6 else b""  # noqa: PLR2004 - with a reply: 6 words
                sink(words[1], reply, data[body:split], data[split:after])
            else:
                sink(words[1], words[3] if len(words) == 5 else b"", b"", data[body:after])  # noqa: PLR2004 - same
            at = after + 2


def _foreign(data: bytes, at: int) -> int:
    """The length of the complete operation at `at`; 0 when it is not complete.

    An incomplete message for a sink stops here as well: it is not complete either.
    """
    end = data.find(_CRLF, at)
    if end < 0:
        return 0
    line = data[at:end]
    size = end + 2 - at
    if line.startswith((b"MSG ", b"HMSG ")):
        size += int(line.rsplit(b" ", 1)[1]) + 2
    return size if at + size <= len(data) else 0


class FastClient(Client):
    """A NATS connection that lives once; `ended` is set when it is over."""

    def __init__(self) -> None:
        super().__init__()
        sinks: dict[bytes, Sink] = {}
        parser = _ShortCut(self)
        parser.sinks = self._sinks = sinks
        self._ps = parser
        self.ended = asyncio.Event()

    async def subscribe_sink(self, subject: str, sink: Sink) -> None:
        """Subscribe with a sink instead of a queue and a task.

        The subscription's id begins with a letter, so it is never one of nats-py's numbers.
        """
        name = b"s%d" % len(self._sinks)
        self._sinks[name] = sink
        await self.send((b"SUB %b %b\r\n" % (subject.encode(), name),))

    async def send(self, commands: Iterable[bytes]) -> None:
        """Send finished protocol lines (`PUB …`) in one write, past nats-py's queue and the task behind it.

        Raises:
            OSError: the connection is over; nothing is known about what was sent.
        """
        transport = self._transport
        if transport is None or not self.is_connected:
            raise ConnectionResetError
        transport.write(b"".join(commands))
        await transport.drain()  # type: ignore[no-untyped-call] # nats-py's, without annotations


@contextlib.asynccontextmanager
async def connection(address: NatsAddress, server: str) -> AsyncIterator[FastClient]:
    """One connection to one server.

    Raises:
        OSError, nats.errors.Error, TimeoutError: it could not be made.
    """
    client = FastClient()

    async def over() -> None:
        client.ended.set()

    async def quiet(_: Exception) -> None:
        """The server's complaints quote subjects, which hold identifiers: they are not logged."""

    try:
        await client.connect(
            [server],
            user=address.user,
            password=address.password,
            tls=address.tls,
            allow_reconnect=False,
            connect_timeout=_CONNECT_SECONDS,
            max_reconnect_attempts=1,
            reconnect_time_wait=_BETWEEN_SECONDS,  # type: ignore[arg-type] # annotated as int, used as seconds
            ping_interval=5,
            max_outstanding_pings=2,
            closed_cb=over,
            disconnected_cb=over,
            error_cb=quiet,
        )
        yield client
    finally:
        await client.close()
