"""What an app tells of its pairing late: it may explain, and brings nothing back."""

from gateway.domain.app_reports import Report, Told
from gateway.domain.attempts import Attempt, Outcome
from gateway.domain.evidence import Confidence, Source
from gateway.domain.failures import Code, Stage
from gateway.domain.identity import AccountId, DeviceId, PairingId
from gateway.domain.ownership import Released
from gateway.domain.verdicts import verdict
from gateway.usecases import app_evidence, release
from gateway.usecases.app_evidence import NotTaken
from tests.usecases.attempts_so_far import tick
from tests.usecases.indoors import Indoors


async def tell(
    gateway: Indoors, account: AccountId, pairing_id: PairingId, *told: Told, version: str | None = None
) -> Attempt | NotTaken:
    report = Report(app_version=version, told=told)
    return await gateway.run(lambda tx: app_evidence.report(tx, account, pairing_id, report, gateway.now))


def step(stage: Stage, ago_s: int = 0) -> Told:
    return Told(Source.APP, stage.value, None, 1, ago_s * 1000)


async def verdicts_told(gateway: Indoors, account: AccountId) -> list[tuple[object, object]]:
    events = await gateway.run(lambda tx: tx.events.of_account(account, 0, 100))
    return [(event.data["stage"], event.data["failed"]) for event in events if event.kind == "pairing.verdict"]


async def test_a_step_told_after_the_end_says_how_far_it_came_and_opens_nothing(gateway: Indoors) -> None:
    account = await gateway.account()
    pairing = (await gateway.pairing(account)).pairing
    await tell(gateway, account, pairing.pairing_id, step(Stage.PAIR))
    assert await tick(gateway, seconds=30) == 1
    gateway.pass_by(seconds=170)
    attempt = await tell(gateway, account, pairing.pairing_id, step(Stage.WIFI, ago_s=100), version="3.1")
    assert isinstance(attempt, Attempt)
    assert (attempt.outcome, attempt.stage_reached, attempt.code) == (Outcome.FAILED, Stage.WIFI, None)
    _, lines = await gateway.attempt(pairing.trace_id)
    assert verdict(lines).silent, "the card shows the same as the list"
    assert await tick(gateway, seconds=1) == 0, "there is nothing left to end"
    assert await verdicts_told(gateway, account) == [("pair", True), ("wifi", True)], "never that it goes on"


async def test_a_step_that_was_reached_after_the_end_is_shown_and_is_none_of_the_attempts(gateway: Indoors) -> None:
    account = await gateway.account()
    pairing = (await gateway.pairing(account)).pairing
    assert await tick(gateway, seconds=180) == 1
    before, _ = await gateway.attempt(pairing.trace_id)
    attempt = await tell(gateway, account, pairing.pairing_id, step(Stage.WIFI))
    after, lines = await gateway.attempt(pairing.trace_id)
    assert (attempt, after) == (before, before)
    assert (lines[-1].says, lines[-1].stage, lines[-1].detail) == ("app_reports_step", None, "wifi")


async def test_a_failure_told_after_the_end_still_explains_it(gateway: Indoors) -> None:
    account = await gateway.account()
    pairing = (await gateway.pairing(account)).pairing
    await tick(gateway, seconds=181)
    ended, _ = await gateway.attempt(pairing.trace_id)
    gateway.pass_by(seconds=99)
    told = Told(Source.APP, "wifi", "no_ap_found", 1, 0)
    attempt = await tell(gateway, account, pairing.pairing_id, told)
    assert isinstance(attempt, Attempt)
    assert (attempt.code, attempt.confidence) == (Code.WIFI_SSID_NOT_FOUND, Confidence.REPORTED_BY_APP)
    assert (attempt.closed_at, attempt.updated_at) == (ended.closed_at, attempt.deadline)


async def test_who_let_the_appliance_go_has_no_more_word_in_its_attempt(gateway: Indoors) -> None:
    account, made = await gateway.account(), await gateway.made()
    opened = await gateway.pairing(account)
    await gateway.activated(made, bind_token=opened.bind_token)
    await gateway.hello(made)
    assert isinstance(await tell(gateway, account, opened.pairing.pairing_id, step(Stage.NET)), Attempt)
    device_id = made.device_id or DeviceId("")
    gone = await gateway.run(
        lambda tx: release.release(tx, gateway.services, account, device_id, gateway.now, reauthenticated=True)
    )
    assert isinstance(gone, Released)
    before = await gateway.attempt(opened.pairing.trace_id)
    assert await tell(gateway, account, opened.pairing.pairing_id, step(Stage.NET)) is NotTaken.UNKNOWN
    assert await gateway.attempt(opened.pairing.trace_id) == before
