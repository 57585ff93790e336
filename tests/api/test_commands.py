"""Commands over HTTP: given, waited for, refused, taken back."""

import asyncio
import base64
import itertools
import json
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway.domain.binding import Role
from gateway.domain.devices import DeviceStatus
from gateway.protocol.messages import Command as Signed
from gateway.protocol.signing import command_signing_bytes
from gateway.usecases import commands
from tests.api.house import House, Person
from tests.api.rig import problem


async def given(person: Person, device_id: str, action: str = "off", **more: Any) -> dict[str, Any]:
    answer = await person.ask("POST", f"/v1/devices/{device_id}/commands", {"action": action, **more})
    assert answer.status == 202, await answer.text()
    body: dict[str, Any] = await answer.json()
    assert answer.headers["Location"] == f"/v1/commands/{body['command_id']}"
    return body


async def refused(person: Person, device_id: str, **body: Any) -> tuple[int, dict[str, Any]]:
    answer = await person.ask("POST", f"/v1/devices/{device_id}/commands", body)
    return answer.status, await problem(answer)


async def test_a_command_is_accepted_signed_and_sent_with_the_commit(house: House, ann: Person) -> None:
    device_id = await house.bound(ann)
    command = await given(ann, device_id, "set", params={"target_c": 22})
    assert command == await ann.get(f"/v1/commands/{command['command_id']}")
    assert (command["status"], command["expires_at"]) == ("sent", "2026-03-01T12:00:30.000Z")
    assert "params" not in command
    [sent] = house.commands_to(device_id)
    assert (sent["command_id"], sent["seq"], sent["epoch"]) == (command["command_id"], 1, 1)
    assert (sent["action"], sent["params"]) == ("set", {"target_c": 22})
    message = Signed.model_validate_json(json.dumps(sent))
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(house.rig.deps.signer.public_key))
    key.verify(base64.b64decode(sent["sig"]), command_signing_bytes(device_id, message))


async def test_it_goes_through_its_life_by_the_appliances_word(house: House, ann: Person) -> None:
    device_id = await house.bound(ann)
    command_id = (await given(ann, device_id))["command_id"]
    for status in ("received", "applied"):
        house.rig.time.pass_by(seconds=1)
        await house.ack(device_id, command_id, status)
        assert (await ann.get(f"/v1/commands/{command_id}"))["status"] == status
    shown = await ann.get(f"/v1/commands/{command_id}")
    assert [shown[at] for at in ("sent_at", "received_at", "ended_at")] == [
        "2026-03-01T12:00:00.000Z",
        "2026-03-01T12:00:01.000Z",
        "2026-03-01T12:00:02.000Z",
    ]


@pytest.mark.parametrize("status", ["rejected", "failed"])
async def test_the_appliances_no_is_shown_with_its_reason(house: House, ann: Person, status: str) -> None:
    device_id = await house.bound(ann)
    command_id = (await given(ann, device_id))["command_id"]
    await house.ack(device_id, command_id, status, "child_locked")
    shown = await ann.get(f"/v1/commands/{command_id}")
    assert (shown["status"], shown["code"]) == (status, "child_locked")


async def test_who_prefers_to_wait_gets_the_end_when_it_comes_in_time(house: House, ann: Person) -> None:
    device_id = await house.bound(ann)

    async def obey() -> None:
        await house.ack(device_id, (await house.next_command_to(device_id))["command_id"], "applied")

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(obey())
        answer = await ann.ask("POST", f"/v1/devices/{device_id}/commands", {"action": "off"}, Prefer="wait=5")
    assert (answer.status, (await answer.json())["status"]) == (200, "applied")
    assert answer.headers["Preference-Applied"] == "wait"
    assert answer.headers["Location"].startswith("/v1/commands/")


async def test_who_prefers_to_wait_gets_202_when_it_does_not(house: House, ann: Person) -> None:
    device_id = await house.bound(ann)
    answer = await ann.ask("POST", f"/v1/devices/{device_id}/commands", {"action": "off"}, Prefer="wait=0")
    assert (answer.status, (await answer.json())["status"]) == (202, "sent")


async def test_a_lost_answer_gives_no_second_command(house: House, ann: Person) -> None:
    device_id = await house.bound(ann)
    path, body = f"/v1/devices/{device_id}/commands", {"action": "off"}
    both = await asyncio.gather(*(ann.ask("POST", path, body, Idempotency_Key="once-only-1") for _ in range(2)))
    again = await ann.ask("POST", path, body, Idempotency_Key="once-only-1")
    statuses = sorted(answer.status for answer in both)
    assert statuses in ([202, 202], [202, 409])
    assert again.status == 202
    assert len(house.commands_to(device_id)) == 1
    other = await ann.ask("POST", path, {"action": "on"}, Idempotency_Key="once-only-1")
    assert (other.status, (await problem(other))["code"]) == (422, "http.idempotency_conflict")


