"""Attacks on the broker that must fail, on a real Mosquitto; each beside a control that shows the test can fail.

Mosquitto refuses no SUBSCRIBE and acknowledges what it throws away, so what counts is what arrives: at the attacker, at
an observer who reads everything as a gateway does, and at the gateway's intakes.
"""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.broker.canary import ProbeObserver
from gateway.broker.probe import Probe, ProbeRefusedError, Will
from gateway.domain.broker_words import TLS_WORDS
from gateway.transport.mqtt import MqttTransport
from gateway.transport.port import Intake
from tests.contracts.mosquitto_rig import GROUP, MosquittoRig
from tests.contracts.pki import Leaf, new_name

pytestmark = pytest.mark.needs_mosquitto


class Scene:
    """A broker, an attacker's appliance and a victim's."""

    def __init__(self, rig: MosquittoRig, transport: MqttTransport, eyes: ProbeObserver) -> None:
        self.rig, self.transport, self.eyes = rig, transport, eyes
        self.attacker, self.victim = rig.pki.appliance(), rig.pki.appliance()

    def topic(self, leaf: Leaf, channel: str) -> str:
        return f"hg/v1/dev/{leaf.common_name}/{channel}"

    async def arrives(self, marker: bytes) -> bool:
        """Whether this reached the gateway's side, once something sent later has."""
        fence = b"canary-fence-" + marker
        await self.transport.publish("hg/v1/bus/fence", fence)
        assert await self.eyes.saw(fence, 5)
        return await self.eyes.saw(marker, 0.05)

    async def hears_only(self, probe: Probe, leaf: Leaf) -> list[str]:
        """What this probe hears besides the message that it must hear."""
        await self.transport.publish(self.topic(leaf, "down/fence"), b"fence")
        others = []
        async with asyncio.timeout(5):
            while (heard := await probe.heard.get()).payload != b"fence":
                others.append(heard.topic)
        return others

    async def gateway_probe(self) -> Probe:
        return await self.rig.connect(self.rig.pki.appliance("g"))


@contextlib.asynccontextmanager
async def scene(folder: Path) -> AsyncIterator[Scene]:
    async with MosquittoRig(folder) as rig:
        transport = await rig.open_transport()
        eyes = ProbeObserver(await rig.connect(rig.pki.appliance("g")))
        await eyes.start()
        yield Scene(rig, transport, eyes)


PATTERNS = [
    "#", "+/#", "hg/#", "hg/v1/dev/+/down/#", "hg/v1/dev/+/+/+", "hg/v1/dev/#", "{victim}/down/#", "{victim}/#",
    "{victim}/up/#", "hg/v1/bus/#", "$SYS/#", "$SYS/broker/log/#", "$share/g/hg/#", "$share/g/{victim}/down/#",
    "{victim}//down", "hg/v1/claim/+/reply", "hg/v1/dev/+/down/command", "+/+/+/+/+/+",
]  # fmt: skip


@pytest.mark.parametrize("together", [False, True], ids=["one-by-one", "hidden-among-allowed-ones"])
@pytest.mark.parametrize("reloaded", [False, True], ids=["fresh", "after-a-reload"])
async def test_a_subscription_beyond_its_own_topics_gives_an_appliance_nothing(
    tmp_path: Path, *, together: bool, reloaded: bool
) -> None:
    async with scene(tmp_path) as at:
        if reloaded:
            await at.rig.broker.refresh()
        victim = f"hg/v1/dev/{at.victim.common_name}"
        filters = [pattern.replace("{victim}", victim) for pattern in PATTERNS]
        own = at.topic(at.attacker, "down/#")
        speaker = await at.rig.connect(at.victim)
        for group in [[own, *filters]] if together else [[each, own] for each in filters]:
            probe = await at.rig.connect(at.attacker)
            await probe.subscribe(group)
            await speaker.publish(f"{victim}/up/state", b"secret")
            for topic in (f"{victim}/down/command", "hg/v1/bus/a-1", f"hg/v1/claim/{new_name('c')}/reply"):
                await at.transport.publish(topic, b"secret")
            await at.transport.flush()
            assert await at.hears_only(probe, at.attacker) == [], group
            await probe.close()
        control = await at.gateway_probe()
        await control.subscribe(["#"])
        await at.transport.publish(f"{victim}/down/command", b"secret")
        assert (await asyncio.wait_for(control.heard.get(), 5)).payload == b"secret", "control: a gateway hears it"


