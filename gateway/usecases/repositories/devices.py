"""Devices: the identities that the gateway gave to units."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple, Protocol

from gateway.domain.devices import Device
from gateway.domain.identity import DeviceId, UnitId


class Operating(NamedTuple):
    """What a message of a device is checked against. A tuple, because it is made for every report."""

    epoch: int
    type_id: str


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

    def update(self, device: Device) -> Device:
        """Store a device that was read as version `device.version`; returns it with the raised version.

        Raises:
            StaleVersionError: it changed meanwhile.
        """

    def operating(self, device_ids: Iterable[DeviceId]) -> dict[DeviceId, Operating]:
        """The present epochs and types of those devices that are activated. Others are left out."""

    def connected_serial(self, device_id: DeviceId) -> str | None:
        """The serial number of the certificate that the broker saw last, where the broker tells it."""

    def connected_with(self, device_id: DeviceId, serial: str) -> None:
        """Note the certificate that a connection was permitted with. No version: the last one wins."""

    def next_command_seq(self, device_id: DeviceId, epoch: int) -> int | None:
        """The next number in the order of this device's commands, never given twice; None when the epoch is over.

        The device is locked until the commit: a release, and other commands of it, wait.
        """
