"""One owner at a time: another account, a reset, a release, and everything that falls with an epoch."""

import asyncio
from pathlib import Path

import pytest

from gateway.domain.binding import RELEASE_WAIT, Binding, Role
from gateway.domain.failures import Code
from gateway.domain.identity import DeviceId
from gateway.domain.ownership import Refusal, Refused, Released
from gateway.usecases import release
from gateway.usecases.wishes import NotFound
from tests.databases import DURABLE, fresh_url
from tests.usecases.happenings import asked, bring, bring_quietly, expect_refused, paired, report, reset, send
from tests.usecases.indoors import HEATER, Indoors


async def test_the_same_account_again_is_a_success_that_changes_nothing(gateway: Indoors) -> None:
    account = await gateway.account()
    made = await paired(gateway, account)
    before = gateway.rows()
    opened = await gateway.pairing(account)
    verdict = await bring(gateway, made, opened.bind_token)
    assert (verdict["bound"], verdict["epoch"]) == (True, 1)
    after = gateway.rows()
    assert {name for name in after if after[name] != before[name]} == {"pairings", "verdicts"}


async def test_a_reset_and_the_same_account_keep_the_epoch(gateway: Indoors) -> None:
    account = await gateway.account()
    made = await paired(gateway, account)
    await reset(gateway, made)
    opened = await gateway.pairing(account)
    verdict = await bring(gateway, made, opened.bind_token)
    assert (verdict["bound"], verdict["epoch"]) == (True, 1)


async def test_after_a_reset_the_former_verdict_is_not_told_again(gateway: Indoors) -> None:
    made = await paired(gateway, await gateway.account())
    await reset(gateway, made)
    told = await gateway.hello(made, epoch=1)
    assert [channel for channel, _ in told] == ["welcome"], "nobody proved to hold it since"


async def test_another_account_without_a_reset_is_refused_and_the_owner_not_even_asked(gateway: Indoors) -> None:
    owner, stranger = await gateway.account(), await gateway.account()
    made = await paired(gateway, owner)
    opened = await gateway.pairing(stranger)
    await expect_refused(gateway, await bring(gateway, made, opened.bind_token), Code.BIND_OWNED)
    assert gateway.rows()["release_requests"] == []
    assert await gateway.owner(made) == owner


async def test_after_a_reset_the_owner_is_asked_and_a_newcomer_gets_nothing_until_then(gateway: Indoors) -> None:
    made, owner, newcomer = await asked(gateway)
    assert await gateway.owner(made) == owner
    assert isinstance(await send(gateway, newcomer, made), NotFound)
    device_id = made.device_id or DeviceId("")
    assert await gateway.run(lambda tx: tx.states.visible(newcomer, device_id, -1)) == []


async def test_the_owner_agrees_and_the_newcomer_may_pair(gateway: Indoors) -> None:
    made, owner, newcomer = await asked(gateway)
    device_id = made.device_id or DeviceId("")
    outcome = await gateway.run(lambda tx: release.agree(tx, gateway.services, owner, device_id, gateway.now))
    assert isinstance(outcome, Released)
    opened = await gateway.pairing(newcomer)
    verdict = await bring(gateway, made, opened.bind_token)
    assert (verdict["bound"], verdict["epoch"]) == (True, 3)


async def test_a_stranger_can_neither_agree_nor_object(gateway: Indoors) -> None:
    made, owner, newcomer = await asked(gateway)
    device_id = made.device_id or DeviceId("")
    no = Refused(Refusal.NOT_FOUND)
    assert await gateway.run(lambda tx: release.agree(tx, gateway.services, newcomer, device_id, gateway.now)) == no
    assert await gateway.run(lambda tx: release.dispute(tx, newcomer, device_id, gateway.now)) == no
    assert await gateway.owner(made) == owner


async def test_an_owner_who_objects_keeps_the_device_and_asks_for_another_reset(gateway: Indoors) -> None:
    made, owner, newcomer = await asked(gateway)
    device_id = made.device_id or DeviceId("")
    assert await gateway.run(lambda tx: release.dispute(tx, owner, device_id, gateway.now)) is None
    opened = await gateway.pairing(newcomer)
    await bring(gateway, made, opened.bind_token)
    assert gateway.rows()["release_requests"] == [], "the same reset does not ask twice"
    gateway.pass_by(hours=100)
    assert await gateway.run(lambda tx: release.lapse_releases(tx, gateway.services, gateway.now)) == 0
    assert await gateway.owner(made) == owner


async def test_an_owner_who_is_silent_for_three_days_has_let_go(gateway: Indoors) -> None:
    made, owner, newcomer = await asked(gateway)
    gateway.pass_by(seconds=RELEASE_WAIT.total_seconds() - 1)
    await gateway.run(lambda tx: release.lapse_releases(tx, gateway.services, gateway.now))
    assert await gateway.owner(made) == owner
    gateway.pass_by(seconds=1)
    await gateway.run(lambda tx: release.lapse_releases(tx, gateway.services, gateway.now))
    assert await gateway.owner(made) is None
    opened = await gateway.pairing(newcomer)
    assert (await bring(gateway, made, opened.bind_token))["bound"]


