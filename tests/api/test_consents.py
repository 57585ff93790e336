"""Policies, consents, receipts and notices over HTTP: what is answered, and with which code."""

import hashlib
import json
from typing import Any

import pytest
from sqlalchemy import func, select

from gateway.bootstrap.policies import publish_packaged
from gateway.domain.consent import Purpose, months_later
from gateway.security.receipt_signatures import ReceiptKey
from gateway.storage.tables.households import whereabouts
from gateway.usecases import notices
from gateway.usecases.receipt_checks import GenuineReceipt, check_receipt
from tests.api.house import House, Person
from tests.api.rig import CONTROLLER, PASSWORD, Client, log_in, problem

REMINDER, PUSH = "location.reminder", "notices.push"


@pytest.fixture
async def house(house: House) -> House:
    await publish_packaged(house.rig.database, CONTROLLER, house.rig.time)
    return house


@pytest.fixture
async def ann(house: House) -> Person:
    return await house.person("ann@example.org")


async def newcomer(client: Client, name: str, *, adult: bool = True) -> Person:
    """Somebody who has acknowledged nothing."""
    body = {"login_name": name, "password": PASSWORD, "adult": adult}
    answer = await client.post("/v1/accounts", json=body)
    return Person(client, (await answer.json())["account_id"], await log_in(client, name))


async def acknowledge(person: Person) -> dict[str, Any]:
    policy = await person.get("/v1/policies/current")
    answer = await person.ask("POST", f"/v1/policies/{policy['version']}/acknowledgement", {"hash": policy["hash"]})
    assert answer.status == 201, await answer.text()
    receipt: dict[str, Any] = await answer.json()
    return receipt


async def hash_of(person: Person, purpose: str, lang: str = "en") -> str:
    found = (await person.get(f"/v1/purposes?lang={lang}"))["items"]
    return str(next(one["hash"] for one in found if one["purpose"] == purpose))


async def give(person: Person, purpose: str) -> dict[str, Any]:
    """Shown, then yes."""
    answer = await person.ask("POST", f"/v1/consents/{purpose}/notice", {})
    assert answer.status == 201, await answer.text()
    notice = await answer.json()
    yes = {"notice_id": notice["notice_id"], "hash": notice["text"]["hash"]}
    answer = await person.ask("PUT", f"/v1/consents/{purpose}", yes)
    assert answer.status == 200, await answer.text()
    said: dict[str, Any] = await answer.json()
    return said


async def state(person: Person, purpose: str) -> dict[str, Any]:
    found = (await person.get("/v1/consents"))["items"]
    return next(one for one in found if one["purpose"] == purpose)


# -- the policy


async def test_anybody_reads_the_policy_and_its_hash_is_over_what_is_shown(house: House, client: Client) -> None:
    for lang in ("en", "zh"):
        answer = await client.get(f"/v1/policies/current?lang={lang}")
        shown = await answer.json()
        assert hashlib.sha256(shown["text"].encode()).hexdigest() == shown["hash"]
        assert (shown["version"], shown["lang"], shown["current"]) == (1, lang, True)
        assert CONTROLLER.name in shown["text"]
        assert "{{" not in shown["text"]
        assert (await (await client.get(f"/v1/policies/1?lang={lang}")).json()) == shown
    listed = await (await client.get("/v1/policies")).json()
    assert [one["version"] for one in listed["items"]] == [1]
    assert (await client.get("/v1/policies/2")).status == 404
    assert (await client.get("/v1/policies/x")).status == 404
    assert (await client.get("/v1/policies/current?lang=fr")).status == 422


async def test_no_pairing_opens_before_it_was_acknowledged(house: House, client: Client) -> None:
    new = await newcomer(client, "new@example.org")
    refused = await new.ask("POST", "/v1/pairings")
    assert refused.status == 403
    document = await problem(refused)
    assert document["code"] == "policy_not_acknowledged"
    assert document["how"] == {
        "show": "GET /v1/policies/current",
        "acknowledge": "POST /v1/policies/{version}/acknowledgement",
    }
    wrong = await new.ask("POST", "/v1/policies/1/acknowledgement", {"hash": "0" * 64})
    assert (wrong.status, (await problem(wrong))["code"]) == (409, "policy.wrong_hash")
    assert (await new.ask("POST", "/v1/pairings")).status == 403
    receipt = await acknowledge(new)
    assert receipt["receipt"]["record"]["pii_processing"]["purposes"][0]["purpose"] == "policy"
    assert (await new.ask("POST", "/v1/pairings")).status == 201
    assert await acknowledge(new) == receipt
    assert (await new.get("/v1/me/policy")) == {"acknowledged": 1, "applying": 1, "current": 1}


