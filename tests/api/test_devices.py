"""Devices over HTTP: listed, shown, named, let go, and seen by nobody else."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from gateway.domain.binding import Role
from gateway.domain.devices import DeviceStatus
from tests.api.house import HEATER, House, Person
from tests.api.rig import PASSWORD, problem


async def test_the_list_goes_by_pieces_and_holds_only_what_is_theirs(house: House, ann: Person, bob: Person) -> None:
    mine = sorted([await house.bound(ann) for _ in range(5)])
    await house.bound(bob)
    found: list[str] = []
    sizes = []
    path = "/v1/devices?limit=2"
    while True:
        piece = await ann.get(path)
        found += [one["device_id"] for one in piece["items"]]
        sizes.append(len(piece["items"]))
        if piece["next"] is None:
            break
        path = f"/v1/devices?limit=2&cursor={piece['next']}"
    assert (found, sizes) == (mine, [2, 2, 1])


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x", "cursor=%00", "sort=name", "limit=1&limit=2"])
async def test_a_wrong_piece_is_refused_by_name(ann: Person, query: str) -> None:
    answer = await ann.ask("GET", f"/v1/devices?{query}")
    assert answer.status == 422
    assert (await problem(answer))["errors"][0]["in"] == "query"


async def test_a_device_is_shown_with_state_presence_and_what_can_be_asked(house: House, ann: Person) -> None:
    device_id = await house.bound(ann, firmware="1.4.2")
    await house.report(device_id, 1, power="on", target_c=21.5)
    shown = await ann.get(f"/v1/devices/{device_id}")
    presence = {
        "status": "online",
        "since": "2026-03-01T12:00:00.000Z",
        "last_seen": "2026-03-01T12:00:00.000Z",
        "why": None,
    }
    assert shown == {
        "device_id": device_id,
        "type_id": HEATER,
        "nickname": None,
        "role": "owner",
        "bound_at": "2026-03-01T12:00:00.000Z",
        "until": None,
        "epoch": 1,
        "status": "activated",
        "firmware": "1.4.2",
        "presence": presence,
        "state": {"power": "on", "target_c": 21.5},
        "as_of": "2026-03-01T12:00:00.000Z",
        "received_at": "2026-03-01T12:00:00.000Z",
        "actions": [
            action("on", turns_on=True, longest_s=30),
            action("off"),
            action("set"),
            action("set", turns_on=True, longest_s=30),
        ],
        "release_request": None,
    }
    state = await ann.get(f"/v1/devices/{device_id}/state")
    assert state == {name: shown[name] for name in ("device_id", "epoch", "state", "as_of", "received_at", "presence")}


def action(
    name: str, *, turns_on: bool = False, why_not: str | None = None, longer_than_s: int = 0, longest_s: int = 86400
) -> dict[str, Any]:
    return {
        "action": name,
        "turns_on": turns_on,
        "allowed": why_not is None,
        "why_not": why_not,
        "longer_than_s": longer_than_s,
        "longest_s": longest_s,
    }


async def test_nothing_is_turned_on_that_is_away_and_other_wishes_must_outlive_the_wait(
    house: House, ann: Person
) -> None:
    device_id = await house.bound(ann)
    await house.bye(device_id)
    shown = await ann.get(f"/v1/devices/{device_id}")
    assert (shown["presence"]["status"], shown["presence"]["why"]) == ("offline", "bye")
    assert shown["actions"] == [
        action("on", turns_on=True, why_not="device_offline", longer_than_s=60, longest_s=30),
        action("off", longer_than_s=60),
        action("set", longer_than_s=60),
        action("set", turns_on=True, why_not="device_offline", longer_than_s=60, longest_s=30),
    ]


async def test_a_quarantined_device_can_be_asked_for_nothing(house: House, ann: Person) -> None:
    device_id = await house.appliance(status=DeviceStatus.QUARANTINED)
    await house.let_in(device_id, ann, Role.OWNER)
    shown = await ann.get(f"/v1/devices/{device_id}")
    assert shown["status"] == "quarantined"
    assert {one["why_not"] for one in shown["actions"]} == {"device_blocked"}


async def test_a_device_that_never_spoke_says_so(house: House, ann: Person) -> None:
    device_id = await house.appliance()
    await house.pair(ann, device_id)
    shown = await ann.get(f"/v1/devices/{device_id}")
    assert shown["presence"] == {"status": "never_seen", "since": None, "last_seen": None, "why": None}
    assert (shown["state"], shown["as_of"]) == ({}, None)


# -- names


async def renamed(person: Person, device_id: str, nickname: str | None) -> dict[str, Any]:
    shown = await person.ask("GET", f"/v1/devices/{device_id}")
    answer = await person.ask(
        "PATCH", f"/v1/devices/{device_id}", {"nickname": nickname}, If_Match=shown.headers["ETag"]
    )
    assert answer.status == 200, await answer.text()
    assert answer.headers["ETag"] != shown.headers["ETag"]
    body: dict[str, Any] = await answer.json()
    return body


async def test_a_name_is_ones_own_sealed_and_can_be_taken_away(house: House, ann: Person, bob: Person) -> None:
    device_id = await house.bound(ann)
    await house.let_in(device_id, bob, Role.ADULT)
    assert (await renamed(ann, device_id, "  Badezimmer-canary "))["nickname"] == "Badezimmer-canary"
    assert (await renamed(bob, device_id, "浴室 👨‍👩‍👧"))["nickname"] == "浴室 👨‍👩‍👧"
    assert (await ann.get("/v1/devices"))["items"][0]["nickname"] == "Badezimmer-canary"
    sealed = await house.run(lambda tx: tx.bindings.one(ann.account_id, device_id))
    assert sealed is not None
    assert b"canary" not in (sealed.nickname_sealed or b"")
    assert (await renamed(ann, device_id, None))["nickname"] is None


async def test_a_sealed_name_that_was_moved_to_another_row_does_not_open(house: House, ann: Person) -> None:
    one, other = await house.bound(ann), await house.bound(ann)
    await renamed(ann, one, "Bath")

    def move(tx: Any) -> None:
        tx.bindings.rename(ann.account_id, other, tx.bindings.one(ann.account_id, one).nickname_sealed)

    await house.run(move)
    assert (await ann.ask("GET", f"/v1/devices/{one}")).status == 200
    assert (await ann.ask("GET", f"/v1/devices/{other}")).status == 500


async def test_of_two_who_edit_at_once_the_second_must_read_again(house: House, ann: Person) -> None:
    device_id = await house.bound(ann)
    path = f"/v1/devices/{device_id}"
    tag = (await ann.ask("GET", path)).headers["ETag"]
    both = await asyncio.gather(*(ann.ask("PATCH", path, {"nickname": name}, If_Match=tag) for name in ("A", "B")))
    assert sorted(answer.status for answer in both) == [200, 412]
    without = await ann.ask("PATCH", path, {"nickname": "C"})
    assert (without.status, (await problem(without))["code"]) == (428, "http.precondition_required")


@pytest.mark.parametrize("nickname", ["", "   ", "x" * 65, "a\nb", "a\u202eb", 7, "\u200b"])
async def test_a_name_that_cannot_be_shown_is_refused_without_repeating_it(
    house: House, ann: Person, nickname: Any
) -> None:
    device_id = await house.bound(ann)
    answer = await ann.ask("PATCH", f"/v1/devices/{device_id}", {"nickname": nickname}, If_Match="*")
    assert (answer.status, (await problem(answer))["errors"][0]["field"]) == (422, "nickname")


# -- letting go


async def test_a_release_asks_for_the_password_and_takes_everything_with_it(house: House, ann: Person) -> None:
    device_id = await house.bound(ann)
    await house.report(device_id, 1, power="on")
    command = await (await ann.ask("POST", f"/v1/devices/{device_id}/commands", {"action": "off"})).json()
    wrong = await ann.ask("POST", f"/v1/devices/{device_id}/release", {"password": "not the password"})
    assert (wrong.status, (await problem(wrong))["code"]) == (403, "account.reauthentication_refused")
    assert (await ann.ask("GET", f"/v1/devices/{device_id}")).status == 200
    answer = await ann.ask("POST", f"/v1/devices/{device_id}/release", {"password": PASSWORD})
    assert (answer.status, (await answer.json())["status"]) == (200, "released")
    for path in ("", "/state"):
        assert (await ann.ask("GET", f"/v1/devices/{device_id}{path}")).status == 404
    assert (await ann.ask("GET", f"/v1/commands/{command['command_id']}")).status == 404
    assert (await ann.get("/v1/devices"))["items"] == []
    told = house.verdicts_to(device_id)[-1]
    assert (told["bound"], told["wipe"], told["epoch"]) == (False, True, 2)
    again = await ann.ask("POST", f"/v1/devices/{device_id}/release", {"password": PASSWORD})
    assert again.status == 404


async def test_a_release_whose_answer_was_lost_is_answered_again(house: House, ann: Person) -> None:
    device_id = await house.bound(ann)
    asked = [
        await ann.ask("POST", f"/v1/devices/{device_id}/release", {"password": PASSWORD}, Idempotency_Key="go-away-1")
        for _ in range(2)
    ]
    assert [one.status for one in asked] == [200, 200]
    assert await asked[0].json() == await asked[1].json()


async def test_the_next_owner_sees_nothing_of_the_one_before(house: House, ann: Person, bob: Person) -> None:
    device_id = await house.bound(ann)
    await house.report(device_id, 1, power="on", target_c=21.5)
    await renamed(ann, device_id, "Ann's bath")
    await ann.ask("POST", f"/v1/devices/{device_id}/release", {"password": PASSWORD})
    await house.pair(bob, device_id)
    shown = await bob.get(f"/v1/devices/{device_id}")
    assert (shown["state"], shown["nickname"], shown["epoch"], shown["role"]) == ({}, None, 3, "owner")
    assert (await ann.ask("GET", f"/v1/devices/{device_id}")).status == 404


async def test_a_member_sees_and_controls_and_does_not_release(house: House, ann: Person, bob: Person) -> None:
    device_id = await house.bound(ann)
    await house.let_in(device_id, bob, Role.GUEST, until=house.rig.time() + timedelta(minutes=5))
    assert (await bob.get(f"/v1/devices/{device_id}"))["role"] == "guest"
    assert (await bob.ask("POST", f"/v1/devices/{device_id}/commands", {"action": "off"})).status == 202
    for path, body in (
        ("release", {"password": PASSWORD}),
        ("release-requests/agree", None),
        ("release-requests/dispute", None),
    ):
        if path != "release":
            await house.claimed_after_reset(device_id)
        answer = await bob.ask("POST", f"/v1/devices/{device_id}/{path}", body)
        assert (answer.status, (await problem(answer))["code"]) == (403, "http.forbidden")


async def test_when_a_guests_stay_is_over_there_is_nothing_there(house: House, ann: Person, bob: Person) -> None:
    device_id = await house.bound(ann)
    await house.let_in(device_id, bob, Role.GUEST, until=house.rig.time() + timedelta(minutes=5))
    command = await (await bob.ask("POST", f"/v1/devices/{device_id}/commands", {"action": "off"})).json()
    house.rig.time.pass_by(minutes=5)
    assert (await bob.get("/v1/devices"))["items"] == []
    for method, path, body in (
        ("GET", f"/v1/devices/{device_id}", None),
        ("GET", f"/v1/devices/{device_id}/state", None),
        ("POST", f"/v1/devices/{device_id}/commands", {"action": "off"}),
        ("GET", f"/v1/commands/{command['command_id']}", None),
        ("DELETE", f"/v1/commands/{command['command_id']}", None),
    ):
        assert (await bob.ask(method, path, body)).status == 404, path


async def test_the_owner_is_asked_after_a_reset_and_may_agree(house: House, ann: Person, bob: Person) -> None:
    device_id = await house.bound(ann)
    await house.claimed_after_reset(device_id, bob)
    asked = (await ann.get(f"/v1/devices/{device_id}"))["release_request"]
    assert asked == {"asked_at": "2026-03-01T12:00:00.000Z", "until": "2026-03-04T12:00:00.000Z"}
    answer = await ann.ask("POST", f"/v1/devices/{device_id}/release-requests/agree")
    assert (answer.status, (await answer.json())["status"]) == (200, "released")
    assert (await ann.ask("GET", f"/v1/devices/{device_id}")).status == 404
    assert (await house.pair(bob, device_id)).bound


async def test_the_owner_may_object_and_keeps_it(house: House, ann: Person, bob: Person) -> None:
    device_id = await house.bound(ann)
    await house.claimed_after_reset(device_id, bob)
    answer = await ann.ask("POST", f"/v1/devices/{device_id}/release-requests/dispute")
    assert (answer.status, (await answer.json())["release_request"]) == (200, None)
    assert (await house.pair(bob, device_id)).code == "bind.owned"
    for end in ("agree", "dispute"):
        nothing = await ann.ask("POST", f"/v1/devices/{device_id}/release-requests/{end}")
        assert nothing.status == 404


async def test_a_newcomer_is_not_named_to_other_members(house: House, ann: Person, bob: Person) -> None:
    device_id = await house.bound(ann)
    await house.let_in(device_id, bob, Role.ADULT)
    await house.claimed_after_reset(device_id)
    assert (await bob.get(f"/v1/devices/{device_id}"))["release_request"] is None
