"""Revocation lists: numbered upwards for ever, as RFC 5280 (5.2.3) wants it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.domain.certificates import Certificate
from gateway.usecases.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Revoked:
    """What the next list has to say."""

    number: int
    certificates: Sequence[Certificate]


def next_list(tx: Transaction, now: datetime) -> Revoked:
    """The certificates that ended before their X.509 end, and a number that no list bore before."""
    return Revoked(tx.certificates.next_list_number(), tx.certificates.revoked(now))