async def test_a_retried_pairing_is_refused_until_the_policy_is_acknowledged(house: House, client: Client) -> None:
    """The same Idempotency-Key gets the same refusal: what it was refused for did not change for that request."""
    new = await newcomer(client, "new@example.org")
    first = await new.ask("POST", "/v1/pairings", Idempotency_Key="pairing-1")
    again = await new.ask("POST", "/v1/pairings", Idempotency_Key="pairing-1")
    assert (first.status, again.status) == (403, 403)
    await acknowledge(new)
    assert (await new.ask("POST", "/v1/pairings", Idempotency_Key="pairing-2")).status == 201


# -- consents


async def test_purposes_say_everything_and_are_all_off(ann: Person) -> None:
    purposes = (await ann.get("/v1/purposes?lang=zh"))["items"]
    assert [one["purpose"] for one in purposes] == [one.value for one in Purpose]
    assert all(one["shown"] and one["kept"] and one["recipients"] and one["instead"] for one in purposes)
    off = [one for one in (await ann.get("/v1/consents"))["items"] if one["purpose"] != "policy"]
    assert all(one["state"] == "off" and one["may_ask"] and one["at"] is None for one in off)


async def test_yes_and_back_with_receipts_that_hold_without_the_gateway(house: House, ann: Person) -> None:
    said = await give(ann, REMINDER)
    assert said["consent"]["state"] == "granted"
    key = ReceiptKey((await ann.get("/v1/consents/key"))["key"])
    content = json.dumps(said["receipt"]["receipt"]).encode()
    found = check_receipt(content, key.verify, key.text, account_id=ann.account_id, purpose=REMINDER)
    assert isinstance(found, GenuineReceipt)
    back = await ann.ask("DELETE", f"/v1/consents/{REMINDER}")
    assert back.status == 200
    assert (await back.json())["consent"]["state"] == "withdrawn"
    again = await (await ann.ask("DELETE", f"/v1/consents/{REMINDER}")).json()
    assert again["receipt"] is None
    history = (await ann.get("/v1/consents/history"))["items"]
    assert [one["receipt"]["record"]["event"]["event_state"] for one in history] == [
        "consent_withdrawn",
        "consent_given",
    ]
    one = await ann.get(f"/v1/consents/history/{history[1]['number']}")
    assert one == said["receipt"]


async def test_a_sensitive_yes_without_its_notice_is_428_and_each_other_way_has_its_own_code(
    house: House, ann: Person
) -> None:
    text_hash = await hash_of(ann, REMINDER)

    async def refused(**body: Any) -> tuple[int, str]:
        answer = await ann.ask("PUT", f"/v1/consents/{REMINDER}", {"hash": text_hash, **body})
        return answer.status, (await problem(answer))["code"]

    assert await refused() == (428, "consent.notice_needed")
    assert await refused(notice_id="n-" + "0" * 26) == (428, "consent.notice_unknown")
    notice = await (await ann.ask("POST", f"/v1/consents/{REMINDER}/notice", {"lang": "en"})).json()
    notice_id = notice["notice_id"]
    other = await hash_of(ann, REMINDER, "zh")
    assert await refused(notice_id=notice_id, hash=other) == (409, "consent.text_changed")
    house.rig.time.pass_by(minutes=10)
    assert await refused(notice_id=notice_id) == (410, "consent.notice_expired")
    used = await (await ann.ask("POST", f"/v1/consents/{REMINDER}/notice", {})).json()
    yes = {"hash": text_hash, "notice_id": used["notice_id"]}
    assert (await ann.ask("PUT", f"/v1/consents/{REMINDER}", yes)).status == 200
    await ann.ask("DELETE", f"/v1/consents/{REMINDER}")
    assert await refused(notice_id=used["notice_id"]) == (409, "consent.notice_used")
    assert (await state(ann, REMINDER))["state"] == "withdrawn"


async def test_what_fits_into_no_field_is_named_and_not_repeated(ann: Person) -> None:
    answer = await ann.ask("PUT", f"/v1/consents/{PUSH}", {"hash": "0" * 64, "latitude": "52.1canary"})
    assert answer.status == 422
    text = await answer.text()
    assert "latitude" in text
    assert "52.1canary" not in text
    assert (await ann.ask("PUT", "/v1/consents/everything", {"hash": "0" * 64})).status == 404
    assert (await ann.ask("PUT", f"/v1/consents/{PUSH}", {"hash": "short"})).status == 422


