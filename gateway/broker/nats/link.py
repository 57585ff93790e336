"""One connection of the broker's own users to NATS that is built anew whenever it ends.

nats-py's own reconnecting gives up for good after some errors of the server (an expired login, a protocol error), so
each connection here lives once, and this loop makes the next one.
"""

import asyncio
import contextlib
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from nats import errors
from nats.aio.client import Client

_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 5.0
_STEADY_SECONDS: Final = 10.0
_CONNECT_SECONDS: Final = 3
_BETWEEN_SECONDS: Final = 0.05


@dataclass(frozen=True, slots=True)
class Address:
    """Where and as whom."""

    servers: tuple[str, ...]
    """`nats://host:port` of every node; tried in turn."""
    user: str
    password: str = field(repr=False)
    tls: ssl.SSLContext | None = field(repr=False, default=None)


@contextlib.asynccontextmanager
async def connection(address: Address, server: str) -> AsyncIterator[tuple[Client, asyncio.Event]]:
    """One connection, and an event that is set when it has ended.

    Raises:
        OSError, nats.errors.Error, TimeoutError: it could not be made.
    """
    client, ended = Client(), asyncio.Event()

    async def over() -> None:
        ended.set()

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
            ping_interval=10,
            max_outstanding_pings=2,
            closed_cb=over,
            disconnected_cb=over,
            error_cb=quiet,
        )
        yield client, ended
    finally:
        await client.close()


async def keep(
    address: Address,
    use: Callable[[Client], Awaitable[None]],
    gone: Callable[[], None],
    listening: asyncio.Event | None = None,
) -> None:
    """Connect, call `use` once the connection stands, wait for its end, call `gone`, and so on until cancelled.

    Pauses between tries grow from 0.1 s to 5 s. `listening` shortens them: it is set while a supervised server is known
    to listen. A client that connects before the callout stands waits for five seconds in vain, so this counts. The
    first try waits for it, too: until then, who listens at our address is a server that a killed gateway left behind
    and that is about to be ended.
    """
    pause, turn = _FIRST_PAUSE, 0
    if listening is not None and not listening.is_set():
        await _pause(_CONNECT_SECONDS, listening)
    while True:
        began = time.monotonic()
        try:
            async with connection(address, pick(address.servers, turn)) as (client, ended):
                await use(client)
                await ended.wait()
        except (OSError, errors.Error, TimeoutError):
            pass
        finally:
            gone()
        if time.monotonic() - began > _STEADY_SECONDS:
            pause = _FIRST_PAUSE
        await _pause(pause, listening)
        pause, turn = min(pause * 2, _LONGEST_PAUSE), turn + 1


async def _pause(seconds: float, listening: asyncio.Event | None) -> None:
    if listening is None or listening.is_set():
        await asyncio.sleep(seconds)
        return
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(listening.wait(), seconds)


def pick(servers: Sequence[str], turn: int) -> str:
    """The server of this turn: all of them, one after another."""
    return servers[turn % len(servers)]
