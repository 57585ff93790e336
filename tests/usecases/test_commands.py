"""Commands against real databases: order, repetition, ends."""

import asyncio
from datetime import timedelta

import pytest

from gateway.domain.binding import Role
from gateway.domain.commands import Command, Status
from gateway.usecases import commands
from gateway.usecases.wishes import NotFound
from tests.usecases.household import Household

DAY = timedelta(days=1)


async def test_one_command_travels_at_a_time_in_the_order_in_which_they_were_given(household: Household) -> None:
    ann = await household.account()
    device_id = await household.bound(ann)
    given = [await household.given(ann, device_id, action) for action in ("on", "off", "set")[:2]]
    given.append(await household.given(ann, device_id, "set", target_c=20))
    assert household.commands_to(device_id) == [given[0].command_id]
    for place, command in enumerate(given):
        assert household.commands_to(device_id)[-1] == command.command_id
        await household.ack(device_id, command, "received")
        assert len(household.commands_to(device_id)) == min(place + 2, 3)
    assert household.commands_to(device_id) == [command.command_id for command in given]
    assert [command.seq for command in given] == [1, 2, 3]


async def test_what_is_not_received_is_sent_again_on_a_growing_timer(household: Household) -> None:
    ann = await household.account()
    device_id = await household.bound(ann)
    command = await household.given(ann, device_id, life=DAY)
    moments = []
    for second in range(1, 100):
        household.pass_by(seconds=1)
        before = len(household.commands_to(device_id))
        await household.tick()
        if len(household.commands_to(device_id)) > before:
            moments.append(second)
    assert moments == [1, 3, 7, 15, 31, 61, 91]
    assert set(household.commands_to(device_id)) == {command.command_id}
    assert (await household.stored(command)).sends == 8


async def test_the_timer_has_nothing_to_do_before_the_moment_and_after_the_word(household: Household) -> None:
    ann = await household.account()
    device_id = await household.bound(ann)
    command = await household.given(ann, device_id)
    assert await household.tick() == 0
    await household.ack(device_id, command, "received")
    household.pass_by(seconds=20)
    assert await household.tick() == 0
    await household.ack(device_id, command, "applied")
    assert await household.run(lambda tx: tx.commands.next_due()) is None


async def test_a_timer_that_rang_ends_or_moves_whatever_was_due(household: Household) -> None:
    """The timer looks again until nothing is due: whatever it leaves due would keep it busy for ever."""
    ann = await household.account()
    device_id = await household.bound(ann)
    for action in ("on", "off"):
        await household.given(ann, device_id, action)
    await household.given(ann, device_id, "set", life=DAY, target_c=20)
    for _ in range(90):
        household.pass_by(seconds=1)
        await household.tick()
        assert await household.tick() == 0


async def test_hello_sends_at_once_what_was_not_received_and_nothing_that_was(household: Household) -> None:
    ann = await household.account()
    device_id = await household.bound(ann)
    received = await household.given(ann, device_id, "on")
    await household.ack(device_id, received, "received")
    waiting = await household.given(ann, device_id, "off", life=DAY)
    await household.bye(device_id)
    household.sent.clear()
    await household.hello(device_id)
    assert household.commands_to(device_id) == [waiting.command_id]


async def test_hello_writes_down_what_ran_out_while_the_appliance_was_away(household: Household) -> None:
    ann = await household.account()
    device_id = await household.bound(ann)
    command = await household.given(ann, device_id)
    household.pass_by(seconds=30)
    household.sent.clear()
    await household.hello(device_id)
    assert (await household.stored(command)).status is Status.EXPIRED
    assert household.commands_to(device_id) == []


async def test_what_runs_out_ends_by_itself_and_lets_the_next_one_go(household: Household) -> None:
    ann = await household.account()
    device_id = await household.bound(ann)
    first = await household.given(ann, device_id, "on")
    second = await household.given(ann, device_id, "off", life=DAY)
    household.pass_by(seconds=30)
    await household.tick()
    assert (await household.stored(first)).status is Status.EXPIRED
    assert (await household.stored(second)).status is Status.SENT
    assert household.commands_to(device_id)[-1] == second.command_id


async def test_what_was_received_in_time_has_a_minute_for_its_result(household: Household) -> None:
    ann = await household.account()
    device_id = await household.bound(ann)
    command = await household.given(ann, device_id)
    household.pass_by(seconds=29)
    await household.ack(device_id, command, "received")
    household.pass_by(seconds=59)
    await household.tick()
    assert await household.ack(device_id, command, "applied") is None
    assert (await household.stored(command)).status is Status.APPLIED


@pytest.mark.parametrize(("status", "ended"), [("rejected", Status.REJECTED), ("failed", Status.FAILED)])
async def test_an_end_stays_an_end(household: Household, status: str, ended: Status) -> None:
    ann = await household.account()
    device_id = await household.bound(ann)
    command = await household.given(ann, device_id)
    await household.ack(device_id, command, status, code="child_locked")
    assert await household.ack(device_id, command, "applied") == "repeated"
    after = await household.stored(command)
    assert (after.status, after.code) == (ended, "child_locked")
    assert dict(after.params) == {}


