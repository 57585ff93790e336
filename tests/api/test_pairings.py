"""Pairings over HTTP: opened, watched, cancelled, ended by time."""

import asyncio
from typing import Any

import pytest

from gateway.usecases import binding, pairings
from tests.api.house import House, Person
from tests.api.rig import problem


async def opened(person: Person, **headers: str) -> dict[str, Any]:
    answer = await person.ask("POST", "/v1/pairings", **headers)
    assert answer.status == 201, await answer.text()
    body: dict[str, Any] = await answer.json()
    assert answer.headers["Location"] == f"/v1/pairings/{body['pairing_id']}"
    return body


async def test_a_pairing_is_opened_for_ten_minutes_with_a_token_shown_once(ann: Person) -> None:
    pairing = await opened(ann)
    assert pairing["expires_at"] == "2026-03-01T12:10:00.000Z"
    shown = await ann.get(f"/v1/pairings/{pairing['pairing_id']}")
    assert shown == {
        "pairing_id": pairing["pairing_id"],
        "status": "open",
        "opened_at": "2026-03-01T12:00:00.000Z",
        "expires_at": "2026-03-01T12:10:00.000Z",
        "steps": [],
        "code": None,
        "number": None,
        "help": None,
        "device_id": None,
        "trace_id": pairing["trace_id"],
    }
    assert pairing["bind_token"] not in str(shown)


async def test_a_lost_answer_shows_the_same_token_under_the_same_key_and_opens_nothing_else(
    house: House, ann: Person
) -> None:
    first = await opened(ann, Idempotency_Key="lost-answer-1")
    again = await ann.ask("POST", "/v1/pairings", Idempotency_Key="lost-answer-1")
    assert (again.status, await again.json()) == (201, first)
    assert again.headers["Location"] == f"/v1/pairings/{first['pairing_id']}"
    assert len(await house.run(lambda tx: tx.pairings.open_of(ann.account_id))) == 1
    other = await ann.ask("POST", "/v1/pairings", {"bogus": 1}, Idempotency_Key="lost-answer-1")
    assert other.status == 422


async def test_a_body_is_not_taken(ann: Person) -> None:
    answer = await ann.ask("POST", "/v1/pairings", {"wifi_password": "canary-secret"})
    assert answer.status == 422
    assert "canary" not in await answer.text()


async def test_of_more_than_five_the_oldest_gives_way(ann: Person) -> None:
    all_of_them = [await opened(ann) for _ in range(6)]
    statuses = [(await ann.get(f"/v1/pairings/{one['pairing_id']}"))["status"] for one in all_of_them]
    assert statuses == ["cancelled", "open", "open", "open", "open", "open"]


async def test_cancelling_ends_it_and_twice_is_no_mistake(house: House, ann: Person) -> None:
    pairing = await opened(ann)
    for _ in range(2):
        answer = await ann.ask("DELETE", f"/v1/pairings/{pairing['pairing_id']}")
        assert (answer.status, (await answer.json())["status"]) == (200, "cancelled")
    verdict = await house.present(await house.appliance(), pairing["bind_token"])
    assert (verdict.bound, verdict.code) == (False, "bind.token_expired")


async def test_after_ten_minutes_it_is_over_even_before_the_timer_ran(house: House, ann: Person) -> None:
    pairing = await opened(ann)
    house.rig.time.pass_by(minutes=10)
    shown = await ann.get(f"/v1/pairings/{pairing['pairing_id']}")
    assert (shown["status"], shown["code"], shown["number"]) == ("expired", "bind.token_expired", 801)
    assert shown["help"] == "/docs/codes/801"


async def test_a_completed_pairing_names_the_device_and_its_steps(house: House, ann: Person) -> None:
    pairing = await opened(ann)
    device_id = await house.appliance()
    verdict = await house.present(device_id, pairing["bind_token"])
    shown = await ann.get(f"/v1/pairings/{pairing['pairing_id']}")
    assert (shown["status"], shown["device_id"], shown["code"]) == ("completed", device_id, None)
    assert {step["step"] for step in shown["steps"]} == {"proved", "bound"}
    assert verdict.trace_id == pairing["trace_id"] == shown["trace_id"]
    assert house.verdicts_to(device_id)[-1]["trace_id"] == pairing["trace_id"]


async def test_a_refused_pairing_says_why_and_not_whose_device_it_is(house: House, ann: Person, bob: Person) -> None:
    device_id = await house.bound(bob)
    pairing = await opened(ann)
    await house.present(device_id, pairing["bind_token"])
    answer = await ann.ask("GET", f"/v1/pairings/{pairing['pairing_id']}")
    shown = await answer.json()
    assert (shown["status"], shown["code"], shown["device_id"]) == ("refused", "bind.owned", None)
    assert device_id not in await answer.text()


