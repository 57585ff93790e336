"""Reported state and presence against real databases."""

from datetime import timedelta

from gateway.domain.presence import REPORT_EVERY, SILENCE_LIMIT, Offline, Online
from gateway.usecases import presence
from gateway.usecases.repositories.states import VisibleState
from gateway.usecases.states import LAST_SEEN_STEP
from tests.usecases.household import Household, report


async def seen(household: Household, account_id: object, device_id: object) -> VisibleState:
    [state] = await household.read(lambda tx: tx.states.visible(account_id, device_id, -1))  # type: ignore[arg-type]
    return state


async def test_a_report_is_merged_and_a_full_one_replaces(household: Household) -> None:
    ann = await household.account()
    device_id = await household.bound(ann)
    await household.report(report(device_id, 1, power="on", target_c=20))
    await household.report(report(device_id, 2, target_c=22))
    assert (await seen(household, ann, device_id)).properties == {"power": "on", "target_c": 22}
    await household.report(report(device_id, 3, full=True, mode="eco"))
    assert (await seen(household, ann, device_id)).properties == {"mode": "eco"}


async def test_a_batch_is_taken_in_order_and_its_repetition_changes_nothing(household: Household) -> None:
    ann = await household.account()
    one, other = await household.bound(ann), await household.bound(ann)
    batch = [report(one, 1, target_c=20), report(other, 1, power="off"), report(one, 2, target_c=21)]
    assert (await household.report(*batch))["stored"] == 3
    before = await seen(household, ann, one)
    tally = await household.report(*batch)
    assert (tally["stored"], tally["repeated"] + tally["older"]) == (0, 3)
    assert await seen(household, ann, one) == before
    assert before.properties == {"target_c": 21}


async def test_an_older_report_never_overwrites_a_newer_one(household: Household) -> None:
    ann = await household.account()
    device_id = await household.bound(ann)
    await household.report(report(device_id, 5, boot="b1", target_c=22))
    await household.report(report(device_id, 4, boot="b1", target_c=19))
    assert (await seen(household, ann, device_id)).properties == {"target_c": 22}
    await household.report(report(device_id, 1, boot="b2", target_c=25))
    tally = await household.report(report(device_id, 99, boot="b1", target_c=5))
    assert tally["earlier_boot"] == 1
    assert (await seen(household, ann, device_id)).properties == {"target_c": 25}


async def test_what_the_type_does_not_know_is_left_out_and_counted(household: Household) -> None:
    ann = await household.account()
    device_id = await household.bound(ann)
    tally = await household.report(report(device_id, 1, power="on", latitude=52.5, target_c=400))
    assert (tally["stored"], tally["schema_mismatch"]) == (1, 1)
    assert (await seen(household, ann, device_id)).properties == {"power": "on"}


async def test_an_unknown_sender_is_counted_and_nothing_else(household: Household) -> None:
    ann = await household.account()
    device_id = await household.bound(ann)
    tally = await household.report(report("d-unknown", 1, power="on"), report(device_id, 1, power="on"))  # type: ignore[arg-type]
    assert (tally["unknown_device"], tally["stored"]) == (1, 1)


async def test_everybody_of_the_device_is_poked_and_nobody_else(household: Household) -> None:
    ann, bob = await household.account(), await household.account()
    device_id = await household.bound(ann)
    await household.bound(bob)
    household.poked.clear()
    await household.report(report(device_id, 1, power="on"))
    assert household.poked == {ann}


async def test_a_repeated_report_pokes_nobody(household: Household) -> None:
    ann = await household.account()
    device_id = await household.bound(ann)
    await household.report(report(device_id, 1, power="on"))
    household.poked.clear()
    await household.report(report(device_id, 1, power="on"))
    assert household.poked == set()


