"""What a name leads to, looked at before anything is sent: a name with one forbidden address is not called at all.

The connection goes to the very addresses that were looked at. Asking again in between is what DNS rebinding waits for.
"""

import asyncio
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from aiohttp.abc import AbstractResolver, ResolveResult

ADDRESSES_AT_MOST: Final = 32

ASKED_AT_ONCE: Final = 16
"""Questions to the DNS under way. A name server that never answers keeps a thread for as long as the system waits."""

Allowed = Callable[[str], bool]
"""Whether an address may be called: `domain.recipients.is_public`, but for tests."""


class AddressRefusedError(OSError):
    """The name leads into a network that is not the open Internet. Which one is not said."""

    def __init__(self) -> None:
        super().__init__("the address is not public")


class SystemResolver(AbstractResolver):
    """Asks as the system does, on threads of its own.

    Names are chosen by strangers, and their name servers may keep silent: the process's common threads, on which
    accounts are erased and files written, must not wait with them.
    """

    def __init__(self) -> None:
        self._threads: Final = ThreadPoolExecutor(ASKED_AT_ONCE, thread_name_prefix="webhook-dns")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of a name, as numbers.

        Raises:
            OSError: it has none.
        """
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(
            self._threads,
            lambda: socket.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG),
        )
        return [
            ResolveResult(
                hostname=host, host=str(address[0]), port=port, family=kind, proto=proto, flags=socket.AI_NUMERICHOST
            )
            for kind, _, proto, _, address in found
        ]

    async def close(self) -> None:
        """Ask nothing any more; whoever still waits for a name server is not waited for."""
        self._threads.shutdown(wait=False, cancel_futures=True)


class CheckedResolver(AbstractResolver):
    """Resolves with another resolver, and hands out addresses only if every one of them may be called."""

    def __init__(self, inner: AbstractResolver, allowed: Allowed) -> None:
        self._inner: Final = inner
        self._allowed: Final = allowed

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of a name.

        Raises:
            AddressRefusedError: one of them may not be called, or there are too many.
            OSError: it has none.
        """
        found = await self._inner.resolve(host, port, family)
        if not found:
            raise OSError("no address")
        if len(found) > ADDRESSES_AT_MOST or not all(self._allowed(one["host"]) for one in found):
            raise AddressRefusedError
        return found

    async def close(self) -> None:
        """Nothing is kept open between two questions."""
        await self._inner.close()