async def test_the_stream_shows_the_pairing_then_each_step_then_the_end_and_closes(house: House, ann: Person) -> None:
    pairing = await opened(ann)
    device_id = await house.appliance()
    async with ann.listen(f"/v1/pairings/{pairing['pairing_id']}/events") as listener:
        first = await listener.next()
        assert (first.kind, first.data["status"]) == ("pairing", "open")
        await house.present(device_id, pairing["bind_token"])
        told = await listener.until("closed")
    assert [one.kind for one in told] == ["pairing.step", "pairing.step", "pairing.closed", "closed"]
    assert [one.data.get("step") for one in told[:2]] == ["proved", "bound"]
    assert told[2].data == {
        "pairing_id": pairing["pairing_id"],
        "status": "completed",
        "device_id": device_id,
        "trace_id": pairing["trace_id"],
        "at": "2026-03-01T12:00:00.000Z",
    }
    assert told[3].data == {"reason": "ended"}


async def test_the_stream_tells_a_refusal_with_its_code(house: House, ann: Person, bob: Person) -> None:
    device_id = await house.bound(bob)
    pairing = await opened(ann)
    async with ann.listen(f"/v1/pairings/{pairing['pairing_id']}/events") as listener:
        await listener.next()
        await house.present(device_id, pairing["bind_token"])
        closing = (await listener.until("pairing.closed"))[-1]
    assert (closing.data["status"], closing.data["code"], closing.data["number"]) == ("refused", "bind.owned", 803)
    assert closing.data["help"] == "/docs/codes/803"
    assert "device_id" not in closing.data


async def test_the_stream_of_a_cancelled_pairing_ends(house: House, ann: Person) -> None:
    pairing = await opened(ann)
    async with ann.listen(f"/v1/pairings/{pairing['pairing_id']}/events") as listener:
        await listener.next()
        await ann.ask("DELETE", f"/v1/pairings/{pairing['pairing_id']}")
        assert [one.data.get("status") for one in await listener.until("closed")] == ["cancelled", None]


@pytest.mark.parametrize("timer", [True, False])
async def test_the_stream_of_a_pairing_whose_time_ran_out_ends_with_or_without_the_timer(
    house: House, ann: Person, *, timer: bool
) -> None:
    pairing = await opened(ann)
    async with ann.listen(f"/v1/pairings/{pairing['pairing_id']}/events") as listener:
        await listener.next()
        house.rig.time.pass_by(minutes=10)
        if timer:
            await house.run(lambda tx: pairings.expire_overdue(tx, house.rig.time()))
        else:
            house.rig.changes.poke(ann.account_id)
        told = await listener.until("closed")
    assert [one.data.get("status") for one in told] == ["expired", None]


async def test_a_stream_of_what_is_over_shows_it_and_ends(ann: Person) -> None:
    pairing = await opened(ann)
    await ann.ask("DELETE", f"/v1/pairings/{pairing['pairing_id']}")
    async with ann.listen(f"/v1/pairings/{pairing['pairing_id']}/events") as listener:
        told = await listener.until("closed")
    assert [(one.kind, one.data.get("status")) for one in told] == [("pairing", "cancelled"), ("closed", None)]


async def test_a_stream_ends_with_its_session_on_whichever_gateway_that_was_ended(house: House, ann: Person) -> None:
    pairing = await opened(ann)
    async with ann.listen(f"/v1/pairings/{pairing['pairing_id']}/events") as listener:
        await listener.next()
        other = await house.rig.client()
        answer = await other.delete("/v1/sessions", headers={"Authorization": f"Bearer {ann.tokens['access_token']}"})
        assert answer.status == 204
        assert (await listener.next()).data == {"reason": "signed_out"}


@pytest.mark.parametrize(("method", "end"), [("GET", ""), ("GET", "/events"), ("DELETE", "")])
async def test_anothers_pairing_looks_like_none(ann: Person, bob: Person, method: str, end: str) -> None:
    pairing = await opened(ann)
    answers = []
    for pairing_id in (pairing["pairing_id"], "p-" + "0" * 26, "p-nonsense", "x"):
        answer = await bob.ask(method, f"/v1/pairings/{pairing_id}{end}")
        document = await problem(answer)
        del document["trace_id"]
        answers.append((answer.status, document))
    assert answers[0][0] == 404
    assert all(one == answers[0] for one in answers[1:])
    assert (await ann.get(f"/v1/pairings/{pairing['pairing_id']}"))["status"] == "open"


async def test_a_token_that_two_appliances_bring_at_once_binds_one(house: House, ann: Person) -> None:
    pairing = await opened(ann)
    appliances = [await house.appliance() for _ in range(4)]
    verdicts = await asyncio.gather(*(house.present(one, pairing["bind_token"]) for one in appliances))
    assert sorted(verdict.bound for verdict in verdicts) == [False, False, False, True]
    owned = [await house.run(lambda tx, one=one: binding.owner_of(tx, one)) for one in appliances]  # type: ignore[misc]
    assert [one for one in owned if one is not None] == [ann.account_id]
