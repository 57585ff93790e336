"""What the rest of the gateway needs of a broker besides messages: decisions about connections, and their end."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from gateway.domain.identity import Kind


@dataclass(frozen=True, slots=True)
class Presented:
    """One connection attempt as the broker saw it, its certificate chain already verified by TLS."""

    client_id: str = field(repr=False)
    certificate_pem: str = field(repr=False)
    """The leaf certificate."""
    address: str | None = field(repr=False, default=None)
    """Where it came from; kept nowhere in clear."""


@dataclass(frozen=True, slots=True)
class Permit:
    """The connection may stand, with exactly these topics."""

    kind: Kind
    common_name: str = field(repr=False)
    renew_only: bool = False
    """An expired but known certificate: `up/renew` and `down/renew`, nothing else."""
    until: datetime | None = None
    """When the broker should end the connection by itself (the certificate's end)."""


@dataclass(frozen=True, slots=True)
class Deny:
    """The connection is refused with this code of the failure catalogue."""

    code: str


Decide = Callable[[Presented], Awaitable[Permit | Deny]]
"""Answers one connection attempt; given by the bootstrap, backed by the use case `connections.decide`."""


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of the broker's log that may say why a connection failed. Bounded: 1,024 characters."""

    at: datetime
    says: str = field(repr=False)
    """A name of ours for what happened: those of `gateway.domain.broker_words`, `refused`, `other`."""
    raw: str = field(repr=False)
    client_id: str | None = field(repr=False, default=None)
    address: str | None = field(repr=False, default=None)


OnLogLine = Callable[[LogLine], None]
"""Takes evidence from the broker's log. Must not block; drops and counts when its queue is full."""


class Broker(Protocol):
    """A broker that this gateway runs, or reaches."""

    async def run(self) -> None:
        """Run (or watch) the broker until cancelled; restart it with back-off when it dies."""

    async def ready(self) -> None:
        """Return once clients can connect."""

    async def evict(self, common_name: str) -> None:
        """End the live connection of this identity, wherever it is, and clear what is queued for it.

        Doing it twice, or for somebody who is not connected, changes nothing.
        """
