"""The ledger of one person's consents: rows that hang together, so that none can be changed, removed or swapped.

A row's hash covers the digest of its record and the hash before, not the record itself. So the chain can be checked by
whoever cannot read the records: after the account closed and its key was destroyed nobody can, and a person who kept a
receipt still proves by it that the record stood there.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum, unique
from typing import Final

GENESIS: Final = bytes(32)
"""What the first row has in place of the hash before it."""


@unique
class ConsentAct(StrEnum):
    """What happened."""

    GRANTED = "granted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    STOPPED = "stopped"
    """By a significant change of the policy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerRow:
    """One event in its place."""

    ledger_id: str = field(repr=False)
    """A random name of the ledger, no person's."""
    number: int
    """1, 2, 3, without a gap."""
    at: datetime
    digest: bytes = field(repr=False)
    """SHA-256 of the record. The record holds a random id, so nobody finds it by trying records."""
    previous: bytes = field(repr=False)
    hash: bytes = field(repr=False)
    sealed: bytes = field(repr=False)
    """The record and its signature, under the person's key."""


@dataclass(frozen=True, slots=True)
class LedgerEnd:
    """Where a ledger ends now."""

    ledger_id: str = field(repr=False)
    number: int
    hash: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class LedgerBroken:
    """The first row that is not what was written, or not where it was written."""

    number: int


Hash = Callable[[str, int, datetime, bytes, bytes], bytes]
"""The hash of a row: of ledger, number, time, digest and the hash before."""


def check_ledger(rows: Iterable[LedgerRow], end: LedgerEnd | None, hash_of: Hash) -> LedgerBroken | None:
    """None when every row is what was written; rows come oldest first.

    Args:
        rows: all of one ledger.
        end: where it has to end; None where that is not known any more.
        hash_of: how a row is hashed.
    """
    number, previous = 0, GENESIS
    for row in rows:
        expected = hash_of(row.ledger_id, row.number, row.at, row.digest, row.previous)
        if row.number != number + 1 or row.previous != previous or row.hash != expected:
            return LedgerBroken(number + 1)
        number, previous = row.number, row.hash
    if end is not None and (end.number, end.hash) != (number, previous if number else GENESIS):
        return LedgerBroken(number + 1)
    return None