async def test_an_owner_who_pairs_again_ends_the_request(gateway: Indoors) -> None:
    made, owner, _ = await asked(gateway)
    opened = await gateway.pairing(owner)
    assert (await bring(gateway, made, opened.bind_token))["bound"]
    assert gateway.rows()["release_requests"] == []
    gateway.pass_by(hours=100)
    await gateway.run(lambda tx: release.lapse_releases(tx, gateway.services, gateway.now))
    assert await gateway.owner(made) == owner


@pytest.mark.parametrize("kind", DURABLE)
async def test_two_accounts_that_pair_at_once_never_both_own_it(tmp_path: Path, kind: str) -> None:
    with fresh_url(kind, tmp_path) as url:
        gateway = Indoors(url)
        try:
            await race(gateway, rounds=100)
        finally:
            gateway.database.close()


async def race(gateway: Indoors, rounds: int) -> None:
    made, people = await gateway.made(), [await gateway.account(), await gateway.account()]
    await gateway.activated(made)
    device_id = made.device_id or DeviceId("")
    for round_ in range(rounds):
        tokens = [(await gateway.pairing(account)).bind_token for account in people]
        turn = tokens if round_ % 2 else tokens[::-1]
        await asyncio.gather(*(bring_quietly(gateway, made, token) for token in turn))
        owners = [row for row in gateway.rows()["bindings"] if row[3] == Role.OWNER.value]
        assert len(owners) == 1
        winner = await gateway.owner(made)
        assert winner in people
        outcome = await gateway.run(
            lambda tx, by=winner: release.release(  # type: ignore[misc]
                tx, gateway.services, by, device_id, gateway.now, reauthenticated=True
            )
        )
        assert isinstance(outcome, Released)
        gateway.pass_by(seconds=1)


# -- letting go


async def test_with_a_release_everything_of_the_epoch_is_gone(gateway: Indoors) -> None:
    owner, member = await gateway.account(), await gateway.account()
    made = await paired(gateway, owner)
    device_id = made.device_id or DeviceId("")
    guest = Binding(device_id, 1, member, Role.ADULT, gateway.now)
    await gateway.run(lambda tx: tx.bindings.put(guest))
    await report(gateway, made, 1)
    sent = await send(gateway, owner, made)
    assert not isinstance(sent, NotFound)

    outcome = await gateway.run(
        lambda tx: release.release(tx, gateway.services, owner, device_id, gateway.now, reauthenticated=True)
    )
    assert isinstance(outcome, Released)
    rows = gateway.rows(without=frozenset())
    assert rows["bindings"] == []
    assert HEATER not in repr(rows["states"])
    assert "target_c" not in repr(rows["states"])
    assert "22" not in repr([row for row in rows["commands"] if "params" in row])
    device = await gateway.run(lambda tx: tx.devices.get(device_id))
    assert device is not None
    assert device.epoch == 2
    for account in (owner, member):
        assert isinstance(await send(gateway, account, made), NotFound)
        assert await gateway.run(lambda tx, who=account: tx.states.visible(who, device_id, -1)) == []  # type: ignore[misc]
        events = await gateway.run(lambda tx, who=account: tx.events.of_account(who, 0, 100))  # type: ignore[misc]
        assert {event.kind for event in events if event.device_id is not None} == set()
        assert [event.kind for event in events][-1] == "device.released"

    verdict = gateway.sent[-1][1]
    assert (verdict["bound"], verdict["wipe"], verdict["epoch"]) == (False, True, 2)


async def test_a_release_without_the_password_or_by_another_changes_nothing(gateway: Indoors) -> None:
    owner, stranger = await gateway.account(), await gateway.account()
    made = await paired(gateway, owner)
    device_id = made.device_id or DeviceId("")
    before = gateway.rows(without=frozenset())
    for who, again, why in (
        (owner, False, Refusal.REAUTHENTICATION_REQUIRED),
        (stranger, True, Refusal.NOT_FOUND),
    ):
        outcome = await gateway.run(
            lambda tx, by=who, again=again: release.release(  # type: ignore[misc]
                tx, gateway.services, by, device_id, gateway.now, reauthenticated=again
            )
        )
        assert outcome == Refused(why)
    assert gateway.rows(without=frozenset()) == before


async def test_what_was_measured_in_the_former_epoch_is_not_shown_to_the_next_owner(gateway: Indoors) -> None:
    owner, newcomer = await gateway.account(), await gateway.account()
    made = await paired(gateway, owner)
    device_id = made.device_id or DeviceId("")
    await gateway.run(
        lambda tx: release.release(tx, gateway.services, owner, device_id, gateway.now, reauthenticated=True)
    )
    opened = await gateway.pairing(newcomer)
    await bring(gateway, made, opened.bind_token)
    assert (await report(gateway, made, 5, epoch=1))["other_epoch"] == 1
    visible = await gateway.run(lambda tx: tx.states.visible(newcomer, device_id, -1))
    assert all(not state.properties for state in visible)


async def test_a_refusal_never_takes_the_place_of_a_wipe(gateway: Indoors) -> None:
    owner = await gateway.account()
    made = await paired(gateway, owner)
    device_id = made.device_id or DeviceId("")
    await gateway.run(
        lambda tx: release.release(tx, gateway.services, owner, device_id, gateway.now, reauthenticated=True)
    )
    await bring(gateway, made, "x" * 22)
    told = dict(await gateway.hello(made, epoch=1))
    assert told["bind"]["wipe"]
