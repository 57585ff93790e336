"""What an account sees of its devices."""

from datetime import timedelta

import pytest

from gateway.domain.binding import Role
from gateway.domain.devices import DeviceStatus
from gateway.domain.identity import AccountId, DeviceId
from gateway.usecases import devices
from gateway.usecases.devices import SeenDevice, WhyNot, normal_nickname
from tests.usecases.household import Household, report


async def one(household: Household, account_id: AccountId, device_id: DeviceId) -> SeenDevice | None:
    return await household.read(lambda tx: devices.one(tx, household.sealer, account_id, device_id, household.now))


async def test_pages_hold_every_device_once(household: Household) -> None:
    ann = await household.account()
    mine = sorted([await household.bound(ann) for _ in range(5)])
    found: list[DeviceId] = []
    after: DeviceId | None = None
    while True:
        piece, after = await household.read(
            lambda tx, after=after: devices.page(tx, household.sealer, ann, after, 2, household.now)  # type: ignore[misc]
        )
        found += [seen.device.device_id for seen in piece]
        if after is None:
            break
    assert found == mine


async def test_a_page_of_guests_whose_stay_is_over_is_empty_and_not_the_end(household: Household) -> None:
    ann, bob = await household.account(), await household.account()
    shared = [await household.bound(ann) for _ in range(3)]
    for device_id in shared:
        await household.let_in(device_id, bob, Role.GUEST, until=household.now + timedelta(seconds=1))
    own = await household.bound(bob)
    household.pass_by(seconds=1)
    found: list[DeviceId] = []
    after: DeviceId | None = None
    while True:
        piece, after = await household.read(
            lambda tx, after=after: devices.page(tx, household.sealer, bob, after, 1, household.now)  # type: ignore[misc]
        )
        found += [seen.device.device_id for seen in piece]
        if after is None:
            break
    assert found == [own]


async def test_anothers_and_a_missing_device_are_both_none(household: Household) -> None:
    ann, bob = await household.account(), await household.account()
    device_id = await household.bound(ann)
    assert await one(household, bob, device_id) is None
    assert await one(household, bob, DeviceId("d-none")) is None
    assert await one(household, ann, device_id) is not None


async def test_a_nickname_opens_only_in_its_own_row(household: Household) -> None:
    ann = await household.account()
    mine, other = await household.bound(ann), await household.bound(ann)

    def rename(tx: object) -> None:
        bound = devices.held(tx, ann, mine, household.now)  # type: ignore[arg-type]
        assert bound is not None
        devices.rename(tx, household.sealer, ann, bound, "Bath", household.now)  # type: ignore[arg-type]

    await household.run(rename)
    seen = await one(household, ann, mine)
    assert seen is not None
    assert seen.nickname == "Bath"

    def move(tx: object) -> None:
        sealed = tx.bindings.one(ann, mine).nickname_sealed  # type: ignore[attr-defined]
        tx.bindings.rename(ann, other, sealed)  # type: ignore[attr-defined]

    await household.run(move)
    with pytest.raises(ValueError, match=r"."):
        await one(household, ann, other)


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("  Bath ", "Bath"),
        ("Cafe\u0301", "Caf\u00e9"),
        ("👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧"),
        ("x" * 64, "x" * 64),
        ("x" * 65, None),
        ("", None),
        ("\u200d\u200b", None),
        ("a\x00b", None),
        ("\u202egnp.exe", None),
    ],
)
def test_a_nickname_is_what_can_be_shown(text: str, normal: str | None) -> None:
    assert normal_nickname(text) == normal


async def test_what_can_be_asked_agrees_with_what_is_accepted(household: Household) -> None:
    """The page and the command must not tell different stories."""
    ann = await household.account()
    device_id = await household.bound(ann)
    for away in (False, True):
        if away:
            await household.bye(device_id)
        seen = await one(household, ann, device_id)
        assert seen is not None
        for askable in devices.askable(household.types, seen):
            params = {} if askable.action != "set" else {"power": "on"} if askable.turns_on else {"target_c": 20}
            shortest = askable.shortest + timedelta(seconds=1)
            for life, good in ((shortest, True), (askable.shortest, False), (askable.longest, True)):
                expected = askable.why_not is None and good and life <= askable.longest
                outcome = await household.send(ann, device_id, askable.action, life, **params)
                accepted = type(outcome).__name__ == "Command"
                assert accepted == expected, (askable, life, outcome)


@pytest.mark.parametrize("status", [DeviceStatus.QUARANTINED, DeviceStatus.SUSPENDED, DeviceStatus.RETIRED])
async def test_a_blocked_device_can_be_asked_for_nothing(household: Household, status: DeviceStatus) -> None:
    ann = await household.account()
    device_id = await household.appliance(status=status)
    await household.let_in(device_id, ann, Role.OWNER)
    seen = await one(household, ann, device_id)
    assert seen is not None
    assert {askable.why_not for askable in devices.askable(household.types, seen)} == {WhyNot.DEVICE_BLOCKED}


async def test_of_an_unknown_type_nothing_can_be_asked(household: Household) -> None:
    ann = await household.account()
    device_id = await household.bound(ann, "kettle.x9")
    await household.report(report(device_id, 1, power="on"))
    seen = await one(household, ann, device_id)
    assert seen is not None
    assert (seen.properties, list(devices.askable(household.types, seen))) == ({}, [])
