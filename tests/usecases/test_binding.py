"""Binding: a token in the activation or later, and who is told what."""

import pytest

from gateway.domain.attempts import Outcome
from gateway.domain.devices import DeviceStatus
from gateway.domain.failures import Code, Stage
from gateway.domain.pairing import PairingState
from gateway.protocol.topics import UpChannel
from gateway.usecases import pairings
from tests.usecases.happenings import bring, expect_refused, paired, report
from tests.usecases.indoors import Indoors


async def test_a_token_that_comes_later_binds_without_a_reset(gateway: Indoors) -> None:
    made, account = await gateway.made(), await gateway.account()
    await gateway.activated(made)
    await gateway.hello(made)
    opened = await gateway.pairing(account)
    verdict = await bring(gateway, made, opened.bind_token)
    assert (verdict["bound"], verdict["epoch"]) == (True, 1)
    assert verdict["trace_id"] == opened.pairing.trace_id
    assert await gateway.owner(made) == account


async def test_app_and_appliance_are_told_from_one_commit_with_one_trace_id(gateway: Indoors) -> None:
    made, account = await gateway.made(), await gateway.account()
    await gateway.activated(made)
    await gateway.hello(made)
    opened = await gateway.pairing(account)
    commits: list[set[str]] = []
    gateway.database.on_commit(
        lambda committed: commits.append({row.target for row in committed.outbox} | set(committed.accounts))
    )
    verdict = await bring(gateway, made, opened.bind_token)
    told = f"hg/v1/dev/{made.device_id}/down/bind"
    assert [commit for commit in commits if told in commit] == [{told, account}]
    events = await gateway.run(lambda tx: tx.events.of_account(account, 0, 100))
    closed = [event for event in events if event.kind == "pairing.closed"]
    assert [event.data["trace_id"] for event in closed] == [verdict["trace_id"]]
    assert [event.data["status"] for event in closed] == ["completed"]


async def test_steps_are_shown_in_their_order_and_each_once(gateway: Indoors) -> None:
    made, account = await gateway.made(), await gateway.account()
    opened = await gateway.pairing(account)
    await gateway.activated(made, bind_token=opened.bind_token)
    for _ in range(2):
        await gateway.hello(made)
        await report(gateway, made, 1)
    watched = await gateway.run(
        lambda tx: pairings.watch(tx, account, opened.pairing.pairing_id, gateway.now),
    )
    assert watched is not None
    steps = [step.step for step in watched.steps]
    assert steps == ["reached_us", "activated", "proved", "bound", "connected", "reported"]
    attempt, _ = await gateway.attempt(opened.pairing.trace_id)
    assert (attempt.outcome, attempt.stage_reached) == (Outcome.SUCCEEDED, Stage.FIRST)


async def test_a_token_works_once_and_tells_another_appliance_nothing(gateway: Indoors) -> None:
    account = await gateway.account()
    opened = await gateway.pairing(account)
    first, second = await gateway.made(), await gateway.made()
    assert (await gateway.activated(first, bind_token=opened.bind_token))["bound"]
    await gateway.activated(second)
    await gateway.hello(second)
    await expect_refused(gateway, await bring(gateway, second, opened.bind_token), Code.BIND_TOKEN_UNKNOWN)
    assert await gateway.owner(second) is None
    assert await gateway.owner(first) == account


@pytest.mark.parametrize("late", [False, True])
async def test_a_token_is_good_for_ten_minutes(gateway: Indoors, *, late: bool) -> None:
    made, account = await gateway.made(), await gateway.account()
    await gateway.activated(made)
    await gateway.hello(made)
    opened = await gateway.pairing(account)
    gateway.pass_by(minutes=10, seconds=0 if late else -1)
    verdict = await bring(gateway, made, opened.bind_token)
    if late:
        await expect_refused(gateway, verdict, Code.BIND_TOKEN_EXPIRED)
    assert await gateway.owner(made) == (None if late else account)


async def test_a_cancelled_pairing_binds_nothing(gateway: Indoors) -> None:
    made, account = await gateway.made(), await gateway.account()
    await gateway.activated(made)
    opened = await gateway.pairing(account)
    await gateway.run(lambda tx: pairings.cancel_one(tx, account, opened.pairing.pairing_id, gateway.now))
    await expect_refused(gateway, await bring(gateway, made, opened.bind_token), Code.BIND_TOKEN_EXPIRED)


async def test_a_press_of_the_button_is_no_proof_in_this_version_and_changes_nothing(gateway: Indoors) -> None:
    made = await gateway.made()
    await gateway.activated(made)
    before = gateway.rows()
    body = {"request_id": "bind-1", "button": {"nonce": "0123456789"}, "reset_counter": 0}
    assert await gateway.say(made, UpChannel.BIND, body) == []
    assert gateway.rows() == before
    assert b'channel="bind",reason="bind.no_presence"} 1.0' in gateway.metrics.text()


async def test_a_suspended_device_is_not_bound(gateway: Indoors) -> None:
    made, account = await gateway.made(), await gateway.account()
    await gateway.activated(made)
    await gateway.stand(made, DeviceStatus.SUSPENDED)
    opened = await gateway.pairing(account)
    body = {"request_id": "bind-1", "bind_token": opened.bind_token, "reset_counter": 0}
    assert await gateway.say(made, UpChannel.BIND, body) == []
    assert await gateway.owner(made) is None


async def test_the_verdict_is_told_again_with_the_next_hello(gateway: Indoors) -> None:
    made, account = await gateway.made(), await gateway.account()
    opened = await gateway.pairing(account)
    await gateway.activated(made, bind_token=opened.bind_token)
    told = dict(await gateway.hello(made))
    assert (told["bind"]["bound"], told["bind"]["trace_id"]) == (True, opened.pairing.trace_id)
    gateway.pass_by(hours=2)
    assert "bind" not in dict(await gateway.hello(made, epoch=1))
    assert "bind" in dict(await gateway.hello(made, epoch=0)), "who missed it hears it however late"


async def test_an_account_that_has_too_many_is_told_so(gateway: Indoors, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.domain.binding.DEVICES_LIMIT", 1)
    account = await gateway.account()
    await paired(gateway, account)
    made = await gateway.made()
    await gateway.activated(made)
    opened = await gateway.pairing(account)
    await expect_refused(gateway, await bring(gateway, made, opened.bind_token), Code.BIND_LIMIT)
    pairing = await gateway.run(lambda tx: tx.pairings.get(opened.pairing.pairing_id))
    assert pairing is not None
    assert (pairing.state, pairing.code) == (PairingState.REFUSED, Code.BIND_LIMIT)
