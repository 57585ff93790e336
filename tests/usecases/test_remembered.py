"""What an appliance remembers: told to the attempt in which it happened, and no proof about any other."""

from datetime import timedelta

from gateway.domain.attempts import Outcome
from gateway.domain.evidence import Confidence, Source
from gateway.domain.failures import Code
from gateway.protocol.topics import UpChannel
from tests.usecases.attempts_so_far import paired_and_connected, tick, told
from tests.usecases.indoors import Indoors

WIFI = {"stage": "wifi", "code": "auth_fail", "count": 4}


async def test_a_remembered_failure_explains_the_attempt_that_ended_in_silence(gateway: Indoors) -> None:
    made, account = await gateway.made(), await gateway.account()
    first = await gateway.pairing(account)
    await tick(gateway, seconds=200)
    assert await told(gateway, first.pairing.trace_id) == (None, Confidence.UNKNOWN)
    second = await gateway.pairing(account)
    gateway.pass_by(seconds=20)
    await gateway.activated(made, bind_token=second.bind_token, history=[{**WIFI, "ago_ms": 100_000}])
    attempt, lines = await gateway.attempt(first.pairing.trace_id)
    assert (attempt.code, attempt.confidence) == (Code.WIFI_PASSWORD_REJECTED, Confidence.REPORTED_BY_APPLIANCE)
    assert (lines[-1].source, lines[-1].raw_code, lines[-1].times) == (Source.APPLIANCE_LATER, "auth_fail", 4)
    assert (await gateway.attempt(second.pairing.trace_id))[0].code is None


async def test_what_happened_before_every_attempt_is_kept_and_fails_nobody(gateway: Indoors) -> None:
    made, account = await gateway.made(), await gateway.account()
    opened = await gateway.pairing(account)
    gateway.pass_by(seconds=20)
    await gateway.activated(made, bind_token=opened.bind_token, history=[{**WIFI, "ago_ms": 86_400_000}])
    attempt, lines = await gateway.attempt(opened.pairing.trace_id)
    assert (attempt.outcome, attempt.code) == (Outcome.OPEN, None)
    (line,) = [line for line in lines if line.source is Source.APPLIANCE_LATER]
    assert (line.raw_code, line.detail, line.stage, line.code) == ("auth_fail", "wifi", None, None)


async def test_what_happened_in_the_attempts_own_time_is_its_failure(gateway: Indoors) -> None:
    made, account = await gateway.made(), await gateway.account()
    opened = await gateway.pairing(account)
    gateway.pass_by(seconds=20)
    refused = await gateway.ask(
        made, bind_token=opened.bind_token, type_id="kettle.k9", history=[{**WIFI, "ago_ms": 10_000}]
    )
    _, lines = await gateway.attempt(refused["trace_id"])
    assert Code.WIFI_PASSWORD_REJECTED in [line.code for line in lines if line.source is Source.APPLIANCE_LATER]


async def test_a_log_of_later_days_neither_changes_an_old_verdict_nor_keeps_it_longer(gateway: Indoors) -> None:
    made, trace_id = await paired_and_connected(gateway)
    await tick(gateway, seconds=60)
    before, _ = await gateway.attempt(trace_id)
    assert (before.outcome, before.code) == (Outcome.FAILED, Code.FIRST_NO_TELEMETRY)
    gateway.pass_by(days=20)
    await gateway.say(made, UpChannel.LOG, {"entries": [{"stage": "first", "code": "904", "ago_ms": 1000}]})
    after, lines = await gateway.attempt(trace_id)
    assert (after.code, after.closed_at) == (before.code, before.closed_at)
    assert after.updated_at <= before.deadline
    assert (lines[-1].raw_code, lines[-1].code) == ("904", None), "shown, and decides nothing"


async def test_a_log_that_explains_an_old_silence_changes_its_code_and_not_its_time(gateway: Indoors) -> None:
    made, trace_id = await paired_and_connected(gateway)
    await tick(gateway, seconds=60)
    before, _ = await gateway.attempt(trace_id)
    gateway.pass_by(seconds=3540)
    await gateway.say(made, UpChannel.LOG, {"entries": [{"stage": "first", "code": "904", "ago_ms": 3_570_000}]})
    after, _ = await gateway.attempt(trace_id)
    assert (after.code, after.closed_at) == (Code.FIRST_MAINBOARD_SILENT, before.closed_at)
    assert after.updated_at <= before.deadline


async def test_what_another_account_tried_is_not_explained_by_this_appliance(gateway: Indoors) -> None:
    made = await gateway.made()
    other = await gateway.pairing(await gateway.account())
    gateway.pass_by(seconds=100)
    mine = await gateway.pairing(await gateway.account())
    gateway.pass_by(seconds=20)
    await gateway.activated(made, bind_token=mine.bind_token, history=[{**WIFI, "ago_ms": 60_000}])
    assert len((await gateway.attempt(other.pairing.trace_id))[1]) == 1


async def test_the_same_memory_told_again_is_kept_once_and_an_absurd_age_is_bounded(gateway: Indoors) -> None:
    made = await gateway.made()
    reply = await gateway.activated(made, history=[{**WIFI, "ago_ms": 2**53 - 1}])
    await gateway.hello(made)
    for _ in range(3):
        gateway.pass_by(seconds=10)
        await gateway.say(made, UpChannel.LOG, {"entries": [{"stage": "x", "code": "E9", "ago_ms": 2**53 - 1}]})
    _, lines = await gateway.attempt(reply["trace_id"])
    remembered = [line for line in lines if line.source is Source.APPLIANCE_LATER]
    assert all(gateway.now - line.at <= timedelta(days=31) for line in remembered)
    assert [(line.raw_code, line.code) for line in remembered[:2]] == [("auth_fail", None), ("E9", None)]


async def test_how_the_appliance_hears_its_access_point_is_kept_in_figures(gateway: Indoors) -> None:
    made = await gateway.made()
    reply = await gateway.activated(made, radio={"rssi": -81, "security": "wpa2", "band": "2.4"})
    _, lines = await gateway.attempt(reply["trace_id"])
    (heard,) = [line for line in lines if line.source is Source.APPLIANCE]
    assert (heard.says, heard.detail) == ("signal_weak", "rssi -81 dBm, 2.4 GHz, wpa2")
