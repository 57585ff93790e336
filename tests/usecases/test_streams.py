"""What a stream reads: snapshots and changes in one order, never what is not theirs."""

import asyncio
from datetime import timedelta

from gateway.domain.binding import Role
from gateway.domain.identity import AccountId
from gateway.usecases import streams
from gateway.usecases.streams import Changes, Happened, Snapshot, StateChanged
from tests.usecases.household import Household, report


async def snapshot(household: Household, account_id: AccountId) -> Snapshot:
    return await household.read(lambda tx: streams.snapshot(tx, household.sealer, account_id, household.now))


async def changes(household: Household, account_id: AccountId, after: int, at_most: int = 100) -> Changes:
    found = await household.read(
        lambda tx: streams.since(tx, household.sealer, account_id, after, household.now, at_most)
    )
    assert isinstance(found, Changes)
    return found


def kinds(found: Changes) -> list[str]:
    return [each.event.kind if isinstance(each, Happened) else "state" for each in found.news]


async def test_a_snapshot_and_what_follows_leave_nothing_out_and_repeat_nothing(household: Household) -> None:
    ann = await household.account()
    device_id = await household.bound(ann)
    await household.report(report(device_id, 0, power="off"))
    first = await snapshot(household, ann)
    assert [seen.device.device_id for seen in first.devices] == [device_id]
    assert (await changes(household, ann, first.number)).news == []
    await household.report(report(device_id, 1, power="on"))
    await household.given(ann, device_id)
    found = await changes(household, ann, first.number)
    assert kinds(found) == ["state", "command", "command"]
    numbers = [each.number for each in found.news]
    assert numbers == sorted(numbers)
    assert (await changes(household, ann, found.number)).news == []


async def test_a_state_that_changed_often_is_told_once_as_it_is(household: Household) -> None:
    ann = await household.account()
    device_id = await household.bound(ann)
    await household.report(report(device_id, 0, power="off"))
    start = (await snapshot(household, ann)).number
    for seq in range(1, 20):
        await household.report(report(device_id, seq, target_c=10 + seq / 2))
    found = await changes(household, ann, start)
    [told] = found.news
    assert isinstance(told, StateChanged)
    assert told.state.properties == {"power": "off", "target_c": 19.5}


async def test_a_full_reading_goes_no_further_than_its_last_event(household: Household) -> None:
    ann = await household.account()
    device_id = await household.bound(ann)
    await household.report(report(device_id, 0, power="off"))
    after = (await snapshot(household, ann)).number
    await household.given(ann, device_id, "on")
    await household.given(ann, device_id, "off")
    await household.report(report(device_id, 1, power="on"))
    read: list[str] = []
    more = True
    while more:
        found = await changes(household, ann, after, at_most=2)
        assert all(after < each.number <= found.number for each in found.news)
        read += kinds(found)
        after, more = found.number, found.more
    assert read == ["command", "command", "command", "state"]


async def test_whoever_reads_while_others_write_misses_nothing(household: Household) -> None:
    ann = await household.account()
    devices = [await household.bound(ann) for _ in range(3)]
    for device_id in devices:
        await household.report(report(device_id, 0, target_c=5))
    after = (await snapshot(household, ann)).number
    known: dict[str, object] = {}
    events: list[int] = []

    async def write(number: int) -> None:
        device_id = devices[number]
        for seq in range(1, 15):
            await household.report(report(device_id, seq, target_c=5 + seq))
            await household.run(lambda tx: tx.emit(ann, "test", {}, household.now, device_id=device_id, epoch=1))

    async def read() -> int:
        nonlocal after
        found = await changes(household, ann, after)
        for each in found.news:
            match each:
                case StateChanged(state=state):
                    known[state.device_id] = state.properties["target_c"]
                case Happened(number=at):
                    events.append(at)
        after = found.number
        return len(found.news)

    async with asyncio.TaskGroup() as tasks:
        writers = [tasks.create_task(write(number)) for number in range(3)]
        while not all(writer.done() for writer in writers):
            await read()
    while await read():
        pass
    assert known == dict.fromkeys(devices, 19)
    assert len(events) == len(set(events)) == 42
    assert events == sorted(events)


