"""The way to NATS: the built-in server, or the same configuration run by somebody else."""

from dataclasses import replace
from pathlib import Path
from typing import Final

from gateway.bootstrap.reach import BrokerNeeds, Reached, own_tls, reachable, server_names
from gateway.bootstrap.secrets import Secrets, authority_file, broker_files
from gateway.broker.nats.binary import find_binary
from gateway.broker.nats.broker import NatsBroker
from gateway.broker.nats.configuration import Cluster, Listen, NatsSettings, TlsFiles
from gateway.broker.nats.credentials import load_or_make_credentials
from gateway.broker.nats.link import Address
from gateway.broker.nats.server import NatsServer
from gateway.config import Settings
from gateway.security.authorities import AuthorityName
from gateway.transport.nats import NatsAddress, NatsTransport, NatsTransportSettings
from gateway.transport.port import Intake
from gateway.usecases.services import Clock

STORED_SHARE: Final = 0.8
"""Of the broker's store, what messages may fill. The rest is for sessions and JetStream's own books."""


def nats_settings(settings: Settings, secrets: Secrets, clock: Clock, folder: Path) -> NatsSettings:
    """The server's description, with certificates and credentials made where they are missing.

    Args:
        settings: names addresses and limits.
        secrets: the authorities.
        clock: the time.
        folder: where the server keeps its store and finds its configuration.
    """
    wanted = settings.broker.nats
    files = broker_files(secrets, settings, server_names(settings, wanted.mqtt_host, wanted.client_host), clock)
    everybody = (AuthorityName.FACTORY, AuthorityName.DEVICE, AuthorityName.SERVICE)
    client = Listen(wanted.client_host, wanted.client_port)
    service = authority_file(secrets, settings, "service", AuthorityName.SERVICE)
    return NatsSettings(
        folder=folder,
        client=client,
        client_tls=None if client.is_loopback else TlsFiles(files.certificate, files.key, service),
        mqtt=Listen(wanted.mqtt_host, wanted.mqtt_port),
        mqtt_tls=TlsFiles(files.certificate, files.key, authority_file(secrets, settings, "clients", *everybody)),
        credentials=load_or_make_credentials(settings.data_folder / "broker" / "nats.json"),
        cluster=_cluster(settings),
        server_name=wanted.server_name,
        max_store_bytes=wanted.store_bytes,
        sync_always=wanted.sync_always,
        max_connections=wanted.connections,
    )


def anywhere(nats: NatsSettings) -> NatsSettings:
    """The same, listening on every interface: for a server in a container of its own."""
    every = "0.0.0.0"  # noqa: S104 - a container's own network; what is published of it is the operator's choice
    return replace(nats, client=replace(nats.client, host=every), mqtt=replace(nats.mqtt, host=every))


async def reach_nats(needs: BrokerNeeds) -> Reached:
    """NATS, supervised unless the configuration says that somebody else runs it.

    Raises:
        BinaryRefusedError: the server's program is not the one that was pinned.
    """
    settings, wanted = needs.settings, needs.settings.broker.nats
    nats = nats_settings(settings, needs.secrets, needs.clock, settings.data_folder / "nats")
    server = None
    if wanted.supervised:
        binary = await find_binary(wanted.program)
        server = NatsServer(binary, nats, clock=needs.clock, on_log_line=needs.on_log_line)
    own = own_tls(needs)
    tls = None if nats.client_tls is None else own
    servers = (f"nats://{Listen(reachable(wanted.client_host), wanted.client_port)}",)
    transport = NatsTransport(
        NatsTransportSettings(
            address=NatsAddress(servers, password=nats.credentials.gateway, tls=tls),
            in_flight={
                Intake.INGEST: settings.limits.ingest_in_flight_messages,
                Intake.CONTROL: settings.limits.control_in_flight_messages,
            },
            most_bytes=int(wanted.store_bytes * STORED_SHARE),
            replicas=nats.replicas,
        ),
    )
    broker = NatsBroker(
        server,
        servers,
        nats.credentials,
        needs.decide,
        clock=needs.clock,
        gate=transport.connected,
        address=lambda user, password: Address(servers, user, password, tls),
        nodes=len(wanted.cluster.routes) or 1,
    )
    return Reached(
        broker=broker,
        transport=transport,
        device_port=wanted.mqtt_port,
        observer_port=wanted.mqtt_port,
        host=reachable(wanted.mqtt_host if wanted.supervised else wanted.client_host),
        own_tls=own,
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
