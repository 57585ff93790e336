"""The support console on its own port."""

import time
from functools import partial

from gateway.api.buckets import Buckets
from gateway.api.server import ApiServer, Listen
from gateway.bootstrap.limits import passwords_of_address, requests_of_address
from gateway.bootstrap.policies import controller_of
from gateway.bootstrap.secrets import Secrets, console_tls
from gateway.config import Settings
from gateway.console.application import make_console
from gateway.console.dependencies import Admit, ConsoleDependencies
from gateway.observability.metrics import Metrics
from gateway.storage.data_map import processing_record
from gateway.usecases.persons import PersonKeys
from gateway.usecases.services import Clock, Passwords
from gateway.usecases.transaction import Database


def console_server(
    settings: Settings,
    secrets: Secrets,
    database: Database,
    persons: PersonKeys,
    passwords: Passwords,
    metrics: Metrics,
    clock: Clock,
) -> ApiServer:
    """The console, ready to run; nothing listens yet.

    Raises:
        PlainHttpRefusedError: no TLS outside of loopback.
    """
    deps = ConsoleDependencies(
        database=database,
        clock=clock,
        monotonic=time.monotonic,
        identifiers=secrets.identifiers,
        indexes=secrets.indexes,
        tokens=secrets.tokens,
        passwords=passwords,
        sealer=secrets.sealer,
        persons=persons,
        processing_record=partial(processing_record, controller_of(settings)),
        metrics=metrics,
        admit=_admitting(Buckets("address", requests_of_address(settings), time.monotonic)),
        admit_password=_admitting(Buckets("password", passwords_of_address(settings), time.monotonic)),
    )
    listen = Listen(settings.console.host, settings.console.port, console_tls(secrets, settings, clock))
    return ApiServer(make_console(deps), listen, identifiers=secrets.identifiers, drain_s=settings.limits.drain_seconds)


def _admitting(buckets: Buckets) -> Admit:
    def admit(address: str) -> int:
        taken = buckets.take(address)
        return 0 if taken.allowed else max(1, taken.wait_s)

    return admit
