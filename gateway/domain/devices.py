"""Devices: the identity that the gateway gives to a unit, for the life of the hardware."""

from dataclasses import dataclass, field
from enum import StrEnum, unique

from gateway.domain.identity import DeviceId, UnitId


@unique
class DeviceStatus(StrEnum):
    """Whether a device may work at all. Nothing about people is in it."""

    ACTIVATED = "activated"
    QUARANTINED = "quarantined"
    SUSPENDED = "suspended"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class Device:
    """One activated unit."""

    device_id: DeviceId = field(repr=False)
    unit_id: UnitId = field(repr=False)
    status: DeviceStatus = DeviceStatus.ACTIVATED
    epoch: int = 0
    """Starts at 0; +1 with every new binding and +1 with every release. Whatever belongs to people carries it."""
    reset_counter: int = 0
    """The highest that the appliance has told: how often it was reset to factory settings."""
    firmware: str | None = None
    descriptor_version: int | None = None
    version: int = 0
    """For compare and swap in the store; the domain hands it on untouched."""
