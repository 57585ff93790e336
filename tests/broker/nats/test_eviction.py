"""Ending the connection of one identity on a real nats-server."""

import asyncio
import json
from pathlib import Path

import pytest

from gateway.broker.nats.link import Address, connection
from gateway.broker.probe import ProbeRefusedError
from tests.contracts.nats_rig import NatsRig
from tests.contracts.pki import new_name


async def sessions_and_consumers(rig: NatsRig) -> tuple[int, set[str]]:
    async with connection(Address(rig.urls, "gateway", rig.credentials.gateway), rig.urls[0]) as (client, _):
        session = await client.request("$JS.API.STREAM.INFO.$MQTT_sess", b"", timeout=5)
        consumers = await client.request("$JS.API.CONSUMER.NAMES.$MQTT_msgs", b"", timeout=5)
        return json.loads(session.data)["state"]["messages"], set(json.loads(consumers.data)["consumers"])


async def test_an_evicted_appliance_is_gone_and_another_stays(tmp_path: Path) -> None:
    async with NatsRig(tmp_path) as rig:
        await rig.open_transport()
        mine, other = rig.pki.appliance(), rig.pki.appliance()
        gone, stays = await rig.connect(mine), await rig.connect(other)
        rig.decisions.revoked.add(mine.common_name)
        await rig.broker.evict(mine.common_name)
        await asyncio.wait_for(gone.ended.wait(), 5)
        assert await stays.ping()
        with pytest.raises(ProbeRefusedError):
            await rig.connect(mine)


async def test_evicting_twice_or_somebody_who_is_not_there_changes_nothing(tmp_path: Path) -> None:
    async with NatsRig(tmp_path) as rig:
        await rig.open_transport()
        leaf = rig.pki.appliance()
        await rig.broker.evict(leaf.common_name)
        await rig.connect(leaf)
        await rig.broker.evict(leaf.common_name)
        await rig.broker.evict(leaf.common_name)
        await rig.broker.evict(new_name("d"))


@pytest.mark.parametrize("name", ["", "#", "d-*", 'd-"}', "d-00000000000000000000000000\n", "gateway"])
async def test_what_is_no_common_name_is_refused(tmp_path: Path, name: str) -> None:
    rig = NatsRig(tmp_path)
    with pytest.raises(ValueError, match="common name"):
        await rig.broker.evict(name)


async def test_an_evicted_appliance_that_is_still_allowed_may_come_back(tmp_path: Path) -> None:
    async with NatsRig(tmp_path) as rig:
        transport = await rig.open_transport()
        leaf = rig.pki.appliance()
        await rig.connect(leaf)
        await rig.broker.evict(leaf.common_name)
        probe = await rig.connect(leaf)
        topic = f"hg/v1/dev/{leaf.common_name}/down/welcome"
        assert await probe.subscribe([topic]) == [1]
        await transport.publish(topic, b"back")
        assert (await asyncio.wait_for(probe.heard.get(), 5)).payload == b"back"


async def test_a_durable_session_is_cleared_and_the_intakes_stay(tmp_path: Path) -> None:
    async with NatsRig(tmp_path) as rig:
        await rig.open_transport()
        leaf = rig.pki.appliance()
        probe = await rig.connect(leaf, clean=False)
        assert await probe.subscribe([f"hg/v1/dev/{leaf.common_name}/down/#"]) == [1]
        sessions, consumers = await sessions_and_consumers(rig)
        assert sessions == 1
        assert len(consumers) > 2, "control: the durable session has consumers of its own"
        await rig.broker.evict(leaf.common_name)
        await asyncio.wait_for(probe.ended.wait(), 5)
        sessions, consumers = await sessions_and_consumers(rig)
        assert sessions == 0
        assert consumers == {"hearthgate-ingest", "hearthgate-control"}


async def test_after_its_session_was_cleared_an_appliance_gets_in_again_without_the_old_session(tmp_path: Path) -> None:
    async with NatsRig(tmp_path) as rig:
        await rig.open_transport()
        leaf = rig.pki.appliance()
        probe = await rig.connect(leaf, clean=False)
        await probe.subscribe([f"hg/v1/dev/{leaf.common_name}/down/#"])
        await probe.close()
        control = await rig.connect(leaf, clean=False)
        assert control.session_present, "control: the session is there before the eviction"
        await rig.broker.evict(leaf.common_name)
        for _ in range(3):  # the server notices at the first try that its own record is gone, and forgets it
            try:
                again = await rig.connect(leaf, clean=False)
                break
            except ProbeRefusedError:
                continue
        assert not again.session_present


async def test_a_connection_that_an_earlier_gateway_let_in_can_be_evicted(tmp_path: Path) -> None:
    """Nothing about connections is remembered here, so there is nothing to lose in a restart."""
    async with NatsRig(tmp_path) as rig:
        await rig.open_transport()
        leaf = rig.pki.appliance()
        probe = await rig.connect(leaf)
        rig.broker._linked.clear()
        rig.broker._linked.set()
        rig.decisions.seen.clear()
        await rig.broker.evict(leaf.common_name)
        await asyncio.wait_for(probe.ended.wait(), 5)
