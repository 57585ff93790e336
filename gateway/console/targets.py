"""Which appliance a form means: its body names it, or an attempt of it, by a random id of ours."""

from gateway.domain.identity import AttemptId, DeviceId
from gateway.usecases.transaction import Transaction


def device_of_form(tx: Transaction, device_id: str, attempt_id: str) -> DeviceId | None:
    """The device that is named, or the one of the attempt that is; None when there is none."""
    if device_id:
        device = tx.devices.get(DeviceId(device_id))
        return None if device is None else device.device_id
    attempt = tx.attempts.get(AttemptId(attempt_id)) if attempt_id else None
    device = None if attempt is None or attempt.unit_id is None else tx.devices.of_unit(attempt.unit_id)
    return None if device is None else device.device_id
