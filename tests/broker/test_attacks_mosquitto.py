"""Attacks on the broker that must fail, on a real Mosquitto; each beside a control that shows the test can fail.

Mosquitto refuses no SUBSCRIBE and acknowledges what it throws away, so what counts is what arrives: at the attacker, at
an observer who reads everything as a gateway does, and at the gateway's intakes.
"""

import asyncio
import contextlib
from pathlib import Path

import pytest

from gateway.broker.probe import ProbeRefusedError
from gateway.transport.mqtt import MqttTransport
from gateway.transport.port import Intake
from tests.broker.mosquitto_scene import scene
from tests.contracts.mosquitto_rig import GROUP
from tests.contracts.pki import new_name

pytestmark = pytest.mark.needs_mosquitto


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
