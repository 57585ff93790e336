"""Requests, recipients, sendings and incidents over HTTP: whose they are, what is refused, what is told."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from gateway.domain.consent import Consent, ConsentState, Purpose
from gateway.domain.identity import AccountId
from gateway.domain.incidents import Affected, Incident, IncidentId, IncidentStatus, Parts
from gateway.domain.requests import RequestId
from gateway.domain.staff import StaffId, StaffRole
from gateway.usecases import incidents, request_answers
from tests.api.house import House, Person
from tests.api.rig import problem
from tests.staff_desk import Desk

QUESTION = {"kind": "question", "text": "How long do you keep commands?"}
URL = "https://example.com/hook"


async def asked(person: Person, **body: Any) -> dict[str, Any]:
    answer = await person.ask("POST", "/v1/me/requests", {**QUESTION, **body})
    assert answer.status == 201, await answer.text()
    told: dict[str, Any] = await answer.json()
    return told


async def named(person: Person, url: str = URL) -> dict[str, Any]:
    answer = await person.ask("POST", "/v1/me/recipients", {"url": url})
    assert answer.status == 201, await answer.text()
    told: dict[str, Any] = await answer.json()
    return told


async def shares(house: House, account_id: AccountId) -> None:
    consent = Consent(
        account_id=account_id,
        purpose=Purpose.SHARE_WEBHOOK,
        state=ConsentState.GRANTED,
        at=house.rig.time(),
        text_version=1,
        policy_version=1,
        event_number=0,
    )
    await house.run(lambda tx: tx.consents.put(consent))


async def same_as_none(person: Person, method: str, paths: list[str], body: Any = None) -> None:
    """Another's, one that does not exist and nonsense are answered alike: 404."""
    answers = []
    for path in paths:
        document = await problem(await person.ask(method, path, body))
        del document["trace_id"]
        answers.append(document)
    assert answers[0]["status"] == 404
    assert all(one == answers[0] for one in answers[1:])


async def test_a_question_its_answer_and_the_notice_of_it(house: House, ann: Person) -> None:
    request = await asked(ann)
    assert request["status"] == "open"
    assert request["due_at"] == "2026-03-31T12:00:00.000Z"
    assert "text" not in request
    desk = Desk(house.rig.database, now=house.rig.time())
    olga = await desk.at_work("olga", StaffRole.PRIVACY_OFFICER)
    request_id = RequestId(request["request_id"])
    await desk.run(lambda tx: request_answers.take(tx, olga, request_id, desk.now))
    await desk.run(
        lambda tx: request_answers.answer(tx, olga, request_id, "Thirty days.", persons=house.rig.persons, now=desk.now)
    )
    desk.close()
    shown = await ann.get(f"/v1/me/requests/{request_id}")
    assert (shown["status"], shown["text"], shown["answer"]) == ("answered", QUESTION["text"], "Thirty days.")
    assert olga.staff_id not in json.dumps(shown)
    assert "request.decided" in [one["kind"] for one in (await ann.get("/v1/notices"))["items"]]
    assert [one["action"] for one in (await ann.get("/v1/me/activity"))["items"]] == ["handle_requests"] * 2
    over = await problem(await ann.ask("DELETE", f"/v1/me/requests/{request_id}"))
    assert (over["status"], over["code"]) == (409, "request.over")


