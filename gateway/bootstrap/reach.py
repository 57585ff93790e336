"""What every way to a broker has in common: what it is built from, what comes out, and our own certificate."""

import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from gateway.bootstrap.secrets import Secrets, gateway_files
from gateway.broker.mosquitto.broker import CurrentLists
from gateway.broker.port import Broker, Decide, OnLogLine
from gateway.config import Settings
from gateway.security.authorities import AuthorityName
from gateway.transport.port import Transport
from gateway.usecases.services import Clock

_ANYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared with, not listened on
"""Addresses that mean every interface, and where this machine reaches such a listener."""


@dataclass(frozen=True, slots=True)
class Reached:
    """A broker, the way to it, and where it is tested from."""

    broker: Broker
    transport: Transport
    device_port: int
    """Where appliances connect, on `host`."""
    observer_port: int
    """Where a gateway's certificate may read everything."""
    host: str
    own_tls: ssl.SSLContext = field(repr=False)
    """With this gateway's certificate."""
    admitting: Callable[[], Awaitable[None]]
    """Returns once appliances are let in."""


@dataclass(frozen=True, slots=True)
class BrokerNeeds:
    """What a broker is built from."""

    settings: Settings
    secrets: Secrets = field(repr=False)
    name: str = field(repr=False)
    """This gateway's common name."""
    clock: Clock
    decide: Decide
    lists: CurrentLists
    on_log_line: OnLogLine


def own_tls(needs: BrokerNeeds, ca: Path | None = None) -> ssl.SSLContext:
    """A client context with this gateway's certificate. `ca` vouches for the broker; our HTTPS authority if None."""
    files = gateway_files(needs.secrets, needs.settings, needs.name, needs.clock)
    context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=None if ca is None else str(ca))
    if ca is None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cadata=needs.secrets.authorities.bundle(AuthorityName.HTTPS))
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(files.certificate, files.key)
    return context


def server_names(settings: Settings, *listening: str) -> list[str]:
    """Names under which the broker's certificate must hold."""
    named = (host for host in listening if host not in _ANYWHERE)
    return list(dict.fromkeys((settings.endpoint.host, *named, "localhost", "127.0.0.1")))


def reachable(host: str) -> str:
    """Where this machine reaches a listener."""
    return _ANYWHERE.get(host, host)
