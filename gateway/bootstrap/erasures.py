"""Puts together what carries erasures out, and holds what is found in the database against those of former days."""

from dataclasses import dataclass
from functools import partial

from gateway.bootstrap.reach import Reached
from gateway.bootstrap.secrets import Secrets
from gateway.config import Settings
from gateway.observability.logging import logger
from gateway.observability.metrics import Metrics
from gateway.runtime.erasures import Erasures, Stores
from gateway.runtime.person_copies import PersonCopies
from gateway.security.erasure_ledger import ErasureLedger
from gateway.storage.database import Database
from gateway.storage.freed_space import overwrite
from gateway.storage.person_keys import SqlPersonKeys
from gateway.usecases.binding import BindingServices
from gateway.usecases.erasure import replay
from gateway.usecases.services import Clock, IndexedField

_log = logger(__name__)


def ledger_of(settings: Settings, secrets: Secrets) -> ErasureLedger:
    """The erasure ledger of this data folder."""
    return ErasureLedger(settings.erasure_ledger_file, secrets.keys)


@dataclass(frozen=True, slots=True)
class Replayed:
    """Who was back, and is not any more."""

    accounts: int
    keys: int


async def replay_erasures(
    settings: Settings,
    secrets: Secrets,
    database: Database,
    persons: SqlPersonKeys,
    services: BindingServices,
    clock: Clock,
) -> Replayed:
    """Make sure that nobody who was ever erased is back: not in the database, and not with a key.

    To be called at every start, before anything is served, so that no restored file needs to be announced. Takes from
    the ledger and from the key store, whichever knows more: several gateways share a store and have a ledger each.

    Raises:
        ErasureLedgerError: the ledger is damaged; serving could bring somebody back.
        DatabaseUnavailableError: one of the two stores is away.
    """
    in_ledger = {line.subject for line in ledger_of(settings, secrets).lines()}
    destroyed = persons.destroyed()
    keys = persons.destroy_indexed(in_ledger - destroyed)
    again = await replay(database, services, secrets.indexes, in_ledger | destroyed, clock())
    return Replayed(again, keys)


async def replay_at_start(
    settings: Settings,
    secrets: Secrets,
    database: Database,
    persons: SqlPersonKeys,
    services: BindingServices,
    clock: Clock,
) -> None:
    """The same, with a line in the log when somebody was found. Raises as `replay_erasures` does."""
    found = await replay_erasures(settings, secrets, database, persons, services, clock)
    if found.accounts or found.keys:
        _log.warning("erasures_replayed", accounts=found.accounts, keys=found.keys)


def erasure_services(
    settings: Settings,
    secrets: Secrets,
    database: Database,
    persons: SqlPersonKeys,
    reached: Reached,
    clock: Clock,
    metrics: Metrics,
) -> tuple[Erasures, PersonCopies]:
    """The service that carries erasures out, and the one that copies the keys of persons day by day."""
    stores = Stores(
        persons=persons,
        ledger=ledger_of(settings, secrets),
        index=partial(secrets.indexes.index, IndexedField.PERSON),
        evict=reached.broker.evict,
        broker=settings.broker.kind,
        overwrite=partial(overwrite, database.engine),
        signer=secrets.receipts,
        region=settings.region or "",
    )
    return Erasures(database, stores, clock, metrics), PersonCopies(persons, settings.person_copies_folder, clock)
