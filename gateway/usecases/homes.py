"""Whose home a connection came from: the only pairing that was lately opened from the same address."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from gateway.domain.attempts import Attempt
from gateway.domain.evidence import Evidence
from gateway.usecases.transaction import Transaction
from gateway.usecases.verdicts import noted

SAME_HOME_FOR: Final = timedelta(seconds=120)
"""What happens this long after an app of the same address opened its pairing is probably its appliance's."""


def attempt_of_home(tx: Transaction, address_index: bytes | None, now: datetime) -> Attempt | None:
    """The attempt of the only pairing that is open at this address. Of two, nobody can say whose it is."""
    pairings = [] if address_index is None else tx.pairings.open_from(address_index, now)
    if len(pairings) != 1 or now - pairings[0].opened_at > SAME_HOME_FOR:
        return None
    attempt = tx.attempts.latest_of_pairing(pairings[0].pairing_id)
    return attempt if attempt is not None and attempt.takes_more(now) else None


def tell_home(tx: Transaction, address_index: bytes | None, own: Attempt | None, line: Evidence, now: datetime) -> None:
    """Show a line of a claim identity to the pairing of its home as well, marked probable.

    Until an appliance brings its token nobody knows which pairing is its; one that fails before would leave the app
    without a word. Its own attempt stays its own: what was only probable must not bind the two together.
    """
    if own is not None and own.pairing_id is not None:
        return
    attempt = attempt_of_home(tx, address_index, now)
    if attempt is not None and (own is None or attempt.attempt_id != own.attempt_id):
        noted(tx, attempt, [replace(line, probable=True)], now)
