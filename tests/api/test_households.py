"""Homes through the API: made, shared, changed where they were read, and left."""

from typing import Any

import pytest

from tests.api.house import House, Person
from tests.api.located import make_home
from tests.api.rig import Client, problem


@pytest.fixture
async def home(house: House, ann: Person) -> dict[str, Any]:
    return await make_home(ann)


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
