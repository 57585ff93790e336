"""What may leave the gateway about a person: kinds of data by name, to a recipient that they named, while they agree.

Whatever is not in `Field` cannot be disclosed, and nothing about where people are is in it. A sending is tried a few
times and then given up; what it would have sent is forgotten either way.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum, unique
from typing import Any, Final, NewType

from gateway.domain.identity import AccountId, DeviceId
from gateway.domain.recipients import RecipientId

DisclosureId = NewType("DisclosureId", str)

WAITS: Final = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2))
"""Between one try and the next; after the last of them it is given up."""
TRIES_AT_MOST: Final = len(WAITS) + 1
CLAIM: Final = timedelta(seconds=60)
"""How long whoever takes a sending in hand is its only sender. Longer than a try may take."""
PAYLOAD_AT_MOST: Final = 64 * 1024
WAITING_AT_MOST: Final = 20
"""Sendings of one account that have not ended."""


@unique
class Field(StrEnum):
    """Kinds of data that may be disclosed. The list is short, and presence, places and homes have no name in it."""

    DEVICE_ID = "device_id"
    TYPE_ID = "type_id"
    FIRMWARE = "firmware"
    PROPERTIES = "properties"
    """What the appliance last reported."""
    AS_OF = "as_of"
    """When it did."""


@unique
class DisclosureStatus(StrEnum):
    """What became of it."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"
    """Tried often enough."""
    DROPPED = "dropped"
    """The consent was withdrawn, or the recipient taken away, before it left."""


@unique
class Why(StrEnum):
    """Why a try did not deliver. Nothing of an answer is kept but this."""

    ADDRESS_REFUSED = "address_refused"
    """The name led to an address that is not of the open Internet. Not tried again."""
    NOT_RESOLVED = "not_resolved"
    NOT_CONNECTED = "not_connected"
    CERTIFICATE = "certificate"
    TIMEOUT = "timeout"
    REDIRECTED = "redirected"
    """It answered with another address; those are not followed."""
    REFUSED = "refused"
    """It answered 400 to 499."""
    TROUBLE = "trouble"
    """It answered 500 or more, or nothing that is HTTP."""
    GONE = "gone"
    """It answered 410: not tried again."""
    UNREADABLE = "unreadable"
    """What was to be sent does not open any more."""
    WITHDRAWN = "withdrawn"
    RECIPIENT_REMOVED = "recipient_removed"


_FINAL: Final = frozenset({Why.ADDRESS_REFUSED, Why.GONE})


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One sending."""

    disclosure_id: DisclosureId = field(repr=False)
    account_id: AccountId = field(repr=False)
    recipient_id: RecipientId = field(repr=False)
    recipient_sealed: bytes = field(repr=False)
    purpose: str = field(repr=False)
    fields: tuple[Field, ...]
    device_id: DeviceId | None = field(repr=False)
    payload_sealed: bytes | None = field(repr=False)
    at: datetime
    status: DisclosureStatus = DisclosureStatus.WAITING
    why: Why | None = None
    tries: int = 0
    next_try_at: datetime | None = None
    ended_at: datetime | None = None
    version: int = 0
    """For compare and swap in the store."""


@dataclass(frozen=True, slots=True)
class Disclosable:
    """Values of an allowed kind. Has one maker: `disclosable`."""

    values: Mapping[Field, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class NotDisclosable:
    """Kinds that may not leave, by name. They are refused as a whole, not left out silently."""

    names: tuple[str, ...]


def disclosable(values: Mapping[str, Any]) -> Disclosable | NotDisclosable:
    """Values that may leave, if all of them may."""
    known = {one.value for one in Field}
    strange = tuple(sorted(name for name in values if name not in known))
    if strange:
        return NotDisclosable(strange)
    return Disclosable({Field(name): value for name, value in values.items()})


def claim(disclosure: Disclosure, now: datetime) -> Disclosure | None:
    """Take a sending in hand; None when somebody else has it or it is over."""
    due = disclosure.next_try_at
    if disclosure.status is not DisclosureStatus.WAITING or due is None or due > now:
        return None
    return replace(disclosure, tries=disclosure.tries + 1, next_try_at=now + CLAIM)


def delivered(disclosure: Disclosure, now: datetime) -> Disclosure:
    """It arrived."""
    return _over(disclosure, DisclosureStatus.DELIVERED, None, now)


def not_delivered(disclosure: Disclosure, why: Why, now: datetime) -> Disclosure:
    """A try failed: wait for the next, or give up."""
    if why in _FINAL or disclosure.tries >= TRIES_AT_MOST:
        return _over(disclosure, DisclosureStatus.FAILED, why, now)
    return replace(disclosure, why=why, next_try_at=now + WAITS[disclosure.tries - 1])


def dropped(disclosure: Disclosure, why: Why, now: datetime) -> Disclosure:
    """It may not leave any more. One that is over stays as it is."""
    if disclosure.status is not DisclosureStatus.WAITING:
        return disclosure
    return _over(disclosure, DisclosureStatus.DROPPED, why, now)


def _over(disclosure: Disclosure, status: DisclosureStatus, why: Why | None, now: datetime) -> Disclosure:
    return replace(disclosure, status=status, why=why, next_try_at=None, payload_sealed=None, ended_at=now)