async def test_an_appliance_that_guesses_the_gateways_group_takes_nothing_away(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        thief = await at.rig.connect(at.attacker)
        state = "hg/v1/dev/+/up/state"
        await thief.subscribe(
            [f"$share/{group}/{state}" for group in ("gateway", "hearthgate", "ingest", "g", GROUP[:-1])]
        )
        speaker = await at.rig.connect(at.victim)
        for number in range(20):
            await speaker.publish(at.topic(at.victim, "up/state"), b"%d" % number)
        assert await collected(at.transport, 20) == [b"%d" % number for number in range(20)]


async def test_the_group_must_be_a_secret_because_one_who_knows_it_takes_half(tmp_path: Path) -> None:
    """The control of the test above, and why `MqttSettings.group` is what it is."""
    async with scene(tmp_path) as at:
        thief = await at.rig.connect(at.attacker)
        await thief.subscribe([f"$share/{GROUP}/hg/v1/dev/+/up/state"])
        speaker = await at.rig.connect(at.victim)
        for number in range(20):
            await speaker.publish(at.topic(at.victim, "up/state"), b"%d" % number)
        assert len(await collected(at.transport, 20, 0.5)) == 10
        assert thief.heard.empty(), "even so it hears nothing"


async def collected(transport: MqttTransport, count: int, seconds: float = 5) -> list[bytes]:
    got: list[bytes] = []
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while len(got) < count:
                messages = await transport.receive(Intake.INGEST, 100)
                got += [message.payload for message in messages]
                await transport.acknowledge(messages)
    return got


@pytest.mark.parametrize("qos", [0, 1])
@pytest.mark.parametrize("reloaded", [False, True], ids=["fresh", "after-a-reload"])
async def test_publishing_elsewhere_reaches_nobody(tmp_path: Path, qos: int, *, reloaded: bool) -> None:
    async with scene(tmp_path) as at:
        if reloaded:
            await at.rig.broker.refresh()
        me, victim = at.attacker.common_name, at.victim.common_name
        for number, topic in enumerate(
            [
                f"hg/v1/dev/{victim}/up/state",
                f"hg/v1/dev/{victim}/down/command",
                f"hg/v1/dev/{me}/down/command",
                f"hg/v1/claim/{me}/req",
                f"hg/v1/claim/{victim}/reply",
                "hg/v1/bus/a-1",
                f"hg/v1/dev/{me}",
                "$SYS/broker/log/N",
                f"hg/v1/dev/{me}/upx",
                f"/hg/v1/dev/{victim}/up/state",
                f"hg//v1/dev/{victim}/up/state",
                f"hg/v1/dev/{victim}",
                f"hg/v1/dev/{me}/../{victim}/up/state",
            ]
        ):
            probe = await at.rig.connect(at.attacker)
            forged = b"canary-forged-%d" % number
            await probe.publish(topic, forged, qos=qos)
            await probe.ping()
            assert not await at.arrives(forged), topic
        honest = await at.rig.connect(at.victim)
        await honest.publish(at.topic(at.victim, "up/state"), b"canary-honest", qos=qos)
        await honest.ping()
        assert await at.arrives(b"canary-honest"), "control: the victim's own report is seen"
        assert await collected(at.transport, 1) == [b"canary-honest"]


async def test_a_claim_certificate_opens_the_claim_topics_and_nothing_of_a_device(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        claimant, other = at.rig.pki.appliance("c"), at.rig.pki.appliance("c")
        with pytest.raises(ProbeRefusedError):
            await at.rig.connect(claimant, port=at.rig.settings.device.port)
        with pytest.raises(ProbeRefusedError):
            await at.rig.connect(claimant, port=at.rig.settings.service.port)
        with pytest.raises(ProbeRefusedError):
            await at.rig.connect(at.attacker, port=at.rig.settings.service.port)
        for topic in (
            f"hg/v1/dev/{claimant.common_name}/up/state",
            f"hg/v1/claim/{other.common_name}/req",
            at.topic(at.victim, "up/state"),
            f"hg/v1/claim/{claimant.common_name}/reply",
        ):
            probe = await at.rig.connect(claimant)  # Mosquitto ends the connection of who publishes where it may not
            await probe.publish(topic, b"canary-claim", seconds=1)
        assert not await at.arrives(b"canary-claim")
        probe = await at.rig.connect(claimant)
        await probe.publish(f"hg/v1/claim/{claimant.common_name}/req", b"canary-asks")
        assert await at.arrives(b"canary-asks"), "control: its own request is seen"


async def test_a_certificate_of_the_factory_with_a_gateways_name_opens_nothing_of_a_gateway(tmp_path: Path) -> None:
    """The factory's authority is not ours: it may vouch for any name."""
    async with scene(tmp_path) as at:
        forged = at.rig.pki.factory.issue(at.rig.gateway.common_name)
        with pytest.raises(ProbeRefusedError):
            await at.rig.connect(forged)
        probe = await at.rig.connect(forged, port=at.rig.settings.claim.port)
        await probe.subscribe(["hg/#"])
        await probe.publish("hg/v1/bus/a-1", b"canary-forged")
        assert not await at.arrives(b"canary-forged")
        assert probe.heard.empty()
        assert at.transport.is_connected, "its client id is its name, which no connection of the gateway uses"


async def test_an_identity_with_characters_that_mean_something_gets_nothing(tmp_path: Path) -> None:
    """Even if such a certificate existed and were signed by the right authority."""
    async with scene(tmp_path) as at:
        speaker = await at.rig.connect(at.victim)
        for name in ("#", "+", "d-#", "d-+", f"{at.victim.common_name}/up/#", "d/../c", at.victim.common_name + "/up"):
            leaf = at.rig.pki.device.issue(name)
            with contextlib.suppress(ProbeRefusedError):
                probe = await at.rig.connect(leaf, port=at.rig.mqtt_port)
                await probe.subscribe([f"hg/v1/dev/{name}/down/#", at.topic(at.victim, "down/#"), "hg/#"])
                await speaker.publish(at.topic(at.victim, "up/event"), b"secret")
                await at.transport.publish(at.topic(at.victim, "down/command"), b"secret")
                await at.transport.flush()
                await probe.ping()
                assert probe.heard.empty(), name
                await probe.publish(at.topic(at.victim, "up/state"), b"canary-meaning", seconds=1)
        assert not await at.arrives(b"canary-meaning")
        assert await at.arrives(b"secret"), "control: the victim's own event is seen"


async def test_another_ones_client_id_does_not_end_that_ones_connection(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        victim = await at.rig.connect(at.victim)
        thief = await at.rig.connect(at.attacker, client_id=at.victim.common_name)
        await thief.subscribe([at.topic(at.victim, "down/#"), at.topic(at.attacker, "down/#")])
        await at.transport.publish(at.topic(at.victim, "down/command"), b"secret")
        assert await at.hears_only(thief, at.attacker) == [], "it is known by its certificate's name"
        assert await victim.ping()
        await at.rig.connect(at.victim)
        await asyncio.wait_for(victim.ended.wait(), 5)  # control: with the right certificate it is taken over


@pytest.mark.parametrize("tail", ["\x00", "\n", "#", "/x", "é"])
async def test_a_client_id_that_only_looks_like_the_name_gains_nothing(tmp_path: Path, tail: str) -> None:
    async with scene(tmp_path) as at:
        victim = await at.rig.connect(at.victim)
        with contextlib.suppress(ProbeRefusedError):
            thief = await at.rig.connect(at.attacker, client_id=at.victim.common_name + tail)
            await thief.subscribe([at.topic(at.victim, "down/#")])
            await at.transport.publish(at.topic(at.victim, "down/command"), b"secret")
            await at.transport.flush()
            await thief.ping()
            assert thief.heard.empty()
        assert await victim.ping()
        with pytest.raises(ProbeRefusedError):
            await at.rig.connect(at.attacker, client_id="")


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
