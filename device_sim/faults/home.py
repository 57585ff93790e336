"""One home in which something goes wrong: a person with a phone, an appliance, and a public address of their own.

Every home comes from its own address of 127.0.0.0/8, as homes come from their own addresses of the Internet. (All of
them belong to this machine on Linux; elsewhere each has to be added to the loopback interface first.)
"""

import asyncio
import contextlib
import ssl
from concurrent.futures import Executor
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Final, Protocol

import aiohttp

from device_sim.api import ProblemError
from device_sim.clock import Clock
from device_sim.factory import MadeUnit
from device_sim.flash import Address, Credential
from device_sim.phone import Pairing, Phone

_FIRST: Final = 1 << 16
"""127.1.0.0: the addresses before it are used for other things on many machines."""
_ADDRESSES: Final = (1 << 24) - _FIRST - 2
_EVERYWHERE: Final = 4
"""A phone's connections at a time."""
OPEN_PAIRINGS: Final = 5
"""An account's open pairings: one more, and the gateway cancels its oldest."""


class Workshop(Protocol):
    """What only the maker of the appliances and the people who run the gateway can do, by their own means."""

    def expired_claim_certificate(self, claim_id: str) -> Credential:
        """A certificate of the gateway's own Factory authority, for this name, that is over."""

    async def block(self, machine_code: str) -> None:
        """Block a unit, as `hearthgate units block` does."""


@dataclass(frozen=True, slots=True)
class Household:
    """Somebody whose account several homes need, each with a pairing of its own."""

    phone: Phone
    places: asyncio.Semaphore = field(default_factory=partial(asyncio.Semaphore, OPEN_PAIRINGS), repr=False)
    """One for each open pairing: a home more would end another one's, and change what is told of it."""


@dataclass(frozen=True, slots=True)
class World:
    """What all homes share."""

    api_url: str
    tls: ssl.SSLContext | None
    """Trusts the API's certificate; None where the API is plain HTTP on loopback."""
    trust_pem: str = field(repr=False)
    claim: Address
    device: Address
    workshop: Workshop
    clock: Clock
    executor: Executor
    """Threads for TLS handshakes."""
    former_owner: Household
    """Somebody whose appliances others have got hold of."""
    full_household: Household
    """Somebody who has as many appliances as an account may have, where the plan needs one."""


class Home:
    """Everything that an injector works with. Close its `stack` when the verdict has been read."""

    def __init__(self, world: World, phone: Phone, made: tuple[MadeUnit, ...], source: str, rng: Random) -> None:
        self.world = world
        self.phone = phone
        self.made = made[0]
        self.neighbour = made[-1]
        """Another unit, for faults that need two."""
        self.source = source
        self.rng = rng
        self.stack = AsyncExitStack()
        """What stays until the verdict has been read: open connections, mostly."""
        self.pairing: Pairing | None = None
        self._opened: list[tuple[Phone, Pairing]] = []
        self.shown: str | None = None
        """The trace id that the appliance shows, once it was told one."""

    async def begin(self, elsewhere: Household | None = None) -> Pairing:
        """The person opens the app's page: a pairing, whose token the appliance gets over the local link.

        Args:
            elsewhere: where the fault needs another household. Waits until it may open one more pairing.

        Raises:
            ProblemError: the API refused.
        """
        phone = self.phone
        if elsewhere is not None:
            await self.stack.enter_async_context(elsewhere.places)
            phone = elsewhere.phone
        self.pairing = await phone.open_pairing()
        self._opened.append((phone, self.pairing))
        return self.pairing

    async def give_up(self) -> None:
        """End what was opened, each with the phone that did: its account may have a few only, and others need them."""
        for phone, pairing in self._opened:
            with contextlib.suppress(ProblemError, aiohttp.ClientError, TimeoutError):
                await phone.cancel_pairing(pairing.pairing_id)

    @property
    def token(self) -> str | None:
        """The bind token of the pairing."""
        return None if self.pairing is None else self.pairing.bind_token

    def identifiers(self) -> list[str]:
        """What the customer can read out, in the order in which support asks for it.

        The trace id on the appliance, the one in the app, the machine code on the label.
        """
        traces = [self.shown, None if self.pairing is None else self.pairing.trace_id]
        return [*dict.fromkeys(trace for trace in traces if trace is not None), self.made.unit.machine_code]


def address_of(number: int) -> str:
    """The public address of the home with this number, from 127.1.0.1 on."""
    value = _FIRST + 1 + number % _ADDRESSES
    return f"127.{value >> 16 & 255}.{value >> 8 & 255}.{value & 255}"


def phone_line(source: str) -> aiohttp.ClientSession:
    """Connections of a phone that come from this address."""
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=_EVERYWHERE, local_addr=(source, 0)))
