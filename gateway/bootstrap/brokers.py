"""The three ways to a broker: the built-in NATS, a Mosquitto that the gateway runs, one that somebody else runs."""

import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from gateway.bootstrap.secrets import Secrets, authority_file, broker_files, gateway_files
from gateway.broker.external import ExternalBroker
from gateway.broker.mosquitto.broker import CurrentLists, MosquittoBroker
from gateway.broker.mosquitto.configuration import ListenerSettings, MosquittoSettings
from gateway.broker.mosquitto.server import MosquittoServer, find_program
from gateway.broker.nats.binary import find_binary
from gateway.broker.nats.broker import NatsBroker
from gateway.broker.nats.configuration import Cluster, Listen, NatsSettings, TlsFiles
from gateway.broker.nats.credentials import load_or_make_credentials
from gateway.broker.nats.server import NatsServer
from gateway.broker.port import Broker, Decide, OnLogLine
from gateway.broker.take_over import Door
from gateway.config import Settings
from gateway.security.authorities import AuthorityName
from gateway.transport.mqtt import MqttSettings, MqttTransport
from gateway.transport.nats import NatsAddress, NatsTransport, NatsTransportSettings
from gateway.transport.port import Intake, Transport
from gateway.usecases.services import Clock

STORED_SHARE: Final = 0.8
"""Of the broker's store, what messages may fill. The rest is for sessions and JetStream's own books."""


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


async def reach_broker(needs: BrokerNeeds) -> Reached:
    """The configured broker and its transport; nothing is started yet.

    Raises:
        BinaryRefusedError: the NATS server is not the one that was pinned.
        ProgramMissingError: there is no Mosquitto.
    """
    match needs.settings.broker.kind:
        case "nats":
            return await _nats(needs)
        case "mosquitto":
            return _mosquitto(needs)
        case "external":
            return _external(needs)


def _own_tls(needs: BrokerNeeds, ca: Path | None = None) -> ssl.SSLContext:
    files = gateway_files(needs.secrets, needs.settings, needs.name, needs.clock)
    context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=None if ca is None else str(ca))
    if ca is None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cadata=needs.secrets.authorities.bundle(AuthorityName.HTTPS))
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(files.certificate, files.key)
    return context


def _hosts(settings: Settings, *listening: str) -> list[str]:
    """Names under which the broker's certificate must hold."""
    anywhere = {"0.0.0.0", "::"}  # noqa: S104 - compared, not listened on
    return [settings.endpoint.host, *(host for host in listening if host not in anywhere), "localhost", "127.0.0.1"]