async def test_a_request_is_taken_back_and_listed_and_its_persons_alone(ann: Person, bob: Person) -> None:
    first, second = await asked(ann), await asked(ann, kind="deletion", ground="without_consent", text="All of it.")
    listed = await ann.get("/v1/me/requests?limit=1")
    rest = await ann.get(f"/v1/me/requests?limit=1&cursor={listed['next']}")
    assert {one["request_id"] for one in (*listed["items"], *rest["items"])} == {
        first["request_id"],
        second["request_id"],
    }
    assert rest["next"] is None
    for _ in range(2):
        answer = await ann.ask("DELETE", f"/v1/me/requests/{first['request_id']}")
        assert (await answer.json())["status"] == "withdrawn"
    paths = [f"/v1/me/requests/{name}" for name in (second["request_id"], "q-" + "0" * 26, "nonsense")]
    await same_as_none(bob, "GET", paths)
    await same_as_none(bob, "DELETE", paths)
    assert (await bob.get("/v1/me/requests"))["items"] == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"kind": "deletion"}, "ground"),
        ({"ground": "breach"}, "ground"),
        ({"about": "q-" + "0" * 26}, "about"),
        ({"kind": "complaint", "about": "q-" + "0" * 26}, "about"),
        ({"text": " "}, "text"),
        ({"text": "x" * 2001}, "text"),
        ({"kind": "praise"}, "kind"),
        ({"passport": "N0TN33DED"}, "passport"),
        ({"latitude": 52.5}, "latitude"),
    ],
)
async def test_what_does_not_fit_is_named_and_not_repeated(ann: Person, body: dict[str, Any], field: str) -> None:
    refused = await problem(await ann.ask("POST", "/v1/me/requests", {**QUESTION, **body}))
    assert refused["status"] == 422
    assert [error["field"] for error in refused["errors"]] == [field]
    assert "N0TN33DED" not in json.dumps(refused)
    assert "52.5" not in json.dumps(refused)


async def test_the_eleventh_that_waits_is_refused(ann: Person) -> None:
    for _ in range(10):
        await asked(ann)
    refused = await problem(await ann.ask("POST", "/v1/me/requests", QUESTION))
    assert (refused["status"], refused["code"]) == (409, "request.limit")


async def test_taking_back_what_was_asked_does_not_buy_work_without_end(ann: Person) -> None:
    many = 0
    while (answer := await ann.ask("POST", "/v1/me/requests", QUESTION)).status == 201:
        many += 1
        path = f"/v1/me/requests/{(await answer.json())['request_id']}"
        assert (await ann.ask("DELETE", path)).status == 200
    assert many == 30
    for path, body in (
        ("/v1/me/requests", QUESTION),
        ("/v1/me/exports", None),
        (f"/v1/me/recipients/k-{'0' * 26}/disclosures", {"device_id": f"d-{'0' * 26}", "fields": ["firmware"]}),
    ):
        refused = await ann.ask("POST", path, body)
        assert (await problem(refused))["code"] == "http.rate_limited"
        assert 30 < int(refused.headers["Retry-After"]) <= 60
    assert (await ann.ask("GET", "/v1/me")).status == 200


async def test_data_goes_to_an_address_that_was_named_if_it_was_allowed(house: House, ann: Person, bob: Person) -> None:
    device_id = await house.bound(ann)
    recipient = await named(ann)
    assert len(bytes.fromhex(recipient["secret"])) == 32
    assert (await ann.get("/v1/me/recipients"))["items"] == [
        {name: recipient[name] for name in ("recipient_id", "url", "created_at")}
    ]
    path = f"/v1/me/recipients/{recipient['recipient_id']}/disclosures"
    body = {"device_id": device_id, "fields": ["device_id", "properties"]}
    refused = await problem(await ann.ask("POST", path, body))
    assert (refused["status"], refused["code"]) == (403, "consent_required")
    assert refused["how"]["purposes"] == ["share.webhook"]
    assert await ann.get("/v1/me/disclosures") == {"items": [], "next": None}
    await shares(house, ann.account_id)
    answer = await ann.ask("POST", path, body)
    assert answer.status == 202, await answer.text()
    [told] = (await ann.get("/v1/me/disclosures"))["items"]
    assert (told["host"], told["status"], told["fields"]) == ("example.com", "waiting", ["device_id", "properties"])
    assert [one["disclosure_id"] for one in (await ann.get("/v1/me"))["disclosures"]] == [told["disclosure_id"]]
    assert (await bob.get("/v1/me/disclosures"))["items"] == []
    await shares(house, bob.account_id)
    others = [f"/v1/me/recipients/{name}/disclosures" for name in (recipient["recipient_id"], "k-" + "0" * 26, "x")]
    his = {"device_id": await house.bound(bob), "fields": ["device_id"]}
    await same_as_none(bob, "POST", others, his)
    await same_as_none(bob, "DELETE", [one.removesuffix("/disclosures") for one in others])
    assert (await ann.ask("DELETE", f"/v1/me/recipients/{recipient['recipient_id']}")).status == 204
    [told] = (await ann.get("/v1/me/disclosures"))["items"]
    assert (told["status"], told["why"], told["host"]) == ("dropped", "recipient_removed", "example.com")


