"""What every `Transport` must do, whatever broker carries it. Each runner gives a rig with the real broker.

A rig is entered inside the test (not in a fixture), so that its tasks live and die in the test's own task.
"""

import asyncio
from abc import ABC, abstractmethod
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from gateway.transport.port import Inbound, Intake, Transport, TransportClosedError
from tests.contracts.transport_rig import PATIENCE, TransportRig, collect, nothing_more, numbered, payloads, take


class TransportContract(ABC):
    """The contract. A runner subclasses this and gives the rig."""

    @abstractmethod
    def rig(self, folder: Path) -> AbstractAsyncContextManager[TransportRig]:
        """A broker in this folder, with everything around it."""

    async def test_a_message_arrives_with_its_topic_in_mqtt_form_and_its_bytes(self, tmp_path: Path) -> None:
        async with self.rig(tmp_path) as rig:
            transport, appliance = await rig.open_transport(), await rig.appliance()
            every_byte = bytes(range(256)) * 63
            await appliance.publish("up/state", every_byte)
            await appliance.publish("up/hello", b"\r\nMSG x 1 3\r\nabc\r\n")
            (state,) = await take(transport, Intake.INGEST, 1)
            (hello,) = await take(transport, Intake.CONTROL, 1)
            assert (state.topic, state.payload) == (appliance.topic("up/state"), every_byte)
            assert (hello.topic, hello.payload) == (appliance.topic("up/hello"), b"\r\nMSG x 1 3\r\nabc\r\n")

    async def test_reports_come_by_ingest_and_everything_else_by_control(self, tmp_path: Path) -> None:
        channels = ["up/hello", "up/bye", "up/event", "up/ack", "up/bind", "up/renew", "up/log"]
        async with self.rig(tmp_path) as rig:
            transport, appliance = await rig.open_transport(), await rig.appliance()
            for channel in ["up/state", *channels]:
                await appliance.publish(channel, channel.encode())
            control = await take(transport, Intake.CONTROL, len(channels))
            assert [message.topic for message in control] == [appliance.topic(channel) for channel in channels]
            assert payloads(await take(transport, Intake.INGEST, 1)) == [b"up/state"]

    async def test_what_is_published_while_no_gateway_runs_waits_for_one(self, tmp_path: Path) -> None:
        async with self.rig(tmp_path) as rig:
            transport, appliance = await rig.open_transport(), await rig.appliance()
            await appliance.publish("up/state", b"first")
            await transport.acknowledge(await take(transport, Intake.INGEST, 1))
            await transport.flush()
            await rig.end_transport(transport)
            for payload in numbered(0, 20):
                await appliance.publish("up/state", payload)
                await appliance.publish("up/event", payload)
            transport = await rig.open_transport()
            assert payloads(await take(transport, Intake.INGEST, 20)) == numbered(0, 20)
            assert payloads(await take(transport, Intake.CONTROL, 20)) == numbered(0, 20)

    async def test_after_a_crash_what_was_not_acknowledged_comes_again_in_order_and_the_rest_does_not(
        self, tmp_path: Path
    ) -> None:
        async with self.rig(tmp_path) as rig:
            transport, appliance = await rig.open_transport(), await rig.appliance()
            for payload in numbered(0, 10):
                await appliance.publish("up/state", payload)
            got = await take(transport, Intake.INGEST, 10)
            await transport.acknowledge(got[:5])
            await transport.flush()
            await rig.end_transport(transport)
            await appliance.publish("up/state", b"10")
            transport = await rig.open_transport()
            again = await take(transport, Intake.INGEST, 6)
            assert payloads(again) == numbered(5, 11)
            await transport.acknowledge(again)
            await nothing_more(transport, Intake.INGEST, appliance)

    async def test_each_appliance_keeps_its_order(self, tmp_path: Path) -> None:
        async with self.rig(tmp_path) as rig:
            transport = await rig.open_transport(in_flight=40)
            appliances = [await rig.appliance() for _ in range(3)]

            async def publish_all() -> None:
                for payload in numbered(0, 100):
                    for appliance in appliances:
                        await appliance.publish("up/state", payload)

            got: list[Inbound] = []
            async with asyncio.TaskGroup() as tasks, asyncio.timeout(PATIENCE):
                tasks.create_task(publish_all())
                while len(got) < 300:
                    some = await transport.receive(Intake.INGEST, 7)
                    got += some
                    await transport.acknowledge(some)
            for appliance in appliances:
                mine = [message for message in got if message.topic == appliance.topic("up/state")]
                assert payloads(mine) == numbered(0, 100)

    async def test_no_more_is_in_flight_than_was_configured(self, tmp_path: Path) -> None:
        async with self.rig(tmp_path) as rig:
            transport, appliance = await rig.open_transport(in_flight=10), await rig.appliance()
            for payload in numbered(0, 30):
                await appliance.publish("up/state", payload)
            held = await take(transport, Intake.INGEST, 10)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(transport.receive(Intake.INGEST, 100), 0.5)
            await transport.acknowledge(held)
            assert payloads(await take(transport, Intake.INGEST, 10)) == numbered(10, 20)

    async def test_a_flood_of_reports_that_nobody_takes_does_not_delay_control(self, tmp_path: Path) -> None:
        async with self.rig(tmp_path) as rig:
            transport, appliance = await rig.open_transport(in_flight=20), await rig.appliance()
            for payload in numbered(0, 100):
                await appliance.publish("up/state", payload)
            await appliance.publish("up/hello", b"here")
            assert payloads(await take(transport, Intake.CONTROL, 1)) == [b"here"]

    async def test_what_is_given_back_comes_again_before_anything_later(self, tmp_path: Path) -> None:
        async with self.rig(tmp_path) as rig:
            transport, appliance = await rig.open_transport(), await rig.appliance()
            for payload in numbered(0, 20):
                await appliance.publish("up/state", payload)
            got = await take(transport, Intake.INGEST, 10)
            await transport.acknowledge(got[:3])
            await transport.give_back(got[3:])
            await appliance.publish("up/state", b"20")
            again = await take(transport, Intake.INGEST, 18, at_most=4)
            assert payloads(again) == numbered(3, 21)
            await transport.acknowledge(again)
            await nothing_more(transport, Intake.INGEST, appliance)

    async def test_control_given_back_comes_again_before_anything_later(self, tmp_path: Path) -> None:
        async with self.rig(tmp_path) as rig:
            transport, appliance = await rig.open_transport(), await rig.appliance()
            for payload in numbered(0, 4):
                await appliance.publish("up/ack", payload)
            for _ in range(3):
                got = await take(transport, Intake.CONTROL, 1)
                assert payloads(got) == [b"0"]
                await transport.give_back(got)
            assert payloads(await take(transport, Intake.CONTROL, 4)) == numbered(0, 4)

    async def test_a_killed_broker_loses_nothing_that_it_confirmed_and_receive_goes_on(self, tmp_path: Path) -> None:
        async with self.rig(tmp_path) as rig:
            transport, appliance = await rig.open_transport(), await rig.appliance()
            for payload in numbered(0, 20):
                await appliance.publish("up/state", payload)
            done = await take(transport, Intake.INGEST, 10)
            await transport.acknowledge(done)
            await transport.flush()
            await settled()
            async with asyncio.TaskGroup() as tasks:
                waiting = tasks.create_task(collect(transport, {*numbered(10, 40)}))
                await rig.kill_broker()
                for payload in numbered(20, 40):
                    await appliance.publish("up/state", payload)
            seen = waiting.result()
            assert list(dict.fromkeys(seen)) == numbered(10, 40), "each once for the first time, and in order"

    async def test_what_is_acknowledged_while_the_broker_is_away_is_done(self, tmp_path: Path) -> None:
        async with self.rig(tmp_path) as rig:
            transport, appliance = await rig.open_transport(), await rig.appliance()
            for payload in numbered(0, 5):
                await appliance.publish("up/event", payload)
            got = await take(transport, Intake.CONTROL, 5)
            await rig.kill_broker()
            await transport.acknowledge(got)
            await asyncio.wait_for(transport.connected(), PATIENCE)
            await appliance.publish("up/event", b"5")
            seen = await collect(transport, {b"5"}, Intake.CONTROL)
            assert seen[-1] == b"5"
            await transport.flush()
            await rig.end_transport(transport)
            transport = await rig.open_transport()
            await nothing_more(transport, Intake.CONTROL, appliance)

    async def test_two_gateways_share_and_each_message_goes_to_one(self, tmp_path: Path) -> None:
        async with self.rig(tmp_path) as rig:
            one, two = (
                await rig.open_transport(gateway=0, in_flight=20),
                await rig.open_transport(gateway=1, in_flight=20),
            )
            appliances = [await rig.appliance() for _ in range(4)]
            seen: dict[int, list[bytes]] = {1: [], 2: []}
            everything = {b"%d-%d" % (which, number) for which in range(4) for number in range(50)}

            async def drain(which: int, transport: Transport) -> None:
                while True:
                    some = await transport.receive(Intake.INGEST, 10)
                    seen[which] += payloads(some)
                    await transport.acknowledge(some)

            async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as tasks:
                drains = [tasks.create_task(drain(1, one)), tasks.create_task(drain(2, two))]
                for number in range(50):
                    for which, appliance in enumerate(appliances):
                        await appliance.publish("up/state", b"%d-%d" % (which, number))
                while len(seen[1]) + len(seen[2]) < len(everything):  # noqa: ASYNC110 - another task fills these
                    await asyncio.sleep(0.01)
                for each in drains:
                    each.cancel()
            assert sorted(seen[1] + seen[2]) == sorted(everything)
            assert seen[1]
            assert seen[2]

    async def test_a_hint_on_the_bus_reaches_every_gateway(self, tmp_path: Path) -> None:
        async with self.rig(tmp_path) as rig:
            one, two = await rig.open_transport(gateway=0), await rig.open_transport(gateway=1)
            await one.publish("hg/v1/bus/a-00000000000000000000000001", b"changed")
            await one.flush()
            for transport in (one, two):
                (hint,) = await take(transport, Intake.BUS, 1)
                assert (hint.topic, hint.payload) == ("hg/v1/bus/a-00000000000000000000000001", b"changed")

    async def test_what_is_published_reaches_that_appliance_and_no_other(self, tmp_path: Path) -> None:
        async with self.rig(tmp_path) as rig:
            transport = await rig.open_transport()
            mine, other = await rig.appliance(), await rig.appliance()
            await mine.listen()
            await other.listen()
            await transport.publish(mine.topic("down/command"), b"\x00\xffdo")
            await transport.publish(other.topic("down/welcome"), b"hello")
            await transport.flush()
            assert await mine.hear() == (mine.topic("down/command"), b"\x00\xffdo")
            assert await other.hear() == (other.topic("down/welcome"), b"hello")

    async def test_publishing_and_flushing_without_a_connection_is_refused_at_once(self, tmp_path: Path) -> None:
        async with self.rig(tmp_path) as rig:
            transport = await rig.open_transport()
            await rig.end_transport(transport)
            assert not transport.is_connected
            with pytest.raises(TransportClosedError):
                await transport.publish("hg/v1/bus/a-1", b"x")
            with pytest.raises(TransportClosedError):
                await transport.flush()

    @pytest.mark.parametrize("topic", ["hg/v1/dev/+/down/command", "hg/#", "", "hg/v1/ü", "hg/v1/a b", "hg/v1/a\x00"])
    async def test_a_topic_that_is_none_is_refused(self, tmp_path: Path, topic: str) -> None:
        async with self.rig(tmp_path) as rig:
            transport = await rig.open_transport()
            with pytest.raises(ValueError, match="topic"):
                await transport.publish(topic, b"x")


async def settled() -> None:
    """Give the broker the second in which it writes acknowledgements to disk."""
    await asyncio.sleep(1.1)
