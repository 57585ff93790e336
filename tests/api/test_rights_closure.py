"""Closing an account over HTTP: what stands in the way, the confirmation, and that nothing is left to be seen."""

from typing import Any

import pytest

from gateway.api import middleware
from gateway.api.decoding import read_body
from gateway.domain.binding import Role
from gateway.domain.guardians import Guardianship
from tests.api.house import House, Person
from tests.api.rig import PASSWORD, log_in, problem, register


async def offered(person: Person) -> dict[str, Any]:
    answer = await person.ask("POST", "/v1/me/closure", {"password": PASSWORD})
    assert answer.status == 200, await answer.text()
    told: dict[str, Any] = await answer.json()
    return told


async def close(person: Person) -> dict[str, Any]:
    token = (await offered(person))["token"]
    answer = await person.ask("POST", "/v1/me/closure/confirm", {"token": token})
    assert answer.status == 200, await answer.text()
    told: dict[str, Any] = await answer.json()
    return told


async def test_it_takes_the_password_and_offers_a_copy_first(house: House, ann: Person) -> None:
    refused = await problem(await ann.ask("POST", "/v1/me/closure", {"password": "not it at all"}))
    assert refused["code"] == "account.reauthentication_refused"
    first = await offered(ann)
    assert first["has_copy"] is False
    assert first["copy_with"] == "POST /v1/me/exports"
    await ann.ask("POST", "/v1/me/exports")
    assert (await offered(ann))["has_copy"] is True


async def test_what_stands_in_the_way_is_named_with_what_settles_it(house: House, ann: Person, bob: Person) -> None:
    device_id = await house.bound(ann)
    await house.let_in(device_id, bob, Role.ADULT)
    asked = await (await ann.ask("POST", "/v1/me/requests", {"kind": "question", "text": "Why?"})).json()
    minor = await house.person("kim@example.org")
    link = Guardianship(minor.account_id, house.rig.identifiers.new("w"), ann.account_id, house.rig.time())
    await house.run(lambda tx: tx.guardians.add(link))
    refused = await problem(await ann.ask("POST", "/v1/me/closure", {"password": PASSWORD}))
    assert (refused["status"], refused["code"]) == (409, "closure.blocked")
    assert refused["blockers"] == [
        {"kind": "shared_device", "device_id": device_id, "settled_by": "POST /v1/devices/{device_id}/release"},
        {
            "kind": "open_request",
            "request_id": asked["request_id"],
            "settled_by": "DELETE /v1/me/requests/{request_id}",
        },
        {"kind": "ward", "ward_id": link.ward_id, "settled_by": "DELETE /v1/wards/{ward_id}"},
    ]
    # Each by the person alone, with what the answer named.
    assert (await ann.ask("POST", f"/v1/devices/{device_id}/release", {"password": PASSWORD})).status == 200
    assert (await ann.ask("DELETE", f"/v1/me/requests/{asked['request_id']}")).status == 200
    assert (await ann.ask("DELETE", f"/v1/wards/{link.ward_id}")).status == 204
    await close(ann)


async def test_what_comes_in_between_is_noticed_at_the_confirmation(house: House, ann: Person, bob: Person) -> None:
    device_id = await house.bound(ann)
    token = (await offered(ann))["token"]
    await house.let_in(device_id, bob, Role.ADULT)
    refused = await problem(await ann.ask("POST", "/v1/me/closure/confirm", {"token": token}))
    assert refused["code"] == "closure.blocked"
    assert (await ann.ask("GET", "/v1/me")).status == 200


async def test_the_token_counts_for_a_quarter_of_an_hour_for_its_account_and_until_the_next(
    house: House, ann: Person, bob: Person
) -> None:
    old = (await offered(ann))["token"]
    new = (await offered(ann))["token"]
    theirs = (await offered(bob))["token"]
    for token in (old, theirs, "x" * 43):
        refused = await problem(await ann.ask("POST", "/v1/me/closure/confirm", {"token": token}))
        assert (refused["status"], refused["code"]) == (403, "closure.unconfirmed")
    assert (await ann.ask("DELETE", "/v1/me/closure")).status == 204
    refused = await problem(await ann.ask("POST", "/v1/me/closure/confirm", {"token": new}))
    assert refused["code"] == "closure.unconfirmed"
    late = (await offered(ann))["token"]
    house.rig.time.pass_by(minutes=15)
    ann.tokens = await log_in(house.client, "ann@example.org", PASSWORD)
    refused = await problem(await ann.ask("POST", "/v1/me/closure/confirm", {"token": late}))
    assert refused["code"] == "closure.unconfirmed"
    just = (await offered(ann))["token"]
    house.rig.time.pass_by(minutes=14, seconds=59)
    assert (await ann.ask("POST", "/v1/me/closure/confirm", {"token": just})).status == 200


async def told(answer: Any) -> tuple[int, dict[str, str], dict[str, Any]]:
    """Everything of an answer that a client could compare."""
    document = await problem(answer)
    document.pop("trace_id")
    headers = {
        name: value
        for name, value in answer.headers.items()
        if name.lower() not in {"date", "x-trace-id", "ratelimit", "content-length"}
    }
    return answer.status, headers, document


