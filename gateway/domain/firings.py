"""Firings: what a rule is about to do, or did, while that can still be taken back.

An "off" waits 60 seconds for an undo. What a rule turned on because somebody came near waits 45 minutes for their
arrival; without it, it is turned off again.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum, unique
from typing import Final, NewType

from gateway.domain.automations import AutomationId, Reason
from gateway.domain.households import HomeRef
from gateway.domain.identity import AccountId, CommandId, DeviceId

FiringId = NewType("FiringId", str)

UNDO_WITHIN: Final = timedelta(seconds=60)
ARRIVAL_WITHIN: Final = timedelta(minutes=45)


@unique
class FiringState(StrEnum):
    """Where a firing is. The first two are open. The value is what travels."""

    PENDING = "pending"
    """It will act when the time for an undo is over."""
    WAITING = "waiting"
    """It turned something on and waits for the arrival."""
    DONE = "done"
    UNDONE = "undone"
    """Taken back, before or after it acted."""
    DROPPED = "dropped"
    """It never acted, and `reason` says why."""


@dataclass(frozen=True, slots=True)
class Firing:
    """One firing of a rule that acts."""

    firing_id: FiringId
    automation_id: AutomationId
    account_id: AccountId = field(repr=False)
    home_ref: HomeRef = field(repr=False)
    device_id: DeviceId = field(repr=False)
    epoch: int
    starts: bool
    waits: bool
    """After it turned something on, it waits for an arrival."""
    state: FiringState
    at: datetime
    due_at: datetime | None
    """When something happens next; None once nothing more does."""
    off_command_id: CommandId
    """The name of the command that would turn it off again. Known from the beginning, so that a withdrawal of consent
    can give that command with nothing but a transaction at hand."""
    command_id: CommandId | None = None
    """What it did."""
    reason: Reason | None = None
    version: int = 0
    """For compare and swap in the store; the domain hands it on untouched."""

    @property
    def is_open(self) -> bool:
        """True while something more will happen."""
        return self.state in {FiringState.PENDING, FiringState.WAITING}


def acted(firing: Firing, command_id: CommandId, now: datetime) -> Firing:
    """The command was given."""
    if not (firing.starts and firing.waits):
        return ended(replace(firing, command_id=command_id), FiringState.DONE, Reason.ACTED)
    due = now + ARRIVAL_WITHIN
    return replace(firing, state=FiringState.WAITING, command_id=command_id, due_at=due, reason=Reason.ACTED)


def ended(firing: Firing, state: FiringState, reason: Reason) -> Firing:
    """Nothing more happens."""
    return replace(firing, state=state, reason=reason, due_at=None)