async def test_all_wrong_parameters_are_named_at_once_and_none_of_their_values(house: House, ann: Person) -> None:
    device_id = await house.bound(ann)
    params = {"target_c": 99, "mode": "canary", "wifi_password": "canary"}
    answer = await ann.ask("POST", f"/v1/devices/{device_id}/commands", {"action": "set", "params": params})
    document = await problem(answer)
    assert (answer.status, document["code"]) == (422, "command.invalid")
    assert {error["field"] for error in document["errors"]} == {
        "params.target_c",
        "params.mode",
        "params.wifi_password",
    }
    assert "canary" not in await answer.text()
    assert house.commands_to(device_id) == []


async def test_an_unknown_action_is_refused_with_those_that_there_are(house: House, ann: Person) -> None:
    status, document = await refused(ann, await house.bound(ann), action="explode")
    assert (status, document["errors"][0]["field"]) == (422, "action")
    assert "off, on, set" in document["errors"][0]["message"]


@pytest.mark.parametrize(
    "body",
    [{}, {"action": 7}, {"action": "OFF"}, {"action": "off", "params": []}, {"action": "off", "expires_in_s": 0},
     {"action": "off", "expires_in_s": 1.5}, {"action": "off", "latitude": 52.5}],
)  # fmt: skip
async def test_what_is_no_command_is_refused(house: House, ann: Person, body: Any) -> None:
    status, document = await refused(ann, await house.bound(ann), **body)
    assert (status, document["code"]) == (422, "http.validation")


async def test_parameters_are_bounded_as_a_whole(house: House, ann: Person) -> None:
    device_id = await house.bound(ann)
    status, _ = await refused(ann, device_id, action="set", params={f"p{n}": "x" * 100 for n in range(60)})
    assert status == 422


@pytest.mark.parametrize(
    ("body", "longest"),
    [
        ({"action": "off", "expires_in_s": 86_401}, 86_400),
        ({"action": "on", "expires_in_s": 31}, 30),
        ({"action": "set", "params": {"power": "on"}, "expires_in_s": 3600}, 30),
    ],
)
async def test_a_life_that_is_too_long_is_refused_with_the_longest(
    house: House, ann: Person, body: Any, longest: int
) -> None:
    status, document = await refused(ann, await house.bound(ann), **body)
    assert (status, document["code"], document["longest_s"]) == (422, "http.validation", longest)
    assert document["errors"][0]["field"] == "expires_in_s"
    assert str(longest) in document["errors"][0]["message"]


async def test_a_heaters_on_is_never_kept_beyond_thirty_seconds(house: House, ann: Person) -> None:
    device_id = await house.bound(ann)
    command = await given(ann, device_id, "on")
    house.rig.time.pass_by(seconds=30)
    await house.hello(device_id)
    assert len(house.commands_to(device_id)) == 1  # the first sending; none after it ran out
    assert (await ann.get(f"/v1/commands/{command['command_id']}"))["status"] == "expired"


@pytest.mark.parametrize("life", [None, 60])
async def test_nobody_waits_in_vain_for_an_appliance_that_is_away(house: House, ann: Person, life: int | None) -> None:
    device_id = await house.bound(ann)
    await house.bye(device_id)
    house.rig.time.pass_by(minutes=1)
    status, document = await refused(ann, device_id, action="off", **({} if life is None else {"expires_in_s": life}))
    assert (status, document["code"], document["retryable"]) == (409, "device_offline", True)
    assert document["last_seen"] == "2026-03-01T12:00:00.000Z"


async def test_an_appliance_that_never_spoke_has_no_last_word(house: House, ann: Person) -> None:
    device_id = await house.appliance()
    await house.pair(ann, device_id)
    status, document = await refused(ann, device_id, action="off")
    assert (status, document["last_seen"]) == (409, None)


async def test_a_long_lived_command_waits_for_its_appliance(house: House, ann: Person) -> None:
    device_id = await house.bound(ann)
    await house.bye(device_id)
    command = await given(ann, device_id, expires_in_s=3600)
    house.rig.time.pass_by(minutes=30)
    await house.hello(device_id)
    assert house.commands_to(device_id)[-1]["command_id"] == command["command_id"]


