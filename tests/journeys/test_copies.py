"""Somebody asks a running gateway for everything it knows about them, and counts."""

import asyncio
from typing import Any

import pytest

from tests.home import Home
from tests.journeys.people import resident, until

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def copy_of(at: Home, asked: dict[str, Any]) -> dict[str, Any]:
    async with at.http.post(f"{at.api_url}/v1/exports/content", json={"token": asked["token"]}) as answer:
        assert answer.status == 200, await answer.text()
        found: dict[str, Any] = await answer.json()
        return found


async def test_a_copy_is_ready_at_once_and_holds_what_the_app_ever_saw(at: Home) -> None:
    one = await resident(at)
    phone = one.phone
    sent = await phone.send(one.device_id, "set", {"target_c": 19}, expires_in_s=300)
    asked = (await phone.ask("POST", "/v1/me/exports")).body

    async def ready() -> bool:
        return bool((await phone.ask("GET", f"/v1/me/exports/{asked['export_id']}")).body["status"] == "ready")

    await until(ready)
    data = (await copy_of(at, asked))["data"]
    assert [row["account_id"] for row in data["accounts"]] == [phone.account_id]
    assert [row["device_id"] for row in data["bindings"]] == [one.device_id]
    assert data["states"][0]["properties"].keys() == (await phone.state(one.device_id))["state"].keys()
    assert sent.command_id in {row["command_id"] for row in data["commands"]}
    assert [row["device_id"] for row in data["presences"]] == [one.device_id]
    assert {row["stage"] for row in data["attempts"]}
    assert len(data["pairings"]) == 1
    assert {row["purpose"] for row in data["consents"]} == {"policy"}


async def test_what_somebody_asks_for_while_others_live_here_is_theirs_alone(at: Home) -> None:
    first, second = await asyncio.gather(resident(at), resident(at))
    asked = [(await one.phone.ask("POST", "/v1/me/exports")).body for one in (first, second)]

    async def ready() -> bool:
        lists = [(await one.phone.ask("GET", "/v1/me/exports")).body["items"] for one in (first, second)]
        return all(items[0]["status"] == "ready" for items in lists)

    await until(ready)
    copies = [str(await copy_of(at, each)) for each in asked]
    for own, other, copy in ((first, second, copies[0]), (second, first, copies[1])):
        assert own.device_id in copy
        assert other.device_id not in copy
        assert str(other.phone.account_id) not in copy
