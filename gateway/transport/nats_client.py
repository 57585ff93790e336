"""nats-py with a short cut for the messages that come by the thousand.

nats-py builds an object, parses the headers and passes a queue and a task for every message. An intake needs the
subject, the reply and the payload, so subscriptions that registered a sink here get exactly that, straight from the
parser. All else (connecting, TLS, requests, pings) is nats-py's own. This leans on names that are private there (`_ps`,
`_send_command`, `_flush_pending`); the contract tests notice when a version changes them.
"""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from nats.aio.client import Client
from nats.protocol.parser import AWAITING_CONTROL_LINE, Parser

Sink = Callable[[bytes, bytes, bytes, bytes], None]
"""Takes subject, reply, header block (empty when there is none) and payload of one message. Must not raise."""

_CONNECT_SECONDS: Final = 3
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

    async def parse(self, data: bytes = b"") -> None:
        """Handle all complete messages for sinks at the front of the buffer; leave the rest to nats-py."""
        if self.state != AWAITING_CONTROL_LINE:
            await super().parse(data)
            return
        buffer = self.buf
        buffer.extend(data)
        while buffer:
            if buffer[0] not in b"HM":
                # Something else (PING, PONG, +OK, INFO): nats-py takes it, and everything behind it of this read.
                await super().parse()
                return
            taken = self._take(bytes(buffer))
            if taken:
                del buffer[:taken]
                continue
            end = buffer.find(_CRLF)
            if end < 0 or self._sid(buffer[:end]) in self.sinks:
                return  # an incomplete message of ours: wait for more
            await super().parse()
            return

    @staticmethod
    def _sid(line: bytearray) -> bytes:
        words = line.split(b" ", 3)
        return bytes(words[2]) if len(words) > 3 else b""  # noqa: PLR2004 - operation, subject, sid, rest

    def _take(self, data: bytes) -> int:
        """Give every complete message at the front of `data` to its sink; how many bytes that were."""
        sinks, at, size = self.sinks, 0, len(data)
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
            if at == size:
                return at


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
        """Subscribe with a sink instead of a queue and a task."""
        subscription = await self.subscribe(subject)
        self._sinks[str(subscription._id).encode()] = sink  # noqa: SLF001 - see the module's docstring

    async def send(self, commands: Iterable[bytes]) -> None:
        """Send finished protocol lines (`PUB …`), joined into one write."""
        await self._send_command(b"".join(commands))
        await self._flush_pending()


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

    await client.connect(
        [server],
        user=address.user,
        password=address.password,
        tls=address.tls,
        allow_reconnect=False,
        connect_timeout=_CONNECT_SECONDS,
        ping_interval=5,
        max_outstanding_pings=2,
        closed_cb=over,
        disconnected_cb=over,
        error_cb=quiet,
    )
    try:
        yield client
    finally:
        await client.close()
