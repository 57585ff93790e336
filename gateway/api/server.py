"""Runs applications on sockets: refuses plain HTTP outside of loopback, and stops without cutting anyone off."""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

from gateway.api.codes import ApiCode
from gateway.api.middleware import complete_headers, refuse
from gateway.api.problem import Problem
from gateway.observability.logging import logger
from gateway.usecases.services import Identifiers

_log = logger(__name__)

IDLE_S: Final = 30.0
"""A connection that sends no complete request head for so long is closed; this also bounds slow senders of headers."""
LINGER_S: Final = 2.0
"""How long the rest of a refused body is read and thrown away, so that the client sees the refusal."""
HEADERS_AT_MOST: Final = 64
FIELD_BYTES: Final = 8190
BACKLOG: Final = 1024


class PlainHttpRefusedError(Exception):
    """Plain HTTP was asked for on an address that others can reach."""

    def __init__(self, host: str) -> None:
        super().__init__(
            f"plain HTTP on {host!r} would send passwords and tokens in the clear: "
            "give the server a certificate, or listen on 127.0.0.1"
        )


@dataclass(frozen=True, slots=True)
class Listen:
    """Where and how to listen."""

    host: str
    """An address or `localhost`. A name is resolved by `localhost` alone: others could change under us."""
    port: int
    """0 takes a free one."""
    tls: ssl.SSLContext | None = None

    def check(self) -> None:
        """Refuse plain HTTP that leaves the machine.

        Raises:
            PlainHttpRefusedError: no TLS, and not loopback.
        """
        if self.tls is None and not _is_loopback(self.host):
            raise PlainHttpRefusedError(self.host)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class ApiServer:
    """One application on one socket. A service: `run` ends when `stop` was called and all is finished."""

    def __init__(
        self, application: web.Application, listen: Listen, *, identifiers: Identifiers, drain_s: float = 20.0
    ) -> None:
        """Check the address; nothing is opened yet.

        Raises:
            PlainHttpRefusedError: see `Listen.check`.
        """
        listen.check()
        self._application: Final = application
        self._listen: Final = listen
        self._identifiers: Final = identifiers
        self._drain_s: Final = drain_s
        self._stop: Final = asyncio.Event()
        self._listening: Final = asyncio.Event()
        self._port = 0

    @property
    def port(self) -> int:
        """The port, once listening."""
        return self._port

    @property
    def url(self) -> str:
        """Where it listens, such as `http://127.0.0.1:8080`."""
        host = f"[{self._listen.host}]" if ":" in self._listen.host else self._listen.host
        return f"{'http' if self._listen.tls is None else 'https'}://{host}:{self._port}"

    async def listening(self) -> None:
        """Return once connections are accepted."""
        await self._listening.wait()

    def stop(self) -> None:
        """Stop accepting; `run` returns when what is in hand is finished, after `drain_s` seconds at the latest."""
        self._stop.set()

    async def run(self) -> None:
        """Listen and answer until `stop`.

        Raises:
            OSError: the address cannot be listened on.
        """
        runner = _Runner(self._application, self._identifiers, self._drain_s)
        await runner.setup()
        try:
            site = web.SockSite(runner, self._socket(), ssl_context=self._listen.tls, backlog=BACKLOG)
            await site.start()
            self._listening.set()
            await self._stop.wait()
        finally:
            await runner.cleanup()  # stops accepting, tells streams (on_shutdown), waits for handlers, then cuts

    def _socket(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self._listen.host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # inherited by accepted connections
            listener.bind((self._listen.host, self._listen.port))
        except OSError:
            listener.close()
            raise
        self._port = listener.getsockname()[1]
        return listener


class _Runner(web.AppRunner):
    """aiohttp's runner, with a protocol that answers unreadable requests as problems too."""

    def __init__(self, application: web.Application, identifiers: Identifiers, drain_s: float) -> None:
        super().__init__(
            application,
            access_log=None,
            handle_signals=False,
            shutdown_timeout=drain_s,
            keepalive_timeout=IDLE_S,
            lingering_time=LINGER_S,
            max_headers=HEADERS_AT_MOST,
            max_field_size=FIELD_BYTES,
            max_line_size=FIELD_BYTES,
            auto_decompress=False,
        )
        self._identifiers = identifiers

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        return _Server(made, self._kwargs, self._identifiers)


class _Server(web.Server):
    """Makes the protocol of each connection."""

    def __init__(self, made: web.Server, settings: dict[str, Any], identifiers: Identifiers) -> None:
        super().__init__(_guarded(made.request_handler, identifiers), request_factory=made.request_factory, **settings)
        self._settings = settings
        self._identifiers = identifiers

    def __call__(self) -> web.RequestHandler:
        return _Protocol(self, self._identifiers, self._settings)


class _Protocol(web.RequestHandler):
    """One connection."""

    __slots__ = ("_identifiers",)

    def __init__(self, server: web.Server, identifiers: Identifiers, settings: dict[str, Any]) -> None:
        super().__init__(server, loop=asyncio.get_running_loop(), **settings)
        self._identifiers = identifiers

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - may quote what was sent
    ) -> web.StreamResponse:
        """Answer what is no HTTP, or has a head that is too large; aiohttp's own answer would be plain text."""
        self.keep_alive(False)
        if request.writer.output_size > 0:
            raise ConnectionError("the answer has begun; nothing else can be said")
        trace_id = self._identifiers.trace_id()
        code = ApiCode.MALFORMED
        if status >= 500:  # noqa: PLR2004 - server errors
            code = ApiCode.INTERNAL
            _log.error("connection_failed", trace_id=trace_id, exc_info=exc)
        elif exc is not None and type(exc).__name__ in {"LineTooLong", "TooManyHeaders"}:
            code = ApiCode.HEADERS_TOO_LARGE
        answer = Problem(code).response(trace_id)
        complete_headers(answer, request, trace_id)
        answer.force_close()
        return answer


_RequestHandler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


def _guarded(handler: _RequestHandler, identifiers: Identifiers) -> _RequestHandler:
    """Problems also for what aiohttp refuses before any middleware runs (`Expect`)."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        try:
            return await handler(request)
        except Exception as error:  # noqa: BLE001 - as in the middleware: a problem for the client, the rest for the log
            trace_id = identifiers.trace_id()
            answer = refuse(error, trace_id)
            complete_headers(answer, request, trace_id)
            return answer

    return handle
