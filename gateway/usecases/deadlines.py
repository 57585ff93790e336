"""Everything that time alone brings about: resends, expiries, silence. Several gateways may do it at once."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from gateway.usecases import (
    commands,
    consent_changes,
    firings,
    location,
    pairings,
    presence,
    progress,
    release,
    requests,
)
from gateway.usecases.binding import BindingServices
from gateway.usecases.commands import CommandServices
from gateway.usecases.consent_ledger import ConsentServices
from gateway.usecases.transaction import Transaction
from gateway.usecases.types import TypeCatalogue

Work = Callable[[Transaction, datetime], int]
"""Does some of what is due; returns how much it found. What is found is done, so asking again comes to an end."""


class DeadlineServices(BindingServices, Protocol):
    """What the timer needs besides the transaction."""

    @property
    def types(self) -> TypeCatalogue: ...  # noqa: D102 - the type says it


def works(services: DeadlineServices, saying: ConsentServices) -> tuple[Work, ...]:
    """The kinds of work, each for a transaction of its own.

    What people wait for comes first, and firings before commands: what turns something off again leaves in one round.
    """
    giving = CommandServices(services.signer, services.identifiers, services.types)
    return (
        lambda tx, now: firings.work_off_due(tx, giving, now),
        lambda tx, now: commands.work_off_due(tx, services.signer, now),
        pairings.expire_overdue,
        progress.close_overdue,
        presence.mark_silent,
        lambda tx, now: release.lapse_releases(tx, services, now),
        location.ask_silent_homes,
        requests.ring_due,
        consent_changes.ask_renewals,
        lambda tx, now: consent_changes.stop_superseded(tx, saying, now),
    )


def next_moment(tx: Transaction) -> datetime | None:
    """When the next of them falls due."""
    moments = (
        tx.commands.next_due(),
        tx.pairings.next_deadline(),
        progress.next_deadline(tx),
        presence.next_silence(tx),
        tx.bindings.next_release(),
        tx.automations.next_due(),
        tx.households.next_ask(),
        requests.next_alarm(tx),
        tx.consents.next_moment(),
    )
    return min((moment for moment in moments if moment is not None), default=None)
