"""The latest reported state of each device, and whether it is there."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from gateway.domain.identity import AccountId, DeviceId
from gateway.domain.presence import Presence
from gateway.domain.state import Known


class StoredState(NamedTuple):
    """A device's latest state within one epoch. A tuple, because two are made for every report."""

    device_id: DeviceId
    epoch: int
    known: Known
    as_of: datetime | None
    """The appliance's own time of the report, where it has a clock."""
    received_at: datetime | None

    def __repr__(self) -> str:
        """Without the device and what it reported."""
        return f"StoredState(epoch={self.epoch})"


@dataclass(frozen=True, slots=True)
class VisibleState:
    """What an account sees of one of its devices."""

    device_id: DeviceId = field(repr=False)
    epoch: int
    properties: dict[str, Any] = field(repr=False)
    as_of: datetime | None
    received_at: datetime | None
    presence: Presence
    revision: int
    """The later one of the state's and the presence's place in the order of all changes."""
    until: datetime | None = None
    """When the account's stay at the device ends; whoever shows it asks."""


class StateRepository(Protocol):
    """Rows of states and presences: one each a device, overwritten."""

    def lock(self, device_ids: Iterable[DeviceId]) -> dict[DeviceId, StoredState]:
        """The stored states of those devices, kept from other writers until the commit."""

    def put(self, states: Sequence[StoredState], revision: int) -> None:
        """Store states, new or changed, as change number `revision`.

        Raises:
            StaleVersionError: one that was not there when it was looked for (`lock`) is there now.
        """

    def presences(self, device_ids: Iterable[DeviceId]) -> dict[DeviceId, Presence]:
        """The presences of those devices, kept from other writers until the commit. Never seen: left out."""

    def look(self, device_id: DeviceId) -> tuple[StoredState | None, Presence]:
        """What is stored of one device. Waits for nobody, keeps nobody waiting: not for deciding what to store."""

    def put_presences(self, presences: Sequence[tuple[DeviceId, Presence]], revision: int | None) -> None:
        """Store presences. Without a revision only "last seen" moved, which nobody is told.

        Raises:
            StaleVersionError: one that was not there when it was looked for (`presences`) is there now.
        """

    def clear(self, device_id: DeviceId) -> None:
        """Forget what a device reported. Its place in the count stays, so that old reports remain old."""

    def silent(self, last_seen_before: datetime, at_most: int) -> list[DeviceId]:
        """Devices that count as online and have not been heard since then, longest silent first."""

    def longest_silent(self) -> datetime | None:
        """When the device that counts as online and is silent for longest was last heard."""

    def owners(self, device_ids: Iterable[DeviceId]) -> dict[DeviceId, list[AccountId]]:
        """The accounts that see those devices in their present epoch."""

    def visible(self, account_id: AccountId, device_id: DeviceId | None, after: int) -> list[VisibleState]:
        """The states that an account may see now, changed after that number; of one device or of all.

        Only states of the binding's epoch: nobody sees what was reported before or after their time.
        """
