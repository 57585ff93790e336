"""Minors and their guardians over HTTP."""

import pytest

from gateway.bootstrap.policies import publish_packaged
from tests.api.house import House, Person
from tests.api.rig import CONTROLLER, problem
from tests.api.test_consents import REMINDER, acknowledge, newcomer, state


@pytest.fixture
async def house(house: House) -> House:
    await publish_packaged(house.rig.database, CONTROLLER, house.rig.time)
    return house


@pytest.fixture
async def ann(house: House) -> Person:
    return await house.person("ann@example.org")


async def minor(house: House, name: str) -> Person:
    """Somebody who is not of age."""
    kim = await newcomer(house.client, name, adult=False)
    await acknowledge(kim)
    return kim


async def test_a_guardian_gives_and_takes_back_for_a_minor(house: House, ann: Person) -> None:
    kim = await minor(house, "kim@example.org")
    refused = await kim.ask("POST", f"/v1/consents/{REMINDER}/notice", {})
    assert (refused.status, (await problem(refused))["code"]) == (403, "guardian_needed")
    code = (await (await kim.ask("POST", "/v1/me/guardian-code")).json())["code"]
    wrong = await ann.ask("POST", "/v1/wards", {"code": "0" * 10})
    assert (wrong.status, (await problem(wrong))["code"]) == (403, "guardian.code_refused")
    made = await ann.ask("POST", "/v1/wards", {"code": code})
    assert made.status == 201
    ward_id = (await made.json())["ward_id"]
    assert [one["ward_id"] for one in (await ann.get("/v1/wards"))["items"]] == [ward_id]
    assert (await kim.get("/v1/me/guardian"))["since"] is not None
    path = f"/v1/wards/{ward_id}/consents"
    notice = await (await ann.ask("POST", f"{path}/{REMINDER}/notice", {})).json()
    yes = {"hash": notice["text"]["hash"], "notice_id": notice["notice_id"]}
    given = await (await ann.ask("PUT", f"{path}/{REMINDER}", yes)).json()
    assert (given["consent"]["state"], given["consent"]["by_guardian"]) == ("granted", True)
    assert (await state(kim, REMINDER))["state"] == "granted"
    shown = (await ann.get(path))["items"]
    assert next(one for one in shown if one["purpose"] == REMINDER)["state"] == "granted"
    await ann.ask("DELETE", f"{path}/{REMINDER}")
    assert (await state(kim, REMINDER))["state"] == "withdrawn"
    assert (await kim.ask("DELETE", "/v1/me/guardian")).status == 204
    assert (await kim.ask("DELETE", "/v1/me/guardian")).status == 204
    assert (await ann.ask("GET", path)).status == 404


async def test_nobody_elses_ward_is_told_from_one_that_does_not_exist(house: House, ann: Person) -> None:
    kim, bob = await minor(house, "kim@example.org"), await house.person("bob@example.org")
    code = (await (await kim.ask("POST", "/v1/me/guardian-code")).json())["code"]
    ward_id = (await (await ann.ask("POST", "/v1/wards", {"code": code})).json())["ward_id"]
    yes = {"hash": "0" * 64}
    for method, end, body in (
        ("GET", "/consents", None),
        ("POST", f"/consents/{REMINDER}/notice", {}),
        ("PUT", f"/consents/{REMINDER}", yes),
        ("DELETE", f"/consents/{REMINDER}", None),
        ("POST", "/of-age", None),
        ("DELETE", "", None),
    ):
        real = await bob.ask(method, f"/v1/wards/{ward_id}{end}", body)
        unknown = await bob.ask(method, f"/v1/wards/w-{'0' * 26}{end}", body)
        assert (real.status, unknown.status) == (404, 404)
    assert (await ann.ask("POST", f"/v1/wards/{ward_id}/of-age")).status == 204
    assert (await kim.ask("POST", f"/v1/consents/{REMINDER}/notice", {})).status == 201
