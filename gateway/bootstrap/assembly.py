"""Puts a gateway together."""

import time
from typing import Final

from gateway import __version__
from gateway.api.application import make_application
from gateway.api.changes import ChangesHub
from gateway.api.dependencies import ApiDependencies
from gateway.api.operator import make_operator_application
from gateway.api.server import ApiServer, Listen
from gateway.bootstrap.admission import Admission
from gateway.bootstrap.brokers import reach_broker
from gateway.bootstrap.canary import Canary
from gateway.bootstrap.console import console_server
from gateway.bootstrap.counting import CommitCounts
from gateway.bootstrap.erasures import erasure_services, replay_at_start
from gateway.bootstrap.evidence import BrokerEvidence
from gateway.bootstrap.folder import FolderUse
from gateway.bootstrap.hints import Hints
from gateway.bootstrap.identity import gateway_name
from gateway.bootstrap.limits import api_limits
from gateway.bootstrap.persons import open_person_keys
from gateway.bootstrap.policies import ConsentParts, controller_of, publish_packaged
from gateway.bootstrap.reach import BrokerNeeds
from gateway.bootstrap.rights import rights_services
from gateway.bootstrap.secrets import Secrets, api_tls, open_secrets
from gateway.config import Settings
from gateway.observability.metrics import Metrics
from gateway.protocol.messages import Endpoint
from gateway.runtime.application import Application, Parts
from gateway.runtime.checkpoints import Checkpoints
from gateway.runtime.clock import utc_now
from gateway.runtime.deadlines import Deadlines
from gateway.runtime.retention import Retention
from gateway.security.passwords import BcryptPasswords
from gateway.security.signatures import HmacUnitProofs
from gateway.storage.database import Database
from gateway.storage.engine import engine_for
from gateway.storage.key_checks import remembered_key_check
from gateway.storage.migrate import migrate
from gateway.transport.flow import Flow
from gateway.transport.handlers.claims import ActivateHandler
from gateway.transport.handlers.devices import DeviceHandler
from gateway.transport.handlers.reports import ReportsHandler
from gateway.transport.intakes import ControlIntake, IngestIntake
from gateway.transport.relay import OutboxRelay
from gateway.transport.router import Router, identity_of
from gateway.usecases.activation import ActivationServices
from gateway.usecases.deadlines import works
from gateway.usecases.services import Clock
from gateway.usecases.types import TypeCatalogue, load_catalogue

CLAIM_RATE: Final = (0.2, 6)
"""Activation requests of one claim identity: one in five seconds on average, six at once."""


