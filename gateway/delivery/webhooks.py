"""One signed POST to an address that a person named, and nothing of the answer but its status.

https only, to a port that is allowed, at addresses that were just checked; no redirect is followed, no proxy asked, no
cookie kept, nothing unpacked, no body read; five seconds to connect, ten in all. The signature is as others make it:
`Hearthgate-Signature: t=<seconds since 1970>,v1=<hex>`, HMAC-SHA256 under the recipient's secret over `<t>.<body>`.
"""

import asyncio
import hmac
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from typing import Final

from aiohttp import (
    ClientConnectorCertificateError,
    ClientConnectorDNSError,
    ClientError,
    ClientSession,
    ClientSSLError,
    ClientTimeout,
    DummyCookieJar,
    TCPConnector,
)
from aiohttp.abc import AbstractResolver
from yarl import URL

from gateway.delivery.addresses import AddressRefusedError, Allowed, CheckedResolver, SystemResolver
from gateway.domain.disclosures import Why
from gateway.domain.recipients import BadAddress, is_public, webhook

SIGNATURE: Final = "Hearthgate-Signature"
CONNECT_S: Final = 5.0
WHOLE_S: Final = 10.0
"""Less than `disclosures.CLAIM`: a second gateway must not take up what this one is still sending."""
_LINE_BYTES: Final = 4096
_GONE: Final = 410


MayLeave = Callable[[], Awaitable[bool]]
"""Asked when the server is reached and nothing was said yet."""


class _MayNotError(Exception):
    """What was to be sent may not leave any more."""


class WebhookClient:
    """Calls webhooks. `close` it at the end."""

    def __init__(
        self,
        *,
        ports: frozenset[int],
        resolver: AbstractResolver | None = None,
        allowed: Allowed = is_public,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Arguments other than `ports` are for tests, which call themselves.

        Args:
            ports: which ports may be called.
            resolver: what asks the DNS.
            allowed: which addresses may be called.
            tls: whom to believe; by default whom this machine believes.
        """
        self._ports: Final = ports
        self._resolver: Final = CheckedResolver(resolver or SystemResolver(), allowed)
        self._tls: Final = tls or ssl.create_default_context()
        self._session: ClientSession | None = None

    async def post(self, url: str, secret: str, payload: bytes, now: datetime, may_leave: MayLeave) -> Why | None:
        """Send; None when it was taken (200 to 299), else why not. Raises nothing that a server can bring about."""
        address = webhook(url, ports=self._ports)
        if isinstance(address, BadAddress):
            return Why.ADDRESS_REFUSED
        moment = str(int(now.timestamp()))
        headers = {
            "Content-Type": "application/json",
            "Content-Length": str(len(payload)),
            "User-Agent": "hearthgate",
            SIGNATURE: f"t={moment},v1={signature(secret, moment, payload)}",
        }
        try:
            async with asyncio.timeout(WHOLE_S):
                return await self._post(URL(address.url, encoded=True), _while(payload, may_leave), headers)
        except TimeoutError:
            return Why.TIMEOUT
        except (ClientError, OSError, ValueError, EOFError) as failed:
            return _why(failed)

    async def close(self) -> None:
        """Let go of whatever is open."""
        if self._session is not None:
            await self._session.close()
        await self._resolver.close()

    async def _post(self, url: URL, payload: AsyncIterator[bytes], headers: dict[str, str]) -> Why | None:
        async with self._opened().post(url, data=payload, headers=headers, allow_redirects=False) as answer:
            status = answer.status
            answer.close()  # whatever it says besides is not read
        return _of_status(status)

    def _opened(self) -> ClientSession:
        if self._session is None:
            self._session = ClientSession(
                # A new connection, and so a new look at the address, for every try.
                connector=TCPConnector(resolver=self._resolver, use_dns_cache=False, ssl=self._tls, force_close=True),
                timeout=ClientTimeout(total=WHOLE_S, sock_connect=CONNECT_S, sock_read=CONNECT_S),
                cookie_jar=DummyCookieJar(),
                trust_env=False,
                auto_decompress=False,
                max_line_size=_LINE_BYTES,
                max_field_size=_LINE_BYTES,
            )
        return self._session


async def _while(payload: bytes, may_leave: MayLeave) -> AsyncIterator[bytes]:
    if not await may_leave():
        raise _MayNotError
    yield payload


def signature(secret: str, moment: str, payload: bytes) -> str:
    """What the recipient computes as well, to know that it is from the gateway, unchanged and recent."""
    return hmac.digest(bytes.fromhex(secret), moment.encode() + b"." + payload, "sha256").hex()


def _of_status(status: int) -> Why | None:
    match status:
        case _ if 200 <= status < 300:  # noqa: PLR2004 - the statuses of HTTP (RFC 9110, 15)
            return None
        case _ if 300 <= status < 400:  # noqa: PLR2004
            return Why.REDIRECTED
        case _ if status == _GONE:
            return Why.GONE
        case _ if 400 <= status < 500:  # noqa: PLR2004
            return Why.REFUSED
        case _:
            return Why.TROUBLE


def _why(failed: Exception) -> Why:
    """What kept a request from being answered. The exceptions' own texts hold the address, and go nowhere."""
    causes: list[BaseException] = []
    cause: BaseException | None = failed
    while cause is not None and cause not in causes:
        causes.append(cause)
        cause = cause.__cause__ or getattr(cause, "os_error", None)
    if any(isinstance(one, AddressRefusedError) for one in causes):
        return Why.ADDRESS_REFUSED
    if any(isinstance(one, _MayNotError) for one in causes):
        return Why.WITHDRAWN
    if isinstance(failed, ClientConnectorDNSError):
        return Why.NOT_RESOLVED
    if isinstance(failed, (ClientConnectorCertificateError, ClientSSLError, ssl.SSLError)):
        return Why.CERTIFICATE
    if isinstance(failed, OSError):
        return Why.NOT_CONNECTED
    return Why.TROUBLE
