"""Wills, sessions, handshakes, sizes and floods at a real nats-server: what an attacker does with a connection."""

import asyncio
import contextlib
import json
import socket
import ssl
from pathlib import Path

import pytest

from gateway.broker.nats.link import Address, connection
from gateway.broker.probe import Probe, ProbeRefusedError, Will
from gateway.domain.broker_words import TLS_WORDS
from gateway.transport.port import Intake
from tests.broker.nats_scene import scene
from tests.contracts.nats_rig import NatsRig, until


async def test_a_will_on_a_foreign_topic_is_not_published(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        for leaf, topic, marker in (
            (at.attacker, at.topic(at.victim, "up/bye"), b"canary-foreign"),
            (at.victim, at.topic(at.victim, "up/bye"), b"canary-own"),
        ):
            probe = await at.rig.connect(leaf, will=Will(topic, marker))
            probe.abort()
        assert await at.eyes.saw(b"canary-own", 5), "control: a will on the own topic is published"
        assert not await at.arrives(b"canary-foreign")


async def test_the_will_of_an_evicted_appliance_is_its_last_word_and_comes_before_it_is_refused(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        await at.rig.connect(at.attacker, will=Will(at.topic(at.attacker, "up/bye"), b"canary-bye"))
        at.rig.decisions.revoked.add(at.attacker.common_name)
        await at.rig.broker.evict(at.attacker.common_name)
        assert await at.eyes.saw(b"canary-bye", 5)
        with pytest.raises(ProbeRefusedError):
            await at.rig.connect(at.attacker, will=Will(at.topic(at.attacker, "up/bye"), b"canary-again"))
        assert not await at.arrives(b"canary-again")


async def test_a_retained_message_waits_for_nobody(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        gateway = await at.rig.connect(at.rig.pki.appliance("g"))
        topic = at.topic(at.attacker, "down/command")
        assert await gateway.publish(topic, b"for the next owner", retain=True)
        probe = await at.rig.connect(at.attacker)
        await probe.publish(at.topic(at.attacker, "up/x"), b"mine", retain=True)
        assert await probe.subscribe([at.topic(at.attacker, "down/#")]) == [1]
        assert await at.hears_only(probe, at.attacker) == []
        assert await gateway.subscribe(["hg/#"]) == [1]
        await at.transport.publish("hg/v1/bus/fence", b"fence")
        async with asyncio.timeout(5):
            first = await gateway.heard.get()
        assert (first.payload, first.retain) == (b"fence", False)


async def test_a_durable_session_left_behind_hears_nothing_of_what_was_said_meanwhile(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        probe = await at.rig.connect(at.attacker, clean=False)
        assert await probe.subscribe([at.topic(at.attacker, "down/#")]) == [1]
        await probe.close()
        await at.transport.publish(at.topic(at.attacker, "down/command"), b"for the next owner")
        await at.transport.flush()
        again = await at.rig.connect(at.attacker, clean=False)
        assert again.session_present
        assert await at.hears_only(again, at.attacker) == []


async def test_plain_text_an_old_tls_no_certificate_a_stranger_and_an_expired_one_are_not_let_in(
    tmp_path: Path,
) -> None:
    async with scene(tmp_path) as at:
        pki, name = at.rig.pki, at.attacker.common_name
        old = pki.context(at.attacker)
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_2
        assert await (await Probe.connect("127.0.0.1", at.rig.mqtt_port, old, name)).ping(), "control: TLS 1.2 is"
        with pytest.warns(DeprecationWarning, match="TLS"):
            old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
        old.set_ciphers("ALL:@SECLEVEL=0")
        bad: dict[str, ssl.SSLContext | None] = {
            "plain": None,
            "tls 1.1": old,
            "no certificate": pki.context(None),
            "stranger": pki.context(pki.stranger.issue(name)),
            "expired": pki.context(pki.device.issue(name, days=-1)),
            "server certificate": pki.context(pki.service.issue(name, server=True)),
        }
        for what, context in bad.items():
            with pytest.raises(ProbeRefusedError):
                await Probe.connect("127.0.0.1", at.rig.mqtt_port, context, name)
            assert len(at.rig.decisions.seen) <= 2, f"{what} is refused before the gateway is asked"
        assert await (await at.rig.connect(at.attacker)).ping()
        await until(lambda: sum(at.rig.server.log_counts.get(word, 0) for word in TLS_WORDS) >= 4)


async def test_too_big_a_message_ends_the_connection_and_one_that_fits_does_not(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        probe = await at.rig.connect(at.attacker)
        assert await probe.publish(at.topic(at.attacker, "up/state"), b"x" * 30_000)
        assert not await probe.publish(at.topic(at.attacker, "up/state"), b"x" * 1_048_576)
        await asyncio.wait_for(probe.ended.wait(), 5)
        assert await (await at.rig.connect(at.attacker)).ping()


@pytest.mark.parametrize(
    "channel", ["up", "up/" + "x" * 65_000, "up/" + "a/" * 20_000 + "b", "up/../../{victim}/up/state", "up/state/x",
                "up//state", "up/state/", "up/STATE", "up/state.x", "up/canary"]
)  # fmt: skip
async def test_a_channel_that_the_protocol_does_not_know_reaches_no_intake_and_fills_no_disk(
    tmp_path: Path, channel: str
) -> None:
    """Below its own `up` an appliance may publish what it likes; nothing takes it, so nothing keeps it."""
    async with scene(tmp_path) as at:
        probe = await at.rig.connect(at.attacker)
        strange = at.topic(at.attacker, channel.replace("{victim}", at.victim.common_name))
        await probe.publish(strange[:65_535], b"strange", seconds=1)
        again = await at.rig.connect(at.attacker)
        assert await again.publish(at.topic(at.attacker, "up/hello"), b"known")
        assert await again.publish(at.topic(at.attacker, "up/state"), b"known")
        for intake in (Intake.INGEST, Intake.CONTROL):
            got = await asyncio.wait_for(at.transport.receive(intake, 10), 5)
            assert [message.payload for message in got] == [b"known"]
            await at.transport.acknowledge(got)
        await at.transport.flush()
        assert await stored(at.rig) == 0


async def stored(rig: NatsRig) -> int:
    """Messages in the store once acknowledgements have been dealt with."""
    async with connection(Address(rig.urls, "gateway", rig.credentials.gateway), rig.urls[0]) as (client, _):
        async with asyncio.timeout(5):
            while True:
                answer = await client.request("$JS.API.STREAM.INFO.$MQTT_msgs", b"", timeout=5)
                left = int(json.loads(answer.data)["state"]["messages"])
                if left == 0:
                    return 0
                await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    "raw",
    [
        b"\x00" * 100, b"\xff" * 100, b"\x10\xff\xff\xff\xff\xff", b"\x10\xff\xff\xff\x7f", b"GET / HTTP/1.1\r\n\r\n",
        b"\x10\x00", b"\x10\x0c\x00\x04MQTT\x04\xff\x00\x3c\x00\x00", b"\x30\x03\x00\x01a", b"\xc0\x00", b"\xe0\x00",
        b'CONNECT {"user":"gateway"}\r\nPING\r\n', b"\x10\x0c\x00\x04MQTT\x05\x02\x00\x3c\x00\x00",
    ],
)  # fmt: skip
async def test_what_is_not_mqtt_is_thrown_out_and_others_go_on(tmp_path: Path, raw: bytes) -> None:
    async with scene(tmp_path) as at:
        other = await at.rig.connect(at.victim)
        probe = Probe()
        await asyncio.get_running_loop().create_connection(
            lambda: probe,
            "127.0.0.1",
            at.rig.mqtt_port,
            ssl=at.rig.pki.context(at.attacker),
            server_hostname="127.0.0.1",
        )
        probe.send(raw)
        await asyncio.wait_for(probe.ended.wait(), 15)
        assert await other.ping()
        assert at.rig.server.starts == 1


@pytest.mark.parametrize("topic", [b"", b"\xff\xfe", b"a\x00b", b"hg/v1/dev/+/up/state", b"hg/#", b"\xed\xa0\x80"])
async def test_a_topic_that_is_none_is_not_stored(tmp_path: Path, topic: bytes) -> None:
    async with scene(tmp_path) as at:
        probe = await at.rig.connect(at.attacker)
        await probe.publish(topic, b"canary-bad", seconds=0.5)
        assert not await at.arrives(b"canary-bad")
        assert await (await at.rig.connect(at.victim)).ping()


async def test_half_open_connections_do_not_keep_an_appliance_out_and_are_ended(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        loop = asyncio.get_running_loop()
        sockets = []
        for _ in range(200):
            half = socket.socket()
            half.setblocking(False)
            await loop.sock_connect(half, ("127.0.0.1", at.rig.mqtt_port))
            sockets.append(half)
        try:
            assert await (await at.rig.connect(at.attacker)).ping()
            async with asyncio.timeout(15):
                for half in sockets:
                    with contextlib.suppress(ConnectionResetError):
                        assert await loop.sock_recv(half, 1) == b""
        finally:
            for half in sockets:
                half.close()


async def test_a_full_store_refuses_pubacks_and_drops_nothing_that_it_confirmed(tmp_path: Path) -> None:
    async with NatsRig(tmp_path) as rig:
        rig.most_bytes = 200_000
        transport = await rig.open_transport(in_flight=10)
        await rig.end_transport(transport)
        leaf = rig.pki.appliance()
        probe, confirmed = await rig.connect(leaf), 0
        topic = f"hg/v1/dev/{leaf.common_name}/up/state"
        while await probe.publish(topic, b"%d " % confirmed + b"x" * 4000):
            confirmed += 1
            assert confirmed < 100, "the store has no limit"
        transport = await rig.open_transport()
        got: list[bytes] = []
        async with asyncio.timeout(10):
            while len(got) < confirmed:
                some = await transport.receive(Intake.INGEST, 500)
                got += [message.payload.split(b" ")[0] for message in some]
                await transport.acknowledge(some)
        assert got[:confirmed] == [b"%d" % number for number in range(confirmed)]
        again = await rig.connect(leaf)
        assert await again.publish(topic, b"there is room again")
