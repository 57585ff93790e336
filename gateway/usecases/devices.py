"""What an account sees of its devices, and what may be asked of them now. Everything starts from the binding."""

import hashlib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from gateway.domain.binding import Binding, Role
from gateway.domain.commands import LONGEST_HEATING_LIFE, LONGEST_LIFE
from gateway.domain.devices import Device, DeviceStatus
from gateway.domain.identity import AccountId, DeviceId
from gateway.domain.presence import NeverSeen, Online, Presence
from gateway.usecases.commands import SHORT_LIVED
from gateway.usecases.repositories.bindings import BoundDevice
from gateway.usecases.repositories.states import VisibleState
from gateway.usecases.services import Sealer
from gateway.usecases.transaction import Transaction
from gateway.usecases.types import TypeCatalogue

NICKNAME_AT_MOST: Final = 64
"""Characters of a person's own name for a device."""

_EDITION_BYTES: Final = 12


@dataclass(frozen=True, slots=True)
class ReleaseAsked:
    """Somebody else reset the appliance and holds it; the owner may agree or object. Who it is, is not told."""

    asked_at: datetime
    until: datetime
    """Without a word until then the device is released."""


@dataclass(frozen=True, slots=True)
class SeenDevice:
    """One device as one of its people sees it."""

    device: Device
    binding: Binding
    type_id: str
    nickname: str | None = field(repr=False)
    edition: str
    """Changes with whatever this account can edit."""
    properties: Mapping[str, Any] = field(repr=False)
    as_of: datetime | None
    received_at: datetime | None
    presence: Presence


def one(
    tx: Transaction, sealer: Sealer, account_id: AccountId, device_id: DeviceId, now: datetime
) -> SeenDevice | None:
    """A device of this account; None when it is not theirs (any more), which looks like one that does not exist."""
    bound = held(tx, account_id, device_id, now)
    if bound is None:
        return None
    states = tx.states.visible(account_id, device_id, -1)
    return _seen(bound, states[0] if states else None, sealer)


def page(
    tx: Transaction, sealer: Sealer, account_id: AccountId, after: DeviceId | None, at_most: int, now: datetime
) -> tuple[list[SeenDevice], DeviceId | None]:
    """A piece of the account's devices in the order of their ids.

    Returns:
        At most `at_most` devices, and the id to go on after; None at the end.
    """
    rows = tx.bindings.of_account(account_id, after, at_most + 1)
    following = rows[at_most - 1].device.device_id if len(rows) > at_most else None
    rows = [bound for bound in rows[:at_most] if bound.binding.holds(now)]
    if not rows:
        return [], following
    states = {state.device_id: state for state in tx.states.visible(account_id, None, -1)}
    return [_seen(bound, states.get(bound.device.device_id), sealer) for bound in rows], following


def held(tx: Transaction, account_id: AccountId, device_id: DeviceId, now: datetime) -> BoundDevice | None:
    """The account's link to a device, while it holds: of the present epoch, and no guest whose stay is over."""
    bound = tx.bindings.one(account_id, device_id)
    return None if bound is None or not bound.binding.holds(now) else bound


def _seen(bound: BoundDevice, state: VisibleState | None, sealer: Sealer) -> SeenDevice:
    return SeenDevice(
        device=bound.device,
        binding=bound.binding,
        type_id=bound.type_id,
        nickname=_opened(bound, sealer),
        edition=edition_of(bound),
        properties={} if state is None else state.properties,
        as_of=None if state is None else state.as_of,
        received_at=None if state is None else state.received_at,
        presence=NeverSeen() if state is None else state.presence,
    )


def release_asked(tx: Transaction, seen: SeenDevice) -> ReleaseAsked | None:
    """A release that somebody asked for, for the owner's eyes only."""
    waiting = tx.bindings.waiting(seen.device.device_id)
    if waiting is None or seen.binding.role is not Role.OWNER or waiting[3] != seen.device.epoch:
        return None
    return ReleaseAsked(asked_at=waiting[1], until=waiting[2])


def edition_of(bound: BoundDevice) -> str:
    """A short text that differs after every edit. Of the sealed bytes, so it tells nothing of the name."""
    digest = hashlib.blake2s(bound.nickname_sealed or b"", digest_size=_EDITION_BYTES)
    digest.update(b"\0%d" % bound.binding.epoch)
    return digest.hexdigest()


