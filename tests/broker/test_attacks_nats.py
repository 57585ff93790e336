"""Attacks on the broker that must fail, on a real nats-server; each beside a control that shows the test can fail.

The gateway's side is watched by an observer, so what counts is what arrives.
"""

import asyncio
from pathlib import Path

import pytest

from gateway.broker.probe import REFUSED_FILTER, ProbeRefusedError
from gateway.transport.port import Intake
from tests.broker.nats_scene import scene
from tests.contracts.pki import new_name


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