@pytest.mark.parametrize(
    "field", ["presence", "whereabouts", "home_ref", "location", "nickname", "login_name", "account_id", ""]
)
async def test_no_other_kind_of_data_can_be_asked_for(house: House, ann: Person, field: str) -> None:
    device_id = await house.bound(ann)
    await shares(house, ann.account_id)
    recipient = await named(ann)
    body = {"device_id": device_id, "fields": ["device_id", field]}
    refused = await problem(await ann.ask("POST", f"/v1/me/recipients/{recipient['recipient_id']}/disclosures", body))
    assert refused["status"] == 422
    assert (await ann.get("/v1/me/disclosures"))["items"] == []


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "https://127.0.0.1/",
        "https://0x7f.1/",
        "https://[::ffff:127.0.0.1]/",
        "https://user@example.com/",
        "https://localhost/",
        "https://example.com:8080/",
        "x" * 501,
    ],
)
async def test_an_address_that_is_never_called_is_not_taken_nor_repeated(ann: Person, url: str) -> None:
    refused = await problem(await ann.ask("POST", "/v1/me/recipients", {"url": url}))
    assert refused["status"] == 422
    assert [error["field"] for error in refused["errors"]] == ["url"]
    assert url not in json.dumps(refused)
    assert (await ann.get("/v1/me/recipients"))["items"] == []


async def test_five_addresses_and_no_more(ann: Person) -> None:
    for number in range(5):
        await named(ann, f"https://h{number}.example.com/")
    refused = await problem(await ann.ask("POST", "/v1/me/recipients", {"url": URL}))
    assert (refused["status"], refused["code"]) == (409, "recipient.limit")


async def test_an_incident_is_told_to_those_whom_it_concerns(house: House, ann: Person, bob: Person) -> None:
    device_id = await house.bound(ann)
    parts = Parts("Reports were readable.", "Somebody may know.", "Closed.", "Nothing to do.")
    now = house.rig.time()
    incident = Incident(
        IncidentId("i-" + "0" * 26),
        StaffId("t-" + "0" * 26),
        now,
        now - timedelta(days=1),
        None,
        Affected(device_ids=(device_id,)),
        {"en": parts, "zh": parts},
    )

    def record(tx: Any) -> None:
        tx.incidents.add(incident)
        tx.incidents.put(replace(incident, status=IncidentStatus.TELLING))

    await house.run(record)
    while await house.run(lambda tx: incidents.tell_some(tx, now)):
        pass
    [told] = (await ann.get("/v1/me/incidents"))["items"]
    assert told["texts"]["en"] == {
        "what": "Reports were readable.",
        "effects": "Somebody may know.",
        "measures": "Closed.",
        "advice": "Nothing to do.",
    }
    assert (await bob.get("/v1/me/incidents"))["items"] == []
    assert "incident" in [one["kind"] for one in (await ann.get("/v1/notices"))["items"]]
    assert "incident" not in [one["kind"] for one in (await bob.get("/v1/notices"))["items"]]


@pytest.mark.parametrize("path", ["/v1/me/requests", "/v1/me/disclosures"])
@pytest.mark.parametrize("cursor", ["abc", "-1", "9" * 15 + "-q-" + "0" * 26, "1-q-0", "%D9%A1"])
async def test_a_cursor_that_no_answer_gave_is_refused(ann: Person, path: str, cursor: str) -> None:
    assert (await problem(await ann.ask("GET", f"{path}?cursor={cursor}")))["status"] == 422
