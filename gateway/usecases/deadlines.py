"""Everything that time alone brings about: resends, expiries, silence. Several gateways may do it at once."""

from collections.abc import Callable
from datetime import datetime

from gateway.usecases import commands, pairings, presence, progress, release
from gateway.usecases.binding import BindingServices
from gateway.usecases.transaction import Transaction

Work = Callable[[Transaction, datetime], int]
"""Does some of what is due; returns how much it found. What is found is done, so asking again comes to an end."""


def works(services: BindingServices) -> tuple[Work, ...]:
    """The kinds of work, each for a transaction of its own, commands first: people wait for them."""
    return (
        lambda tx, now: commands.work_off_due(tx, services.signer, now),
        pairings.expire_overdue,
        progress.close_overdue,
        presence.mark_silent,
        lambda tx, now: release.lapse_releases(tx, services, now),
    )


def next_moment(tx: Transaction) -> datetime | None:
    """When the next of them falls due."""
    moments = (
        tx.commands.next_due(),
        tx.pairings.next_deadline(),
        progress.next_deadline(tx),
        presence.next_silence(tx),
        tx.bindings.next_release(),
    )
    return min((moment for moment in moments if moment is not None), default=None)
