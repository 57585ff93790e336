"""The end of a firing, whoever brings it about: stored, written into the explanation, and told to its owner's app."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from gateway.domain.automations import Reason
from gateway.domain.firings import Firing, FiringState, ended
from gateway.usecases.repositories.automations import Did, Line
from gateway.usecases.transaction import Transaction

ENDED: Final = "automation.ended"
"""Kind of the event for the app of the rule's owner."""


def end(tx: Transaction, firing: Firing, state: FiringState, reason: Reason, now: datetime) -> Firing:
    """Nothing more happens with a firing; its owner's app is told, and can read why."""
    after = ended(firing, state, reason)
    tx.automations.put_firing(after)
    did = Did.NOTHING if state is FiringState.DROPPED else Did.ACTED
    tx.automations.explain([Line(firing.automation_id, firing.account_id, minute(now), did, reason)])
    tell(tx, firing, ENDED, {"state": state.value, "reason": reason.value}, now)
    return after


def tell(tx: Transaction, firing: Firing, kind: str, more: Mapping[str, Any], now: datetime) -> None:
    """An event about a firing for its owner's app."""
    data = {
        "firing_id": firing.firing_id,
        "automation_id": firing.automation_id,
        "device_id": firing.device_id,
        **more,
    }
    tx.emit(firing.account_id, kind, data, now, device_id=firing.device_id, epoch=firing.epoch)


def minute(now: datetime) -> datetime:
    """As exact as an explanation is."""
    return now.replace(second=0, microsecond=0)
