"""Closing an account for good: one transaction in which it ends for everybody, and steps that clean up after it.

`begin` is for the transaction that closes. What cannot be part of a transaction (keys, the broker, freed space) is done
afterwards, step by step, by `runtime.erasures`; what that job reads and writes of the database is here as well.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from gateway.domain import erasure as rules
from gateway.domain.erasure import FETCHABLE_AGAIN, Erasure, ErasureId, Reason, Step
from gateway.domain.identity import AccountId
from gateway.usecases import location, release
from gateway.usecases.binding import BindingServices
from gateway.usecases.services import BlindIndexes, IndexedField, TokenPurpose, Tokens
from gateway.usecases.transaction import Database, Transaction

ACCOUNTS_AT_ONCE: Final = 1000


@dataclass(frozen=True, slots=True)
class Begun:
    """The account is closed; the rest follows by itself."""

    erasure_id: ErasureId = field(repr=False)
    receipt_token: str = field(repr=False)
    """Fetches the signed receipt, once, when it is ready. It exists nowhere else: hand it out with the answer."""


def begin(
    tx: Transaction, services: BindingServices, account_id: AccountId, reason: Reason, now: datetime
) -> Begun | None:
    """Close an account: when this was committed, nobody finds it, and nothing of it has any effect.

    Devices that it owns are released, every row that the data map gives to it is removed (its sessions, pairings,
    consents and the account itself among them), rows that must stay lose its name, and no event is written for it. The
    login name is free at once, and whoever takes it has nothing in common with who had it.

    Args:
        tx: the transaction of the closing. Nothing of the account can be read or written in it after this.
        services: what a release needs.
        account_id: whose.
        reason: why.
        now: the present moment.

    Returns:
        The token for the receipt; None when there is no such account (any more).
    """
    if tx.accounts.get(account_id) is None:
        return None
    erasure_id = ErasureId(services.identifiers.new("e"))
    location.forget_account(tx, account_id, now)
    devices = release.release_all(tx, services, account_id, now)
    tx.hush(account_id)
    rows = tx.erasures.remove_subject(account_id, erasure_id, now)
    token, digest = services.tokens.mint(TokenPurpose.ERASURE)
    erasure = rules.begun(
        erasure_id=erasure_id, account_id=account_id, reason=reason, devices=devices, rows=rows, now=now
    )
    tx.erasures.add(erasure, digest)
    return Begun(erasure_id, token)


# -- the steps


def take_up(tx: Transaction, now: datetime) -> Erasure | None:
    """An erasure whose next step is due, claimed for whoever asks; None when none is."""
    erasure = tx.erasures.due(now)
    return None if erasure is None else tx.erasures.put(rules.claim(erasure, now))


def remove_rest(tx: Transaction, erasure: Erasure, now: datetime) -> Mapping[str, int]:
    """Remove what requests that were under way at the closing still wrote."""
    if erasure.account_id is None:
        return {}
    return tx.erasures.remove_subject(erasure.account_id, erasure.erasure_id, now)


def record(
    tx: Transaction,
    erasure: Erasure,
    step: Step,
    found: Mapping[str, int | str],
    now: datetime,
    *,
    receipt: bytes | None = None,
) -> Erasure | None:
    """A step was carried out; its receipt comes with the last one.

    Whoever is done first records it, also when another gateway took the erasure up meanwhile: of two that each need
    longer than a claim lasts, neither would ever get to record anything else.

    Returns:
        The erasure after it; None when another gateway has recorded this step.

    Raises:
        StaleVersionError: it changed in this very moment.
    """
    present = tx.erasures.get(erasure.erasure_id)
    if present is None or rules.next_step(present) is not step:
        return None
    return tx.erasures.put(rules.carried_out(present, step, found, now), receipt)


def put_off(tx: Transaction, erasure: Erasure, now: datetime) -> None:
    """A step could not be carried out now."""
    tx.erasures.put(rules.give_back(erasure, now))


# -- the receipt


@dataclass(frozen=True, slots=True)
class NotReady:
    """It is still being carried out; ask again in so many seconds."""

    retry_after_s: int = 15


def fetch(tx: Transaction, tokens: Tokens, token: str, now: datetime) -> bytes | NotReady | None:
    """The signed receipt for a token. Once: an answer that was lost can be asked for again for ten minutes.

    Returns:
        The receipt as JSON; None for a token that is unknown or used up, which are not told apart.
    """
    kept = tx.erasures.by_token(tokens.digest(TokenPurpose.ERASURE, token))
    if kept is None or (kept.fetched_at is not None and now >= kept.fetched_at + FETCHABLE_AGAIN):
        return None
    if kept.receipt is None:
        return NotReady()
    tx.erasures.fetched(kept.erasure.erasure_id, now)
    return kept.receipt


# -- an older state of the database


async def replay(
    database: Database, services: BindingServices, indexes: BlindIndexes, erased: set[bytes], now: datetime
) -> int:
    """Erase again whoever was erased before: an older state of the database brought them back.

    To be done before anybody is served. Their rows go now, the steps follow as with any erasure.

    Args:
        database: as it was found.
        services: what a release needs.
        indexes: under which `erased` names accounts.
        erased: keyed digests of all accounts that were ever erased.
        now: the present moment.

    Returns:
        How many there were.
    """
    if not erased:
        return 0
    after: AccountId | None = None
    many = 0
    while names := await database.read(lambda tx, after=after: tx.erasures.accounts(after, ACCOUNTS_AT_ONCE)):  # type: ignore[misc]
        after = names[-1]
        for name in names:
            if indexes.index(IndexedField.PERSON, name) in erased:
                await database.run(lambda tx, name=name: begin(tx, services, name, Reason.REPLAYED, now))  # type: ignore[misc]
                many += 1
    return many
