"""Ids of upward messages whose second delivery must change nothing and that no other row remembers."""

from datetime import datetime
from typing import Protocol

from gateway.domain.identity import DeviceId


class ReceivedRepository(Protocol):
    """Remembered for 24 hours; an appliance does not repeat an event for longer than it keeps it."""

    def first_time(self, device_id: DeviceId, message_id: str, now: datetime) -> bool:
        """Remember this id; False when it was known."""
