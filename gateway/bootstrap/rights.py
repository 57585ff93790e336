"""The jobs that carry out what people asked for: copies, sendings to their addresses, and being told of incidents."""

from gateway.bootstrap.secrets import Secrets
from gateway.config import Settings
from gateway.delivery.errands import Errands
from gateway.delivery.webhooks import WebhookClient
from gateway.runtime.application import Service
from gateway.runtime.pieces import Pieces
from gateway.storage.database import Database
from gateway.usecases import exports, incidents
from gateway.usecases.outbox import Counted
from gateway.usecases.persons import PersonKeys
from gateway.usecases.services import Clock


def rights_services(
    settings: Settings, secrets: Secrets, database: Database, persons: PersonKeys, clock: Clock
) -> tuple[Service, ...]:
    """One of each for every gateway; several share the work."""
    return (
        Pieces(database, lambda tx, now: exports.make_some(tx, persons, secrets.sealer, now), Counted.EXPORT, clock),
        Pieces(database, incidents.tell_some, Counted.INCIDENT, clock),
        Errands(database, persons, WebhookClient(ports=frozenset(settings.delivery.ports)), clock),
    )
