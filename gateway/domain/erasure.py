"""The erasure of a person: begun with the closing of the account, carried out step by step, each of them once.

What other people see ends in the transaction that begins it. The steps are what cannot be part of a transaction: the
key in its own store, connections at the broker, space that a database freed and did not overwrite.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum, unique
from typing import Final, NewType

from gateway.domain.identity import AccountId, DeviceId

ErasureId = NewType("ErasureId", str)

SETTLED_AFTER: Final = timedelta(seconds=15)
"""Requests that were under way at the closing have ended by then: what they still wrote is removed after it."""

CLAIMED_FOR: Final = timedelta(seconds=15)
"""So long no other gateway takes up an erasure that one is working on. A step that takes longer may be done by two,
which costs nothing but the work."""

AGAIN_AFTER: Final = timedelta(seconds=10)
"""When a step that failed is tried again."""

FETCHABLE_AGAIN: Final = timedelta(minutes=10)
"""A receipt is fetched once; an answer that was lost on its way can be asked for again for so long."""


@unique
class Reason(StrEnum):
    """Why an account is erased."""

    CLOSED = "closed"
    """Its person closed it."""
    GUARDIAN = "guardian"
    """The guardian of a minor had everything deleted."""
    REPLAYED = "replayed"
    """It was erased before, and an older state of the database brought it back."""


@unique
class Step(StrEnum):
    """What is done, in this order. Each may be repeated after a crash."""

    LEDGER = "ledger"
    """Written down outside of the database, so that no backup undoes it."""
    KEY = "key"
    """The person's key is destroyed: what was sealed under it, wherever, is noise."""
    CONNECTIONS = "connections"
    """The connections of released appliances end, and what the broker keeps for them is cleared."""
    ROWS = "rows"
    """Whatever requests under way still wrote is removed."""
    FORGOTTEN = "forgotten"
    """The erasure itself forgets whom it was about."""
    SPACE = "space"
    """What the database freed is overwritten, as far as it can be."""
    RECEIPT = "receipt"
    """The receipt is signed and waits for its person."""


_ORDER: Final = tuple(Step)


@dataclass(frozen=True, slots=True)
class Done:
    """A step that was carried out, and what it found to do."""

    step: Step
    at: datetime
    found: Mapping[str, int | str]
    """Figures and names of stores, never of people."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """One erasure, from the closing to the receipt."""

    erasure_id: ErasureId = field(repr=False)
    account_id: AccountId | None = field(repr=False)
    """None once it is forgotten."""
    reason: Reason
    begun_at: datetime
    devices: tuple[DeviceId, ...] = field(repr=False)
    """Released with it; their connections are to end. Forgotten with the account."""
    rows: Mapping[str, int]
    """How many rows of which table the closing removed."""
    done: tuple[Done, ...] = ()
    next_at: datetime | None = None
    """When to go on; None when nothing is left to do."""
    finished_at: datetime | None = None
    version: int = 0
    """For compare and swap in the store; the domain hands it on untouched."""


def begun(
    *,
    erasure_id: ErasureId,
    account_id: AccountId,
    reason: Reason,
    devices: tuple[DeviceId, ...],
    rows: Mapping[str, int],
    now: datetime,
) -> Erasure:
    """An erasure whose rows were just removed."""
    return Erasure(
        erasure_id=erasure_id,
        account_id=account_id,
        reason=reason,
        begun_at=now,
        devices=devices,
        rows=rows,
        next_at=now,
    )


def next_step(erasure: Erasure) -> Step | None:
    """The first step that is not done; None when all are."""
    return _ORDER[len(erasure.done)] if len(erasure.done) < len(_ORDER) else None


def claim(erasure: Erasure, now: datetime) -> Erasure:
    """One gateway takes it up. Its death hands it on when the time is over."""
    return replace(erasure, next_at=now + CLAIMED_FOR)


def give_back(erasure: Erasure, now: datetime) -> Erasure:
    """The present step could not be carried out."""
    return replace(erasure, next_at=now + AGAIN_AFTER)


def carried_out(erasure: Erasure, step: Step, found: Mapping[str, int | str], now: datetime) -> Erasure:
    """The present step is done.

    Raises:
        ValueError: it is not the present one; two gateways worked on it.
    """
    if step is not next_step(erasure):
        raise ValueError("this step is not the next one")
    after = replace(erasure, done=(*erasure.done, Done(step, now, dict(found))))
    if step is Step.FORGOTTEN:
        after = replace(after, account_id=None, devices=())
    following = next_step(after)
    if following is None:
        return replace(after, next_at=None, finished_at=now)
    settled = erasure.begun_at + SETTLED_AFTER
    return replace(after, next_at=max(now, settled) if following is Step.ROWS else now)
