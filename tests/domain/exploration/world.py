"""The composed model: people, appliances, a network that forgets nothing, and the gateway's stored records.

Whatever is stored changes through the functions of `gateway.domain` only (`Rules`). Everything else here is the world
around them: who pressed what, which message is where, and an independent account (`lawful`, `spent`) of what should be.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple, TypeVar

from gateway.domain import binding, button, commands, label, members, ownership, pairing, sending, state
from gateway.domain.binding import Binding, BindOutcome, Ownership, ReleaseWaiting
from gateway.domain.button import Press
from gateway.domain.commands import Command
from gateway.domain.devices import Device
from gateway.domain.identity import AccountId, CommandId, DeviceId, UnitId
from gateway.domain.members import Invitation
from gateway.domain.ownership import TransferOffer
from gateway.domain.pairing import Pairing
from gateway.domain.throttle import Tries

ANNA: Final = AccountId("a-anna")
BERT: Final = AccountId("a-bert")
MALLORY: Final = AccountId("a-mallory")
PEOPLE: Final = (ANNA, BERT, MALLORY)
START: Final = datetime(2026, 1, 1, tzinfo=UTC)
T = TypeVar("T")


@dataclass(frozen=True)
class Rules:
    """The domain functions under test. A mutant replaces one of them."""

    open_pairing: Callable[..., pairing.Opened] = pairing.open_pairing
    cancel_pairing: Callable[..., Pairing] = pairing.cancel
    present_token: Callable[..., BindOutcome] = binding.present_token
    ownership_of: Callable[..., Ownership] = binding.ownership_of
    binding_of: Callable[..., Binding | None] = binding.binding_of
    release: Callable[..., ownership.Released | ownership.Refused] = ownership.release
    agree: Callable[..., ownership.Released | ownership.Refused] = ownership.agree
    dispute: Callable[..., binding.Bound | ownership.Refused] = ownership.dispute
    lapse: Callable[..., ownership.Released | ownership.Refused] = ownership.lapse
    offer_transfer: Callable[..., TransferOffer | ownership.Refused] = ownership.offer_transfer
    accept_transfer: Callable[..., ownership.Transferred | ownership.Refused] = ownership.accept_transfer
    invite: Callable[..., Invitation | ownership.Refused] = members.invite
    accept_invitation: Callable[..., members.Accepted | ownership.Refused] = members.accept
    remove_member: Callable[..., members.Left | ownership.Refused] = members.remove
    claim_by_label: Callable[..., label.LabelAnswer] = label.claim_by_label
    pressed: Callable[..., Press | None] = button.pressed
    join: Callable[..., button.Joined | binding.BindRefused] = button.join
    confirm: Callable[..., button.ButtonAnswer] = button.confirm
    advance: Callable[..., Command] = commands.advance
    next_to_send: Callable[..., sending.Send | sending.WaitUntil | sending.Idle] = sending.next_to_send
    of_epoch: Callable[..., bool] = state.of_epoch
    apply_report: Callable[..., state.Known | state.Ignored] = state.apply_report


class BindUp(NamedTuple):
    """`up/bind` of a device with a token."""

    device: int
    token: int
    """Index of the pairing whose token it is."""


class ReportUp(NamedTuple):
    """`up/state`; what it says is whose epoch it was made in."""

    device: int
    epoch: int
    seq: int


class AckUp(NamedTuple):
    """`up/ack`: applied."""

    device: int
    command_id: CommandId


class CommandDown(NamedTuple):
    """`down/command`. Once published, it may arrive at any time and any number of times."""

    device: int
    command_id: CommandId


class StoredState(NamedTuple):
    """The one row of reported state a device has."""

    epoch: int
    seq: int
    origin: int | None
    """The epoch in which the appliance made what is stored; None when nothing is."""


@dataclass(frozen=True, slots=True)
class Appliance:
    """What an appliance itself knows. It obeys nothing before this connection's welcome told it its epoch."""

    epoch: int = 0
    counter: int = 0
    welcomed: bool = False
    seen: frozenset[CommandId] = frozenset()
    reports: int = 0


@dataclass(frozen=True, slots=True)
class World:
    """One moment of everything."""

    devices: tuple[Device, ...]
    appliances: tuple[Appliance, ...]
    clock: int = 0
    bindings: tuple[Binding, ...] = ()
    waiting: tuple[ReleaseWaiting | None, ...] = (None, None)
    pairings: tuple[Pairing, ...] = ()
    commands: tuple[Command, ...] = ()
    states: tuple[StoredState | None, ...] = (None, None)
    presses: tuple[Press | None, ...] = (None, None)
    invitation: Invitation | None = None
    offer: TransferOffer | None = None
    tries: tuple[tuple[str, Tries], ...] = ()
    up: frozenset[BindUp | ReportUp | AckUp] = frozenset()
    down: frozenset[CommandDown] = frozenset()
    decided: tuple[CommandId | None, ...] = (None, None)
    """What the relay has read and not yet published: it may be slow, or die here."""
    leaving: frozenset[int] = frozenset()
    """Devices whose epoch ended in the database while the request has not returned: the eviction is still to come."""
    lawful: tuple[frozenset[AccountId], ...] = (frozenset(), frozenset())
    """Independent account: who should have access."""
    spent: frozenset[str] = frozenset()
    """Independent account: secrets that have worked."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What bounds one exploration: which steps exist, how often, and which moments."""

    steps: tuple[str, ...]
    moments: tuple[timedelta, ...]
    devices: int = 1
    openings: tuple[AccountId, ...] = (ANNA, BERT)
    """Who opens pairings, in any order, each entry once."""
    commands: int = 0
    reports: int = 0
    presses: int = 0
    resets: int = 0


class Broken(StrEnum):
    """The eight invariants of binding.md, and the number under which a violation is shown."""

    ONE_OWNER = "1: a device has at most one owner"
    OLD_COMMAND = "2: no command of an older epoch is delivered or obeyed"
    FOREIGN_STATE = "3: nobody reads state from an epoch that was not theirs"
    FORMER_OWNER = "4: after a release nothing of the former owner has any effect"
    NO_PROOF = "5: a binding needs the account's consent and the appliance's proof"
    NOT_BOUND = "6: connected is not bound"
    REFUSAL_CHANGED = "7: a refused transition changes nothing and is recorded"
    USED_TWICE = "8: a token, code or nonce works once"


@dataclass(frozen=True, slots=True)
class Step:
    """One transition: what happened, the world after it, and what it must answer for."""

    label: str
    after: World
    refused: StrEnum | None = None
    broken: tuple[Broken, ...] = field(default=())


def new_world(limits: Limits) -> World:
    """Fresh appliances, activated, nobody's."""
    ids = range(limits.devices)
    return World(
        devices=tuple(Device(DeviceId(f"d-{at}"), UnitId(f"u-{at}")) for at in ids),
        appliances=tuple(Appliance() for _ in ids),
        waiting=(None,) * limits.devices,
        states=(None,) * limits.devices,
        presses=(None,) * limits.devices,
        decided=(None,) * limits.devices,
        lawful=(frozenset[AccountId](),) * limits.devices,
    )


def put(items: tuple[T, ...], at: int, item: T) -> tuple[T, ...]:
    """The tuple with one place changed."""
    return (*items[:at], item, *items[at + 1 :])


def with_device(world: World, at: int, device: Device) -> World:
    """The world with a device stored."""
    return replace(world, devices=put(world.devices, at, device))
