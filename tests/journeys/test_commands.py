"""A command's life as the app sees it: from accepted to its one end, and no way back."""

import asyncio
import json
from typing import Any

import pytest

from device_sim.api import ProblemError
from tests.home import QUICK, Home, eventually
from tests.journeys.people import Resident, pull_the_plug, resident, until

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def status(one: Resident, command_id: str) -> str:
    return str((await one.phone.command(command_id))["status"])


async def has(one: Resident, command_id: str, wanted: str) -> bool:
    return await status(one, command_id) == wanted


async def away(at: Home) -> Resident:
    """Somebody whose appliance lost its power."""
    one = await resident(at)
    await pull_the_plug(one.power)
    await until(lambda: _offline(one))
    return one


async def _offline(one: Resident) -> bool:
    return await one.status() == "offline"


async def test_who_waits_gets_the_end_and_the_state_with_it(at: Home) -> None:
    one = await resident(at)
    sent = await one.phone.send(one.device_id, "set", {"target_c": 22.5}, wait_s=5)
    assert (sent.status, one.appliance.model.state["target_c"]) == ("applied", 22.5)
    assert (await one.phone.state(one.device_id))["state"]["target_c"] == 22.5
    shown = await one.phone.command(sent.command_id)
    moments = [shown["issued_at"], shown["sent_at"], shown["received_at"], shown["ended_at"]]
    assert moments == sorted(moments)
    assert "22.5" not in str(shown), "what it asked for is forgotten at its end"


async def test_who_does_not_wait_gets_a_place_to_look(at: Home) -> None:
    one = await resident(at)
    sent = await one.phone.send(one.device_id, "set", {"target_c": 22})
    assert sent.location == f"/v1/commands/{sent.command_id}"
    await until(lambda: has(one, sent.command_id, "applied"))


async def test_the_same_key_gives_the_same_command_and_one_effect(at: Home) -> None:
    one = await resident(at)
    before, key = one.appliance.model.effects, one.phone.new_key()
    first = await one.phone.send(one.device_id, "set", {"target_c": 17}, key=key)
    again = await one.phone.send(one.device_id, "set", {"target_c": 17}, key=key)
    assert again.command_id == first.command_id
    await until(lambda: has(one, first.command_id, "applied"))
    assert one.appliance.model.effects == before + 1
    with pytest.raises(ProblemError) as other:
        await one.phone.send(one.device_id, "set", {"target_c": 18}, key=key)
    assert other.value.status == 422


async def test_what_the_appliance_refuses_is_rejected_with_its_reason(at: Home) -> None:
    one = await resident(at)
    one.appliance.model.set_remote(enabled=False)
    sent = await one.phone.send(one.device_id, "on", {}, wait_s=5)
    assert (sent.status, sent.body["code"]) == ("rejected", "remote_off")


@pytest.mark.parametrize(
    ("action", "params", "field"),
    [("set", {"target_c": 300}, "params.target_c"), ("explode", {}, "action"), ("set", {"tint": 1}, "params.tint")],
)
async def test_what_the_type_cannot_do_is_refused_by_field_before_anything_is_sent(
    at: Home, action: str, params: dict[str, Any], field: str
) -> None:
    one = await resident(at)
    with pytest.raises(ProblemError) as refused:
        await one.phone.send(one.device_id, action, params)
    assert refused.value.status == 422
    assert [error["field"] for error in refused.value.body["errors"]] == [field]


async def test_an_appliance_that_is_away_is_said_to_be_away_at_once(at: Home) -> None:
    one = await away(at)
    with pytest.raises(ProblemError) as refused:
        await one.phone.send(one.device_id, "set", {"target_c": 20})
    assert (refused.value.status, refused.value.code) == (409, "device_offline")
    assert refused.value.body["last_seen"] is not None


async def test_a_newer_set_point_supersedes_and_a_taken_back_one_is_cancelled(at: Home) -> None:
    one = await away(at)
    older = await one.phone.send(one.device_id, "set", {"target_c": 20}, expires_in_s=600)
    newer = await one.phone.send(one.device_id, "set", {"target_c": 21}, expires_in_s=600)
    assert await status(one, older.command_id) == "superseded"
    await one.phone.cancel_command(newer.command_id)
    assert await status(one, newer.command_id) == "cancelled"
    last = await one.phone.send(one.device_id, "set", {"mode": "eco"}, expires_in_s=600)
    back = at.appliance(one.made, timings=QUICK)
    at.start(back)
    await until(lambda: has(one, last.command_id, "applied"))
    assert back.model.effects == 1
    assert await status(one, newer.command_id) == "cancelled"


async def test_a_heater_is_never_told_to_start_later(at: Home) -> None:
    one = await away(at)
    with pytest.raises(ProblemError) as refused:
        await one.phone.send(one.device_id, "on", {}, expires_in_s=600)
    assert refused.value.status == 422


async def test_a_command_whose_answer_stays_out_expires_and_a_late_answer_is_told_as_late(at: Home) -> None:
    one = await resident(at)
    session = one.appliance._session
    assert session is not None
    link: Any = session._link
    held: list[bytes] = []
    link._on_message = lambda _topic, payload: held.append(payload)  # the appliance is busy and does not listen
    sent = await one.phone.send(one.device_id, "set", {"target_c": 16}, expires_in_s=1)
    await eventually(lambda: bool(held))
    await until(lambda: has(one, sent.command_id, "expired"))
    ack = {"command_id": sent.command_id, "status": "applied"}
    await asyncio.wait_for(link.publish(f"hg/v1/dev/{one.device_id}/up/ack", json.dumps(ack).encode()), 5)
    await until(lambda: has(one, sent.command_id, "applied_late"))


async def test_commands_of_one_appliance_keep_their_order(at: Home) -> None:
    one = await resident(at)
    modes = ["eco", "comfort", "frost_guard", "eco"]
    temperatures = [10, 11, 12, 13]
    wishes = [{"mode": mode, "target_c": target} for mode, target in zip(modes, temperatures, strict=True)]
    sent = [await one.phone.send(one.device_id, "set", params) for params in wishes]
    await until(lambda: _over(one, [command.command_id for command in sent]))
    assert one.appliance.model.state["mode"] == "eco"
    assert one.appliance.model.state["target_c"] == 13


async def _over(one: Resident, commands: list[str]) -> bool:
    ends = [await status(one, command_id) for command_id in commands]
    return all(end in {"applied", "superseded", "applied_late"} for end in ends)
