"""What the console is given: everything that it needs of the rest, by protocol."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from gateway.domain.policies import Language
from gateway.observability.metrics import Metrics
from gateway.usecases.persons import PersonKeys
from gateway.usecases.processing_record import ProcessingRecord
from gateway.usecases.services import BlindIndexes, Clock, Identifiers, Passwords, Sealer, Tokens
from gateway.usecases.transaction import Database

Admit = Callable[[str], int]
"""Takes one request of an address: 0 when it may go on, else the seconds until the next one may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleLimits:
    """Bounds on what pages may ask for."""

    look_up_seconds: float = 0.25
    """A look-up is answered no sooner than this after it came in, whatever was found: a hit draws more page."""
    stream_seconds: float = 600.0
    """A card that updates itself stops after this long; the page can be loaded again."""
    stream_look_seconds: float = 1.0
    """How often a card that updates itself asks whether its attempt has changed."""
    streams_at_most: int = 200
    """Cards that update themselves, of everybody together."""
    rows_of_page: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleDependencies:
    """What handlers reach as `visit.deps`."""

    database: Database
    clock: Clock
    monotonic: Callable[[], float]
    """Seconds that never go back (`time.monotonic`)."""
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    """Waits for so many of these seconds."""
    identifiers: Identifiers
    indexes: BlindIndexes
    tokens: Tokens
    passwords: Passwords
    sealer: Sealer
    persons: PersonKeys
    """Opens what people asked, for officers."""
    processing_record: Callable[[Language], ProcessingRecord]
    metrics: Metrics
    admit: Admit
    admit_password: Admit
    limits: ConsoleLimits = field(default_factory=ConsoleLimits)
