"""How an appliance comes to its people, leaves them, and comes to others."""

import asyncio

import pytest

from device_sim.api import ProblemError
from device_sim.appliance import Appliance
from device_sim.flash import SeenCommand
from device_sim.happenings import What
from gateway.protocol.codec import encode
from gateway.protocol.messages import UnsignedCommand
from gateway.protocol.signing import command_signing_bytes
from tests.home import QUICK, Home, eventually
from tests.journeys.people import one_made, pull_the_plug, resident, settled, somebody

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_token_in_the_activation_binds_and_every_step_is_shown(at: Home) -> None:
    phone, appliance = await somebody(at), at.appliance(await one_made(at), timings=QUICK)
    pairing = await phone.pair(appliance)
    seen: list[str] = []

    async def watch() -> None:
        seen.extend([event.event async for event in phone.pairing_events(pairing.pairing_id)])

    watching = at.tasks.create_task(watch())
    at.start(appliance)
    await asyncio.wait_for(watching, 20)
    shown = await phone.pairing(pairing.pairing_id)
    assert (shown["status"], shown["trace_id"]) == ("completed", pairing.trace_id)
    assert [step["step"] for step in shown["steps"]][:4] == ["reached_us", "activated", "proved", "bound"]
    assert seen
    await eventually(lambda: appliance.is_paired)


async def test_a_token_that_comes_later_needs_no_reset(at: Home) -> None:
    phone, appliance = await somebody(at), at.appliance(await one_made(at), timings=QUICK)
    at.start(appliance)
    await eventually(lambda: appliance.is_online)
    assert not appliance.is_paired, "connected is not bound"
    assert await phone.devices() == []
    identity = appliance.kept.operational
    await settled(at, phone, appliance)
    assert appliance.kept.operational == identity
    assert [device["device_id"] for device in await phone.devices()] == [appliance.kept.device_id]


async def test_units_of_a_batch_share_a_certificate_and_prove_who_they_are(at: Home) -> None:
    phone = await somebody(at)
    for made in await at.make(2, seed=9000, batch=True):
        appliance = at.appliance(made, timings=QUICK)
        at.start(appliance)
        await settled(at, phone, appliance)
    assert len(await phone.devices()) == 2


async def test_after_a_release_the_next_owner_sees_nothing_of_the_last_one(at: Home) -> None:
    first = await resident(at)
    phone, device_id, appliance = first.phone, first.device_id, first.appliance
    await phone.send(device_id, "set", {"target_c": 27.5}, wait_s=5)
    waiting = await phone.send(device_id, "set", {"target_c": 26}, expires_in_s=3600)
    old = _commands_of(at, appliance)

    await phone.release(device_id)
    with pytest.raises(ProblemError) as gone:
        await phone.device(device_id)
    assert gone.value.status == 404
    with pytest.raises(ProblemError):
        await phone.command(waiting.command_id)
    await eventually(lambda: not appliance.is_paired)
    assert appliance.happenings[What.WIPED] == 1
    assert appliance.kept.settings == {}

    newcomer = await somebody(at)
    await settled(at, newcomer, appliance)
    shown = await newcomer.state(device_id)
    assert shown["state"].get("target_c") != 27.5
    assert (await newcomer.device(device_id))["epoch"] == 3

    effects = appliance.model.effects
    for message in old:
        await at.application.parts.transport.publish(f"hg/v1/dev/{device_id}/down/command", message)
    await eventually(lambda: appliance.happenings.get(What.MESSAGE_DROPPED, 0) >= len(old))
    assert appliance.model.effects == effects, "commands of an ended epoch are not obeyed, however well they are signed"


def _commands_of(at: Home, appliance: Appliance) -> list[bytes]:
    """Commands that are signed and unexpired, of the appliance's present epoch."""
    kept, now = appliance.kept, at.application.parts.relay._clock()
    made = []
    for place, seen in enumerate([SeenCommand("0198c0de-0000-7000-8000-00000000000a", 900, "applied")]):
        unsigned = UnsignedCommand(
            command_id=seen.command_id,
            seq=seen.seq + place,
            epoch=kept.epoch,
            action="set",
            params={"target_c": 29},
            issued_at=now,
            expires_at=now.replace(year=now.year + 1),
        )
        signature = at.secrets.signer.sign(command_signing_bytes(kept.device_id or "", unsigned))
        made.append(encode(unsigned.signed(signature)))
    return made


async def test_a_factory_reset_and_the_same_account_are_together_again(at: Home) -> None:
    one = await resident(at)
    device_id = one.device_id
    one.appliance.factory_reset()
    await eventually(lambda: one.appliance.is_online)
    assert not one.appliance.is_paired
    assert one.device_id == device_id, "the identity is the hardware's"
    await settled(at, one.phone, one.appliance)
    device = await one.phone.device(device_id)
    assert (device["epoch"], device["role"]) == (1, "owner")


async def test_a_used_appliance_that_was_not_released_asks_its_owner(at: Home) -> None:
    former, newcomer = await resident(at), await somebody(at)
    former.appliance.factory_reset()
    await eventually(lambda: former.appliance.is_online)
    pairing = await newcomer.pair(former.appliance)
    await eventually(lambda: former.appliance.happenings.get(What.PAIRING_REFUSED, 0) == 1)
    refused = await newcomer.pairing(pairing.pairing_id)
    assert (refused["status"], refused["code"]) == ("refused", "bind.owned")
    assert await newcomer.devices() == []
    asked = (await former.phone.device(former.device_id))["release_request"]
    assert asked is not None

    await former.phone._api.request("POST", f"/v1/devices/{former.device_id}/release-requests/agree", {})
    await settled(at, newcomer, former.appliance)
    assert [device["device_id"] for device in await newcomer.devices()] == [former.device_id]
    assert await former.phone.devices() == []


async def test_a_copy_is_refused_while_the_first_one_works(at: Home) -> None:
    one = await resident(at)
    copy = at.appliance(one.made, timings=QUICK)
    copy._controller.flash._path = copy._controller.flash._path.with_suffix(".copy")
    copy._controller.flash.update(operational=None, candidate=None, device_id=None)
    power = at.start(copy)
    await eventually(lambda: copy.has_given_up)
    assert copy.kept.failures[-1].code == "claim.duplicate_id"
    await pull_the_plug(power)
    assert (await one.phone.send(one.device_id, "set", {"target_c": 21}, wait_s=5)).status == "applied"
