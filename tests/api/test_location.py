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

from gateway.domain.consent import Purpose
from gateway.storage.tables import metadata
from tests.api.house import House, Person
from tests.api.located import ALL, a_transition, allow, make_home, tell
from tests.api.rig import Rig, problem


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