async def test_after_a_no_the_app_may_not_ask_and_is_told_until_when(house: House, ann: Person) -> None:
    said = await (await ann.ask("POST", f"/v1/consents/{REMINDER}/refusal")).json()
    until = months_later(house.rig.time(), 6).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert (said["consent"]["may_ask"], said["consent"]["may_ask_at"]) == (False, until)
    asked = await ann.ask("POST", f"/v1/consents/{REMINDER}/notice", {"unasked": True})
    assert asked.status == 409
    document = await problem(asked)
    assert (document["code"], document["may_ask_at"]) == ("consent.silence", until)
    assert (await ann.ask("POST", f"/v1/consents/{REMINDER}/notice", {})).status == 201


async def test_the_policy_is_acknowledged_not_granted(ann: Person) -> None:
    answer = await ann.ask("PUT", "/v1/consents/policy", {"hash": "0" * 64})
    assert (answer.status, (await problem(answer))["code"]) == (409, "consent.by_acknowledgement")


async def test_consents_of_one_are_nothing_to_another(house: House, ann: Person) -> None:
    bob = await house.person("bob@example.org")
    said = await give(ann, REMINDER)
    assert (await state(bob, REMINDER))["state"] == "off"
    assert (await bob.get("/v1/consents/history"))["items"] == []
    missing = await bob.ask("GET", f"/v1/consents/history/{said['receipt']['number']}")
    assert missing.status == 404


async def test_streams_are_told_of_a_consent_without_its_text(house: House, ann: Person) -> None:
    async with ann.listen() as listener:
        await listener.until("snapshot")
        await give(ann, REMINDER)
        heard = (await listener.until("consent"))[-1]
    assert {"purpose": REMINDER, "state": "granted"}.items() <= heard.data.items()


async def test_taking_back_is_in_effect_when_it_is_answered(house: House, ann: Person) -> None:
    await give(ann, REMINDER)
    home = await (await ann.ask("POST", "/v1/homes", {"time_zone": "Europe/Berlin"})).json()
    minute = house.rig.time().strftime("%Y-%m-%dT%H:%MZ")
    word = {"home_ref": home["home_ref"], "state": "home", "seq": 1, "minute": minute, "accuracy": "good"}

    async def tell(seq: int) -> int:
        return (await ann.ask("POST", "/v1/location/transitions", {**word, "seq": seq})).status

    def known() -> int:
        with house.rig.engine.connect() as connection:
            return int(connection.execute(select(func.count()).select_from(whereabouts)).scalar_one())

    assert await tell(1) < 300
    assert known() == 1
    assert (await ann.ask("DELETE", f"/v1/consents/{REMINDER}")).status == 200
    assert known() == 0
    assert await tell(2) == 403
    assert known() == 0
    assert (await ann.ask("POST", "/v1/pairings")).status == 201  # nothing else stops


# -- notices


async def test_notices_are_listed_newest_first_and_marked_as_read(house: House, ann: Person) -> None:
    bob = await house.person("bob@example.org")

    def tell(number: int) -> Any:
        return lambda tx: notices.tell(tx, ann.account_id, "policy.published", {"version": number}, house.rig.time())

    for number in (1, 2, 3):
        await house.run(tell(number))
    page = await ann.get("/v1/notices?limit=2")
    assert [one["data"]["version"] for one in page["items"]] == [3, 2]
    assert page["unread"] == 3
    rest = await ann.get(f"/v1/notices?limit=2&cursor={page['next']}")
    assert [one["data"]["version"] for one in rest["items"]] == [1]
    assert rest["next"] is None
    notice_id = page["items"][0]["notice_id"]
    assert (await bob.ask("PUT", f"/v1/notices/{notice_id}/read")).status == 404
    assert (await bob.get("/v1/notices"))["items"] == []
    assert (await ann.ask("PUT", f"/v1/notices/{notice_id}/read")).status == 204
    read_at = (await ann.get("/v1/notices"))["items"][0]["read_at"]
    house.rig.time.pass_by(minutes=5)
    assert (await ann.ask("PUT", f"/v1/notices/{notice_id}/read")).status == 204
    again = await ann.get("/v1/notices")
    assert (again["items"][0]["read_at"], again["unread"]) == (read_at, 2)
    assert (await ann.ask("GET", "/v1/notices?cursor=x")).status == 422
