"""Who runs this installation, the policy that it begins with, and what consents work with."""

from dataclasses import dataclass, field

from gateway.config import Settings
from gateway.observability.logging import logger
from gateway.storage.data_map import for_policy
from gateway.usecases.packaged_policies import packaged
from gateway.usecases.persons import PersonKeys
from gateway.usecases.policies import publish_first
from gateway.usecases.receipts import Controller
from gateway.usecases.services import Clock, Identifiers, ReceiptSigner
from gateway.usecases.transaction import Database

_log = logger(__name__)


@dataclass(frozen=True, slots=True)
class ConsentParts:
    """Implements `usecases.consent_ledger.ConsentServices`."""

    persons: PersonKeys = field(repr=False)
    receipts: ReceiptSigner = field(repr=False)
    identifiers: Identifiers
    controller: Controller


def controller_of(settings: Settings) -> Controller:
    """Who answers for this installation, as texts and receipts name them."""
    named = settings.controller
    return Controller(named.name, named.address, named.contact, settings.region or "not given")


async def publish_packaged(database: Database, controller: Controller, clock: Clock) -> None:
    """Publish the policy that comes with the program, where none was published yet. A second call changes nothing.

    A text that was published is never changed: people said yes to it. Where the program has come to store something
    else since, or somebody else runs it, the log says that a new version is due.

    Raises:
        DatabaseUnavailableError: the database is away.
    """
    files = packaged(for_policy, controller, clock())
    published = await database.read(lambda tx: tx.policies.all())
    if not published:
        await database.run(lambda tx: publish_first(tx, files.policy, files.texts))
    elif [one.version for one in published] == [files.policy.version]:
        hashes = await database.read(lambda tx: tx.policies.hashes(files.policy.version))
        if hashes != {text.language: text.hash for text in files.texts}:
            _log.warning("policy_differs_from_program", advice="publish a new version: hearthgate policy publish")