async def build(settings: Settings, *, clock: Clock = utc_now) -> Application:
    """A gateway for these settings. Opens keys and database; no socket and no process yet.

    Raises:
        FolderInUseError: a restore is going on, or was interrupted.
        MasterKeyError: the key is missing, unsafe, or not the one that this database was written under.
        DatabaseUnavailableError: the database cannot be opened or migrated.
        ValueError: the settings do not fit together.
    """
    use = FolderUse(settings)
    secrets = open_secrets(settings, clock)
    name = gateway_name(settings.data_folder, secrets.identifiers)
    engine = engine_for(settings.database_url.get_secret_value(), threads=settings.database.threads)
    migrate(engine)
    secrets.keys.check(remembered_key_check(engine, secrets.keys.self_test_record()))
    metrics = Metrics(__version__)
    database = Database(
        engine,
        gateway_id=name,
        readers=settings.database.reader_threads,
        writers=settings.database.threads,
        metrics=metrics,
    )
    persons = open_person_keys(settings, secrets, database)
    evidence = BrokerEvidence(database, secrets.indexes, metrics)
    admission = Admission(database, secrets, clock, metrics)
    controller = controller_of(settings)
    await publish_packaged(database, controller, clock)
    reached = await reach_broker(
        BrokerNeeds(settings, secrets, name, clock, admission.decide, admission.lists, evidence.take),
    )
    canary = Canary(reached, secrets, name, clock)
    relay = OutboxRelay(database, reached.transport, reached.broker.evict, clock, metrics, sender=name)
    services = activation_services(settings, secrets, load_catalogue(settings.types_folder))
    await replay_at_start(settings, secrets, database, persons, services, clock)
    hub = ChangesHub()
    database.on_commit(hub.committed)
    database.on_commit(CommitCounts(metrics).committed)
    metrics.broker_connected.set_function(lambda: float(reached.transport.is_connected))
    passwords = BcryptPasswords(
        secrets.keys,
        cost=settings.passwords.bcrypt_cost,
        workers=settings.passwords.workers,
        queue=settings.passwords.queue,
    )
    limits = settings.limits

    def appliance_flow() -> Flow:
        """One for each intake: an appliance that reports too much must not lose its own answers to commands."""
        return Flow(
            per_second=limits.appliance_messages_per_second,
            burst=limits.appliance_burst_messages,
            monotonic=time.monotonic,
        )

    claims = Flow(per_second=CLAIM_RATE[0], burst=CLAIM_RATE[1], monotonic=time.monotonic)
    router = Router(
        ActivateHandler(database, services, claims, clock, metrics),
        DeviceHandler(database, services, appliance_flow(), clock, metrics),
        metrics,
    )
    reports = ReportsHandler(database, services.types, appliance_flow(), clock, metrics)
    api = ApiServer(
        make_application(
            ApiDependencies(
                database=database,
                clock=clock,
                monotonic=time.monotonic,
                identifiers=secrets.identifiers,
                indexes=secrets.indexes,
                tokens=secrets.tokens,
                passwords=passwords,
                sealer=secrets.sealer,
                persons=persons,
                changes=hub,
                metrics=metrics,
                signer=secrets.signer,
                receipts=secrets.receipts,
                controller=controller,
                types=services.types,
                webhook_ports=frozenset(settings.delivery.ports),
                limits=api_limits(settings),
            ),
        ),
        Listen(settings.api.host, settings.api.port, api_tls(secrets, settings, clock)),
        identifiers=secrets.identifiers,
        drain_s=limits.drain_seconds,
    )

    async def broker_check() -> str | None:
        return None if reached.transport.is_connected else "the broker is not connected"

    async def database_check() -> str | None:
        await database.read(lambda tx: tx.events.newest())
        return None

    async def serving_check() -> str | None:
        return None if application.is_ready else "starting or stopping"

    checks = {"broker": broker_check, "database": database_check, "serving": serving_check}
    operator = ApiServer(
        make_operator_application(metrics, checks, secrets.identifiers),
        Listen(settings.operator.host, settings.operator.port),
        identifiers=secrets.identifiers,
        drain_s=1.0,
    )
    application = Application(
        Parts(
            database=database,
            broker=reached.broker,
            transport=reached.transport,
            relay=relay,
            ingest=IngestIntake(reached.transport, reports, metrics, batch=limits.ingest_batch_messages),
            control=ControlIntake(reached.transport, router, identity_of, metrics),
            background=(
                Deadlines(
                    database,
                    works(services, ConsentParts(persons, secrets.receipts, secrets.identifiers, controller)),
                    clock,
                ),
                evidence,
                Hints(reached.transport, hub, own_name=name),
                Retention(database, clock, metrics),
                Checkpoints(database, secrets.audit_signer, secrets.audit_memory, clock, metrics),
                *rights_services(settings, secrets, database, persons, clock),
                *erasure_services(settings, secrets, database, persons, reached, clock, metrics),
            ),
            api=api,
            console=console_server(settings, secrets, database, persons, passwords, metrics, clock),
            operator=operator,
            canary=canary.fly,
            close=(passwords.close, persons.close, use.close),
            drain_s=limits.drain_seconds,
        ),
    )
    return application


def activation_services(settings: Settings, secrets: Secrets, types: TypeCatalogue) -> ActivationServices:
    """What activation, renewal, binding and commands work with."""
    return ActivationServices(
        authority=secrets.device_authority(),
        indexes=secrets.indexes,
        sealer=secrets.sealer,
        tokens=secrets.tokens,
        identifiers=secrets.identifiers,
        signer=secrets.signer,
        proofs=HmacUnitProofs(),
        types=types,
        endpoint=Endpoint(host=settings.endpoint.host, port=settings.endpoint_port),
    )
