"""The phone's half of the contract over HTTP: what is taken, what is refused by name, and what nothing keeps."""

import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from gateway.domain.consent import Consent, ConsentState, Purpose
from gateway.storage.tables import metadata
from gateway.usecases import firings
from gateway.usecases.transaction import Transaction
from tests.api.house import House, Person
from tests.api.rig import Client, Rig, problem

ALL = (Purpose.LOCATION_REMINDER, Purpose.LOCATION_AUTO_OFF, Purpose.LOCATION_AUTO_ON)


async def allow(house: House, person: Person, *purposes: Purpose) -> None:
    def work(tx: Transaction) -> None:
        for purpose in purposes:
            tx.consents.put(
                Consent(
                    account_id=person.account_id,
                    purpose=purpose,
                    state=ConsentState.GRANTED,
                    at=house.rig.time(),
                    text_version=1,
                    policy_version=0,
                    event_number=0,
                )
            )

    await house.run(work)


async def make_home(person: Person, **body: Any) -> dict[str, Any]:
    answer = await person.ask("POST", "/v1/homes", {"time_zone": "Europe/Berlin", **body})
    assert answer.status == 201, await answer.text()
    made: dict[str, Any] = await answer.json()
    return made


def a_transition(rig: Rig, home: dict[str, Any], state: str = "home", seq: int = 1, **more: Any) -> dict[str, Any]:
    minute = rig.time().strftime("%Y-%m-%dT%H:%MZ")
    return {"home_ref": home["home_ref"], "state": state, "seq": seq, "minute": minute, "accuracy": "good", **more}


async def tell(person: Person, body: dict[str, Any], path: str = "/v1/location/transitions", **headers: str) -> Any:
    return await person.ask("POST", path, body, **headers)


@pytest.fixture
async def home(house: House, ann: Person) -> dict[str, Any]:
    return await make_home(ann)


def everything(rig: Rig, folder: Path) -> bytes:
    """Every byte of the gateway's folder, the write-ahead log included, and every value of every table."""
    files = b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())
    with rig.engine.connect() as connection:
        rows = [row for table in metadata.sorted_tables for row in connection.execute(select(table))]
    return files + repr([tuple(row) for row in rows]).encode()


@contextmanager
def logged() -> Iterator[io.StringIO]:
    """Whatever anybody logs, at every level."""
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield text
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


async def test_without_a_grant_403_tells_how_to_grant_and_nothing_is_stored(
    rig: Rig, ann: Person, home: dict[str, Any]
) -> None:
    def rows() -> list[Any]:
        with rig.engine.connect() as connection:
            return [row for table in metadata.sorted_tables for row in connection.execute(select(table))]

    before = rows()
    answer = await tell(ann, a_transition(rig, home), Idempotency_Key="one-transition-only")
    document = await problem(answer)
    assert (answer.status, document["code"]) == (403, "consent_required")
    assert document["how"] == {
        "purposes": [purpose.value for purpose in ALL],
        "notice": "POST /v1/consents/{purpose}/notice",
        "grant": "PUT /v1/consents/{purpose}",
    }
    assert rows() == before


async def test_what_is_told_is_taken_once(rig: Rig, house: House, ann: Person, home: dict[str, Any]) -> None:
    await allow(house, ann, Purpose.LOCATION_REMINDER)
    body = a_transition(rig, home)
    first, again = await tell(ann, body), await tell(ann, body)
    assert (first.status, await first.json()) == (200, {"outcome": "taken", "why": None})
    assert (again.status, await again.json()) == (200, {"outcome": "ignored", "why": "used_seq"})
    rig.time.pass_by(minutes=11)
    late = await tell(ann, {**body, "seq": 2, "state": "away"})
    assert await late.json() == {"outcome": "ignored", "why": "too_old"}


SECRETS: dict[str, Any] = {
    "lat": 52.516275,
    "lon": 13.377704,
    "latitude": 52.516275,
    "coordinates": [52.516275, 13.377704],
    "location": {"lat": 52.516275},
    "ssid": "Annas Netz",
    "bssid": "a4:c1:38:00:4f:01",
    "address": "Pariser Platz 1",
    "speed": 13.377704,
    "accuracy_m": 13.377704,
}
CANARIES = (b"52.516275", b"13.377704", b"Annas Netz", b"a4:c1:38:00:4f:01", b"Pariser Platz")


