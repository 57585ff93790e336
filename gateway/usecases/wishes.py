"""What a person asks of an appliance, and every way in which that is refused."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from gateway.usecases.types import FieldError


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person asks for."""

    action: str
    params: dict[str, Any] = field(repr=False)
    life: timedelta | None


@dataclass(frozen=True, slots=True)
class NotFound:
    """No such device or command, or not theirs."""


@dataclass(frozen=True, slots=True)
class Invalid:
    """The type has no such action, or not with these values."""

    errors: list[FieldError]


@dataclass(frozen=True, slots=True)
class DeviceOffline:
    """The appliance is away, and the command would not outlive the wait for it."""

    last_seen: datetime | None


@dataclass(frozen=True, slots=True)
class TooMany:
    """Too many commands of this device wait already."""


@dataclass(frozen=True, slots=True)
class NotAllowed:
    """The device cannot be told anything now (quarantined, suspended), or its type is never turned on from afar."""
