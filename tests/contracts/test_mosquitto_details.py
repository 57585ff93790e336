"""What the transport does on a real Mosquitto beyond the contract, and what Mosquitto does that one must know."""

import asyncio
import os
import signal
import socket
from pathlib import Path

import pytest

from gateway.transport.mqtt import MqttSettings, MqttTransport
from gateway.transport.mqtt_wire import Wire
from gateway.transport.port import Inbound, Intake, Transport, TransportClosedError
from tests.contracts.mosquitto_rig import GROUP, MosquittoRig, until
from tests.contracts.transport_rig import collect, numbered, payloads, take

pytestmark = pytest.mark.needs_mosquitto


async def test_paho_uses_our_connection_and_it_does_not_wait_to_fill_packets(tmp_path: Path) -> None:
    """`_Client._create_socket` overrides a method of paho that is not public: this notices when it changes."""
    async with MosquittoRig(tmp_path) as rig:
        transport = await rig.open_transport()
        for link in transport._links.values():
            wire = link.client.socket()
            assert isinstance(wire, Wire)
            assert wire is link._wire
            assert wire._transport is not None
            plain = wire._transport.get_extra_info("socket")
            assert plain.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0


async def test_what_still_comes_on_a_connection_that_was_left_does_not_disturb_the_next(tmp_path: Path) -> None:
    async with MosquittoRig(tmp_path) as rig:
        transport = await rig.open_transport()
        link = transport._links[Intake.INGEST]
        old = link._wire
        assert old is not None
        late = old._on_lost
        link.leave(0.01)
        await until(lambda: link.is_up and link._wire is not old)
        late(None)
        old.data_received(b"\x32\x06\x00\x01t\x00\x01\x00")
        await transport.publish("hg/v1/bus/a", b"x")
        await transport.flush()
        assert link.is_up
        assert not transport._flights[Intake.INGEST]._waiting


async def test_a_long_stream_comes_through_once_each_and_in_order(tmp_path: Path) -> None:
    count = 20_000
    async with MosquittoRig(tmp_path) as rig:
        transport = await rig.open_transport(in_flight=2_000)
        topic = (await rig.appliance()).topic("up/state")
        got: list[Inbound] = []

        async def publish() -> None:
            for number in range(count):
                await transport.publish(topic, b"%d" % number)
            await transport.flush()

        async with asyncio.TaskGroup() as tasks, asyncio.timeout(60):
            tasks.create_task(publish())
            while len(got) < count:
                some = await transport.receive(Intake.INGEST, 500)
                got += some
                await transport.acknowledge(some)
        assert payloads(got) == numbered(0, count)


async def test_what_waits_here_is_bounded_although_mosquitto_2_0_ignores_receive_maximum(tmp_path: Path) -> None:
    count, capacity, one_reading = 5_000, 10, 256 * 1024
    async with MosquittoRig(tmp_path) as rig:
        transport, topic = await rig.open_transport(in_flight=capacity), (await rig.appliance()).topic("up/state")
        for number in range(count):
            await transport.publish(topic, b"%d" % number + b" " * 400)
        await transport.flush()
        held = await take(transport, Intake.INGEST, capacity)
        waiting = transport._flights[Intake.INGEST]._waiting
        assert len(waiting) <= capacity + one_reading // 400
        await transport.acknowledge(held)
        got = held + await acknowledged(transport, count - capacity)
        assert [int(message.payload) for message in got] == list(range(count))


async def acknowledged(transport: Transport, count: int) -> list[Inbound]:
    got: list[Inbound] = []
    async with asyncio.timeout(20):
        while len(got) < count:
            some = await transport.receive(Intake.INGEST, 100)
            got += some
            await transport.acknowledge(some)
    return got


async def test_a_broker_that_hangs_is_noticed_and_found_again(tmp_path: Path) -> None:
    async with MosquittoRig(tmp_path) as rig:
        transport, appliance = await rig.open_transport(keepalive_s=1), await rig.appliance()
        await appliance.publish("up/hello", b"before")
        held = await take(transport, Intake.CONTROL, 1)
        assert rig.server.pid is not None
        os.kill(rig.server.pid, signal.SIGSTOP)
        try:
            await until(lambda: not transport.is_connected, 15)
            with pytest.raises(TransportClosedError):
                await transport.publish("hg/v1/bus/a", b"x")
        finally:
            os.kill(rig.server.pid, signal.SIGCONT)
        await asyncio.wait_for(transport.connected(), 20)
        again = await take(transport, Intake.CONTROL, 1)
        assert payloads(again) == payloads(held)