async def test_nothing_is_kept_over_a_change_of_hands_but_the_place_in_the_count(household: Household) -> None:
    ann, bob = await household.account(), await household.account()
    device_id = await household.bound(ann)
    await household.report(report(device_id, 7, power="on"))
    await household.release(ann, device_id)
    opened = await household.open_pairing(bob)
    await household.present(device_id, opened.bind_token)
    assert (await seen(household, bob, device_id)).properties == {}
    await household.report(report(device_id, 6, power="on"))
    assert (await seen(household, bob, device_id)).properties == {}
    await household.report(report(device_id, 8, power="off"))
    assert (await seen(household, bob, device_id)).properties == {"power": "off"}
    assert await household.read(lambda tx: tx.states.visible(ann, device_id, -1)) == []


async def test_a_report_of_an_earlier_epoch_by_its_own_word_is_not_stored(household: Household) -> None:
    ann = await household.account()
    device_id = await household.bound(ann)
    tally = await household.report(report(device_id, 1, power="on")._replace(epoch=0))
    assert (tally["stored"], tally["other_epoch"]) == (0, 1)
    assert (await seen(household, ann, device_id)).properties == {}


# -- presence


async def test_silence_of_two_and_a_half_intervals_counts_as_gone(household: Household) -> None:
    ann = await household.account()
    device_id = await household.bound(ann)
    assert timedelta(seconds=750) == SILENCE_LIMIT == 2.5 * REPORT_EVERY
    due = await household.run(presence.next_silence)
    assert due == household.now + SILENCE_LIMIT
    household.pass_by(seconds=749)
    assert await household.run(lambda tx: presence.mark_silent(tx, household.now)) == 0
    household.pass_by(seconds=1)
    household.poked.clear()
    assert await household.run(lambda tx: presence.mark_silent(tx, household.now)) == 1
    gone = (await seen(household, ann, device_id)).presence
    assert isinstance(gone, Offline)
    assert (gone.why.value, gone.last_seen) == ("silence", household.now - SILENCE_LIMIT)
    assert household.poked == {ann}
    assert await household.run(presence.next_silence) is None


async def test_a_report_brings_back_who_was_only_silent(household: Household) -> None:
    ann = await household.account()
    device_id = await household.bound(ann)
    household.pass_by(seconds=750)
    await household.run(lambda tx: presence.mark_silent(tx, household.now))
    await household.report(report(device_id, 1, power="on"))
    assert isinstance((await seen(household, ann, device_id)).presence, Online)


async def test_a_report_that_its_bye_overtook_brings_nobody_back(household: Household) -> None:
    ann = await household.account()
    device_id = await household.bound(ann)
    await household.bye(device_id)
    household.pass_by(seconds=1)
    await household.report(report(device_id, 1, power="on"))
    assert isinstance((await seen(household, ann, device_id)).presence, Offline)


async def test_last_seen_is_kept_to_half_a_minute_and_moves_without_telling_anybody(household: Household) -> None:
    ann = await household.account()
    device_id = await household.bound(ann)
    start = household.now
    household.pass_by(seconds=10)
    await household.report(report(device_id, 1, power="on"))
    presence_now = (await seen(household, ann, device_id)).presence
    assert isinstance(presence_now, Online)
    assert presence_now.last_seen == start
    number = (await seen(household, ann, device_id)).revision
    household.pass_by(seconds=LAST_SEEN_STEP.total_seconds())
    await household.report(report(device_id, 1, power="on"))
    after = await seen(household, ann, device_id)
    assert isinstance(after.presence, Online)
    assert (after.presence.last_seen, after.revision) == (household.now, number)


async def test_a_second_bye_changes_nothing(household: Household) -> None:
    ann = await household.account()
    device_id = await household.bound(ann)
    await household.bye(device_id)
    before = await seen(household, ann, device_id)
    household.pass_by(seconds=5)
    assert await household.run(lambda tx: presence.said_bye(tx, device_id, household.now)) == "repeated"
    assert await seen(household, ann, device_id) == before
