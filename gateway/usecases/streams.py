"""What an account's event stream tells: a snapshot, then everything that changed, in one order of numbers.

Each function reads from one snapshot of the database, and access is asked at every reading, by (device, epoch): what is
no longer the account's is not in the answer, whatever the stream told before.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

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
"""Events after which the whole device is shown: the log itself holds no names."""


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


def can_resume(tx: Transaction, after: int) -> bool:
    """Whether the log still holds everything after that number; also False for a number that was never given."""
    oldest, newest = tx.events.bounds()
    return oldest <= after <= newest


def changes(
    tx: Transaction, sealer: Sealer, account_id: AccountId, after: int, now: datetime, at_most: int = AT_ONCE
) -> Changes:
    """What the account may see of everything after `after`.

    States are told by level: however often one changed meanwhile, it is told once, as it is now, under the number of
    its latest change.
    """
    newest = tx.events.newest()
    events = tx.events.of_account(account_id, after, at_most)
    more = len(events) == at_most
    horizon = events[-1].number if more else newest
    access = _Access(tx, sealer, account_id, now)
    news: list[StateChanged | Happened] = [
        StateChanged(state.revision, state)
        for state in tx.states.visible(account_id, None, after)
        if after < state.revision <= horizon and access.holds(state.device_id)
    ]
    for event in events:
        if event.epoch is None or event.device_id is None:
            news.append(Happened(event.number, event))
        elif access.holds(event.device_id):
            shown = access.device(event.device_id) if event.kind in _WITH_DEVICE else None
            news.append(Happened(event.number, event, shown))
    news.sort(key=lambda each: each.number)
    return Changes(news, horizon, more)


class _Access:
    """What holds during one reading; each device is asked for once."""

    def __init__(self, tx: Transaction, sealer: Sealer, account_id: AccountId, now: datetime) -> None:
        self._tx: Final = tx
        self._sealer: Final = sealer
        self._account_id: Final = account_id
        self._now: Final = now
        self._known: Final[dict[DeviceId, bool]] = {}

    def holds(self, device_id: DeviceId) -> bool:
        """The joins of the repositories know epochs; that a guest's stay is over only the clock knows."""
        if device_id not in self._known:
            bound = devices.held(self._tx, self._account_id, device_id, self._now)
            self._known[device_id] = bound is not None
        return self._known[device_id]

    def device(self, device_id: DeviceId) -> SeenDevice | None:
        """The whole device."""
        return devices.one(self._tx, self._sealer, self._account_id, device_id, self._now)


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
