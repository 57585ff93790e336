"""A copy of everything about a person: asked for, made in pieces, fetched once, gone after seven days."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum, unique
from typing import Final, NewType

from gateway.domain.identity import AccountId

ExportId = NewType("ExportId", str)

LIFE: Final = timedelta(days=7)
"""How long a copy waits to be fetched, from the moment it is ready (privacy.md)."""
A_DAY: Final = 3
"""Copies that one account may ask for within 24 hours."""
DAY: Final = timedelta(days=1)
FETCH_LIFE: Final = timedelta(minutes=10)
"""How long somebody who began to fetch keeps others from beginning; then it may be fetched again."""
PIECES_AT_MOST: Final = 10_000


@unique
class ExportStatus(StrEnum):
    """How far a copy is."""

    MAKING = "making"
    READY = "ready"
    FETCHED = "fetched"
    """The copy itself is gone; that it was fetched stays until its end."""
    FAILED = "failed"
    """Something about the person could not be read. A copy with a hole in it would be called complete."""


@dataclass(frozen=True, slots=True)
class Export:
    """One copy."""

    export_id: ExportId = field(repr=False)
    account_id: AccountId = field(repr=False)
    token_digest: bytes = field(repr=False)
    """Keyed digest of the token that fetches it once."""
    asked_at: datetime
    expires_at: datetime
    status: ExportStatus = ExportStatus.MAKING
    ready_at: datetime | None = None
    place: str | None = field(repr=False, default=None)
    """How far the tables were read; None at the beginning."""
    pieces: int = 0
    size: int = 0
    """Bytes so far."""
    fetching_until: datetime | None = None
    fetched_at: datetime | None = None
    version: int = 0
    """For compare and swap in the store."""


@dataclass(frozen=True, slots=True)
class EnoughAsked:
    """So many copies were asked for in a day; another may be asked for then."""

    retry_after_s: int


def ask(
    *, export_id: ExportId, account_id: AccountId, token_digest: bytes, asked: Sequence[datetime], now: datetime
) -> Export | EnoughAsked:
    """A new copy, unless the account asked for enough within a day.

    Args:
        export_id: its name.
        account_id: whose data.
        token_digest: of the token that will fetch it.
        asked: when the account asked for others.
        now: the present moment.
    """
    recent = sorted(moment for moment in asked if moment > now - DAY)
    if len(recent) >= A_DAY:
        again = recent[-A_DAY] + DAY
        return EnoughAsked(max(1, -int((now - again).total_seconds() // 1)))
    return Export(export_id, account_id, token_digest, asked_at=now, expires_at=now + LIFE)


def grown(export: Export, *, place: str, size: int) -> Export:
    """One piece more."""
    return replace(export, place=place, pieces=export.pieces + 1, size=export.size + size)


def ready(export: Export, now: datetime) -> Export:
    """All pieces are there; from now on it waits seven days."""
    return replace(export, status=ExportStatus.READY, ready_at=now, expires_at=now + LIFE)


def failed(export: Export) -> Export:
    """It cannot be made."""
    return replace(export, status=ExportStatus.FAILED)


@dataclass(frozen=True, slots=True)
class NotFetchable:
    """No copy opens with this token: unknown, not ready, fetched, over. Not told apart."""


@dataclass(frozen=True, slots=True)
class BeingFetched:
    """Somebody with the same token is fetching it now."""

    retry_after_s: int


def begin_fetch(export: Export | None, now: datetime) -> Export | NotFetchable | BeingFetched:
    """Whoever has the token begins to fetch. It counts as fetched when all of it was handed over."""
    if export is None or export.status is not ExportStatus.READY or now >= export.expires_at:
        return NotFetchable()
    if export.fetching_until is not None and now < export.fetching_until:
        return BeingFetched(max(1, -int((now - export.fetching_until).total_seconds() // 1)))
    return replace(export, fetching_until=now + FETCH_LIFE)


def end_fetch(export: Export, begun: Export, *, complete: bool, now: datetime) -> Export:
    """It was handed over, or the connection broke and it may be fetched again at once.

    Args:
        export: as it is now.
        begun: as it was when this fetching began; somebody else may fetch since, when this took too long.
        complete: all of it was handed over.
        now: the present moment.
    """
    if not complete:
        return replace(export, fetching_until=None) if export.fetching_until == begun.fetching_until else export
    return replace(export, status=ExportStatus.FETCHED, fetching_until=None, fetched_at=now)
