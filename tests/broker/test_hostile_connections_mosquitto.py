"""Wills, sessions, handshakes, sizes and floods at a real Mosquitto: what an attacker does with a connection."""

import asyncio
import contextlib
import socket
import ssl
from pathlib import Path

import pytest

from gateway.broker.probe import Probe, ProbeRefusedError, Will
from gateway.domain.broker_words import TLS_WORDS
from gateway.transport.port import Intake
from tests.broker.mosquitto_scene import scene
from tests.broker.test_attacks_mosquitto import collected

pytestmark = pytest.mark.needs_mosquitto


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


async def test_the_will_of_an_evicted_appliance_is_its_last_word(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        await at.rig.connect(at.attacker, will=Will(at.topic(at.attacker, "up/bye"), b"canary-bye"))
        at.rig.revoked.append(at.attacker)
        await at.rig.broker.evict(at.attacker.common_name)
        assert await at.eyes.saw(b"canary-bye", 5)
        with pytest.raises(ProbeRefusedError):
            await at.rig.connect(at.attacker, will=Will(at.topic(at.attacker, "up/bye"), b"canary-again"))
        assert not await at.arrives(b"canary-again")


async def test_a_retained_message_waits_for_nobody(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        gateway = await at.gateway_probe()
        topic = at.topic(at.attacker, "down/command")
        assert not await gateway.publish(topic, b"for the next owner", retain=True), "who tries is thrown out"
        attacker = await at.rig.connect(at.attacker)
        await attacker.publish(at.topic(at.attacker, "up/x"), b"mine", retain=True)
        with contextlib.suppress(ProbeRefusedError):
            will = await at.rig.connect(at.attacker, will=Will(at.topic(at.attacker, "up/y"), b"mine", retain=True))
            will.abort()
        probe = await at.rig.connect(at.attacker)
        await probe.subscribe([at.topic(at.attacker, "down/#")])
        assert await at.hears_only(probe, at.attacker) == []
        late = await at.gateway_probe()
        await late.subscribe(["hg/#"])
        await at.transport.publish("hg/v1/bus/fence", b"fence")
        first = await asyncio.wait_for(late.heard.get(), 5)
        assert (first.payload, first.retain) == (b"fence", False)


async def test_a_session_left_behind_is_empty_for_who_comes_after_an_eviction(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        for leaf in (at.attacker, at.victim):
            probe = await at.rig.connect(leaf, clean=False)
            await probe.subscribe([at.topic(leaf, "down/#")])
            await probe.close()
            await at.transport.publish(at.topic(leaf, "down/command"), b"for the former owner")
        await at.transport.flush()
        await at.rig.broker.evict(at.attacker.common_name)
        again = await at.rig.connect(at.attacker, clean=False)
        assert not again.session_present
        await again.subscribe([at.topic(at.attacker, "down/#")])
        assert await at.hears_only(again, at.attacker) == []
        control = await at.rig.connect(at.victim, clean=False)
        assert control.session_present, "control: without an eviction the session is there"
        assert await at.hears_only(control, at.victim) == [at.topic(at.victim, "down/command")]


async def test_plain_text_an_old_tls_no_certificate_a_stranger_and_an_expired_one_are_not_let_in(
    tmp_path: Path,
) -> None:
    async with scene(tmp_path) as at:
        pki, name = at.rig.pki, at.attacker.common_name
        new = pki.context(at.attacker)
        new.minimum_version = new.maximum_version = ssl.TLSVersion.TLSv1_2
        assert await (await Probe.connect("127.0.0.1", at.rig.mqtt_port, new, name)).ping(), "control: TLS 1.2 is"
        old = pki.context(at.attacker)
        with pytest.warns(DeprecationWarning, match="TLSv1_1"):
            old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
        old.set_ciphers("ALL:@SECLEVEL=0")
        bad: dict[str, ssl.SSLContext | None] = {
            "plain": None,
            "tls 1.1": old,
            "no certificate": pki.context(None),
            "stranger": pki.context(pki.stranger.issue(name)),
            "expired": pki.context(pki.device.issue(name, days=-1)),
            "server certificate": pki.context(pki.service.issue(name, server=True)),
            "factory": pki.context(pki.factory.issue(name)),
        }
        for context in bad.values():
            with pytest.raises(ProbeRefusedError):
                await Probe.connect("127.0.0.1", at.rig.mqtt_port, context, name)
        assert await (await at.rig.connect(at.attacker)).ping()
        async with asyncio.timeout(5):
            while sum(at.rig.server.log_counts[word] for word in TLS_WORDS) < len(bad):  # noqa: ASYNC110 - the log is another process's
                await asyncio.sleep(0.01)
        assert {line.address for line in at.rig.lines} == {"127.0.0.1"}


async def test_too_big_a_message_reaches_nobody_and_one_that_fits_does(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        for size in (17_000, 40_000, 1_048_576):
            probe = await at.rig.connect(at.attacker)
            await probe.publish(at.topic(at.attacker, "up/state"), b"x" * size, seconds=1)
        probe = await at.rig.connect(at.attacker)
        await probe.publish(at.topic(at.attacker, "up/state"), b"x" * 16_384)
        assert [len(payload) for payload in await collected(at.transport, 1)] == [16_384]


@pytest.mark.parametrize(
    "raw",
    [
        b"\x00" * 100, b"\xff" * 100, b"\x10\xff\xff\xff\xff\xff", b"GET / HTTP/1.1\r\n\r\n", b"\x10\x00",
        b"\x10\x0c\x00\x04MQTT\x04\xff\x00\x3c\x00\x00", b"\x30\x03\x00\x01a", b"\xc0\x00", b"\xe0\x00",
    ],
)  # fmt: skip
async def test_what_is_not_mqtt_is_thrown_out_and_others_go_on(tmp_path: Path, raw: bytes) -> None:
    async with scene(tmp_path) as at:
        other = await at.rig.connect(at.victim)
        probe = Probe()
        await asyncio.get_running_loop().create_connection(
            lambda: probe, "127.0.0.1", at.rig.mqtt_port, ssl=at.rig.pki.context(at.attacker),
            server_hostname="127.0.0.1",
        )  # fmt: skip
        probe.send(raw)
        await asyncio.wait_for(probe.ended.wait(), 15)
        assert await other.ping()
        assert at.rig.server.starts == 1


@pytest.mark.parametrize("topic", [b"", b"\xff\xfe", b"a\x00b", b"hg/v1/dev/+/up/state", b"hg/#", b"\xed\xa0\x80"])
async def test_a_topic_that_is_none_reaches_nobody(tmp_path: Path, topic: bytes) -> None:
    async with scene(tmp_path) as at:
        probe = await at.rig.connect(at.attacker)
        await probe.publish(topic, b"canary-bad", seconds=0.5)
        assert not await at.arrives(b"canary-bad")
        assert await (await at.rig.connect(at.victim)).ping()


async def test_a_topic_of_65535_bytes_ends_nothing_but_its_sender(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        other = await at.rig.connect(at.victim)
        probe = await at.rig.connect(at.attacker)
        prefix = at.topic(at.attacker, "up/")
        await probe.publish((prefix + "x" * 65_535)[:65_535], b"canary-long", seconds=1)
        assert not await at.arrives(b"canary-long")
        assert await other.ping()


async def test_half_open_connections_do_not_keep_an_appliance_out(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        loop = asyncio.get_running_loop()
        sockets = []
        for _ in range(300):
            half = socket.socket()
            half.setblocking(False)
            await loop.sock_connect(half, ("127.0.0.1", at.rig.mqtt_port))
            sockets.append(half)
        try:
            assert await (await at.rig.connect(at.attacker)).ping()
        finally:
            for half in sockets:
                half.close()


async def test_a_flood_from_one_appliance_does_not_keep_another_from_being_heard(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        flood, other = await at.rig.connect(at.attacker), await at.rig.connect(at.victim)
        for _ in range(10_000):
            await flood.publish(at.topic(at.attacker, "up/state"), b"x" * 100, qos=0)
        await other.publish(at.topic(at.victim, "up/hello"), b"here")
        (hello,) = await asyncio.wait_for(at.transport.receive(Intake.CONTROL, 1), 5)
        assert hello.payload == b"here"