async def test_flush_says_so_when_the_broker_went_away_with_something_under_way(tmp_path: Path) -> None:
    async with MosquittoRig(tmp_path) as rig:
        transport = await rig.open_transport()
        assert rig.server.pid is not None
        os.kill(rig.server.pid, signal.SIGSTOP)  # takes the bytes and answers nothing
        await transport.publish("hg/v1/bus/a", b"x")
        os.kill(rig.server.pid, signal.SIGKILL)
        await until(lambda: not transport._out.is_up)
        await asyncio.wait_for(transport.connected(), 15)
        with pytest.raises(TransportClosedError):
            await transport.flush()
        await transport.publish("hg/v1/bus/a", b"x")
        await transport.flush()


async def test_flush_that_waits_when_the_broker_goes_away_is_told(tmp_path: Path) -> None:
    async with MosquittoRig(tmp_path) as rig:
        transport = await rig.open_transport()
        assert rig.server.pid is not None
        os.kill(rig.server.pid, signal.SIGSTOP)
        await transport.publish("hg/v1/bus/a", b"x")
        asyncio.get_running_loop().call_later(0.05, os.kill, rig.server.pid, signal.SIGKILL)
        with pytest.raises(TransportClosedError):
            await asyncio.wait_for(transport.flush(), 10)


async def test_publishing_waits_while_the_window_is_full(tmp_path: Path) -> None:
    async with MosquittoRig(tmp_path) as rig:
        transport = await rig.open_transport(window=3)
        assert rig.server.pid is not None
        os.kill(rig.server.pid, signal.SIGSTOP)
        try:
            for _ in range(3):
                await transport.publish("hg/v1/bus/a", b"x")
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(transport.publish("hg/v1/bus/a", b"fourth"), 0.1)
        finally:
            os.kill(rig.server.pid, signal.SIGCONT)
        await asyncio.wait_for(transport.publish("hg/v1/bus/a", b"fourth"), 10)
        await transport.flush()


async def test_a_message_that_the_broker_refuses_is_counted(tmp_path: Path) -> None:
    """It means that the broker's access list is not the one that was rendered."""
    rig = MosquittoRig(tmp_path)
    async with rig:
        transport = await rig.open_transport()
        await transport.publish("other/topic", b"x")
        await transport.flush()
        assert transport.refused == 1


async def test_mosquitto_keeps_dealing_to_a_gateway_that_is_gone_until_it_comes_back(tmp_path: Path) -> None:
    """Its share waits in its session, and is there when it returns; so a gateway gone for good must be drained."""
    async with MosquittoRig(tmp_path) as rig:
        one, two = await rig.open_transport(gateway=0), await rig.open_transport(gateway=1)
        appliance = await rig.appliance()
        await appliance.publish("up/state", b"first")
        await appliance.publish("up/state", b"second")
        first = await take(one, Intake.INGEST, 1)
        second = await take(two, Intake.INGEST, 1)
        await one.acknowledge(first)
        await rig.end_transport(two)
        for payload in numbered(0, 20):
            await appliance.publish("up/state", payload)
        mine = await take(one, Intake.INGEST, 10)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(one.receive(Intake.INGEST, 1), 0.3)
        two = await rig.open_transport(gateway=1)
        theirs = await take(two, Intake.INGEST, 11)
        assert payloads(theirs[:1]) == payloads(second), "what it had not acknowledged comes first"
        assert sorted(payloads(mine) + payloads(theirs[1:])) == sorted(numbered(0, 20))


@pytest.mark.parametrize(("group", "survives"), [(None, True), (GROUP, False)], ids=["alone", "shared"])
async def test_what_comes_after_a_restart_and_before_the_gateway_waits_only_for_one_that_does_not_share(
    tmp_path: Path, group: str | None, *, survives: bool
) -> None:
    """Mosquitto 2.0 does not store shared subscriptions: the reason for the gate, and for `group=None` without one."""
    async with MosquittoRig(tmp_path, gated=False) as rig:
        transport, appliance = await rig.open_transport(group=group), await rig.appliance()
        await rig.end_transport(transport)
        await rig.kill_broker()
        await asyncio.wait_for(rig.broker.admitting(), 10)
        await appliance.publish("up/state", b"between")
        transport = await rig.open_transport(group=group)
        await appliance.publish("up/state", b"after")
        expected = [b"between", b"after"] if survives else [b"after"]
        assert await collect(transport, {b"after"}) == expected


@pytest.mark.parametrize("group", ["gateway", "", "0123456789abcdef/#", "A" * 20, "x" * 65])
def test_a_group_that_could_be_guessed_is_refused(tmp_path: Path, group: str) -> None:
    rig = MosquittoRig(tmp_path)
    settings = MqttSettings("127.0.0.1", 1, rig.gateway.common_name, rig.pki.context(rig.gateway), group)
    with pytest.raises(ValueError, match="group"):
        MqttTransport(settings)
    assert group == "" or group not in repr(settings)
