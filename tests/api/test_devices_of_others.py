"""Another's device, over every route: it looks like one that does not exist, and nothing changes."""

from typing import Any

import pytest

from gateway.usecases import states
from tests.api.house import House, Person
from tests.api.rig import PASSWORD, TYPES, problem

ROUTES_OF_A_DEVICE = [
    ("GET", "", None),
    ("PATCH", "", {"nickname": "mine"}),
    ("GET", "/state", None),
    ("POST", "/commands", {"action": "off"}),
    ("POST", "/commands", {"action": "no_such_action", "expires_in_s": 10_000_000}),
    ("POST", "/release", {"password": PASSWORD}),
    ("POST", "/release", {"password": "not the password"}),
    ("POST", "/release-requests/agree", None),
    ("POST", "/release-requests/dispute", None),
]


@pytest.mark.parametrize(("method", "end", "body"), ROUTES_OF_A_DEVICE)
async def test_anothers_device_looks_like_none_and_nothing_changes(
    house: House, ann: Person, bob: Person, method: str, end: str, body: Any
) -> None:
    device_id = await house.bound(ann)
    await house.claimed_after_reset(device_id)
    before = await ann.get(f"/v1/devices/{device_id}")
    answers = []
    for asked in (device_id, "d-" + "0" * 26, "d-nonsense", "x"):
        answer = await bob.ask(method, f"/v1/devices/{asked}{end}", body, If_Match='"v1"')
        document = await problem(answer)
        del document["trace_id"]
        answers.append((answer.status, document))
    assert answers[0][0] == 404
    assert all(one == answers[0] for one in answers[1:])
    assert await ann.get(f"/v1/devices/{device_id}") == before


@pytest.mark.parametrize(("method", "end", "body"), ROUTES_OF_A_DEVICE)
async def test_without_a_token_nothing_is_told(house: House, ann: Person, method: str, end: str, body: Any) -> None:
    device_id = await house.bound(ann)
    for asked in (device_id, "d-" + "0" * 26):
        answer = await house.client.request(method, f"/v1/devices/{asked}{end}", json=body)
        assert answer.status == 401


async def test_reports_that_waited_through_a_release_are_not_shown_to_the_next_owner(
    house: House, ann: Person, bob: Person
) -> None:
    device_id = await house.bound(ann)
    await house.report(device_id, 1, power="on")
    await ann.ask("POST", f"/v1/devices/{device_id}/release", {"password": PASSWORD})
    late = states.Reported(device_id, "", 1, {"power": "on"}, full=False, at=None, epoch=None)
    tally = await house.run(lambda tx: states.ingest(tx, [late], TYPES, house.rig.time()))
    assert tally["repeated"] == 1
    await house.pair(bob, device_id)
    assert (await bob.get(f"/v1/devices/{device_id}/state"))["state"] == {}