def _reachable(host: str) -> str:
    """Where this machine reaches a listener."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not listened on


async def _nats(needs: BrokerNeeds) -> Reached:
    settings, wanted = needs.settings, needs.settings.broker.nats
    files = broker_files(needs.secrets, settings, _hosts(settings, wanted.mqtt_host), needs.clock)
    clients = (AuthorityName.FACTORY, AuthorityName.DEVICE, AuthorityName.SERVICE)
    tls = TlsFiles(files.certificate, files.key, authority_file(needs.secrets, settings, "clients", *clients))
    credentials = load_or_make_credentials(settings.data_folder / "broker" / "nats.json")
    nats = NatsSettings(
        folder=settings.data_folder / "nats",
        client=Listen(wanted.client_host, wanted.client_port),
        mqtt=Listen(wanted.mqtt_host, wanted.mqtt_port),
        mqtt_tls=tls,
        credentials=credentials,
        cluster=_cluster(settings),
        server_name=wanted.server_name,
        max_store_bytes=wanted.store_bytes,
        sync_always=wanted.sync_always,
        max_connections=wanted.connections,
    )
    server = NatsServer(await find_binary(wanted.program), nats, clock=needs.clock, on_log_line=needs.on_log_line)
    servers = (f"nats://{Listen(_reachable(wanted.client_host), wanted.client_port)}",)
    transport = NatsTransport(
        NatsTransportSettings(
            address=NatsAddress(servers, password=credentials.gateway),
            in_flight={
                Intake.INGEST: settings.limits.ingest_in_flight_messages,
                Intake.CONTROL: settings.limits.control_in_flight_messages,
            },
            most_bytes=int(wanted.store_bytes * STORED_SHARE),
            replicas=nats.replicas,
        ),
    )
    broker = NatsBroker(server, servers, credentials, needs.decide, clock=needs.clock, gate=transport.connected)
    return Reached(
        broker=broker,
        transport=transport,
        device_port=wanted.mqtt_port,
        observer_port=wanted.mqtt_port,
        host=_reachable(wanted.mqtt_host),
        own_tls=_own_tls(needs),
        admitting=transport.connected,
    )


def _cluster(settings: Settings) -> Cluster | None:
    wanted = settings.broker.nats.cluster
    if not wanted.routes:
        return None
    tls = None
    if wanted.certificate_file is not None and wanted.key_file is not None and wanted.ca_file is not None:
        tls = TlsFiles(wanted.certificate_file, wanted.key_file, wanted.ca_file)
    return Cluster(wanted.name, Listen(wanted.host, wanted.port), tuple(map(_listen, wanted.routes)), tls)


def _listen(route: str) -> Listen:
    host, _, port = route.rpartition(":")
    return Listen(host.strip("[]"), int(port))


def _mosquitto(needs: BrokerNeeds) -> Reached:
    settings, wanted = needs.settings, needs.settings.broker.mosquitto
    files = broker_files(needs.secrets, settings, _hosts(settings, wanted.host, wanted.service_host), needs.clock)
    folder = (settings.data_folder / "mosquitto").absolute()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def listener(port: int, bind: str, name: AuthorityName, *, revoked: bool) -> ListenerSettings:
        authority = authority_file(needs.secrets, settings, name.value, name).absolute()
        return ListenerSettings(
            port,
            authority,
            bind,
            folder / f"{name.value}.crl" if revoked else None,
            wanted.connections_per_listener,
        )

    mosquitto = MosquittoSettings(
        folder=folder,
        certificate=files.certificate.absolute(),
        key=files.key.absolute(),
        claim=listener(wanted.claim_port, wanted.host, AuthorityName.FACTORY, revoked=True),
        device=listener(wanted.device_port, wanted.host, AuthorityName.DEVICE, revoked=True),
        service=listener(wanted.service_port, wanted.service_host, AuthorityName.SERVICE, revoked=False),
        run_as=wanted.run_as,
        queued_bytes=wanted.queued_bytes_per_client,
        inflight_messages=wanted.inflight_messages,
    )
    server = MosquittoServer(find_program(wanted.program), mosquitto, clock=needs.clock, on_log_line=needs.on_log_line)
    door = Door(_reachable(wanted.service_host), wanted.service_port, _own_tls(needs))
    transport = _mqtt(needs, door)
    broker = MosquittoBroker(server, door, needs.lists, gate=transport.connected)
    return Reached(
        broker=broker,
        transport=transport,
        device_port=wanted.device_port,
        observer_port=wanted.service_port,
        host=_reachable(wanted.host),
        own_tls=door.tls,
        admitting=broker.admitting,
    )


def _mqtt(needs: BrokerNeeds, door: Door) -> MqttTransport:
    limits = needs.settings.limits
    return MqttTransport(
        MqttSettings(
            host=door.host,
            port=door.port,
            name=needs.name,
            tls=door.tls,
            group=needs.secrets.keys.derive("mqtt shared subscription").hex(),
            ingest_flight=limits.ingest_in_flight_messages,
            control_flight=limits.control_in_flight_messages,
        ),
    )


def _external(needs: BrokerNeeds) -> Reached:
    wanted = needs.settings.broker.external
    if wanted.certificate_file is not None and wanted.key_file is not None:
        tls = ssl.create_default_context(cafile=None if wanted.ca_file is None else str(wanted.ca_file))
        tls.load_cert_chain(wanted.certificate_file, wanted.key_file)
    else:
        tls = _own_tls(needs, wanted.ca_file)
    door = Door(wanted.host, wanted.service_port, tls)
    transport = _mqtt(needs, door)
    return Reached(
        broker=ExternalBroker(door, needs.name),
        transport=transport,
        device_port=wanted.device_port,
        observer_port=wanted.service_port,
        host=wanted.host,
        own_tls=tls,
        admitting=transport.connected,
    )
