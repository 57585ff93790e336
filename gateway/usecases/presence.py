"""Whether an appliance is there: by its words, its will message, and its silence."""

from datetime import datetime
from typing import Final

from gateway.domain.identity import DeviceId
from gateway.domain.presence import SILENCE_LIMIT, NeverSeen, Offline, Online, Presence, bye, check, hello
from gateway.usecases.transaction import Transaction

AT_ONCE: Final = 500
"""Silent devices that one transaction marks."""


def said_hello(tx: Transaction, device_id: DeviceId, session: str | None, now: datetime) -> None:
    """A session began."""
    before = tx.states.presences([device_id]).get(device_id, NeverSeen())
    _store(tx, device_id, before, hello(before, at=now, session=session))


def said_bye(tx: Transaction, device_id: DeviceId, now: datetime) -> str | None:
    """A session ended, by the appliance's own word or by its will message; returns why it had no effect, or None."""
    before = tx.states.presences([device_id]).get(device_id, NeverSeen())
    after = bye(before, at=now)
    _store(tx, device_id, before, after)
    return "repeated" if after == before else None


def is_online(tx: Transaction, device_id: DeviceId) -> bool:
    """True while the device counts as connected."""
    return isinstance(tx.states.presences([device_id]).get(device_id), Online)


def mark_silent(tx: Transaction, now: datetime) -> int:
    """Mark those as offline that were not heard for too long; returns how many. The gateway's own offline timer."""
    late = tx.states.silent(now - SILENCE_LIMIT, AT_ONCE)
    if not late:
        return 0
    changed = [
        (device_id, after)
        for device_id, before in tx.states.presences(late).items()
        if (after := check(before, now)) != before
    ]
    _store_all(tx, changed)
    return len(changed)


def next_silence(tx: Transaction) -> datetime | None:
    """When the offline timer has to look again."""
    last_seen = tx.states.longest_silent()
    return None if last_seen is None else last_seen + SILENCE_LIMIT


def _store(tx: Transaction, device_id: DeviceId, before: Presence, after: Presence) -> None:
    if after == before:
        return
    _store_all(tx, [(device_id, after)])


def _store_all(tx: Transaction, changed: list[tuple[DeviceId, Presence]]) -> None:
    if not changed:
        return
    for accounts in tx.states.owners([device_id for device_id, _ in changed]).values():
        for account_id in accounts:
            tx.touch(account_id)
    tx.states.put_presences(changed, tx.next_revision())


def is_offline(presence: Presence) -> bool:
    """True when an appliance was there and is gone, or never came."""
    return isinstance(presence, NeverSeen | Offline)
