"""The app's stream: a snapshot, then changes, and nothing of anybody else's."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from device_sim.api import ProblemError
from device_sim.phone import Phone, data_of
from device_sim.sse import ServerEvent
from tests.home import QUICK, Home, eventually
from tests.journeys.people import one_made, pull_the_plug, resident, settled, somebody

pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass
class Heard:
    """What a stream told so far."""

    events: list[ServerEvent] = field(default_factory=list)

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [data_of(event) for event in self.events if event.event == kind]


@contextlib.asynccontextmanager
async def listening(at: Home, phone: Phone, last_event_id: str = "") -> AsyncIterator[Heard]:
    """Listen until the block ends."""
    heard = Heard()

    async def listen() -> None:
        async for event in phone.events(last_event_id=last_event_id):
            heard.events.append(event)

    task = at.tasks.create_task(listen())
    try:
        yield heard
    finally:
        task.cancel()
        await asyncio.wait([task])


async def test_a_stream_begins_with_everything_and_goes_on_with_changes(at: Home) -> None:
    one = await resident(at)
    async with listening(at, one.phone) as heard:
        await eventually(lambda: bool(heard.events))
        assert heard.events[0].event == "snapshot"
        devices = heard.of("snapshot")[0]["devices"]
        assert [(device["device_id"], device["presence"]["status"]) for device in devices] == [
            (one.device_id, "online")
        ]
        assert {"power", "target_c", "mode"} <= devices[0]["state"].keys()
        sent = await one.phone.send(one.device_id, "set", {"target_c": 23}, wait_s=5)
        await eventually(lambda: any(state["state"].get("target_c") == 23 for state in heard.of("state")))
        assert all(state["received_at"] and state["presence"]["last_seen"] for state in heard.of("state"))
        await eventually(lambda: any(command["status"] == "applied" for command in heard.of("command")))
        told = [command["status"] for command in heard.of("command") if command["command_id"] == sent.command_id]
        assert told[0] == "accepted"
        assert told[-1] == "applied"
        await pull_the_plug(one.power)
        await eventually(lambda: heard.of("state")[-1]["presence"]["status"] == "offline")


async def test_who_comes_back_hears_what_was_missed_and_no_snapshot(at: Home) -> None:
    one = await resident(at)
    async with listening(at, one.phone) as heard:
        await eventually(lambda: bool(heard.events))
        last = heard.events[-1].id
    await one.phone.send(one.device_id, "set", {"target_c": 24}, wait_s=5)
    async with listening(at, one.phone, last) as heard:
        await eventually(lambda: any(command["status"] == "applied" for command in heard.of("command")))
        assert heard.of("snapshot") == []
        assert [state["state"]["target_c"] for state in heard.of("state")][-1] == 24
    for stale in ("999999999999999999", "nonsense"):
        async with listening(at, one.phone, stale) as heard:
            await eventually(lambda: bool(heard.events))
            assert heard.events[0].event == "snapshot"


async def test_with_a_release_the_stream_goes_on_without_the_device(at: Home) -> None:
    one = await resident(at)
    async with listening(at, one.phone) as heard:
        await eventually(lambda: bool(heard.events))
        await one.phone.release(one.device_id)
        await eventually(lambda: bool(heard.of("device.released")))
        until_then = len(heard.events)
        newcomer = await somebody(at)
        await settled(at, newcomer, one.appliance)
        await newcomer.send(one.device_id, "set", {"target_c": 12}, wait_s=5)
        marker = await one.phone.open_pairing()
        await one.phone.cancel_pairing(marker.pairing_id)
        await eventually(lambda: bool(heard.of("pairing.closed")))
        assert one.device_id not in repr([event.data for event in heard.events[until_then:]])


async def test_three_appliances_and_two_accounts_never_see_each_others_rows(at: Home) -> None:
    ann, bob = await somebody(at), await somebody(at)
    mine: dict[str, set[str]] = {"ann": set(), "bob": set()}
    appliances = {}
    async with listening(at, ann) as anns, listening(at, bob) as bobs:
        for name, phone, type_id in (
            ("ann", ann, "heater.panel.s2"),
            ("bob", bob, "purifier.water.p1"),
            ("ann", ann, "refrigerator.r1"),
        ):
            appliance = at.appliance(await one_made(at, type_id), timings=QUICK)
            at.start(appliance)
            await settled(at, phone, appliance)
            device_id = appliance.kept.device_id or ""
            mine[name].add(device_id)
            appliances[device_id] = appliance
        for appliance in appliances.values():
            for _ in range(5):
                await appliance.report(full=True)
        heaters = [one for one in mine["ann"] if "heater" in str((await ann.device(one))["type_id"])]
        sent = await ann.send(heaters[0], "set", {"target_c": 19}, wait_s=5)
        await eventually(lambda: any(command["status"] == "applied" for command in anns.of("command")))
        await eventually(lambda: mine["ann"] <= {state["device_id"] for state in anns.of("state")})
        await eventually(lambda: mine["bob"] <= {state["device_id"] for state in bobs.of("state")})
        for heard, theirs in ((anns, mine["bob"]), (bobs, mine["ann"])):
            said = repr([event.data for event in heard.events])
            assert not [device_id for device_id in theirs if device_id in said]
    for phone, own in ((ann, mine["ann"]), (bob, mine["bob"])):
        assert {device["device_id"] for device in await phone.devices()} == own
    for device_id in mine["ann"]:
        for ask in (bob.device(device_id), bob.state(device_id), bob.release(device_id), bob.rename(device_id, "x")):
            with pytest.raises(ProblemError) as refused:
                await ask
            assert (refused.value.status, refused.value.code) == (404, await _code_of_missing(bob))
        with pytest.raises(ProblemError) as refused:
            await bob.send(device_id, "set", {"target_c": 5})
        assert refused.value.status == 404
    with pytest.raises(ProblemError) as refused:
        await bob.command(sent.command_id)
    assert refused.value.status == 404


async def _code_of_missing(phone: Phone) -> str:
    with pytest.raises(ProblemError) as refused:
        await phone.device("d-" + "z" * 26)
    return refused.value.code
