"""Pairings: opened by an account, watched, cancelled, and ended by time."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from gateway.domain.consent import Purpose
from gateway.domain.failures import CATALOGUE
from gateway.domain.identity import AccountId, PairingId
from gateway.domain.pairing import Pairing, PairingState, cancel, expire, open_pairing
from gateway.usecases import progress
from gateway.usecases.consents import granted
from gateway.usecases.outbox import Counted
from gateway.usecases.progress import Step
from gateway.usecases.repositories.pairings import PairingStep
from gateway.usecases.services import Identifiers, TokenPurpose, Tokens
from gateway.usecases.transaction import Transaction

AT_ONCE: Final = 200
"""Overdue pairings that one transaction closes."""

_RANKS: Final = {step.value: rank for rank, step in enumerate(Step)}


@dataclass(frozen=True, slots=True)
class Opened:
    """A new pairing and the token that exists nowhere else."""

    pairing: Pairing
    bind_token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class PolicyNotAcknowledged:
    """Nothing is connected for somebody who has not said that they read what is stored then."""


@dataclass(frozen=True, slots=True)
class Watched:
    """A pairing and how far it came."""

    pairing: Pairing
    steps: list[PairingStep]
    as_of: int
    """The number of the latest change that is in it; a stream goes on after it."""


def open_one(
    tx: Transaction,
    account_id: AccountId,
    tokens: Tokens,
    identifiers: Identifiers,
    now: datetime,
    *,
    address_index: bytes | None = None,
) -> Opened | PolicyNotAcknowledged:
    """Open a pairing: the account's wish, for ten minutes. Too many open ones: the oldest give way.

    `address_index` is the keyed digest of where the app called from: an appliance whose connection fails before it has
    a name may be known by it.
    """
    if granted(tx, account_id, Purpose.POLICY, now) is None:
        return PolicyNotAcknowledged()
    token, digest = tokens.mint(TokenPurpose.BIND)
    opened = open_pairing(
        pairing_id=PairingId(identifiers.new("p")),
        account_id=account_id,
        token_digest=digest,
        trace_id=identifiers.trace_id(),
        already_open=tx.pairings.open_of(account_id),
        now=now,
    )
    for older in opened.gave_way:
        _end(tx, older, now)
    pairing = opened.pairing
    tx.pairings.add(pairing, address_index)
    progress.opened(tx, pairing, identifiers, now)
    tx.ring_at(pairing.expires_at)
    return Opened(pairing, token)


def watch(tx: Transaction, account_id: AccountId, pairing_id: PairingId, now: datetime) -> Watched | None:
    """A pairing of this account, or None: another's and a missing one look the same."""
    as_of = tx.events.newest()
    pairing = tx.pairings.get(pairing_id)
    if pairing is None or pairing.account_id != account_id:
        return None
    # Several steps may share one commit and so one moment; then their own order tells.
    steps = sorted(tx.pairings.steps(pairing_id), key=lambda one: (one.at, _RANKS[one.step]))
    return Watched(expire(pairing, now), steps, as_of)


def cancel_one(tx: Transaction, account_id: AccountId, pairing_id: PairingId, now: datetime) -> Pairing | None:
    """Cancel a pairing of this account. One that is over stays what it is; None when there is none of theirs."""
    pairing = tx.pairings.get(pairing_id)
    if pairing is None or pairing.account_id != account_id:
        return None
    after = cancel(expire(pairing, now))
    return pairing if after == pairing else _end(tx, after, now)


def cancel_all(tx: Transaction, account_id: AccountId, now: datetime) -> None:
    """End every open pairing of an account: nothing new is to be connected to it. One whose time is over expires."""
    for pairing in tx.pairings.open_of(account_id):
        _end(tx, cancel(expire(pairing, now)), now)


def expire_overdue(tx: Transaction, now: datetime) -> int:
    """End pairings whose time is over; returns how many."""
    overdue = tx.pairings.overdue(now, AT_ONCE)
    for pairing in overdue:
        _end(tx, expire(pairing, now), now)
    return len(overdue)


def _end(tx: Transaction, pairing: Pairing, now: datetime) -> Pairing:
    stored = tx.pairings.update(pairing)
    tx.count(Counted.PAIRING, pairing.state.value)
    data: dict[str, object] = {
        "pairing_id": pairing.pairing_id,
        "status": pairing.state.value,
        "trace_id": pairing.trace_id,
    }
    if pairing.code is not None:
        data |= {"code": pairing.code.value, "number": CATALOGUE[pairing.code].number}
    tx.emit(pairing.account_id, "pairing.closed", data, now, pairing_id=pairing.pairing_id)
    return stored


def is_over(pairing: Pairing) -> bool:
    """True when nothing more will happen with its token."""
    return pairing.state is not PairingState.OPEN
