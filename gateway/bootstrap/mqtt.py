"""Ways over MQTT: a Mosquitto that the gateway runs, and any broker that somebody else runs."""

import ssl

from gateway.bootstrap.reach import BrokerNeeds, Reached, own_tls, reachable, server_names
from gateway.bootstrap.secrets import authority_file, broker_files
from gateway.broker.external import ExternalBroker
from gateway.broker.mosquitto.broker import MosquittoBroker
from gateway.broker.mosquitto.configuration import ListenerSettings, MosquittoSettings
from gateway.broker.mosquitto.server import MosquittoServer, find_program
from gateway.broker.take_over import Door
from gateway.security.authorities import AuthorityName
from gateway.transport.mqtt import MqttSettings, MqttTransport


def reach_mosquitto(needs: BrokerNeeds) -> Reached:
    """A Mosquitto that the gateway runs.

    Raises:
        ProgramMissingError: there is none on this machine.
    """
    settings, wanted = needs.settings, needs.settings.broker.mosquitto
    files = broker_files(needs.secrets, settings, server_names(settings, wanted.host, wanted.service_host), needs.clock)
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
    door = Door(reachable(wanted.service_host), wanted.service_port, own_tls(needs))
    transport = _mqtt(needs, door)
    broker = MosquittoBroker(server, door, needs.lists, gate=transport.connected)
    return Reached(
        broker=broker,
        transport=transport,
        device_port=wanted.device_port,
        observer_port=wanted.service_port,
        host=reachable(wanted.host),
        own_tls=door.tls,
        admitting=broker.admitting,
    )


def _mqtt(needs: BrokerNeeds, door: Door, *, shared: bool = True) -> MqttTransport:
    limits = needs.settings.limits
    return MqttTransport(
        MqttSettings(
            host=door.host,
            port=door.port,
            name=needs.name,
            tls=door.tls,
            group=needs.secrets.keys.derive("mqtt shared subscription").hex() if shared else None,
            ingest_flight=limits.ingest_in_flight_messages,
            control_flight=limits.control_in_flight_messages,
        ),
    )


def reach_external(needs: BrokerNeeds) -> Reached:
    """A broker that somebody else runs."""
    wanted = needs.settings.broker.external
    if wanted.certificate_file is not None and wanted.key_file is not None:
        tls = ssl.create_default_context(cafile=None if wanted.ca_file is None else str(wanted.ca_file))
        tls.load_cert_chain(wanted.certificate_file, wanted.key_file)
    else:
        tls = own_tls(needs, wanted.ca_file)
    door = Door(wanted.host, wanted.service_port, tls)
    transport = _mqtt(needs, door, shared=wanted.shared)
    return Reached(
        broker=ExternalBroker(door, needs.name),
        transport=transport,
        device_port=wanted.device_port,
        observer_port=wanted.service_port,
        host=wanted.host,
        own_tls=tls,
        admitting=transport.connected,
    )
