"""Attacks on the broker that must fail, on a real nats-server; each beside a control that shows the test can fail.

The gateway's side is watched by an observer, so what counts is what arrives.
"""

import asyncio
import contextlib
import json
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.broker.nats.link import Address, connection
from gateway.broker.nats.observer import NatsObserver, observer
from gateway.broker.probe import REFUSED_FILTER, Probe, ProbeRefusedError, Will
from gateway.domain.broker_words import TLS_WORDS
from gateway.transport.nats import NatsTransport
from gateway.transport.port import Intake
from tests.contracts.nats_rig import NatsRig, until
from tests.contracts.pki import Leaf, new_name


class Scene:
    """A broker, an attacker's appliance and a victim's."""

    def __init__(self, rig: NatsRig, transport: NatsTransport, eyes: NatsObserver) -> None:
        self.rig, self.transport, self.eyes = rig, transport, eyes
        self.attacker, self.victim = rig.pki.appliance(), rig.pki.appliance()

    def topic(self, leaf: Leaf, channel: str) -> str:
        return f"hg/v1/dev/{leaf.common_name}/{channel}"

    async def arrives(self, marker: bytes) -> bool:
        """Whether this reached the gateway's side, once something sent later has."""
        fence = b"canary-fence-" + marker
        probe = await self.rig.connect(self.rig.pki.appliance("g"))
        await probe.publish("hg/v1/bus/fence", fence)
        assert await self.eyes.saw(fence, 5)
        await probe.close()
        return await self.eyes.saw(marker, 0.05)

    async def hears_only(self, probe: Probe, leaf: Leaf) -> list[str]:
        """What this probe hears besides the message that it must hear."""
        await self.transport.publish(self.topic(leaf, "down/fence"), b"fence")
        others = []
        async with asyncio.timeout(5):
            while (heard := await probe.heard.get()).payload != b"fence":
                others.append(heard.topic)
        return others


@contextlib.asynccontextmanager
async def scene(folder: Path) -> AsyncIterator[Scene]:
    async with NatsRig(folder) as rig:
        transport = await rig.open_transport()
        async with observer(Address(rig.urls, "gateway", rig.credentials.gateway)) as eyes:
            yield Scene(rig, transport, eyes)


@pytest.mark.parametrize(
    "pattern",
    [
        "#", "+/#", "hg/#", "hg/v1/dev/+/down/#", "hg/v1/dev/+/+/+", "hg/v1/dev/#", "{victim}/down/#", "{victim}/#",
        "{victim}/up/#", "hg/v1/bus/#", "$SYS/#", "$JS/#", "$MQTT/#", "$MQTT/msgs/#", "$share/g/hg/#",
        "$share/g/{victim}/down/#", "_INBOX/#", "hg.v1.dev.*.down.>", ">", "*", "{victim}//down", "hg/v1/claim/+/reply",
    ],
)  # fmt: skip
async def test_a_subscription_beyond_its_own_topics_gives_an_appliance_nothing(tmp_path: Path, pattern: str) -> None:
    async with scene(tmp_path) as at:
        probe = await at.rig.connect(at.attacker)
        victim = f"hg/v1/dev/{at.victim.common_name}"
        wanted = pattern.replace("{victim}", victim)
        granted = await probe.subscribe([wanted, at.topic(at.attacker, "down/#")])
        if granted:
            assert granted[1] == 1
        else:  # a filter that is not even MQTT ends the connection
            await asyncio.wait_for(probe.ended.wait(), 5)
            probe = await at.rig.connect(at.attacker)
            assert await probe.subscribe([at.topic(at.attacker, "down/#")]) == [1]
        speaker = await at.rig.connect(at.victim)
        await speaker.publish(f"{victim}/up/state", b"secret")
        await at.transport.publish(f"{victim}/down/command", b"secret")
        await at.transport.publish("hg/v1/bus/a-1", b"secret")
        await at.transport.publish(f"hg/v1/claim/{new_name('c')}/reply", b"secret")
        await at.transport.flush()
        assert await at.hears_only(probe, at.attacker) == []


