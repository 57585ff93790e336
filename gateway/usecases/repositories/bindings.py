"""Bindings: who a device serves. Everything about a person hangs here, by (device, epoch)."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from gateway.domain.binding import Binding, ReleaseWaiting
from gateway.domain.devices import Device
from gateway.domain.identity import AccountId, DeviceId


@dataclass(frozen=True, slots=True)
class BoundDevice:
    """A device together with what one account is to it."""

    device: Device
    binding: Binding
    type_id: str
    nickname_sealed: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class StoredVerdict:
    """What an appliance was last told about its binding, signed and encoded."""

    message: bytes = field(repr=False)
    at: datetime


class BindingRepository(Protocol):
    """Rows of bindings. The database itself allows one owner a device."""

    def of_device(self, device_id: DeviceId) -> tuple[Binding, ...]:
        """Everybody's binding to a device, whatever the epoch."""

    def of_account(self, account_id: AccountId, after: DeviceId | None, at_most: int) -> list[BoundDevice]:
        """The account's devices in their present epoch, by device id, for pages."""

    def one(self, account_id: AccountId, device_id: DeviceId) -> BoundDevice | None:
        """The account's device, only in its present epoch. The question behind every access to a device."""

    def owned(self, account_id: AccountId) -> int:
        """How many devices an account owns."""

    def put(self, binding: Binding) -> None:
        """Store a binding, new or changed.

        Raises:
            StaleVersionError: the device got another owner meanwhile.
        """

    def rename(self, account_id: AccountId, device_id: DeviceId, nickname_sealed: bytes | None) -> None:
        """Set or clear the account's own name for a device."""

    def remove_all(self, device_id: DeviceId) -> list[AccountId]:
        """End every binding of a device; returns whose they were."""

    def waiting(self, device_id: DeviceId) -> tuple[AccountId, datetime, datetime, int] | None:
        """A release that a newcomer asked for: (newcomer, asked at, until, epoch)."""

    def ask_release(self, waiting: ReleaseWaiting) -> None:
        """Remember that a newcomer asked; a second one replaces nothing."""

    def forget_release(self, device_id: DeviceId) -> None:
        """The request is over."""

    def releases_due(self, now: datetime, at_most: int) -> list[DeviceId]:
        """Devices whose owner let the time pass without a word."""

    def next_release(self) -> datetime | None:
        """When the next such time runs out."""

    def remember_verdict(self, device_id: DeviceId, message: bytes, now: datetime) -> None:
        """Keep the latest verdict for the appliance, to be sent again when it says hello."""

    def verdict(self, device_id: DeviceId) -> StoredVerdict | None:
        """The latest verdict."""
