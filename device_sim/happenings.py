"""What happens to a simulated appliance, for whoever watches: a demo that tells the story, a fleet that counts."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class What(StrEnum):
    """Past facts."""

    CONNECTED = "connected"
    LINK_FAILED = "link_failed"
    ACTIVATED = "activated"
    ACTIVATION_REFUSED = "activation_refused"
    WELCOMED = "welcomed"
    PAIRED = "paired"
    PAIRING_REFUSED = "pairing_refused"
    WIPED = "wiped"
    COMMAND_APPLIED = "command_applied"
    COMMAND_REJECTED = "command_rejected"
    COMMAND_REPEATED = "command_repeated"
    MESSAGE_DROPPED = "message_dropped"
    REPORTED = "reported"
    """The broker took a state report."""
    RENEWED = "renewed"
    RENEWAL_REFUSED = "renewal_refused"
    RESET = "reset"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Happening:
    """One fact. `code` is a failure code, a refusal or a reason; `subject` the command id or the report's number."""

    what: What
    at: datetime
    code: str | None = None
    trace_id: str | None = None
    subject: str | None = None
    retry: str | None = None


Watcher = Callable[[Happening], None]
"""Called on the loop; must return at once."""


class Bell:
    """Lets tasks wait until something is true, looked at again after every change."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Future[None]] = set()

    def ring(self) -> None:
        """Something changed."""
        for future in self._waiting:
            if not future.done():
                future.set_result(None)
        self._waiting.clear()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Return once the condition holds. Put a timeout around it."""
        while not condition():
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.add(future)
            try:
                await future
            finally:
                self._waiting.discard(future)