async def test_several_filters_in_one_subscribe_are_granted_one_by_one(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        probe = await at.rig.connect(at.attacker)
        filters = [at.topic(at.attacker, "down/#"), "#", at.topic(at.victim, "down/#"), at.topic(at.attacker, "down/x")]
        assert await probe.subscribe(filters) == [1, REFUSED_FILTER, REFUSED_FILTER, 1]
        await at.transport.publish(at.topic(at.victim, "down/command"), b"secret")
        assert await at.hears_only(probe, at.attacker) == []


@pytest.mark.parametrize(
    "topic",
    [
        "hg/v1/dev/{victim}/up/state", "hg/v1/dev/{victim}/down/command", "hg/v1/dev/{me}/down/command",
        "hg/v1/claim/{me}/req", "hg/v1/claim/{victim}/reply", "hg/v1/bus/a-1", "hg/v1/dev/{me}",
        "$SYS/REQ/USER/AUTH", "$JS/API/STREAM/DELETE/$MQTT_msgs",
        "$MQTT/msgs/hg/v1/dev/{victim}/up/state", "hg.v1.dev.{victim}.up.state", "hg/v1/dev/{victim}.up.state",
        "/hg/v1/dev/{victim}/up/state", "hg//v1/dev/{victim}/up/state",
    ],
)  # fmt: skip
@pytest.mark.parametrize("qos", [0, 1])
async def test_publishing_elsewhere_reaches_nobody(tmp_path: Path, topic: str, qos: int) -> None:
    async with scene(tmp_path) as at:
        name = topic.replace("{me}", at.attacker.common_name).replace("{victim}", at.victim.common_name)
        probe = await at.rig.connect(at.attacker)
        await probe.publish(name, b"canary-forged", qos=qos)
        assert not await at.arrives(b"canary-forged")
        honest = await at.rig.connect(at.victim)
        await honest.publish(at.topic(at.victim, "up/state"), b"canary-honest", qos=qos)
        assert await at.arrives(b"canary-honest"), "control: the victim's own report is seen"
        await honest.publish(at.topic(at.victim, "up/state"), b"last")
        received = await asyncio.wait_for(at.transport.receive(Intake.INGEST, 10), 5)
        assert b"canary-forged" not in [message.payload for message in received]


async def test_the_store_cannot_be_deleted_by_an_appliance(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        probe = await at.rig.connect(at.attacker)
        await probe.publish("$JS/API/STREAM/DELETE/$MQTT_msgs", b"")
        await probe.publish("$JS/API/CONSUMER/DELETE/$MQTT_msgs/hearthgate-ingest", b"")
        again = await at.rig.connect(at.attacker)
        assert await again.publish(at.topic(at.attacker, "up/state"), b"still stored")
        (message,) = await asyncio.wait_for(at.transport.receive(Intake.INGEST, 1), 5)
        assert message.payload == b"still stored"


@pytest.mark.parametrize(
    "name", ["d-#", "#", "+", "d-+", "d/../c", "d-0000000000000000000000000.", "d-000000000000000000000000 0", "*", ">",
             "d-0000000000000000000000000#", "d-0000000000000000000000000/", "d-0000000000000000000000000+"]
)  # fmt: skip
async def test_an_identity_with_characters_that_mean_something_gets_nowhere(tmp_path: Path, name: str) -> None:
    """Even if such a certificate existed and were signed by the right authority."""
    async with scene(tmp_path) as at:
        leaf = at.rig.pki.device.issue(name)
        for client_id in (name, new_name("d")):
            with pytest.raises(ProbeRefusedError):
                await at.rig.connect(leaf, client_id=client_id)
        control = await at.rig.connect(at.attacker)
        assert await control.ping()


@pytest.mark.parametrize("tail", ["\x00", "\n", "\x00#", "é", "\u202e"])
async def test_a_client_id_that_only_looks_like_the_name_is_refused(tmp_path: Path, tail: str) -> None:
    async with scene(tmp_path) as at:
        with pytest.raises(ProbeRefusedError):
            await at.rig.connect(at.attacker, client_id=at.attacker.common_name + tail)
        with pytest.raises(ProbeRefusedError):
            await at.rig.connect(at.attacker, client_id=at.attacker.common_name[:-1] + tail)
        assert await (await at.rig.connect(at.attacker)).ping()


async def test_another_ones_client_id_neither_gets_in_nor_ends_that_ones_connection(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        victim = await at.rig.connect(at.victim)
        with pytest.raises(ProbeRefusedError):
            await at.rig.connect(at.attacker, client_id=at.victim.common_name)
        assert await victim.ping()
        await at.rig.connect(at.victim)
        await asyncio.wait_for(victim.ended.wait(), 5)  # control: with the right certificate it is taken over


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