# -- the nickname


def normal_nickname(text: str) -> str | None:
    """The one way to write a nickname: NFC, trimmed. None when it is empty, too long, or holds what cannot be shown."""
    normal = unicodedata.normalize("NFC", text).strip()
    if not 1 <= len(normal) <= NICKNAME_AT_MOST:
        return None
    # Cc, Cf, Cs, Co, Cn: control characters, and the invisible ones that turn the direction of a line
    hidden = (each for each in normal if unicodedata.category(each).startswith("C"))
    return normal if all(each == _JOINER for each in hidden) else None


_JOINER: Final = "\u200d"
"""Zero-width joiner: invisible, but many an emoji is made with it."""


def rename(
    tx: Transaction, sealer: Sealer, account_id: AccountId, bound: BoundDevice, nickname: str | None, now: datetime
) -> None:
    """Set or clear (None) the account's own name for a device. It is stored sealed; its other phones are told."""
    device_id = bound.device.device_id
    sealed = None if nickname is None else sealer.seal(nickname.encode(), place=_place(account_id, device_id))
    tx.bindings.rename(account_id, device_id, sealed)
    tx.emit(
        account_id,
        "device.renamed",
        {"device_id": device_id},
        now,
        device_id=device_id,
        epoch=bound.binding.epoch,
    )


def _opened(bound: BoundDevice, sealer: Sealer) -> str | None:
    """The nickname. One that does not open (moved from another row, another key) is an error, never a blank."""
    if bound.nickname_sealed is None:
        return None
    place = _place(bound.binding.account_id, bound.device.device_id)
    return sealer.open(bound.nickname_sealed, place=place).decode()


def _place(account_id: AccountId, device_id: DeviceId) -> str:
    return f"bindings.nickname:{account_id}:{device_id}"


# -- what may be asked of it now


class WhyNot(StrEnum):
    """Why an action cannot be asked for now."""

    DEVICE_BLOCKED = "device_blocked"
    """Quarantined, suspended or retired."""
    DEVICE_OFFLINE = "device_offline"
    """And such a command may not wait for it."""
    REMOTE_ON_NOT_ALLOWED = "remote_on_not_allowed"
    """Nobody may turn on this type from afar."""


@dataclass(frozen=True, slots=True)
class AskableAction:
    """One action, and whether it would be accepted now. An action that may turn something on appears twice."""

    action: str
    turns_on: bool
    """With parameters that make something heat, move or flow."""
    why_not: WhyNot | None
    shortest: timedelta
    """A command that lives no longer than this is refused now: the appliance is away."""
    longest: timedelta


def askable(types: TypeCatalogue, seen: SeenDevice) -> Sequence[AskableAction]:
    """Every action of the type, with the answer that `commands.send` would give now to good parameters."""
    descriptor = types.get(seen.type_id)
    if descriptor is None:
        return []
    online = isinstance(seen.presence, Online)
    shortest = timedelta(0) if online else SHORT_LIVED
    found: list[AskableAction] = []
    for action in descriptor.actions:
        starts = descriptor.turns_on.get(action)
        if starts != {}:  # an empty schema fits everything: this action always turns something on
            why = None if seen.device.status is DeviceStatus.ACTIVATED else WhyNot.DEVICE_BLOCKED
            found.append(AskableAction(action, turns_on=False, why_not=why, shortest=shortest, longest=LONGEST_LIFE))
        if starts is not None:
            why = _why_not_on(seen, online=online, remote_on=descriptor.safety.remote_on)
            found.append(
                AskableAction(action, turns_on=True, why_not=why, shortest=shortest, longest=LONGEST_HEATING_LIFE)
            )
    return found


def _why_not_on(seen: SeenDevice, *, online: bool, remote_on: bool) -> WhyNot | None:
    if seen.device.status is not DeviceStatus.ACTIVATED:
        return WhyNot.DEVICE_BLOCKED
    if not remote_on:
        return WhyNot.REMOTE_ON_NOT_ALLOWED
    return None if online else WhyNot.DEVICE_OFFLINE
