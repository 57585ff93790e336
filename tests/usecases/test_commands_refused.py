"""Commands that are refused, and that nothing is left of them."""

import json
from datetime import timedelta
from importlib.resources import files

from gateway.domain.commands import Command, TooLong
from gateway.usecases import commands
from gateway.usecases.descriptors import read_descriptor
from gateway.usecases.types import TypeCatalogue
from gateway.usecases.wishes import DeviceOffline, Invalid, NotAllowed, NotFound, TooMany
from tests.usecases.household import HEATER, Household

DAY = timedelta(days=1)


async def test_nobody_commands_what_is_not_theirs(household: Household) -> None:
    ann, bob = await household.account(), await household.account()
    device_id = await household.bound(ann)
    assert isinstance(await household.send(bob, device_id), NotFound)
    command = await household.given(ann, device_id)
    assert isinstance(
        await household.run(lambda tx: commands.one(tx, bob, command.command_id, household.now)), NotFound
    )


async def test_what_turns_a_heater_on_never_lives_beyond_thirty_seconds(household: Household) -> None:
    ann = await household.account()
    device_id = await household.bound(ann)
    for action, params in (("on", {}), ("set", {"power": "on"}), ("set", {"power": "on", "target_c": 20})):
        refused = await household.send(ann, device_id, action, timedelta(seconds=31), **params)
        assert refused == TooLong(timedelta(seconds=30))
        kept = await household.given(ann, device_id, action, **params)
        assert kept.expires_at - kept.issued_at == timedelta(seconds=30)
    assert isinstance(await household.send(ann, device_id, "set", DAY, target_c=20), Command)


async def test_an_appliance_that_is_away_gets_only_what_outlives_a_minute(household: Household) -> None:
    ann = await household.account()
    device_id = await household.bound(ann)
    await household.bye(device_id)
    last_seen = household.now
    household.pass_by(seconds=5)
    assert await household.send(ann, device_id) == DeviceOffline(last_seen)
    assert await household.send(ann, device_id, "off", timedelta(seconds=60)) == DeviceOffline(last_seen)
    assert isinstance(await household.send(ann, device_id, "off", timedelta(seconds=61)), Command)


async def test_what_the_type_does_not_know_is_refused_and_leaves_nothing(household: Household) -> None:
    ann = await household.account()
    device_id = await household.bound(ann)
    for action, params in (("explode", {}), ("set", {}), ("set", {"target_c": 31}), ("on", {"now": True})):
        assert isinstance(await household.send(ann, device_id, action, **params), Invalid)
    assert await household.run(lambda tx: tx.commands.under_way(device_id)) == []
    assert household.commands_to(device_id) == []


async def test_a_type_that_is_never_turned_on_from_afar_is_not(household: Household) -> None:
    document = json.loads((files("gateway") / "types" / f"{HEATER}.json").read_text())
    document["safety"]["remote_on"] = False
    household.types = TypeCatalogue([read_descriptor("test", json.dumps(document).encode())])
    household.services = commands.CommandServices(household.signer, household.identifiers, household.types)
    ann = await household.account()
    device_id = await household.bound(ann)
    assert isinstance(await household.send(ann, device_id, "on"), NotAllowed)
    assert isinstance(await household.send(ann, device_id, "set", power="on"), NotAllowed)
    assert isinstance(await household.send(ann, device_id, "off"), Command)


async def test_too_many_waiting_commands_are_refused_until_one_ends(household: Household) -> None:
    ann = await household.account()
    device_id = await household.bound(ann)
    first = await household.given(ann, device_id, "off")
    await household.ack(device_id, first, "received")
    for _ in range(commands.WAITING_AT_MOST - 1):
        waiting = await household.given(ann, device_id, "off")
        await household.ack(device_id, waiting, "received")
    assert isinstance(await household.send(ann, device_id), TooMany)
    await household.ack(device_id, first, "applied")
    assert isinstance(await household.send(ann, device_id), Command)
