"""What an account's event stream tells: a snapshot, then everything that changed, in one order of numbers.

Each function reads from one snapshot of the database, and access is asked at every reading, by (device, epoch): what is
no longer the account's is not in the answer, whatever the stream told before.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from gateway.domain.binding import holds
from gateway.domain.identity import AccountId, DeviceId, PairingId
from gateway.usecases import devices, pairings
from gateway.usecases.devices import SeenDevice
from gateway.usecases.pairings import Watched
from gateway.usecases.repositories.events import LoggedEvent
from gateway.usecases.repositories.states import VisibleState
from gateway.usecases.services import Sealer
from gateway.usecases.transaction import Transaction

AT_ONCE: Final = 100
"""Events of one reading. With 16 KiB an event this is what a stream's buffer should hold at most."""

_PIECE: Final = 200

_WITH_DEVICE: Final = frozenset({"device.bound", "device.renamed"})
"""Events after which the whole device is shown, as it is now: the log itself holds no names."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All of the account's devices at one moment."""

    devices: list[SeenDevice]
    number: int
    """Of the latest change that is in it."""


@dataclass(frozen=True, slots=True)
class StateChanged:
    """A device's whole reported state and presence, as they are now."""

    number: int
    state: VisibleState


@dataclass(frozen=True, slots=True)
class Happened:
    """An event of the log."""

    number: int
    event: LoggedEvent
    device: SeenDevice | None = field(default=None, repr=False)
    """The device as it is now, for events that show it whole."""


@dataclass(frozen=True, slots=True)
class Changes:
    """Everything that changed after a number, in order."""

    news: list[StateChanged | Happened]
    number: int
    """Go on after this."""
    more: bool
    """There is more already."""


def snapshot(tx: Transaction, sealer: Sealer, account_id: AccountId, now: datetime) -> Snapshot:
    """The account's devices with state and presence."""
    found: list[SeenDevice] = []
    after: DeviceId | None = None
    while True:
        piece, after = devices.page(tx, sealer, account_id, after, _PIECE, now)
        found += piece
        if after is None:
            return Snapshot(found, tx.events.newest())


def since(
    tx: Transaction, sealer: Sealer, account_id: AccountId, after: int | None, now: datetime, at_most: int = AT_ONCE
) -> Snapshot | Changes:
    """What a stream tells next.

    Args:
        tx: what is read from.
        sealer: opens the names that people gave their devices.
        account_id: whose stream it is.
        after: everything up to this number was told already; None at the beginning.
        now: decides whether a guest's stay is over.
        at_most: events of one reading.

    Returns:
        Changes while the log still holds everything after that number; otherwise (also for a number that was never
        given) a snapshot. States are told by level: however often one changed meanwhile, it is told once, as it is now,
        under the number of its latest change.
    """
    if after is not None:
        oldest, newest = tx.events.bounds()
        if oldest <= after <= newest:
            return _changes(tx, sealer, account_id, after, newest, now, at_most)
    return snapshot(tx, sealer, account_id, now)


def _changes(
    tx: Transaction, sealer: Sealer, account_id: AccountId, after: int, newest: int, now: datetime, at_most: int
) -> Changes:
    events = tx.events.of_account(account_id, after, at_most) if after < newest else []
    more = len(events) == at_most
    horizon = events[-1].number if more else newest
    news: list[StateChanged | Happened] = []
    # Each number belongs to one event or to one change of states. Where events took all of them no state changed.
    if horizon - after > len(events):
        news += [
            StateChanged(state.revision, state)
            for state in tx.states.visible(account_id, None, after)
            if after < state.revision <= horizon and holds(state.until, now)
        ]
    for event in events:
        if holds(event.until, now):
            shown = None
            if event.device_id is not None and event.kind in _WITH_DEVICE:
                shown = devices.one(tx, sealer, account_id, event.device_id, now)
            news.append(Happened(event.number, event, shown))
    news.sort(key=lambda each: each.number)
    return Changes(news, horizon, more)


@dataclass(frozen=True, slots=True)
class PairingNews:
    """A pairing as it is now, and what was told of it after a number."""

    watched: Watched
    events: list[LoggedEvent]

    @property
    def number(self) -> int:
        """Go on after this."""
        return self.watched.as_of


def pairing_news(
    tx: Transaction, account_id: AccountId, pairing_id: PairingId, after: int, now: datetime
) -> PairingNews | None:
    """What happened to a pairing of this account after a number; None when there is none of theirs."""
    watched = pairings.watch(tx, account_id, pairing_id, now)
    if watched is None:
        return None
    return PairingNews(watched, tx.events.of_pairing(pairing_id, after, AT_ONCE))
