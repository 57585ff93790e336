"""What support reads of activations, across attempts, units and evidence. Nothing here changes anything."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from gateway.domain.attempts import Attempt
from gateway.domain.failures import Code, Stage
from gateway.domain.funnel import Share, Tally, TopCode
from gateway.domain.identity import AttemptId, ClaimId, DeviceId, PairingId, UnitId


@dataclass(frozen=True, slots=True)
class LookUpKeys:
    """One look-up under every key at once; a key that is not meant holds a value that nothing has."""

    mac_index: bytes = field(repr=False)
    machine_code_index: bytes = field(repr=False)
    trace_id: str = field(repr=False)
    attempt_id: AttemptId = field(repr=False)
    pairing_id: PairingId = field(repr=False)
    device_id: DeviceId = field(repr=False)
    unit_id: UnitId = field(repr=False)
    claim_id: ClaimId = field(repr=False)


@dataclass(frozen=True, slots=True)
class KnownUnit:
    """What support may see of a unit."""

    unit_id: UnitId = field(repr=False)
    type_id: str
    mac_tail: str = field(repr=False)
    machine_code_tail: str = field(repr=False)
    blocked: str | None
    """A `BlockReason`; staff see it, callers never do."""
    device_id: DeviceId | None = field(repr=False)
    """None before its first activation."""
    firmware: str | None
    """As its last hello said."""
    mac_index: bytes = field(repr=False)
    machine_code_index: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ListedAttempt:
    """An attempt as lists show it."""

    attempt: Attempt
    mac_tail: str | None = field(repr=False)
    machine_code_tail: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class AttemptFilter:
    """Which attempts a list shows."""

    since: datetime
    failed_only: bool = False
    code: Code | None = None


class SupportRepository(Protocol):
    """Reading for support. Exact matches only."""

    def unit(self, keys: LookUpKeys) -> KnownUnit | None:
        """The unit that one of the keys names. One query, whatever is found."""

    def attempts(self, keys: LookUpKeys, at_most: int) -> list[ListedAttempt]:
        """The attempts that one of the keys names, newest first. One query, whatever is found."""

    def attempt(self, attempt_id: AttemptId) -> ListedAttempt | None:
        """One attempt."""

    def newest(self, which: AttemptFilter, at_most: int) -> list[ListedAttempt]:
        """Attempts opened since a moment, newest first."""

    def units_failing_alike(self, attempt_id: AttemptId, since: datetime) -> int:
        """How many other appliances of its type and firmware failed with its present code since a moment."""

    def tallies(self, since: datetime, until: datetime) -> list[Tally]:
        """How the attempts opened in a span of time stand."""

    def first_signs(self, since: datetime, until: datetime, at_most: int) -> Sequence[Mapping[Stage, datetime]]:
        """When each stage was first seen, for the newest attempts of a span of time."""

    def first_tries(self, since: datetime, until: datetime) -> Share:
        """Of the units whose first attempt was opened in a span of time and has ended: those that succeeded."""

    def top_codes(self, since: datetime, until: datetime, at_most: int) -> list[TopCode]:
        """Present codes of failed attempts by type, firmware and app version, most frequent first."""
