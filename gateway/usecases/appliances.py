"""What an appliance says besides its state: events, requests to bind, failures that it remembered."""

from dataclasses import replace
from datetime import datetime

from gateway.domain.devices import DeviceStatus
from gateway.domain.evidence import Evidence, Source
from gateway.domain.failures import Code, Stage
from gateway.domain.identity import DeviceId
from gateway.protocol.messages import BindRequest, EventReport, LogReport
from gateway.protocol.topics import UpChannel
from gateway.usecases import binding, progress
from gateway.usecases.activation import ActivationServices
from gateway.usecases.progress import Step
from gateway.usecases.remembered import remember
from gateway.usecases.transaction import Transaction
from gateway.usecases.types import TypeCatalogue
from gateway.usecases.verdicts import noted


def happened(
    tx: Transaction, types: TypeCatalogue, device_id: DeviceId, event: EventReport, now: datetime
) -> str | None:
    """An event for the account's streams, once; returns why it had no effect, or None."""
    operating = tx.devices.operating([device_id]).get(device_id)
    if operating is None:
        return "unknown_device"
    if types.check_event(operating.type_id, event.name, event.data):
        return Code.FIRST_SCHEMA_MISMATCH.value
    owner = binding.owner_of(tx, device_id)
    if owner is None:
        return "not_bound"
    if not tx.received.first_time(device_id, event.id, now):
        return "repeated"
    data = {"device_id": device_id, "id": event.id, "name": event.name, "data": event.data}
    tx.emit(owner, "device.event", data, now, device_id=device_id, epoch=operating.epoch)
    return None


def asked_to_bind(
    tx: Transaction, services: ActivationServices, device_id: DeviceId, request: BindRequest, now: datetime
) -> str | None:
    """`up/bind`: a token later, or a press of the button. The verdict goes out from this commit."""
    device = tx.devices.get(device_id)
    if device is None or device.status is not DeviceStatus.ACTIVATED:
        return "unknown_device"
    if request.bind_token is None:
        # Pairing by button is the domain's already; the app's half of it is not offered by this version's API.
        return Code.BIND_NO_PRESENCE.value
    if request.reset_counter > device.reset_counter:
        device = tx.devices.update(replace(device, reset_counter=request.reset_counter))
    pairing = binding.pairing_of_token(tx, services, request.bind_token)
    progress.step(tx, pairing, Step.ACTIVATED, now)
    verdict = binding.present_token(tx, services, device, pairing, now, request_id=request.request_id)
    return None if verdict.code is None else verdict.code.value


def remembered(tx: Transaction, device_id: DeviceId, log: LogReport, now: datetime) -> str | None:
    """Failures from when the appliance had nobody to tell: evidence for its latest attempt."""
    device = tx.devices.get(device_id)
    if device is None:
        return "unknown_device"
    attempt = tx.attempts.latest_of_unit(device.unit_id)
    if attempt is None:
        return "no_attempt"
    pairing = None if attempt.pairing_id is None else tx.pairings.get(attempt.pairing_id)
    remember(tx, attempt, pairing, log.entries, now)
    return None


def note_malformed(tx: Transaction, device_id: DeviceId, channel: str, code: str, path: str, now: datetime) -> None:
    """A message that could not be read: evidence where it belongs to an attempt that is under way."""
    device = tx.devices.get(device_id)
    attempt = None if device is None else tx.attempts.latest_of_unit(device.unit_id)
    if attempt is None or now >= attempt.deadline:
        return
    stage, means = (Stage.FIRST, Code.FIRST_REJECTED_PAYLOAD) if channel == UpChannel.STATE.value else (None, None)
    line = Evidence(Source.GATEWAY, now, f"malformed_{channel}: {path}", code, stage, means)
    noted(tx, attempt, [line], now)
