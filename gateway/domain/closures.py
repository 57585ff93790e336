"""Closing an account: what stands in the way, and the quarter of an hour in which it is confirmed."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum, unique
from typing import Final

from gateway.domain.identity import AccountId

CONFIRM_LIFE: Final = timedelta(minutes=15)


@unique
class BlockerKind(StrEnum):
    """What the person has to settle before. Each can be settled by them alone."""

    SHARED_DEVICE = "shared_device"
    """They own an appliance that others use as well: release it, which ends it for all, or hand it over."""
    OPEN_REQUEST = "open_request"
    """A request of theirs waits for an answer, which could reach nobody any more: take it back or wait."""
    WARD = "ward"
    """A minor's grants rest on them: end the guardianship or close the minor's account first."""


@dataclass(frozen=True, slots=True)
class Blocker:
    """One thing that stands in the way."""

    kind: BlockerKind
    what: str = field(repr=False)
    """Id of the appliance or request; of the guardianship."""


@dataclass(frozen=True, slots=True)
class Closure:
    """The person proved who they are and wants to close. Nothing has happened yet."""

    account_id: AccountId = field(repr=False)
    digest: bytes = field(repr=False)
    """Keyed digest of the token that confirms it."""
    asked_at: datetime
    expires_at: datetime


def begin(account_id: AccountId, digest: bytes, now: datetime) -> Closure:
    """For a person who was just re-authenticated and has no blockers."""
    return Closure(account_id, digest, now, now + CONFIRM_LIFE)


def confirmed(closure: Closure | None, digest: bytes, now: datetime) -> bool:
    """Whether a token confirms it. Digests are keyed, so comparing them tells nothing about the token."""
    return closure is not None and closure.digest == digest and now < closure.expires_at
