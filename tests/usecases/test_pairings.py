"""Pairings and the verdicts on their tokens against real databases."""

import asyncio
from typing import Any

from gateway.domain.failures import Code
from gateway.domain.identity import AccountId, PairingId
from gateway.domain.ownership import Refusal, Refused, Released
from gateway.domain.pairing import OPEN_PAIRINGS_LIMIT, Pairing, PairingState
from gateway.usecases import binding, pairings, release
from tests.usecases.household import Household


async def pairing_of(household: Household, pairing_id: PairingId) -> Pairing:
    found = await household.run(lambda tx: tx.pairings.get(pairing_id))
    assert found is not None
    return found


async def told(household: Household, account_id: AccountId) -> list[tuple[str, dict[str, Any]]]:
    events = await household.read(lambda tx: tx.events.of_account(account_id, 0, 1000))
    return [(event.kind, dict(event.data)) for event in events]


async def test_the_token_is_nowhere_in_the_database(household: Household) -> None:
    ann = await household.account()
    opened = await household.open_pairing(ann)
    stored = await pairing_of(household, opened.pairing.pairing_id)
    assert opened.bind_token not in repr(stored)
    assert stored.token_digest != opened.bind_token.encode()
    assert opened.bind_token not in repr(opened)


async def test_at_most_five_stay_open_however_many_are_asked_for_at_once(household: Household) -> None:
    ann = await household.account()
    await asyncio.gather(*(household.open_pairing(ann) for _ in range(4)))
    for _ in range(4):
        await household.open_pairing(ann)
    open_ones = await household.run(lambda tx: tx.pairings.open_of(ann))
    assert len(open_ones) == OPEN_PAIRINGS_LIMIT


async def test_the_verdict_goes_to_appliance_and_app_from_one_commit_with_one_trace_id(household: Household) -> None:
    ann = await household.account()
    device_id = await household.appliance()
    opened = await household.open_pairing(ann)
    verdict = await household.present(device_id, opened.bind_token)
    [(_, message)] = household.sent
    assert (message["bound"], message["epoch"]) == (True, 1)
    closing = [data for kind, data in await told(household, ann) if kind == "pairing.closed"]
    assert [data["status"] for data in closing] == ["completed"]
    assert message["trace_id"] == verdict.trace_id == opened.pairing.trace_id == closing[0]["trace_id"]


async def test_the_same_token_from_the_same_appliance_again_is_a_success_that_changes_nothing(
    household: Household,
) -> None:
    ann = await household.account()
    device_id = await household.appliance()
    opened = await household.open_pairing(ann)
    first = await household.present(device_id, opened.bind_token)
    events = await told(household, ann)
    again = await household.present(device_id, opened.bind_token)
    assert (again.bound, again.epoch) == (first.bound, first.epoch) == (True, 1)
    assert await told(household, ann) == events


async def test_a_used_token_is_worth_nothing_to_another_appliance(household: Household) -> None:
    ann = await household.account()
    opened = await household.open_pairing(ann)
    await household.present(await household.appliance(), opened.bind_token)
    stolen = await household.present(await household.appliance(), opened.bind_token)
    assert (stolen.bound, stolen.code) == (False, Code.BIND_TOKEN_UNKNOWN)


async def test_a_token_that_nobody_made_is_refused_and_changes_nothing(household: Household) -> None:
    device_id = await household.appliance()
    verdict = await household.present(device_id, "no such token at all")
    assert (verdict.bound, verdict.code, verdict.epoch) == (False, Code.BIND_TOKEN_UNKNOWN, 0)
    assert await household.run(lambda tx: binding.owner_of(tx, device_id)) is None


async def test_a_token_is_worth_nothing_at_its_last_moment(household: Household) -> None:
    ann = await household.account()
    opened = await household.open_pairing(ann)
    household.pass_by(minutes=10)
    verdict = await household.present(await household.appliance(), opened.bind_token)
    assert verdict.code is Code.BIND_TOKEN_EXPIRED
    assert (await pairing_of(household, opened.pairing.pairing_id)).state is PairingState.EXPIRED


