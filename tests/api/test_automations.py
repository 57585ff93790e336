"""Rules through the API: made, edited, explained, told, taken back."""

from typing import Any

import pytest

from gateway.domain.consent import Purpose
from gateway.usecases import firings
from tests.api.house import House, Person
from tests.api.located import ALL, a_transition, allow, make_home, tell
from tests.api.rig import Rig, problem


@pytest.fixture
async def home(house: House, ann: Person) -> dict[str, Any]:
    return await make_home(ann)


async def test_a_rule_is_made_read_edited_explained_and_removed(
    rig: Rig, house: House, ann: Person, home: dict[str, Any]
) -> None:
    await allow(house, ann, *ALL)
    heater = await house.bound(ann)
    wish = {"trigger": "leave", "mode": "act", "action": "off"}
    made = await ann.ask(
        "POST", "/v1/automations", {**wish, "home_ref": home["home_ref"], "device_id": heater, "dry_run": True}
    )
    assert made.status == 201, await made.text()
    rule = await made.json()
    assert made.headers["Location"] == f"/v1/automations/{rule['automation_id']}"
    assert rule["dry_run_until"] == "2026-03-08T12:00:00.000Z"
    assert rule["starts"] is False
    path = made.headers["Location"]
    assert await ann.get("/v1/automations") == {"items": [rule], "next": None}
    assert (await ann.ask("PUT", path, wish)).status == 428
    edited = await ann.ask("PUT", path, {**wish, "trigger": "last_leaves"}, If_Match=made.headers["ETag"])
    assert ((await edited.json())["trigger"], (await edited.json())["dry_run_until"]) == ("last_leaves", None)
    assert (await ann.ask("PUT", path, wish, If_Match=made.headers["ETag"])).status == 412
    for seq, state in enumerate(("home", "away"), 1):
        await tell(ann, a_transition(rig, home, state, seq))
    explained = await ann.get(f"{path}/explain?limit=1")
    assert explained["items"] == [
        {"minute": "2026-03-01T12:00:00.000Z", "did": "acted", "reason": "acts", "dry": False}
    ]
    assert (await ann.ask("DELETE", path)).status == 204
    assert (await ann.ask("GET", path)).status == 404
    assert (await ann.ask("GET", f"{path}/explain")).status == 404


async def test_a_firing_is_told_and_taken_back(rig: Rig, house: House, ann: Person, home: dict[str, Any]) -> None:
    await allow(house, ann, *ALL)
    heater = await house.bound(ann)
    body = {"trigger": "leave", "mode": "act", "action": "off", "home_ref": home["home_ref"], "device_id": heater}
    await ann.ask("POST", "/v1/automations", body)
    async with ann.listen() as stream:
        await stream.until("snapshot")
        for seq, state in enumerate(("home", "away"), 1):
            await tell(ann, a_transition(rig, home, state, seq))
        told = (await stream.until("automation.pending"))[-1]
    assert told.data["acts_at"] == "2026-03-01T12:01:00.000Z"
    path = f"/v1/automations/firings/{told.data['firing_id']}/undo"
    for _ in range(2):
        undone = await ann.ask("POST", path)
        assert (undone.status, (await undone.json())["state"]) == (200, "undone")
    assert (await ann.ask("POST", "/v1/automations/firings/f-" + "0" * 26 + "/undo")).status == 404


async def test_a_reminder_is_told_without_an_act(rig: Rig, house: House, ann: Person, home: dict[str, Any]) -> None:
    await allow(house, ann, Purpose.LOCATION_REMINDER)
    heater = await house.bound(ann)
    body = {"trigger": "leave", "mode": "act", "action": "off", "home_ref": home["home_ref"], "device_id": heater}
    await ann.ask("POST", "/v1/automations", body)
    async with ann.listen() as stream:
        await stream.until("snapshot")
        for seq, state in enumerate(("home", "away"), 1):
            await tell(ann, a_transition(rig, home, state, seq))
        told = (await stream.until("automation.reminder"))[-1]
    assert (told.data["action"], told.data["reason"]) == ("off", "auto_off_not_granted")
    assert house.commands_to(heater) == []


@pytest.mark.parametrize(
    ("wish", "status", "code", "detail"),
    [
        ({"action": "fly"}, 422, "command.invalid", "action"),
        ({"action": "set", "params": {"target_c": 90}}, 422, "command.invalid", "params.target_c"),
        ({"action": "on"}, 422, "automation.not_allowed", "on_when_leaving"),
        ({"trigger": "at_the_pub"}, 422, "http.validation", "trigger"),
        ({"latitude": 52.5}, 422, "http.validation", "latitude"),
        ({"device_id": "d-" + "0" * 26}, 404, "http.not_found", ""),
        ({"home_ref": "h-" + "0" * 26}, 404, "http.not_found", ""),
    ],
)
async def test_a_rule_that_cannot_be_is_refused(
    house: House, ann: Person, home: dict[str, Any], wish: dict[str, Any], status: int, code: str, detail: str
) -> None:
    await allow(house, ann, *ALL)
    heater = await house.bound(ann)
    good = {"trigger": "leave", "mode": "act", "action": "off", "home_ref": home["home_ref"], "device_id": heater}
    answer = await ann.ask("POST", "/v1/automations", {**good, **wish})
    document = await problem(answer)
    assert (answer.status, document["code"]) == (status, code)
    assert detail in [document.get("why"), "", *(error["field"] for error in document.get("errors", ()))]


async def test_a_rule_needs_a_grant_too(house: House, ann: Person, home: dict[str, Any]) -> None:
    heater = await house.bound(ann)
    body = {"trigger": "leave", "mode": "act", "action": "off", "home_ref": home["home_ref"], "device_id": heater}
    answer = await ann.ask("POST", "/v1/automations", body)
    assert (answer.status, (await problem(answer))["code"]) == (403, "consent_required")


async def test_anothers_rule_is_not_there(
    rig: Rig, house: House, ann: Person, bob: Person, home: dict[str, Any]
) -> None:
    await allow(house, ann, *ALL)
    heater = await house.bound(ann)
    wish = {"trigger": "leave", "mode": "act", "action": "off"}
    made = await ann.ask("POST", "/v1/automations", {**wish, "home_ref": home["home_ref"], "device_id": heater})
    path = made.headers["Location"]
    for method, more, body in (("GET", "", None), ("GET", "/explain", None), ("PUT", "", wish), ("DELETE", "", None)):
        refused = await bob.ask(method, path + more, body, If_Match="*")
        assert (refused.status, (await problem(refused))["code"]) == (404, "http.not_found")
    assert await bob.get("/v1/automations") == {"items": [], "next": None}
    rig.time.pass_by(minutes=1)
    assert (await ann.ask("GET", path)).status == 200


async def test_the_commands_of_a_rule_are_the_persons_own(
    rig: Rig, house: House, ann: Person, home: dict[str, Any]
) -> None:
    """One that is given by a rule can be read, and explained, by whoever made the rule."""
    await allow(house, ann, *ALL)
    heater = await house.bound(ann)
    body = {"trigger": "leave", "mode": "act", "action": "off", "home_ref": home["home_ref"], "device_id": heater}
    await ann.ask("POST", "/v1/automations", body)
    for seq, state in enumerate(("home", "away"), 1):
        await tell(ann, a_transition(rig, home, state, seq))
    rig.time.pass_by(seconds=60)
    await house.run(lambda tx: firings.work_off_due(tx, house.services, rig.time()))
    [command] = house.commands_to(heater)
    shown = await ann.get(f"/v1/commands/{command['command_id']}")
    assert (shown["action"], shown["status"]) == ("off", "sent")