async def test_afterwards_every_answer_is_that_for_somebody_who_never_existed(house: House, ann: Person) -> None:
    device_id = await house.bound(ann)
    tokens = ann.tokens
    closed = await close(ann)
    assert closed["receipt_token"]
    never = Person(house.client, ann.account_id, {**tokens, "access_token": "A" * 43, "refresh_token": "A" * 43})
    gone = Person(house.client, ann.account_id, tokens)
    for method, path, body in [
        ("GET", "/v1/me", None),
        ("GET", "/v1/devices", None),
        ("GET", f"/v1/devices/{device_id}", None),
        ("POST", "/v1/me/exports", None),
        ("POST", "/v1/me/closure", {"password": PASSWORD}),
        ("POST", "/v1/me/closure/confirm", {"token": "x" * 43}),
        ("DELETE", "/v1/sessions", None),
    ]:
        first, second = await told(await gone.ask(method, path, body)), await told(await never.ask(method, path, body))
        assert first == second, path
        assert first[0] == 401
    refresh = [
        await told(await house.client.post("/v1/sessions/refresh", json={"refresh_token": token}))
        for token in (tokens["refresh_token"], "A" * 43)
    ]
    assert refresh[0] == refresh[1]
    logins = [
        await told(await house.client.post("/v1/sessions", json={"login_name": name, "password": PASSWORD}))
        for name in ("ann@example.org", "nobody@example.org")
    ]
    assert logins[0] == logins[1]
    assert logins[0][0] == 401


@pytest.mark.parametrize("key_is_gone", [False, True])
async def test_whoever_closes_while_another_request_of_theirs_is_on_its_way_was_never_there(
    house: House, ann: Person, monkeypatch: pytest.MonkeyPatch, *, key_is_gone: bool
) -> None:
    token = (await offered(ann))["token"]

    async def slowly(*args: Any, **options: Any) -> bytes:
        monkeypatch.undo()  # the request was let in; before it does anything, the account closes
        assert (await ann.ask("POST", "/v1/me/closure/confirm", {"token": token})).status == 200
        if key_is_gone:
            house.rig.deps.persons.destroy(ann.account_id)
        return await read_body(*args, **options)

    monkeypatch.setattr(middleware, "read_body", slowly)
    late = await problem(await ann.ask("POST", "/v1/me/requests", {"kind": "question", "text": "Why?"}))
    never = await problem(await ann.ask("POST", "/v1/me/requests", {"kind": "question", "text": "Why?"}))
    del late["trace_id"], never["trace_id"]
    assert late["status"] == 401
    assert late == never


async def test_the_name_registers_again_as_a_stranger(house: House, ann: Person) -> None:
    device_id = await house.bound(ann)
    await house.report(device_id, 1, power="on")
    await ann.ask("PATCH", f"/v1/devices/{device_id}", {"nickname": "Bath"}, If_Match="*")
    await ann.ask("POST", "/v1/me/exports")
    request = await (await ann.ask("POST", "/v1/me/requests", {"kind": "question", "text": "Why?"})).json()
    await ann.ask("DELETE", f"/v1/me/requests/{request['request_id']}")
    await close(ann)
    account_id = await register(house.client, "ann@example.org", PASSWORD)
    assert account_id != ann.account_id
    stranger = await log_in(house.client, "ann@example.org", PASSWORD)
    new = Person(house.client, ann.account_id, stranger)
    me = await new.get("/v1/me")
    assert me["devices"] == me["exports"] == me["open_requests"] == me["disclosures"] == []
    assert len(me["sessions"]) == 1
    for path in ("/v1/me/requests", "/v1/me/activity", "/v1/notices"):
        assert (await new.get(path))["items"] == [], path
    assert all(one["state"] == "off" for one in me["consents"])
    assert (await new.ask("GET", f"/v1/devices/{device_id}")).status == 404
    # And the appliance may be anybody's.
    await house.pair(await house.person("bob@example.org"), device_id)


async def test_a_guardian_has_everything_of_a_minor_deleted(house: House, ann: Person, bob: Person) -> None:
    minor = await house.person("kim@example.org")
    link = Guardianship(minor.account_id, house.rig.identifiers.new("w"), ann.account_id, house.rig.time())
    await house.run(lambda tx: tx.guardians.add(link))
    path = f"/v1/wards/{link.ward_id}/closure"
    answers = []
    for asked in (path, "/v1/wards/w-" + "0" * 26 + "/closure"):
        document = await problem(await bob.ask("POST", asked, {"password": PASSWORD}))
        document.pop("trace_id")
        answers.append(document)
    assert answers[0] == answers[1]
    assert answers[0]["status"] == 404
    refused = await problem(await ann.ask("POST", path, {"password": "not it at all"}))
    assert refused["code"] == "account.reauthentication_refused"
    assert (await minor.ask("GET", "/v1/me")).status == 200
    assert (await ann.ask("POST", path, {"password": PASSWORD})).status == 200
    assert (await minor.ask("GET", "/v1/me")).status == 401
    assert (await ann.ask("POST", path, {"password": PASSWORD})).status == 404


@pytest.mark.parametrize("body", [{"password": PASSWORD, "why": "tired"}, {}])
async def test_an_unknown_or_missing_field_is_named(ann: Person, body: dict[str, Any]) -> None:
    refused = await problem(await ann.ask("POST", "/v1/me/closure", body))
    assert refused["status"] == 422
    assert [error["field"] for error in refused["errors"]] == (["why"] if "why" in body else ["password"])
