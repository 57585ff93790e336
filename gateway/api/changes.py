"""Wakes those who wait for news of an account: streams, and requests that prefer to wait."""

import asyncio
from array import array
from typing import Final

from gateway.domain.identity import AccountId
from gateway.usecases.outbox import Committed

PLACES: Final = 16_384
"""Counters. Accounts share them by hash, so that memory does not grow; a poke too many costs a reading."""


class ChangesHub:
    """Implements `gateway.api.dependencies.Changes`.

    To be given `committed` to `Database.on_commit`, and `poke` to whatever hears of other gateways' commits. All on the
    event loop; nothing of it blocks.
    """

    __slots__ = ("_places", "_versions", "_waiting")

    def __init__(self, places: int = PLACES) -> None:
        self._places: Final = places
        self._versions: Final = array("Q", bytes(8 * places))
        self._waiting: Final[dict[int, set[asyncio.Future[None]]]] = {}

    def committed(self, committed: Committed) -> None:
        """What a commit of this gateway left to see."""
        for account_id in committed.accounts:
            self.poke(account_id)

    def poke(self, account_id: AccountId) -> None:
        """There may be something new for this account."""
        place = self._place(account_id)
        self._versions[place] += 1
        for waiter in self._waiting.pop(place, ()):
            if not waiter.done():
                waiter.set_result(None)

    def version(self, account_id: AccountId) -> int:
        """See the protocol."""
        return self._versions[self._place(account_id)]

    async def wait(self, account_id: AccountId, version: int) -> None:
        """See the protocol."""
        place = self._place(account_id)
        while self._versions[place] <= version:
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.setdefault(place, set()).add(waiter)
            try:
                await waiter
            finally:
                self._forget(place, waiter)

    def _forget(self, place: int, waiter: asyncio.Future[None]) -> None:
        """Somebody stopped waiting: nothing of them stays."""
        others = self._waiting.get(place)
        if others is not None:
            others.discard(waiter)
            if not others:
                del self._waiting[place]

    def _place(self, account_id: AccountId) -> int:
        return hash(account_id) % self._places
