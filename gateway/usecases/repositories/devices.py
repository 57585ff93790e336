"""Devices: the identities that the gateway gave to units."""

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from gateway.domain.devices import Device
from gateway.domain.identity import DeviceId, UnitId


class DeviceRepository(Protocol):
    """Rows of devices. Identifiers are unique; a unit has one device at most."""

    def get(self, device_id: DeviceId) -> Device | None:
        """The device of this id."""

    def of_unit(self, unit_id: UnitId) -> Device | None:
        """The device of this unit."""

    def add(self, device: Device, now: datetime) -> None:
        """A new device.

        Raises:
            StaleVersionError: its unit got one meanwhile.
        """

    def update(self, device: Device) -> None:
        """Store a device that was read as version `device.version`, and raise the version.

        Raises:
            StaleVersionError: it changed meanwhile.
        """

    def epochs(self, device_ids: Iterable[DeviceId]) -> dict[DeviceId, int]:
        """The present epochs of those devices that are activated. Others are left out."""

    def connected_serial(self, device_id: DeviceId) -> str | None:
        """The serial number of the certificate that the broker saw last, where the broker tells it."""

    def connected_with(self, device_id: DeviceId, serial: str) -> None:
        """Note the certificate that a connection was permitted with. No version: the last one wins."""

    def next_command_seq(self, device_id: DeviceId) -> int:
        """The next number in the order of this device's commands; never given twice."""
