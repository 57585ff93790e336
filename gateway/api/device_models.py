"""What the app is shown of a device, in answers and in the event stream."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from gateway.api.models import DeviceIdText, Moment, ResponseModel
from gateway.domain.presence import NeverSeen, Offline, Online
from gateway.domain.presence import Presence as KnownPresence
from gateway.usecases.devices import AskableAction, ReleaseAsked, SeenDevice
from gateway.usecases.repositories.states import VisibleState

State = Annotated[dict[str, Any], Field(description="All properties that are known; the type says what they mean")]


class Presence(ResponseModel):
    """Whether the appliance is there."""

    status: Literal["online", "offline", "never_seen"]
    since: Moment | None = Field(description="When it came or went")
    last_seen: Moment | None = Field(description="Its last word; exact to half a minute while it is there")
    why: Literal["bye", "silence"] | None = Field(description="How it went")


class Device(ResponseModel):
    """A device of the account."""

    device_id: DeviceIdText
    type_id: str
    nickname: str | None = Field(description="This account's own name for it")
    role: Literal["owner", "adult", "guest"]
    bound_at: Moment
    until: Moment | None = Field(description="A guest's last moment")
    epoch: int = Field(description="Changes whenever the device changes hands")
    status: Literal["activated", "quarantined", "suspended", "retired"]
    firmware: str | None
    presence: Presence


class DeviceState(ResponseModel):
    """What the appliance last reported, whole."""

    device_id: DeviceIdText
    epoch: int
    state: State
    as_of: Moment | None = Field(description="By the appliance's own clock, where it has one")
    received_at: Moment | None
    presence: Presence


class Action(ResponseModel):
    """An action, and whether it would be accepted now."""

    action: str
    turns_on: bool = Field(description="With parameters that make something heat, move or flow")
    allowed: bool
    why_not: Literal["device_blocked", "device_offline", "remote_on_not_allowed"] | None
    longer_than_s: int = Field(description="A command must be given a longer life than this now")
    longest_s: int = Field(description="… and not a longer one than this")


class ReleaseRequest(ResponseModel):
    """Somebody else reset the appliance and holds it. Without a word of the owner it is released at `until`."""

    asked_at: Moment
    until: Moment


class DeviceInSnapshot(Device):
    """A device with its state."""

    state: State
    as_of: Moment | None
    received_at: Moment | None


class DeviceDetail(DeviceInSnapshot):
    """A device with everything that can be done about it."""

    actions: list[Action]
    release_request: ReleaseRequest | None


def shown_presence(presence: KnownPresence) -> Presence:
    """Presence in the answer's words."""
    match presence:
        case NeverSeen():
            return Presence(status="never_seen", since=None, last_seen=None, why=None)
        case Online(since=since, last_seen=last_seen):
            return Presence(status="online", since=since, last_seen=last_seen, why=None)
        case Offline(since=since, last_seen=last_seen, why=why):
            return Presence(status="offline", since=since, last_seen=last_seen, why=why.value)


def shown_device(seen: SeenDevice) -> Device:
    """A device as a line of the list."""
    return Device(**_parts(seen))


def shown_in_snapshot(seen: SeenDevice) -> DeviceInSnapshot:
    """A device as the event stream shows it whole."""
    return DeviceInSnapshot(**_parts(seen), **_state_parts(seen))


def shown_detail(seen: SeenDevice, actions: Sequence[AskableAction], asked: ReleaseAsked | None) -> DeviceDetail:
    """A device on its own page."""
    return DeviceDetail(
        **_parts(seen),
        **_state_parts(seen),
        actions=[_action(each) for each in actions],
        release_request=None if asked is None else ReleaseRequest(asked_at=asked.asked_at, until=asked.until),
    )


def shown_state(state: VisibleState) -> DeviceState:
    """A change of state or presence; both are always told whole."""
    return DeviceState(
        device_id=state.device_id,
        epoch=state.epoch,
        state=state.properties,
        as_of=state.as_of,
        received_at=state.received_at,
        presence=shown_presence(state.presence),
    )


def state_of(seen: SeenDevice) -> DeviceState:
    """Only the state of a device."""
    return DeviceState(
        device_id=seen.device.device_id,
        epoch=seen.device.epoch,
        presence=shown_presence(seen.presence),
        **_state_parts(seen),
    )


def _parts(seen: SeenDevice) -> dict[str, Any]:
    return {
        "device_id": seen.device.device_id,
        "type_id": seen.type_id,
        "nickname": seen.nickname,
        "role": seen.binding.role.value,
        "bound_at": seen.binding.since,
        "until": seen.binding.until,
        "epoch": seen.device.epoch,
        "status": seen.device.status.value,
        "firmware": seen.device.firmware,
        "presence": shown_presence(seen.presence),
    }


def _state_parts(seen: SeenDevice) -> dict[str, Any]:
    return {"state": dict(seen.properties), "as_of": seen.as_of, "received_at": seen.received_at}


def _action(askable: AskableAction) -> Action:
    return Action(
        action=askable.action,
        turns_on=askable.turns_on,
        allowed=askable.why_not is None,
        why_not=None if askable.why_not is None else askable.why_not.value,
        longer_than_s=int(askable.shortest.total_seconds()),
        longest_s=int(askable.longest.total_seconds()),
    )
