"""See, copy, correct and delete over HTTP: what a person gets of themselves, and nobody else of them."""

import base64
import json
import time
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import ClientPayloadError
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway.domain.binding import Role
from gateway.protocol.canonical import canonical
from gateway.usecases import exports
from tests.api.house import House, Person
from tests.api.rig import PASSWORD, log_in, problem

NO_SUCH = "y-" + "0" * 26


async def make(house: House) -> None:
    """The job makes every copy that was asked for."""
    rig = house.rig
    while await house.run(lambda tx: exports.make_some(tx, rig.persons, rig.deps.sealer, rig.time())):
        pass


async def asked(person: Person) -> dict[str, Any]:
    answer = await person.ask("POST", "/v1/me/exports")
    assert answer.status == 202, await answer.text()
    told: dict[str, Any] = await answer.json()
    assert answer.headers["Location"] == f"/v1/me/exports/{told['export_id']}"
    return told


async def fetched(house: House, token: str) -> dict[str, Any]:
    """Without being logged in."""
    answer = await house.client.post("/v1/exports/content", json={"token": token})
    assert answer.status == 200, await answer.text()
    assert answer.headers["Cache-Control"] == "no-store"
    assert "attachment" in answer.headers["Content-Disposition"]
    content: dict[str, Any] = await answer.json()
    return content


async def test_one_look_shows_everything_that_concerns_the_person(house: House, ann: Person) -> None:
    device_id = await house.bound(ann)
    await ann.ask("PATCH", f"/v1/devices/{device_id}", {"nickname": "Bath"}, If_Match="*")
    await ann.ask("POST", "/v1/me/requests", {"kind": "question", "text": "How long do you keep commands?"})
    export = await asked(ann)
    me = await ann.get("/v1/me")
    assert me["account"]["account_id"] == ann.account_id
    assert me["account"]["login_kind"] == "mail"
    assert [(one["device_id"], one["nickname"], one["role"]) for one in me["devices"]] == [(device_id, "Bath", "owner")]
    assert [one["current"] for one in me["sessions"]] == [True]
    assert {one["purpose"] for one in me["consents"]} >= {"policy", "location.reminder", "share.webhook"}
    assert [one["kind"] for one in me["open_requests"]] == ["question"]
    assert [one["export_id"] for one in me["exports"]] == [export["export_id"]]
    assert me["disclosures"] == []
    for path in me["more"].values():
        assert (await ann.ask("GET", path)).status == 200, path


async def test_a_copy_is_asked_for_made_and_fetched_once(house: House, ann: Person, bob: Person) -> None:
    device_id = await house.bound(ann)
    await house.report(device_id, 1, power="on")
    export = await asked(ann)
    assert len(base64.urlsafe_b64decode(export["token"] + "==")) == 32
    waiting = await house.client.post("/v1/exports/content", json={"token": export["token"]})
    assert waiting.status == 404
    await make(house)
    shown = await ann.get(f"/v1/me/exports/{export['export_id']}")
    assert shown["status"] == "ready"
    assert "token" not in shown
    copy = await fetched(house, export["token"])
    assert copy["format"] == "hearthgate export 1"
    assert [row["account_id"] for row in copy["data"]["accounts"]] == [ann.account_id]
    assert copy["data"]["states"][0]["properties"]["power"] == "on"
    assert bob.account_id not in json.dumps(copy)
    again = await house.client.post("/v1/exports/content", json={"token": export["token"]})
    assert (await problem(again))["code"] == "http.not_found"
    assert (await ann.get(f"/v1/me/exports/{export['export_id']}"))["status"] == "fetched"
    kinds = [one["kind"] for one in (await ann.get("/v1/notices"))["items"]]
    assert kinds[:2] == ["export.fetched", "export.ready"]


async def test_a_transfer_that_breaks_is_seen_to_be_broken_and_may_be_repeated(
    house: House, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "PIECE_BYTES", 1)
    export = await asked(ann)
    await make(house)
    whole, read = exports.piece, []

    def breaks(tx: Any, of: Any, number: int, persons: Any) -> bytes | None:
        read.append(number)
        return None if number == 2 else whole(tx, of, number, persons)

    monkeypatch.setattr(exports, "piece", breaks)
    answer = await house.client.post("/v1/exports/content", json={"token": export["token"]})
    assert answer.status == 200
    with pytest.raises((ClientPayloadError, ConnectionError)):
        await answer.read()
    assert read == [0, 1, 2]
    monkeypatch.setattr(exports, "piece", whole)
    assert (await ann.get(f"/v1/me/exports/{export['export_id']}"))["status"] == "ready"
    assert (await fetched(house, export["token"]))["format"] == "hearthgate export 1"


