"""The event stream of an account: snapshot, changes, resuming, and what a released device tells no more."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from gateway.api.changes import ChangesHub
from gateway.domain.binding import Role
from gateway.domain.identity import AccountId
from gateway.usecases import states
from gateway.usecases.outbox import Committed
from tests.api.house import House, Listener, Person
from tests.api.rig import PASSWORD, TYPES


async def quiet(house: House, listener: Listener, person: Person) -> None:
    """Prove that nothing was told: the next thing is what happens now."""
    answer = await person.ask("POST", "/v1/pairings")
    pairing_id = (await answer.json())["pairing_id"]
    await person.ask("DELETE", f"/v1/pairings/{pairing_id}")
    event = await listener.next()
    assert (event.kind, event.data["pairing_id"]) == ("pairing.closed", pairing_id)


async def test_first_comes_a_snapshot_of_all_devices_and_of_nobody_elses(
    house: House, ann: Person, bob: Person
) -> None:
    mine = await house.bound(ann)
    away = await house.bound(ann)
    await house.bound(bob)
    await house.report(mine, 1, power="on", target_c=21.5)
    await house.bye(away)
    async with ann.listen() as listener:
        snapshot = await listener.next()
    assert snapshot.kind == "snapshot"
    assert snapshot.event_id is not None
    devices = {device["device_id"]: device for device in snapshot.data["devices"]}
    assert devices.keys() == {mine, away}
    assert devices[mine]["state"] == {"power": "on", "target_c": 21.5}
    assert devices[mine]["as_of"] == "2026-03-01T12:00:00.000Z"
    assert devices[mine]["presence"]["status"] == "online"
    assert devices[away]["presence"]["status"] == "offline"
    assert devices[away]["presence"]["last_seen"] == "2026-03-01T12:00:00.000Z"


async def test_a_home_without_devices_gets_an_empty_snapshot(ann: Person) -> None:
    async with ann.listen() as listener:
        assert (await listener.next()).data == {"devices": []}


async def test_a_change_is_told_with_the_whole_state_and_its_time(house: House, ann: Person) -> None:
    device_id = await house.bound(ann)
    await house.report(device_id, 1, power="on", target_c=21.5)
    async with ann.listen() as listener:
        await listener.next()
        house.rig.time.pass_by(seconds=5)
        await house.report(device_id, 2, target_c=22)
        changed = await listener.next()
        assert changed.kind == "state"
        assert changed.data["state"] == {"power": "on", "target_c": 22}
        assert changed.data["as_of"] == "2026-03-01T12:00:05.000Z"
        await house.bye(device_id)
        gone = await listener.next()
        assert (gone.kind, gone.data["presence"]["status"]) == ("state", "offline")
        assert gone.data["state"] == {"power": "on", "target_c": 22}
        assert int(gone.event_id or 0) > int(changed.event_id or 0)


async def test_a_new_device_is_told_with_everything_that_is_known_of_it(house: House, ann: Person) -> None:
    device_id = await house.appliance(firmware="1.4.2")
    await house.hello(device_id)
    async with ann.listen() as listener:
        await listener.next()
        await house.pair(ann, device_id)
        told = await listener.until("device.bound")
    assert told[-1].data["device"]["presence"]["status"] == "online"
    assert told[-1].data["device"]["firmware"] == "1.4.2"


async def test_a_command_is_told_through_its_life(house: House, ann: Person) -> None:
    device_id = await house.bound(ann)
    async with ann.listen() as listener:
        await listener.next()
        answer = await ann.ask("POST", f"/v1/devices/{device_id}/commands", {"action": "off"})
        command_id = (await answer.json())["command_id"]
        for status in ("received", "applied"):
            await house.ack(device_id, command_id, status)
        told = [await listener.next() for _ in range(4)]
    assert [one.data["status"] for one in told] == ["accepted", "sent", "received", "applied"]
    assert {one.data["command_id"] for one in told} == {command_id}


async def test_a_name_is_told_to_ones_other_telephones_and_is_not_in_the_log(house: House, ann: Person) -> None:
    device_id = await house.bound(ann)
    async with ann.listen() as listener:
        await listener.next()
        await ann.ask("PATCH", f"/v1/devices/{device_id}", {"nickname": "canary-name"}, If_Match="*")
        told = await listener.next()
    assert (told.kind, told.data["device"]["nickname"]) == ("device.renamed", "canary-name")
    events = await house.run(lambda tx: tx.events.of_account(ann.account_id, 0, 1000))
    assert "canary-name" not in str([dict(event.data) for event in events])


# -- resuming


async def seen_until_now(person: Person) -> str:
    async with person.listen() as listener:
        event_id = (await listener.next()).event_id
    assert event_id is not None
    return event_id


async def test_who_comes_back_gets_what_was_missed_and_no_snapshot(house: House, ann: Person) -> None:
    device_id = await house.bound(ann)
    await house.report(device_id, 0, target_c=19)
    last = await seen_until_now(ann)
    await house.report(device_id, 1, target_c=20)
    await house.report(device_id, 2, target_c=22)
    answer = await ann.ask("POST", f"/v1/devices/{device_id}/commands", {"action": "off"})
    async with ann.listen(last_event_id=last) as listener:
        told = [await listener.next() for _ in range(3)]
        assert [one.kind for one in told] == ["state", "command", "command"]
        assert told[0].data["state"] == {"target_c": 22}
        assert told[1].data["command_id"] == (await answer.json())["command_id"]
        await quiet(house, listener, ann)
    numbers = [int(one.event_id or 0) for one in told]
    assert numbers == sorted(numbers)
    async with ann.listen(last_event_id=told[1].event_id) as listener:
        assert (await listener.next()).data == told[2].data


async def test_many_missed_events_arrive_all_in_order(house: House, ann: Person) -> None:
    last = await seen_until_now(ann)

    def happen(tx: Any) -> None:
        for n in range(250):
            tx.emit(ann.account_id, "test", {"n": n, "filling": "x" * 4000}, house.rig.time())

    await house.run(happen)
    async with ann.listen(last_event_id=last) as listener:
        told = [await listener.next() for _ in range(250)]
        assert [one.data["n"] for one in told] == list(range(250))
        await quiet(house, listener, ann)


async def test_who_was_away_for_longer_than_the_log_gets_a_new_snapshot(house: House, ann: Person) -> None:
    await house.bound(ann)
    last = await seen_until_now(ann)
    await house.bound(ann)
    forgotten = "UPDATE counters SET value = (SELECT max(event_id) FROM events) WHERE name = 'forgotten_events'"
    await house.run(lambda tx: tx.statements.execute(text(forgotten)))  # type: ignore[attr-defined]
    async with ann.listen(last_event_id=last) as listener:
        assert (await listener.next()).kind == "snapshot"


@pytest.mark.parametrize("last", ["nonsense", "-1", "99999999", "1e3", "9" * 40, "0x10"])
async def test_an_id_that_was_never_given_gets_a_snapshot(house: House, ann: Person, last: str) -> None:
    await house.bound(ann)
    async with ann.listen(last_event_id=last) as listener:
        assert (await listener.next()).kind == "snapshot"


async def test_devices_that_changed_in_one_batch_share_an_id_that_only_the_last_bears(
    house: House, ann: Person
) -> None:
    pair = [await house.bound(ann) for _ in range(2)]
    last = await seen_until_now(ann)
    reports = [states.Reported(one, "", 1, {"power": "on"}, full=False, at=None, epoch=None) for one in pair]
    await house.run(lambda tx: states.ingest(tx, reports, TYPES, house.rig.time()))
    async with ann.listen(last_event_id=last) as listener:
        first, second = await listener.next(), await listener.next()
    assert (first.event_id, {first.data["device_id"], second.data["device_id"]}) == (None, set(pair))
    assert second.event_id is not None


# -- access at every reading


async def test_a_released_device_tells_its_release_and_nothing_more(house: House, ann: Person, bob: Person) -> None:
    device_id = await house.bound(ann)
    async with ann.listen() as listener:
        await listener.next()
        await ann.ask("POST", f"/v1/devices/{device_id}/release", {"password": PASSWORD})
        released = await listener.next()
        assert (released.kind, released.data["device_id"]) == ("device.released", device_id)
        await house.pair(bob, device_id)
        await house.hello(device_id)
        await house.report(device_id, 1, power="on")
        await bob.ask("POST", f"/v1/devices/{device_id}/commands", {"action": "off"})
        await quiet(house, listener, ann)


async def test_resuming_over_a_release_shows_nothing_of_before(house: House, ann: Person) -> None:
    device_id = await house.bound(ann)
    await house.report(device_id, 0, power="off")
    last = await seen_until_now(ann)
    await house.report(device_id, 1, power="on")
    await ann.ask("POST", f"/v1/devices/{device_id}/commands", {"action": "off"})
    await ann.ask("POST", f"/v1/devices/{device_id}/release", {"password": PASSWORD})
    async with ann.listen(last_event_id=last) as listener:
        assert (await listener.next()).kind == "device.released"
        await quiet(house, listener, ann)


async def test_a_member_is_told_and_a_guest_whose_stay_is_over_is_not(house: House, ann: Person, bob: Person) -> None:
    device_id = await house.bound(ann)
    await house.let_in(device_id, bob, Role.GUEST, until=house.rig.time() + timedelta(minutes=5))
    async with bob.listen() as listener:
        assert [one["device_id"] for one in (await listener.next()).data["devices"]] == [device_id]
        await house.report(device_id, 1, power="on")
        assert (await listener.next()).data["state"] == {"power": "on"}
        house.rig.time.pass_by(minutes=5)
        await house.report(device_id, 2, power="off")
        await quiet(house, listener, bob)


async def test_nobody_is_told_of_anothers_device(house: House, ann: Person, bob: Person) -> None:
    device_id = await house.bound(ann)
    async with bob.listen() as listener:
        await listener.next()
        await house.report(device_id, 1, power="on")
        await ann.ask("POST", f"/v1/devices/{device_id}/commands", {"action": "off"})
        house.rig.changes.poke(bob.account_id)
        await quiet(house, listener, bob)


async def test_a_stream_ends_with_its_session_although_another_gateway_ended_it(house: House, ann: Person) -> None:
    async with ann.listen() as listener:
        await listener.next()
        other = await house.rig.client()
        await other.delete("/v1/sessions", headers={"Authorization": f"Bearer {ann.tokens['access_token']}"})
        assert (await listener.next()).data == {"reason": "signed_out"}


async def test_a_stream_ends_with_its_access_token_and_says_so(house: House, ann: Person) -> None:
    async with ann.listen() as listener:
        await listener.next()
        house.rig.time.pass_by(minutes=15)
        house.rig.changes.poke(ann.account_id)
        assert (await listener.next()).data == {"reason": "token_expired"}


async def test_without_a_token_there_is_no_stream(house: House) -> None:
    assert (await house.client.get("/v1/events")).status == 401


# -- waking


async def test_a_poke_before_the_wait_is_not_lost_and_others_may_wake_but_never_sleep_on() -> None:
    hub = ChangesHub(places=1)
    one, other = AccountId("a-1"), AccountId("a-2")
    version = hub.version(one)
    hub.poke(one)
    await asyncio.wait_for(hub.wait(one, version), 1)
    async with asyncio.TaskGroup() as tasks:
        waiting = [tasks.create_task(hub.wait(who, hub.version(who))) for who in (one, other)]
        await asyncio.sleep(0)
        assert not any(task.done() for task in waiting)
        hub.committed(Committed(accounts=frozenset({other})))
    assert hub._waiting == {}


async def test_who_stops_waiting_leaves_nothing_behind() -> None:
    hub = ChangesHub()
    for n in range(100):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await hub.wait(AccountId(f"a-{n}"), hub.version(AccountId(f"a-{n}")))
    assert hub._waiting == {}
