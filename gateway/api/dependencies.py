"""What the API is given: everything that it needs of the rest, by protocol."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Protocol

from gateway.api.buckets import Rate
from gateway.domain.identity import AccountId
from gateway.observability.metrics import Metrics
from gateway.usecases.persons import PersonKeys, SealedBefore
from gateway.usecases.receipts import Controller
from gateway.usecases.services import (
    BlindIndexes,
    Clock,
    CommandSigner,
    Identifiers,
    Passwords,
    ReceiptSigner,
    Sealer,
    Tokens,
)
from gateway.usecases.transaction import Database
from gateway.usecases.types import TypeCatalogue

BODY_AT_MOST: Final = 64 * 1024


class Changes(Protocol):
    """Tells streams that an account has something new to read. Pokes may be too many, never too few."""

    def version(self, account_id: AccountId) -> int:
        """A number that has grown with every poke so far. Take it before reading, hand it to `wait` after."""

    async def wait(self, account_id: AccountId, version: int) -> None:
        """Return once the number is greater than `version`: at once when it already is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiLimits:
    """Bounds on what clients may ask for."""

    body_bytes: int = BODY_AT_MOST
    body_seconds: float = 10.0
    """How long a body may take to arrive."""
    per_account: Rate = field(default=Rate(burst=120, per_second=20.0))
    per_address: Rate = field(default=Rate(burst=240, per_second=40.0))
    """More than an account's: many homes share an address (carrier-grade NAT)."""
    password_per_address: Rate = field(default=Rate(burst=20, per_second=0.5))
    """For routes that cost a password hash."""
    work_per_account: Rate = field(default=Rate(burst=30, per_second=1 / 60))
    """For routes that give work to others, whatever is taken back or deleted in between."""
    streams_per_account: int = 5
    stream_buffer_bytes: int = 256 * 1024
    """What a slow client may leave unread before its stream is closed."""
    stream_comment_seconds: float = 20.0
    wait_at_most: float = 20.0
    """Longest `Prefer: wait` that is honoured, seconds."""
    drain: timedelta = timedelta(seconds=20)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiDependencies:
    """What handlers reach as `call.deps`. Another feature that needs something adds a field."""

    database: Database
    clock: Clock
    monotonic: Callable[[], float]
    """Seconds that never go back (`time.monotonic`)."""
    identifiers: Identifiers
    indexes: BlindIndexes
    tokens: Tokens
    passwords: Passwords
    sealer: Sealer
    persons: PersonKeys
    """The key of each person. Use it within a transaction: it asks a store of its own."""
    signer: CommandSigner
    receipts: ReceiptSigner
    """Signs what a person keeps of a consent."""
    controller: Controller
    types: TypeCatalogue
    webhook_ports: frozenset[int] = frozenset({443})
    """Ports at which addresses that people name may be called."""
    changes: Changes
    metrics: Metrics
    limits: ApiLimits = field(default_factory=ApiLimits)

    def names_of(self, account_id: AccountId) -> Sealer:
        """What seals and opens the names that a person gave their devices."""
        return SealedBefore(self.persons.sealer(account_id), self.sealer)