async def test_a_transfer_that_takes_longer_than_others_are_kept_out_is_cut_off(
    house: House, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "PIECE_BYTES", 1)
    export = await asked(ann)
    await make(house)
    whole = exports.piece

    def slow(tx: Any, of: Any, number: int, persons: Any) -> bytes | None:
        time.sleep(0.5 * (number == 1))
        return whole(tx, of, number, persons)

    monkeypatch.setattr(exports, "piece", slow)
    monkeypatch.setattr("gateway.api.exports.FETCH_LIFE", timedelta(seconds=0.2))
    answer = await house.client.post("/v1/exports/content", json={"token": export["token"]})
    with pytest.raises((ClientPayloadError, ConnectionError)):
        await answer.read()
    assert (await ann.get(f"/v1/me/exports/{export['export_id']}"))["status"] == "ready"


async def test_the_schema_of_a_copy_can_be_had_without_one(house: House, ann: Person) -> None:
    schema = await ann.get("/v1/exports/schema")
    export = await asked(ann)
    await make(house)
    assert (await fetched(house, export["token"]))["schema"] == schema


async def test_three_copies_a_day_and_the_same_one_for_the_same_key(ann: Person) -> None:
    key = {"Idempotency_Key": "copy-0001-0001"}
    first, second = [await (await ann.ask("POST", "/v1/me/exports", **key)).json() for _ in range(2)]
    assert first == second
    await asked(ann)
    await asked(ann)
    refused = await problem(await ann.ask("POST", "/v1/me/exports"))
    assert (refused["status"], refused["code"]) == (429, "export.limit")
    assert refused["retry_after_s"] == 24 * 3600


async def test_a_copy_is_its_persons_alone(house: House, ann: Person, bob: Person) -> None:
    export = await asked(ann)
    await make(house)
    for method in ("GET", "DELETE"):
        answers = []
        for asked_for in (export["export_id"], NO_SUCH, "nonsense"):
            document = await problem(await bob.ask(method, f"/v1/me/exports/{asked_for}"))
            del document["trace_id"]
            answers.append(document)
        assert answers[0] == answers[1] == answers[2]
        assert answers[0]["status"] == 404
    assert await bob.get("/v1/me/exports") == {"items": []}
    assert (await ann.ask("DELETE", f"/v1/me/exports/{export['export_id']}")).status == 204
    gone = await house.client.post("/v1/exports/content", json={"token": export["token"]})
    assert gone.status == 404


async def test_what_is_held_of_a_device_is_there_at_once_and_for_its_people_alone(
    house: House, ann: Person, bob: Person
) -> None:
    device_id = await house.bound(ann)
    await house.report(device_id, 1, power="on")
    first = await ann.get(f"/v1/devices/{device_id}/data")
    assert first["data"]["states"][0]["properties"] == {"power": "on"}
    await house.report(device_id, 2, power="off")
    second = await ann.get(f"/v1/devices/{device_id}/data")
    assert second["data"]["states"][0]["properties"] == {"power": "off"}
    await ann.ask("POST", f"/v1/devices/{device_id}/commands", {"action": "off"})
    assert (await ann.get(f"/v1/devices/{device_id}/data"))["data"]["commands"][0]["action"] == "off"
    answers = []
    for asked_for in (device_id, "d-" + "0" * 26, "nonsense"):
        document = await problem(await bob.ask("GET", f"/v1/devices/{asked_for}/data"))
        del document["trace_id"]
        answers.append(document)
    assert answers[0] == answers[1] == answers[2]
    # A guest sees what the appliance reports, and nothing of what its owner does.
    await house.let_in(device_id, bob, Role.GUEST, until=house.rig.time().replace(hour=23))
    seen = (await bob.get(f"/v1/devices/{device_id}/data"))["data"]
    assert seen["states"][0]["properties"] == {"power": "off"}
    assert "commands" not in seen
    assert [row["role"] for row in seen["bindings"]] == ["guest"]
    house.rig.time.pass_by(hours=12)
    bob.tokens = await log_in(house.client, "bob@example.org", PASSWORD)
    assert (await bob.ask("GET", f"/v1/devices/{device_id}/data")).status == 404