@pytest.mark.parametrize("field", SECRETS)
async def test_a_field_for_a_place_is_refused_by_its_name_and_its_value_is_nowhere(
    rig: Rig, house: House, ann: Person, home: dict[str, Any], tmp_path: Path, field: str
) -> None:
    await allow(house, ann, *ALL)
    with logged() as log:
        answer = await tell(ann, a_transition(rig, home, **{field: SECRETS[field]}), Idempotency_Key="some-key-1")
    text = await answer.text()
    document = await problem(answer)
    assert answer.status == 422
    assert [(error["field"], error["message"]) for error in document["errors"]] == [
        (field, "is not a field of this request")
    ]
    kept = everything(rig, tmp_path) + log.getvalue().encode() + rig.metrics.text()
    for canary in CANARIES:
        assert canary not in text.encode()
        assert canary not in kept


@pytest.mark.parametrize(
    "more",
    [
        {"state": "at_the_pub"},
        {"state": None},
        {"seq": -1},
        {"seq": 1.5},
        {"seq": "1"},
        {"minute": "2026-03-01T12:00:31Z"},
        {"minute": "2026-03-01T12:00+01:00"},
        {"minute": "2026-02-30T12:00Z"},
        {"minute": 29511360},
        {"accuracy": "3 m"},
        {"home_ref": "52.516275,13.377704"},
    ],
)
async def test_words_that_are_none_are_refused_without_their_values(
    rig: Rig, house: House, ann: Person, home: dict[str, Any], more: dict[str, Any]
) -> None:
    await allow(house, ann, *ALL)
    answer = await tell(ann, a_transition(rig, home, **more))
    document = await problem(answer)
    assert (answer.status, [error["field"] for error in document["errors"]]) == (422, list(more))
    assert "pub" not in json.dumps(document)
    assert "52.516275" not in json.dumps(document)


async def test_a_query_is_refused_by_name_and_a_header_is_not_looked_at(
    rig: Rig, house: House, ann: Person, home: dict[str, Any], tmp_path: Path
) -> None:
    await allow(house, ann, *ALL)
    with logged() as log:
        refused = await tell(ann, a_transition(rig, home), "/v1/location/transitions?lat=52.516275")
        taken = await tell(ann, a_transition(rig, home), X_Geo="52.516275", Geolocation="geo:52.516275,13.377704")
    document = await problem(refused)
    assert (refused.status, document["errors"][0]["field"]) == (422, "lat")
    assert taken.status == 200
    kept = everything(rig, tmp_path) + log.getvalue().encode() + rig.metrics.text()
    assert b"52.516275" not in kept
    assert b"52.516275" not in (await refused.text()).encode()


async def test_a_long_body_is_refused(rig: Rig, house: House, ann: Person, home: dict[str, Any]) -> None:
    await allow(house, ann, *ALL)
    answer = await tell(ann, a_transition(rig, home, way="x" * 600))
    assert (answer.status, (await problem(answer))["code"]) == (413, "http.payload_too_large")


async def test_what_a_phone_said_is_read_by_no_key_but_the_persons(
    rig: Rig, house: House, ann: Person, home: dict[str, Any], tmp_path: Path
) -> None:
    await allow(house, ann, *ALL)
    await tell(ann, a_transition(rig, home, "near"))
    assert b'"near"' not in everything(rig, tmp_path)


async def test_anothers_home_and_one_that_is_not_there_look_alike(
    rig: Rig, house: House, ann: Person, bob: Person, home: dict[str, Any]
) -> None:
    await allow(house, bob, *ALL)
    nowhere = {"home_ref": "h-" + "0" * 26}
    documents = []
    for one in (home, nowhere):
        answer = await tell(bob, a_transition(rig, one))
        document = await problem(answer)
        del document["trace_id"]
        documents.append((answer.status, document))
        for method, path, body in (
            ("GET", "", None),
            ("PATCH", "", {"time_zone": "UTC"}),
            ("PUT", "/someone-here", {"on": True}),
            ("POST", "/invitations", None),
            ("DELETE", "/members/m-" + "0" * 26, None),
        ):
            refused = await bob.ask(method, f"/v1/homes/{one['home_ref']}{path}", body, If_Match="*")
            assert (refused.status, (await problem(refused))["code"]) == (404, "http.not_found")
    assert documents[0] == documents[1]
    assert documents[0][0] == 404


