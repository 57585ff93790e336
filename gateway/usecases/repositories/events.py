"""The event log: what a reconnecting app resumes from. Written by `Transaction.emit`, kept ten minutes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from gateway.domain.identity import AccountId, DeviceId, PairingId


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """One event in the order of all changes."""

    number: int
    kind: str
    data: Mapping[str, Any] = field(repr=False)
    at: datetime
    device_id: DeviceId | None = field(repr=False, default=None)
    epoch: int | None = None
    pairing_id: PairingId | None = field(repr=False, default=None)
    until: datetime | None = None
    """When the stay of the account at the device ends, for the event of a device that was read for an account."""


class EventRepository(Protocol):
    """Reading the log. Numbers grow in the order of commits."""

    def bounds(self) -> tuple[int, int]:
        """(`resumable_from`, `newest`) in one look."""

    def newest(self) -> int:
        """The number of the latest change of any kind (0 when there was none)."""

    def resumable_from(self) -> int:
        """The number after which the log is complete: that of the latest event that retention removed."""

    def of_account(self, account_id: AccountId, after: int, at_most: int) -> list[LoggedEvent]:
        """Events of an account after that number, oldest first.

        An event of a device is returned only while the account is bound to that device in that event's epoch.
        """

    def forget_device(self, device_id: DeviceId) -> None:
        """Remove every event of a device, whosever it was (its epoch ended)."""

    def of_pairing(self, pairing_id: PairingId, after: int, at_most: int) -> list[LoggedEvent]:
        """Events of one pairing after that number, oldest first."""
