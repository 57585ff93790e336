"""A request that is sent twice under one key takes effect once and is answered the same both times.

The answer is kept in the transaction of its effect: after a crash either both are there or neither, so there is no row
that says "somebody began" and could be stuck for ever. Two gateways that work on the same key at once meet at the row's
primary key; the later one starts again and finds the answer.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from gateway.usecases.repositories.idempotency import KeptAnswer
from gateway.usecases.services import BlindIndexes, IndexedField, Sealer
from gateway.usecases.transaction import Transaction

KEPT_FOR: Final = timedelta(hours=24)
"""Retention of kept answers (api.md). Longer than any sensible retry, shorter than a refresh token."""


@dataclass(frozen=True, slots=True)
class RequestIdentity:
    """What one request is, under keyed digests."""

    key: bytes = field(repr=False)
    digest: bytes = field(repr=False)
    owner: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class WholeAnswer:
    """An answer as it left, readable."""

    status: int
    content: bytes = field(repr=False)
    location: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Replay:
    """The request took effect before; this was its answer."""

    answer: WholeAnswer


@dataclass(frozen=True, slots=True)
class Conflict:
    """The key belongs to another request."""


@dataclass(frozen=True, slots=True)
class First:
    """Nothing is kept under this key."""


def identify(indexes: BlindIndexes, *, owner: str, method: str, path: str, key: str, content: bytes) -> RequestIdentity:
    """The identity of a request.

    Args:
        indexes: the keyed digests; a plain hash of a body with a password in it could be guessed from.
        owner: the account that asks, or empty. Keys of one account never meet those of another.
        method: the HTTP method.
        path: the path with its query.
        key: the client's Idempotency-Key.
        content: the body.
    """
    place = f"idempotency\0{owner}\0{method}\0{path}\0{key}"
    # latin-1 maps every byte to one character, so different bodies stay different
    request = f"idempotent request\0{method}\0{path}\0{content.decode('latin-1')}"
    return RequestIdentity(
        indexes.index(IndexedField.THROTTLE, place), indexes.index(IndexedField.THROTTLE, request), owner
    )


def look_up(tx: Transaction, identity: RequestIdentity, sealer: Sealer, now: datetime) -> First | Replay | Conflict:
    """What is known of a request."""
    kept = tx.idempotency.get(identity.key, now - KEPT_FOR)
    if kept is None:
        return First()
    if kept.request_digest != identity.digest:
        return Conflict()
    return Replay(WholeAnswer(kept.status, sealer.open(kept.body, place=_place(identity)), kept.location))


def keep(tx: Transaction, identity: RequestIdentity, answer: WholeAnswer, sealer: Sealer, now: datetime) -> None:
    """Keep the answer of a request with its effect. Call it last."""
    tx.idempotency.keep(
        KeptAnswer(
            key=identity.key,
            request_digest=identity.digest,
            status=answer.status,
            location=answer.location,
            body=sealer.seal(answer.content, place=_place(identity)),
            owner=identity.owner,
            at=now,
        ),
        now - KEPT_FOR,
    )


def once(
    tx: Transaction,
    identity: RequestIdentity,
    work: Callable[[Transaction], WholeAnswer | None],
    sealer: Sealer,
    now: datetime,
) -> Replay | Conflict | First:
    """Do `work` unless it was done before, and keep its answer; an answer of None is not kept.

    Returns:
        `First` when the work was done now.
    """
    known = look_up(tx, identity, sealer, now)
    if not isinstance(known, First):
        return known
    answer = work(tx)
    if answer is not None:
        keep(tx, identity, answer, sealer, now)
    return known


def forget_old(tx: Transaction, now: datetime, at_most: int = 1000) -> int:
    """Remove answers that were kept long enough; returns how many. For the retention job."""
    return tx.idempotency.forget(now - KEPT_FOR, at_most)


def _place(identity: RequestIdentity) -> str:
    return f"idempotent_requests.body.{identity.key.hex()}"
