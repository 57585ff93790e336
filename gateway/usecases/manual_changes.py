"""A person's word to an appliance: the rules on it stand back."""

from datetime import datetime

from gateway.domain.automations import MANUAL_REST, Reason
from gateway.domain.firings import FiringState
from gateway.domain.identity import DeviceId
from gateway.usecases.firing_ends import end
from gateway.usecases.transaction import Transaction


def rest_rules(tx: Transaction, device_id: DeviceId, now: datetime) -> None:
    """A person took over: what rules are about to do is dropped, and what they turned on stays as the person has it."""
    if not tx.automations.rest(device_id, now + MANUAL_REST):
        return
    for firing in tx.automations.open_of_device(device_id):
        state = FiringState.DROPPED if firing.state is FiringState.PENDING else FiringState.DONE
        end(tx, firing, state, Reason.MANUAL_CHANGE, now)