async def test_time_ends_a_pairing_once_and_says_so(household: Household) -> None:
    ann = await household.account()
    await household.open_pairing(ann)
    assert await household.run(lambda tx: pairings.expire_overdue(tx, household.now)) == 0
    household.pass_by(minutes=10)
    assert await household.run(lambda tx: pairings.expire_overdue(tx, household.now)) == 1
    assert await household.run(lambda tx: pairings.expire_overdue(tx, household.now)) == 0
    closing = [data for kind, data in await told(household, ann) if kind == "pairing.closed"]
    assert [(data["status"], data["number"]) for data in closing] == [("expired", 801)]


async def test_pairing_again_to_the_same_account_gives_no_new_epoch(household: Household) -> None:
    ann = await household.account()
    device_id = await household.bound(ann)
    opened = await household.open_pairing(ann)
    verdict = await household.present(device_id, opened.bind_token)
    assert (verdict.bound, verdict.epoch) == (True, 1)
    assert (await pairing_of(household, opened.pairing.pairing_id)).state is PairingState.COMPLETED


async def test_of_two_accounts_that_pair_at_once_exactly_one_gets_it(household: Household) -> None:
    for _ in range(5):
        people = [await household.account() for _ in range(2)]
        device_id = await household.appliance()
        opened = [await household.open_pairing(one) for one in people]
        verdicts = await asyncio.gather(*(household.present(device_id, one.bind_token) for one in opened))
        assert sorted(verdict.bound for verdict in verdicts) == [False, True]
        owner = await household.run(lambda tx, device_id=device_id: binding.owner_of(tx, device_id))  # type: ignore[misc]
        assert owner == people[[verdict.bound for verdict in verdicts].index(True)]
        assert {verdict.epoch for verdict in verdicts} == {1}


async def test_one_token_at_several_appliances_at_once_binds_one(household: Household) -> None:
    ann = await household.account()
    appliances = [await household.appliance() for _ in range(4)]
    opened = await household.open_pairing(ann)
    verdicts = await asyncio.gather(*(household.present(one, opened.bind_token) for one in appliances))
    assert sorted(verdict.bound for verdict in verdicts) == [False, False, False, True]
    assert await household.run(lambda tx: tx.bindings.owned(ann)) == 1


async def test_cancelling_and_binding_at_once_end_in_one_of_the_two(household: Household) -> None:
    for _ in range(5):
        ann = await household.account()
        device_id = await household.appliance()
        opened = await household.open_pairing(ann)
        pairing_id = opened.pairing.pairing_id
        verdict, _ = await asyncio.gather(
            household.present(device_id, opened.bind_token),
            household.run(
                lambda tx, ann=ann, one=pairing_id: pairings.cancel_one(tx, ann, one, household.now)  # type: ignore[misc]
            ),
        )
        state = (await pairing_of(household, pairing_id)).state
        assert state is (PairingState.COMPLETED if verdict.bound else PairingState.CANCELLED)


# -- release


async def test_only_the_owner_who_proved_it_releases(household: Household) -> None:
    ann, bob = await household.account(), await household.account()
    device_id = await household.bound(ann)
    assert await household.release(bob, device_id) == Refused(Refusal.NOT_FOUND)
    unproven = await household.run(
        lambda tx: release.release(tx, household, ann, device_id, household.now, reauthenticated=False)
    )
    assert unproven == Refused(Refusal.REAUTHENTICATION_REQUIRED)
    assert isinstance(await household.release(ann, device_id), Released)
    assert await household.release(ann, device_id) == Refused(Refusal.NOT_FOUND)


async def test_two_releases_at_once_end_one_epoch(household: Household) -> None:
    ann = await household.account()
    device_id = await household.bound(ann)
    outcomes = await asyncio.gather(household.release(ann, device_id), household.release(ann, device_id))
    assert sum(isinstance(one, Released) for one in outcomes) == 1
    device = await household.run(lambda tx: tx.devices.get(device_id))
    assert device is not None
    assert device.epoch == 2


async def test_after_a_release_the_log_holds_nothing_of_the_device_but_its_release(household: Household) -> None:
    ann = await household.account()
    device_id = await household.bound(ann)
    await household.given(ann, device_id)
    await household.release(ann, device_id)
    of_device = [kind for kind, data in await told(household, ann) if data.get("device_id") == device_id]
    assert [kind for kind in of_device if not kind.startswith("pairing.")] == ["device.released"]
