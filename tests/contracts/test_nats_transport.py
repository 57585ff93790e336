"""The transport contract on a real nats-server, and what is true of NATS alone."""

import asyncio
import socket
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from gateway.broker.nats.link import Address, connection
from gateway.transport.port import Intake
from tests.contracts.nats_rig import NatsRig, until
from tests.contracts.transport_contract import TransportContract
from tests.contracts.transport_rig import TransportRig, numbered, payloads, take


class TestNatsTransport(TransportContract):
    def rig(self, folder: Path) -> AbstractAsyncContextManager[TransportRig]:
        return NatsRig(folder)


async def test_a_gateway_that_joins_takes_nothing_out_of_anothers_hands(tmp_path: Path) -> None:
    async with NatsRig(tmp_path) as rig:
        first, appliance = await rig.open_transport(in_flight=10), await rig.appliance()
        for payload in numbered(0, 20):
            await appliance.publish("up/state", payload)
        held = await take(first, Intake.INGEST, 10)
        second = await rig.open_transport(gateway=1, in_flight=100)
        assert payloads(await take(second, Intake.INGEST, 10)) == numbered(10, 20)
        await first.acknowledge(held)


async def test_a_consumer_that_somebody_deleted_is_made_again_without_a_storm_of_requests(tmp_path: Path) -> None:
    async with NatsRig(tmp_path) as rig:
        transport, appliance = await rig.open_transport(), await rig.appliance()
        await appliance.publish("up/hello", b"before")
        await transport.acknowledge(await take(transport, Intake.CONTROL, 1))
        async with connection(Address(rig.urls, "gateway", rig.credentials.gateway), rig.urls[0]) as (client, _):
            asked = await client.subscribe("$JS.API.CONSUMER.MSG.NEXT.>")
            await client.request("$JS.API.CONSUMER.DELETE.$MQTT_msgs.hearthgate-ingest", b"", timeout=5)
            await until(lambda: not transport.is_connected, 10)
            await asyncio.wait_for(transport.connected(), 10)
            assert asked.pending_msgs < 50
        await appliance.publish("up/state", b"after")
        assert payloads(await take(transport, Intake.INGEST, 1)) == [b"after"]


async def test_its_socket_does_not_wait_to_fill_a_packet(tmp_path: Path) -> None:
    async with NatsRig(tmp_path) as rig:
        transport = await rig.open_transport()
        assert transport._client is not None
        wire = transport._client._transport
        assert wire is not None
        raw = wire._io_writer.get_extra_info("socket")  # type: ignore[attr-defined]
        assert raw.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def test_what_takes_longer_than_the_servers_patience_is_not_given_to_another_gateway(tmp_path: Path) -> None:
    async with NatsRig(tmp_path) as rig:
        slow, appliance = await rig.open_transport(), await rig.appliance()
        await appliance.publish("up/event", b"slow")
        held = await take(slow, Intake.CONTROL, 1)
        other = await rig.open_transport(gateway=1)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(other.receive(Intake.CONTROL, 1), 13)
        await rig.end_transport(slow)
        assert payloads(await take(other, Intake.CONTROL, 1)) == [b"slow"], "control: of a dead gateway it is taken"
        assert held