async def test_the_thirty_third_waiting_command_is_refused(house: House, ann: Person) -> None:
    device_id = await house.bound(ann)
    values = {"target_c": 20, "mode": "eco", "off_after_min": 5, "power": "off", "child_lock": True}
    # no two of the same parameters, so that none supersedes another
    kinds = [dict(some) for many in range(1, 6) for some in itertools.combinations(values.items(), many)]
    for params in kinds:
        await given(ann, device_id, "set", params=params)
    await given(ann, device_id, "off")
    assert len(kinds) + 1 == commands.WAITING_AT_MOST
    status, document = await refused(ann, device_id, action="on")
    assert (status, document["code"], document["retry_after_s"]) == (429, "command.limit", 5)
    assert len(house.commands_to(device_id)) == 1


async def test_a_newer_set_point_supersedes_one_that_did_not_arrive(house: House, ann: Person) -> None:
    device_id = await house.bound(ann)
    older = await given(ann, device_id, "set", params={"target_c": 20})
    newer = await given(ann, device_id, "set", params={"target_c": 22})
    shown = await ann.get(f"/v1/commands/{older['command_id']}")
    assert (shown["status"], shown["code"]) == ("superseded", "newer_command")
    assert newer["status"] == "sent"


async def test_an_answer_after_the_end_is_recorded_honestly(house: House, ann: Person) -> None:
    device_id = await house.bound(ann)
    command_id = (await given(ann, device_id))["command_id"]
    house.rig.time.pass_by(seconds=31)
    await house.run(lambda tx: commands.work_off_due(tx, house.rig.deps.signer, house.rig.time()))
    assert (await ann.get(f"/v1/commands/{command_id}"))["status"] == "expired"
    await house.ack(device_id, command_id, "applied")
    assert (await ann.get(f"/v1/commands/{command_id}"))["status"] == "applied_late"


async def test_a_quarantined_appliance_is_told_nothing(house: House, ann: Person) -> None:
    device_id = await house.appliance(status=DeviceStatus.QUARANTINED)
    await house.let_in(device_id, ann, Role.OWNER)
    status, document = await refused(ann, device_id, action="off")
    assert (status, document["code"]) == (403, "command.not_allowed")


# -- taking back


async def test_a_command_is_taken_back_while_it_is_not_there(house: House, ann: Person) -> None:
    device_id = await house.bound(ann)
    command_id = (await given(ann, device_id))["command_id"]
    for _ in range(2):
        answer = await ann.ask("DELETE", f"/v1/commands/{command_id}")
        body = await answer.json()
        assert (answer.status, body["status"], body["code"]) == (200, "cancelled", "by_person")


async def test_what_the_appliance_has_is_not_taken_back(house: House, ann: Person) -> None:
    device_id = await house.bound(ann)
    command_id = (await given(ann, device_id))["command_id"]
    await house.ack(device_id, command_id, "received")
    answer = await ann.ask("DELETE", f"/v1/commands/{command_id}")
    assert (answer.status, (await problem(answer))["code"]) == (409, "http.conflict")
    await house.ack(device_id, command_id, "applied")
    answer = await ann.ask("DELETE", f"/v1/commands/{command_id}")
    document = await problem(answer)
    assert (answer.status, document["code"], document["state"]) == (409, "command.finished", "applied")


async def test_the_next_command_leaves_when_the_one_before_is_taken_back(house: House, ann: Person) -> None:
    device_id = await house.bound(ann)
    first = await given(ann, device_id, "set", params={"target_c": 20})
    second = await given(ann, device_id, "off")
    assert second["status"] == "accepted"
    await ann.ask("DELETE", f"/v1/commands/{first['command_id']}")
    assert (await ann.get(f"/v1/commands/{second['command_id']}"))["status"] == "sent"


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_anothers_command_looks_like_none(house: House, ann: Person, bob: Person, method: str) -> None:
    device_id = await house.bound(ann)
    await house.let_in(device_id, bob, Role.GUEST, until=house.rig.time() + timedelta(days=1))
    command_id = (await given(ann, device_id))["command_id"]
    answers = []
    for asked in (command_id, "01980000-0000-7000-8000-000000000000", "nonsense"):
        answer = await bob.ask(method, f"/v1/commands/{asked}")
        document = await problem(answer)
        del document["trace_id"]
        answers.append((answer.status, document))
    assert answers[0][0] == 404
    assert all(one == answers[0] for one in answers[1:])
    assert (await ann.get(f"/v1/commands/{command_id}"))["status"] == "sent"
