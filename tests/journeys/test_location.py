"""From the satellites to the reminder: a phone's fence, the gateway's rules, an appliance, and what is left of it."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from device_sim.api import ProblemError
from device_sim.location.fence import Fence
from device_sim.location.sightings import Fix, Sighting
from device_sim.location.teller import Teller
from device_sim.location.traces import HOME, place_at
from device_sim.phone import Phone, data_of
from gateway.runtime.clock import utc_now
from tests.home import Home, eventually
from tests.journeys.people import Resident, resident, until

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def allow(phone: Phone, purpose: str) -> None:
    """As an app does: show the notice, then say yes to it."""
    shown = (await phone.ask("POST", f"/v1/consents/{purpose}/notice")).body
    await phone.ask("PUT", f"/v1/consents/{purpose}", {"notice_id": shown["notice_id"], "hash": shown["text"]["hash"]})


async def home_of(phone: Phone) -> str:
    return str((await phone.ask("POST", "/v1/homes", {"time_zone": "Europe/Berlin"})).body["home_ref"])


async def rule_on_leaving(one: Resident, home: str, mode: str) -> str:
    """It turns the heater off when its owner leaves."""
    body = {"home_ref": home, "device_id": one.device_id, "trigger": "leave", "mode": mode, "action": "off"}
    return str((await one.phone.ask("POST", "/v1/automations", body)).body["automation_id"])


def sighting(minutes_ago: float, metres: float) -> Sighting:
    return Sighting(utc_now() - timedelta(minutes=minutes_ago), Fix(place_at(0, metres), 12.5))


async def leave(teller: Teller) -> list[dict[str, Any]]:
    """Ten minutes ago at home, then out of the door; what the gateway answered to what was told."""
    walk = [sighting(9.5, 15), sighting(9, 20), sighting(7, 450), sighting(4, 900), sighting(1.5, 1400)]
    return [answer for each in walk if (answer := await teller.see(each)) is not None]


async def test_who_leaves_is_reminded_and_the_gateway_knows_no_place(at: Home) -> None:
    one = await resident(at)
    home = await home_of(one.phone)
    teller = Teller(one.phone, home, Fence(HOME))
    with pytest.raises(ProblemError) as refused:
        await teller.see(Sighting(utc_now(), None, on_home_wifi=True))
    assert refused.value.code == "consent_required"

    await allow(one.phone, "location.reminder")
    automation = await rule_on_leaving(one, home, "remind")
    teller = Teller(one.phone, home, Fence(HOME))
    assert [answer["outcome"] for answer in await leave(teller)] == ["taken", "taken"]

    async def explained() -> bool:
        lines = (await one.phone.ask("GET", f"/v1/automations/{automation}/explain")).body["items"]
        return bool(lines) and lines[0]["did"] == "reminded"

    await until(explained)
    known = (await one.phone.ask("GET", "/v1/location")).body["items"]
    assert [each["state"] for each in known] == ["away"]

    await one.phone.ask("DELETE", "/v1/consents/location.reminder")
    assert (await one.phone.ask("GET", "/v1/location")).body["items"] == []
    with pytest.raises(ProblemError):
        await teller.see(Sighting(utc_now(), None, on_home_wifi=True))


async def test_what_acts_can_be_taken_back_within_its_minute(at: Home) -> None:
    one = await resident(at)
    await one.phone.send(one.device_id, "on", wait_s=5)
    for purpose in ("location.reminder", "location.auto_off"):
        await allow(one.phone, purpose)
    home = await home_of(one.phone)
    automation = await rule_on_leaving(one, home, "act")

    heard: list[tuple[str, dict[str, Any]]] = []

    async def listen() -> None:
        async for event in one.phone.events():
            heard.append((event.event, data_of(event)))  # noqa: PERF401 - an endless list, read while it grows

    def data(kind: str) -> dict[str, Any] | None:
        return next((each for name, each in heard if name == kind), None)

    async with asyncio.TaskGroup() as tasks:
        listening = tasks.create_task(listen())
        await eventually(lambda: data("snapshot") is not None)
        await leave(Teller(one.phone, home, Fence(HOME)))
        await eventually(lambda: data("automation.pending") is not None)
        pending = data("automation.pending")
        assert pending is not None
        undone = (await one.phone.ask("POST", f"/v1/automations/firings/{pending['firing_id']}/undo")).body
        assert undone["state"] == "undone"
        await eventually(lambda: data("automation.ended") is not None)
        listening.cancel()

    assert one.appliance.model.state["power"] == "on"
    lines = (await one.phone.ask("GET", f"/v1/automations/{automation}/explain")).body["items"]
    assert [line["reason"] for line in lines] == ["undone", "acts"]
    again = (await one.phone.ask("POST", f"/v1/automations/firings/{pending['firing_id']}/undo")).body
    assert again["state"] == "undone"
