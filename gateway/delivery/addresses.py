"""What a name leads to, looked at before anything is sent: a name with one forbidden address is not called at all.

The connection goes to the very addresses that were looked at. Asking again in between is what DNS rebinding waits for.
"""

import socket
from collections.abc import Callable
from typing import Final

from aiohttp.abc import AbstractResolver, ResolveResult

ADDRESSES_AT_MOST: Final = 32

Allowed = Callable[[str], bool]
"""Whether an address may be called: `domain.recipients.is_public`, but for tests."""


class AddressRefusedError(OSError):
    """The name leads into a network that is not the open Internet. Which one is not said."""

    def __init__(self) -> None:
        super().__init__("the address is not public")


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
