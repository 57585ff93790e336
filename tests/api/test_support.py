"""What a customer decides about support, and sees of it."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from gateway.domain.audit import Result
from gateway.domain.binding import Role
from gateway.domain.identity import DeviceId
from gateway.domain.staff import Action, StaffRole
from gateway.domain.support_access import Grant, case_of
from gateway.usecases import support_access
from gateway.usecases.staff_sessions import SignedIn
from gateway.usecases.support_access import NoGrant, OpenedDevice
from tests.api.house import House, Person
from tests.api.rig import problem
from tests.staff_desk import Desk

CASE = case_of("T-2041", "does not heat since monday")


@pytest.fixture
async def desk(house: House) -> AsyncIterator[Desk]:
    one = Desk(house.rig.database, now=house.rig.time())
    yield one
    one.close()


async def shown_code(person: Person, device_id: DeviceId) -> str:
    answer = await person.ask("POST", "/v1/support-codes", {"device_id": device_id})
    assert answer.status == 201, await answer.text()
    code: str = (await answer.json())["code"]
    return code


async def opened(desk: Desk, agent: SignedIn, device_id: DeviceId, code: str) -> Any:
    assert not isinstance(CASE, list)
    return await desk.run(
        lambda tx: support_access.open_with_code(
            tx, agent, device_id, CASE, code, tokens=desk.tokens, identifiers=desk.identifiers, now=desk.now
        )
    )


async def test_a_code_opens_one_device_and_the_customer_sees_it_and_ends_it(house: House, desk: Desk) -> None:
    ann = await house.person()
    device_id = await house.bound(ann)
    agent = await desk.at_work("ada", StaffRole.AGENT)
    async with ann.listen() as stream:
        await stream.until("snapshot")
        grant = await opened(desk, agent, device_id, await shown_code(ann, device_id))
        assert isinstance(grant, Grant)
        told = await stream.until("support.opened")
    assert told[-1].data == {
        "grant_id": grant.grant_id,
        "device_id": device_id,
        "kind": "code",
        "until": "2026-03-02T12:00:00.000Z",
        "at": "2026-03-01T12:00:00.000Z",
    }
    listed = await ann.get("/v1/support-grants")
    assert [(one["grant_id"], one["device_id"], one["case"]) for one in listed["items"]] == [
        (grant.grant_id, device_id, "T-2041")
    ]
    view = await desk.run(lambda tx: support_access.view_customer(tx, agent, device_id, desk.now))
    assert isinstance(view, OpenedDevice)

    assert (await ann.ask("DELETE", f"/v1/support-grants/{grant.grant_id}")).status == 204
    assert (await ann.ask("DELETE", f"/v1/support-grants/{grant.grant_id}")).status == 204
    assert await ann.get("/v1/support-grants") == {"items": []}
    assert isinstance(await desk.run(lambda tx: support_access.view_customer(tx, agent, device_id, desk.now)), NoGrant)
    activity = (await ann.get("/v1/me/activity"))["items"]
    assert [(one["role"], one["action"], one["result"]) for one in activity] == [
        ("agent", Action.VIEW_CUSTOMER, Result.REFUSED),
        ("customer", Action.END_GRANT, Result.GRANTED),
        ("agent", Action.VIEW_CUSTOMER, Result.GRANTED),
        ("agent", Action.USE_CODE, Result.GRANTED),
    ]
    assert {one["device_id"] for one in activity} == {device_id}
    assert activity[-1]["reason"] == "does not heat since monday"


async def test_the_activity_names_nobody_and_comes_in_pieces(house: House, desk: Desk) -> None:
    ann = await house.person()
    device_id = await house.bound(ann)
    agent = await desk.at_work("ada", StaffRole.AGENT)
    for _ in range(5):
        await desk.run(lambda tx: support_access.view_customer(tx, agent, device_id, desk.now))
    first = await ann.get("/v1/me/activity?limit=2")
    second = await ann.get(f"/v1/me/activity?limit=2&cursor={first['next']}")
    third = await ann.get(f"/v1/me/activity?limit=2&cursor={second['next']}")
    assert [len(page["items"]) for page in (first, second, third)] == [2, 2, 1]
    assert third["next"] is None
    assert agent.staff_id not in str(first)
    assert "ada" not in str(first)


@pytest.mark.parametrize("cursor", ["abc", "-1", "1" * 19, "%D9%A1"])
async def test_a_cursor_that_no_answer_gave_is_refused(house: House, cursor: str) -> None:
    ann = await house.person()
    answer = await ann.ask("GET", f"/v1/me/activity?cursor={cursor}")
    assert (await problem(answer))["status"] == 422


async def test_others_learn_nothing_of_it(house: House, desk: Desk) -> None:
    ann, bob = await house.person(), await house.person("bob@example.org")
    device_id = await house.bound(ann)
    agent = await desk.at_work("ada", StaffRole.AGENT)
    grant = await opened(desk, agent, device_id, await shown_code(ann, device_id))
    assert await bob.get("/v1/support-grants") == {"items": []}
    assert await bob.get("/v1/me/activity") == {"items": [], "next": None}
    assert (await bob.ask("DELETE", f"/v1/support-grants/{grant.grant_id}")).status == 404
    assert (await bob.ask("POST", "/v1/support-codes", {"device_id": device_id})).status == 404
    assert len((await ann.get("/v1/support-grants"))["items"]) == 1


@pytest.mark.parametrize("role", [Role.ADULT, Role.GUEST])
async def test_only_the_owner_decides(house: House, desk: Desk, role: Role) -> None:
    ann, bob = await house.person(), await house.person("bob@example.org")
    device_id = await house.bound(ann)
    await house.let_in(device_id, bob, role)
    answer = await bob.ask("POST", "/v1/support-codes", {"device_id": device_id})
    assert (await problem(answer))["code"] == "http.forbidden"
    agent = await desk.at_work("ada", StaffRole.AGENT)
    await opened(desk, agent, device_id, await shown_code(ann, device_id))
    assert await bob.get("/v1/support-grants") == {"items": []}


async def test_a_code_asked_for_twice_under_one_key_is_the_same_one(house: House) -> None:
    ann = await house.person()
    device_id = await house.bound(ann)
    bodies = [
        await (
            await ann.ask("POST", "/v1/support-codes", {"device_id": device_id}, Idempotency_Key="one-two-three-four")
        ).json()
        for _ in range(2)
    ]
    assert bodies[0] == bodies[1]


async def test_when_the_audit_cannot_be_written_a_grant_is_not_ended_silently(house: House, desk: Desk) -> None:
    ann = await house.person()
    device_id = await house.bound(ann)
    agent = await desk.at_work("ada", StaffRole.AGENT)
    grant = await opened(desk, agent, device_id, await shown_code(ann, device_id))
    with house.rig.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM audit_rows")
    answer = await ann.ask("DELETE", f"/v1/support-grants/{grant.grant_id}")
    assert (await problem(answer))["status"] == 503
    assert len((await ann.get("/v1/support-grants"))["items"]) == 1