async def test_nothing_of_anothers_is_read(household: Household) -> None:
    ann, bob = await household.account(), await household.account()
    device_id = await household.bound(ann)
    await household.report(report(device_id, 1, power="on"))
    await household.given(ann, device_id)
    assert (await snapshot(household, bob)).devices == []
    assert (await changes(household, bob, 0)).news == []


async def test_the_time_before_and_after_ones_own_is_not_read(household: Household) -> None:
    ann, bob = await household.account(), await household.account()
    device_id = await household.bound(ann)
    await household.report(report(device_id, 1, power="on"))
    start = (await snapshot(household, ann)).number
    await household.release(ann, device_id)
    opened = await household.open_pairing(bob)
    await household.present(device_id, opened.bind_token)
    await household.hello(device_id)
    await household.report(report(device_id, 2, target_c=20))
    await household.given(bob, device_id)
    assert kinds(await changes(household, ann, start)) == ["device.released"]
    of_bob = await changes(household, bob, 0)
    states = [each.state.properties for each in of_bob.news if isinstance(each, StateChanged)]
    assert states == [{"target_c": 20}]
    assert "device.released" not in kinds(of_bob)


async def test_a_guests_stay_ends_in_the_middle_of_a_stream(household: Household) -> None:
    ann, bob = await household.account(), await household.account()
    device_id = await household.bound(ann)
    await household.let_in(device_id, bob, Role.GUEST, until=household.now + timedelta(seconds=10))
    start = (await snapshot(household, bob)).number
    await household.report(report(device_id, 1, power="on"))
    assert "state" in kinds(await changes(household, bob, start))
    household.pass_by(seconds=10)
    assert (await changes(household, bob, start)).news == []
    assert (await snapshot(household, bob)).devices == []


async def test_a_number_can_be_resumed_from_while_the_log_is_whole(household: Household) -> None:
    ann = await household.account()
    await household.bound(ann)
    newest = await household.read(lambda tx: tx.events.newest())
    answers = [
        await household.read(lambda tx, at=at: streams.since(tx, household.sealer, ann, at, household.now))  # type: ignore[misc]
        for at in (0, newest, newest + 1, None)
    ]
    assert [type(answer) for answer in answers] == [Changes, Changes, Snapshot, Snapshot]


async def test_the_events_of_a_pairing_are_its_accounts_alone(household: Household) -> None:
    ann, bob = await household.account(), await household.account()
    opened = await household.open_pairing(ann)
    pairing_id = opened.pairing.pairing_id
    assert await household.read(lambda tx: streams.pairing_news(tx, bob, pairing_id, 0, household.now)) is None
    await household.present(await household.appliance(), opened.bind_token)
    news = await household.read(lambda tx: streams.pairing_news(tx, ann, pairing_id, 0, household.now))
    assert news is not None
    assert [event.kind for event in news.events] == ["pairing.step", "pairing.step", "pairing.closed"]


async def test_a_former_owners_pairing_is_not_told_that_the_next_ones_appliance_is_there(household: Household) -> None:
    ann, bob = await household.account(), await household.account()
    of_bob = await household.open_pairing(bob)
    household.pass_by(seconds=1)
    of_ann = await household.open_pairing(ann)
    device_id = await household.appliance()
    assert (await household.present(device_id, of_ann.bind_token)).bound
    await household.release(ann, device_id)
    start = (await snapshot(household, ann)).number
    assert (await household.present(device_id, of_bob.bind_token)).bound
    await household.hello(device_id)
    await household.report(report(device_id, 1, power="on"))
    assert (await changes(household, ann, start)).news == []