async def test_the_same_word_twice_changes_nothing(household: Household) -> None:
    ann = await household.account()
    device_id = await household.bound(ann)
    command = await household.given(ann, device_id)
    assert await household.ack(device_id, command, "received") is None
    before = await household.stored(command)
    household.pass_by(seconds=5)
    assert await household.ack(device_id, command, "received") == "repeated"
    assert await household.stored(command) == before


async def test_a_result_after_the_end_is_recorded_as_late(household: Household) -> None:
    ann = await household.account()
    device_id = await household.bound(ann)
    command = await household.given(ann, device_id)
    household.pass_by(seconds=31)
    await household.tick()
    assert await household.ack(device_id, command, "applied") is None
    assert (await household.stored(command)).status is Status.APPLIED_LATE


async def test_another_devices_word_is_ignored(household: Household) -> None:
    ann = await household.account()
    device_id, other = await household.bound(ann), await household.bound(ann)
    command = await household.given(ann, device_id)
    for status in ("received", "applied", "rejected"):
        assert await household.ack(other, command, status) == "unknown_command"
    assert (await household.stored(command)).status is Status.SENT


async def test_a_newer_set_point_takes_the_place_of_one_that_did_not_arrive(household: Household) -> None:
    ann = await household.account()
    device_id = await household.bound(ann)
    older = await household.given(ann, device_id, "set", target_c=20)
    other = await household.given(ann, device_id, "set", mode="eco")
    newer = await household.given(ann, device_id, "set", target_c=22)
    assert (await household.stored(older)).status is Status.SUPERSEDED
    assert (await household.stored(other)).status is Status.SENT
    assert (await household.stored(newer)).status is Status.ACCEPTED


async def test_what_has_arrived_is_not_superseded(household: Household) -> None:
    ann = await household.account()
    device_id = await household.bound(ann)
    older = await household.given(ann, device_id, "set", target_c=20)
    await household.ack(device_id, older, "received")
    await household.given(ann, device_id, "set", target_c=22)
    assert (await household.stored(older)).status is Status.RECEIVED


async def test_a_result_brings_its_state_along(household: Household) -> None:
    ann = await household.account()
    device_id = await household.bound(ann)
    command = await household.given(ann, device_id, "set", target_c=22)
    await household.ack(device_id, command, "applied", state={"target_c": 22}, seq=1, epoch=None)
    [seen] = await household.read(lambda tx: tx.states.visible(ann, device_id, -1))
    assert seen.properties == {"target_c": 22}


# -- the end of an epoch


async def test_a_release_ends_every_command_and_none_is_sent_or_obeyed_afterwards(household: Household) -> None:
    ann, bob = await household.account(), await household.account()
    device_id = await household.bound(ann)
    given = [await household.given(ann, device_id, action, life=life) for action, life in (("off", DAY), ("on", None))]
    await household.release(ann, device_id)
    household.sent.clear()
    for command in given:
        after = await household.stored(command)
        assert (after.status, after.code) == (Status.CANCELLED, "epoch_ended")
        assert await household.ack(device_id, command, "applied") == "unknown_command"
        assert (await household.stored(command)).status is Status.CANCELLED
    household.pass_by(minutes=5)
    await household.tick()
    await household.hello(device_id)
    opened = await household.open_pairing(bob)
    await household.present(device_id, opened.bind_token)
    await household.hello(device_id)
    assert household.commands_to(device_id) == []


async def test_a_release_that_races_commands_leaves_none_under_way(household: Household) -> None:
    ann = await household.account()
    device_id = await household.bound(ann)
    outcomes = await asyncio.gather(
        *(household.send(ann, device_id, "off", life=DAY) for _ in range(5)),
        household.release(ann, device_id),
        *(household.send(ann, device_id, "off", life=DAY) for _ in range(5)),
    )
    assert await household.run(lambda tx: tx.commands.under_way(device_id)) == []
    assert all(isinstance(one, Command | NotFound) for one in outcomes[:5] + outcomes[6:])
    last = await household.run(lambda tx: tx.devices.get(device_id))
    assert last is not None
    for one in outcomes:
        if isinstance(one, Command):
            assert one.epoch < last.epoch


async def test_a_guest_commands_until_the_stay_is_over(household: Household) -> None:
    ann, bob = await household.account(), await household.account()
    device_id = await household.bound(ann)
    await household.let_in(device_id, bob, Role.GUEST, until=household.now + timedelta(seconds=10))
    command = await household.given(bob, device_id)
    household.pass_by(seconds=10)
    assert isinstance(await household.send(bob, device_id, "off"), NotFound)
    for ask in (
        lambda tx: commands.one(tx, bob, command.command_id, household.now),
        lambda tx: commands.cancel(tx, household.signer, bob, command.command_id, household.now),
    ):
        assert isinstance(await household.run(ask), NotFound)
    assert (await household.stored(command)).status is Status.SENT


async def test_what_a_command_asked_for_is_forgotten_at_its_end(household: Household) -> None:
    ann = await household.account()
    device_id = await household.bound(ann)
    command = await household.given(ann, device_id, "set", target_c=22)
    assert dict((await household.stored(command)).params) == {"target_c": 22}
    await household.ack(device_id, command, "applied")
    assert dict((await household.stored(command)).params) == {}
