"""Tries of passwords are counted before they are looked at, under the name that was tried and under the address."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from gateway.domain.throttle import FORGOTTEN_AFTER, FREE_TRIES, Allowed, Throttle, Wait, check, count
from gateway.usecases.services import BlindIndexes, IndexedField
from gateway.usecases.transaction import Transaction

RETAINED: Final = FORGOTTEN_AFTER
"""Retention of a row of `throttles` after its last change."""

ADDRESS_FREE_TRIES: Final = 50
"""Many homes share an address (carrier-grade NAT): their mistakes add up, and none of them is to blame."""

ADDRESS_LONGEST_WAIT: Final = timedelta(seconds=60)
"""So a neighbour cannot keep a whole street out; a guesser still gets no more than 1,440 guesses a day."""


@dataclass(frozen=True, slots=True)
class ThrottleKeys:
    """Under what a try is counted: keyed digests, so the table names neither people nor addresses."""

    name: bytes = field(repr=False)
    address: bytes = field(repr=False)


def keys_of(indexes: BlindIndexes, *, what: str, name: str, address: str) -> ThrottleKeys:
    """The keys of one kind of try.

    Args:
        indexes: the keyed digests.
        what: the kind of try, such as `login`.
        name: what is being tried, existing or not.
        address: from where.
    """
    return ThrottleKeys(
        indexes.index(IndexedField.THROTTLE, f"{what}\0name\0{name}"),
        indexes.index(IndexedField.THROTTLE, f"{what}\0address\0{address}"),
    )


def take_try(tx: Transaction, keys: ThrottleKeys, now: datetime) -> Allowed | Wait:
    """Count a try, or say how long to wait. A try that must wait is not counted and must not be looked at."""
    by_address = tx.throttles.get(keys.address)
    by_name = tx.throttles.get(keys.name)
    for throttle in (by_address, by_name):
        verdict = check(throttle, now)
        if isinstance(verdict, Wait):
            return verdict
    tx.throttles.put(keys.address, _count_address(by_address, now))
    tx.throttles.put(keys.name, count(by_name, now))
    return Allowed()


def wait_after(tx: Transaction, keys: ThrottleKeys, now: datetime) -> int | None:
    """Seconds to wait before the next try, None when it may come at once."""
    waits = [check(tx.throttles.get(key), now) for key in (keys.address, keys.name)]
    return max((wait.seconds for wait in waits if isinstance(wait, Wait)), default=None)


def forgive(tx: Transaction, keys: ThrottleKeys) -> None:
    """The try was right: the name begins anew; the address gets this one try back.

    Not more, or a guesser would clear the count by logging in to an account of their own.
    """
    by_address = tx.throttles.get(keys.address)  # the same order of locks as in `take_try`
    tx.throttles.remove(keys.name)
    _give_back_to_address(tx, keys, by_address)


def give_back(tx: Transaction, keys: ThrottleKeys) -> None:
    """The try was right, and whoever made it can arrange for that: name and address get this one try back.

    For codes that somebody could show to themselves between two guesses at another's.
    """
    by_address, by_name = tx.throttles.get(keys.address), tx.throttles.get(keys.name)
    if by_name is not None and by_name.failures > 1:
        tx.throttles.put(keys.name, replace(by_name, failures=by_name.failures - 1, blocked_until=None))
    else:
        tx.throttles.remove(keys.name)
    _give_back_to_address(tx, keys, by_address)


def _give_back_to_address(tx: Transaction, keys: ThrottleKeys, by_address: Throttle | None) -> None:
    if by_address is None:
        return
    failures = by_address.failures - 1
    if failures <= 0:
        tx.throttles.remove(keys.address)
    else:
        blocked = by_address.blocked_until if failures >= ADDRESS_FREE_TRIES else None
        tx.throttles.put(keys.address, replace(by_address, failures=failures, blocked_until=blocked))


def forget_old(tx: Transaction, now: datetime, at_most: int = 1000) -> int:
    """Remove rows that count for nothing any more; returns how many. For the retention job."""
    return tx.throttles.forget(now - RETAINED, at_most)


def _count_address(throttle: Throttle | None, now: datetime) -> Throttle:
    """The domain's rule with more free tries and a shorter longest wait."""
    more = ADDRESS_FREE_TRIES - FREE_TRIES
    shifted = None if throttle is None else replace(throttle, failures=throttle.failures - more)
    if shifted is None or now - shifted.last_at >= FORGOTTEN_AFTER:
        return Throttle(1, now)
    counted = count(shifted, now)
    blocked = counted.blocked_until
    return Throttle(
        counted.failures + more,
        now,
        None if blocked is None else min(blocked, now + ADDRESS_LONGEST_WAIT),
    )