async def test_another_login_name_counts_at_once_and_ends_the_other_sessions(house: House, ann: Person) -> None:
    elsewhere = await log_in(house.client, "ann@example.org", PASSWORD)
    corrected = {"login_name": "Ann.New@Example.org", "password": PASSWORD}
    assert (await ann.ask("PATCH", "/v1/me", corrected)).status == 204
    assert (await ann.ask("GET", "/v1/me")).status == 200
    other = await house.client.get("/v1/me", headers={"Authorization": f"Bearer {elsewhere['access_token']}"})
    assert other.status == 401
    old = await house.client.post("/v1/sessions", json={"login_name": "ann@example.org", "password": PASSWORD})
    assert old.status == 401
    assert (await log_in(house.client, "ann.new@example.org", PASSWORD))["account_id"] == ann.account_id
    sessions = (await ann.get("/v1/me/sessions"))["items"]
    assert sorted(one["end"] or "" for one in sessions) == ["", "", "login_changed"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"login_name": "bob@example.org", "password": PASSWORD}, 409, "account.name_taken"),
        ({"login_name": "ann.new@example.org", "password": "not it at all"}, 403, "account.reauthentication_refused"),
        ({"login_name": "no name", "password": PASSWORD}, 422, "http.validation"),
        ({"login_name": "x@example.org", "password": PASSWORD, "adult": False}, 422, "http.validation"),
        ({"login_name": "x@example.org", "password": PASSWORD, "birthday": "2000-01-01"}, 422, "http.validation"),
    ],
)
async def test_what_cannot_be_corrected_is_refused_and_named(
    ann: Person, bob: Person, body: dict[str, Any], status: int, code: str
) -> None:
    refused = await problem(await ann.ask("PATCH", "/v1/me", body))
    assert (refused["status"], refused["code"]) == (status, code)
    strange = [
        error["field"] for error in refused.get("errors", []) if error["message"] == "is not a field of this request"
    ]
    assert strange == [name for name in body if name not in {"login_name", "password"}]
    assert "2000" not in json.dumps(refused)


async def test_one_kind_of_data_is_deleted_with_a_receipt_that_can_be_checked(house: House, ann: Person) -> None:
    device_id = await house.bound(ann)
    sent = await (await ann.ask("POST", f"/v1/devices/{device_id}/commands", {"action": "off"})).json()
    await house.ack(device_id, sent["command_id"], "applied")
    answer = await ann.ask("DELETE", "/v1/me/data/commands")
    assert answer.status == 200
    told = await answer.json()
    assert told["receipt"]["stores"][0] == {"store": "database", "done": "removed", "rows": {"commands": 1}}
    assert told["receipt"]["account_id"] == ann.account_id
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(told["key"]))
    key.verify(base64.b64decode(told["signature"]), canonical(told["receipt"]))
    assert told["key"] == house.rig.deps.receipts.public_key
    again = await (await ann.ask("DELETE", "/v1/me/data/commands")).json()
    assert again["receipt"]["stores"][0]["rows"] == {"commands": 0}
    assert (await ann.ask("GET", f"/v1/commands/{sent['command_id']}")).status == 404


async def test_a_kind_that_cannot_be_deleted_alone_is_none(ann: Person) -> None:
    for kind in ("bindings", "audit", "passwords", "nonsense"):
        assert (await problem(await ann.ask("DELETE", f"/v1/me/data/{kind}")))["status"] == 404


async def test_without_a_token_there_is_nothing(house: House) -> None:
    for method, path in [
        ("GET", "/v1/me"),
        ("PATCH", "/v1/me"),
        ("GET", "/v1/me/sessions"),
        ("GET", "/v1/me/exports"),
        ("POST", "/v1/me/exports"),
        ("GET", "/v1/exports/schema"),
        ("DELETE", "/v1/me/data/commands"),
        ("GET", "/v1/me/requests"),
        ("GET", "/v1/me/incidents"),
        ("GET", "/v1/me/recipients"),
        ("GET", "/v1/me/disclosures"),
        ("POST", "/v1/me/closure"),
        ("POST", "/v1/me/closure/confirm"),
    ]:
        assert (await house.client.request(method, path)).status == 401, path