async def test_one_sees_what_is_known_of_oneself_and_nobody_else_does(
    rig: Rig, house: House, ann: Person, bob: Person, home: dict[str, Any]
) -> None:
    await allow(house, ann, *ALL)
    invited = await (await ann.ask("POST", f"/v1/homes/{home['home_ref']}/invitations")).json()
    await bob.ask("POST", "/v1/homes/join", {"code": invited["code"]})
    assert await ann.get("/v1/location") == {"items": []}
    await tell(ann, a_transition(rig, home, "away", 41))
    noon = "2026-03-01T12:00:00.000Z"
    known = {"home_ref": home["home_ref"], "state": "away", "since": noon, "minute": noon, "seq": 41}
    assert await ann.get("/v1/location") == {"items": [known]}
    assert await bob.get("/v1/location") == {"items": []}
    for path in ("/v1/homes", f"/v1/homes/{home['home_ref']}", "/v1/automations", "/v1/me"):
        answer = await bob.ask("GET", path)
        assert answer.status == 200
        assert "away" not in await answer.text()


# -- homes


async def test_a_home_is_made_shared_and_left(house: House, ann: Person, bob: Person) -> None:
    made = await make_home(ann, label=" Home ")
    assert made["label"] == "Home"
    path = f"/v1/homes/{made['home_ref']}"
    invited = await (await ann.ask("POST", f"{path}/invitations")).json()
    house.rig.time.pass_by(minutes=1)
    joined = await bob.ask("POST", "/v1/homes/join", {"code": invited["code"]})
    assert joined.status == 200
    seen = await joined.json()
    assert seen["label"] is None
    assert [(member["keeper"], member["you"]) for member in seen["members"]] == [(True, False), (False, True)]
    assert set(seen["members"][0]) == {"member_ref", "joined_at", "keeper", "you"}, "nothing of presence"
    again = await bob.ask("POST", "/v1/homes/join", {"code": "A" * 22})
    assert (again.status, (await problem(again))["code"]) == (404, "home.code_refused")
    other = seen["members"][0]["member_ref"]
    refused = await bob.ask("DELETE", f"{path}/members/{other}")
    assert refused.status == 403
    own = seen["members"][1]["member_ref"]
    assert (await bob.ask("DELETE", f"{path}/members/{own}")).status == 204
    assert (await bob.get("/v1/homes")) == {"items": []}
    assert [one["home_ref"] for one in (await ann.get("/v1/homes"))["items"]] == [made["home_ref"]]


async def test_a_home_is_changed_where_it_was_read(ann: Person, home: dict[str, Any]) -> None:
    path = f"/v1/homes/{home['home_ref']}"
    etag = (await ann.ask("GET", path)).headers["ETag"]
    assert (await ann.ask("PATCH", path, {"time_zone": "UTC"})).status == 428
    changed = await ann.ask("PATCH", path, {"time_zone": "UTC", "label": "Flat"}, If_Match=etag)
    assert changed.status == 200
    body = await changed.json()
    assert (body["time_zone"], body["label"]) == ("UTC", "Flat")
    assert (await ann.ask("PATCH", path, {"label": None}, If_Match=etag)).status == 412
    cleared = await ann.ask("PATCH", path, {"label": None}, If_Match=changed.headers["ETag"])
    assert ((await cleared.json())["label"], (await cleared.json())["time_zone"]) == (None, "UTC")
    wrong = await ann.ask("PATCH", path, {"time_zone": "Europe/Nowhere"}, If_Match="*")
    assert (wrong.status, (await problem(wrong))["errors"][0]["field"]) == (422, "time_zone")


async def test_the_switch_may_be_said_twice(ann: Person, home: dict[str, Any]) -> None:
    path = f"/v1/homes/{home['home_ref']}/someone-here"
    for on in (True, True, False):
        answer = await ann.ask("PUT", path, {"on": on})
        assert (answer.status, (await answer.json())["someone_here"]) == (200, on)


async def test_homes_have_no_field_for_a_place(ann: Person, client: Client) -> None:
    answer = await ann.ask("POST", "/v1/homes", {"time_zone": "UTC", "latitude": 52.5, "radius_m": 200})
    assert [error["field"] for error in (await problem(answer))["errors"]] == ["latitude", "radius_m"]


# -- rules


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
