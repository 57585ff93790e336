"""Tells the gateway what the geofence found: state, number, minute and accuracy, and never why."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

from device_sim.api import Answer
from device_sim.location.fence import Fence, Transition
from device_sim.location.sightings import Sighting

AGAIN_AFTER: Final = timedelta(hours=3)
"""The same state is told once more after so long: the gateway takes a phone that says nothing for six hours for lost,
and two of three words may be lost on the way."""


class Asks(Protocol):
    """The app's account at the gateway."""

    async def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Answer:
        """One request."""


class Teller:
    """One phone, one home. What could not be told is told at the next sighting, unless something newer is known."""

    def __init__(self, phone: Asks, home_ref: str, fence: Fence) -> None:
        """Go on from a fence: a new one, or the one that was kept over a restart."""
        self._phone: Final = phone
        self._home_ref: Final = home_ref
        self.fence = fence
        self._waiting: Transition | None = None
        self._told_at: datetime | None = None

    async def see(self, sighting: Sighting) -> dict[str, Any] | None:
        """Look, and tell what there is to tell. Returns the gateway's answer; None where nothing was told.

        Raises:
            ProblemError: the gateway refuses it, such as `consent_required`.
            OSError: it was not reached; the transition waits.
        """
        self.fence, transition = self.fence.look(sighting)
        if transition is None and self._waiting is None and self._is_silent(sighting):
            self.fence, transition = self.fence.again(sighting.at)
        self._waiting = transition or self._waiting
        if self._waiting is None:
            return None
        answer = await self._phone.ask("POST", "/v1/location/transitions", body_of(self._home_ref, self._waiting))
        self._waiting, self._told_at = None, sighting.at
        return dict(answer.body)

    def _is_silent(self, sighting: Sighting) -> bool:
        """Whether it is time for the same word again; only a phone that sees something has one."""
        sees = sighting.fix is not None or sighting.on_home_wifi
        return sees and self._told_at is not None and sighting.at - self._told_at >= AGAIN_AFTER


def body_of(home_ref: str, transition: Transition) -> dict[str, Any]:
    """All that leaves the phone."""
    return {
        "home_ref": home_ref,
        "state": transition.state.value,
        "seq": transition.seq,
        "minute": transition.minute.astimezone(UTC).strftime("%Y-%m-%dT%H:%MZ"),
        "accuracy": transition.accuracy.value,
    }
