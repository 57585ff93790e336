"""From what happens once an appliance is activated to the verdict that support reads."""

from datetime import timedelta

import pytest

from gateway.bootstrap.counting import CommitCounts
from gateway.domain.attempts import Attempt, Outcome
from gateway.domain.evidence import Confidence, Evidence, Source
from gateway.domain.failures import Code, Stage
from gateway.domain.identity import ClaimId, DeviceId
from gateway.usecases import appliances, states
from gateway.usecases.certificates import revoke_all
from gateway.usecases.connections import Denied
from gateway.usecases.states import Reported
from gateway.usecases.verdicts import LINES_AT_MOST, LINES_EVER, noted
from tests.usecases.attempts_so_far import log, paired_and_connected, tick, told
from tests.usecases.happenings import report
from tests.usecases.indoors import Indoors
from tests.usecases.made import Made


async def test_an_appliance_that_keeps_coming_as_a_stranger_did_not_switch(gateway: Indoors) -> None:
    made = await gateway.made()
    reply = await gateway.activated(made)
    for seconds in (5, 10):
        gateway.pass_by(seconds=seconds)
        assert (await gateway.attempt(reply["trace_id"]))[0].code is None, "once may be a lost answer"
        await gateway.connect(made)
    assert await told(gateway, reply["trace_id"]) == (Code.OPCONN_STILL_CLAIM, Confidence.OBSERVED)
    gateway.pass_by(seconds=1)
    await gateway.hello(made)
    assert (await gateway.attempt(reply["trace_id"]))[0].outcome is Outcome.SUCCEEDED


async def test_who_came_once_more_and_fell_silent_is_inferred_to_be_a_stranger_still(gateway: Indoors) -> None:
    made = await gateway.made()
    reply = await gateway.activated(made)
    gateway.pass_by(seconds=5)
    await gateway.connect(made)
    await tick(gateway, seconds=60)
    assert await told(gateway, reply["trace_id"]) == (Code.OPCONN_STILL_CLAIM, Confidence.INFERRED)


async def test_units_that_share_a_claim_certificate_are_not_told_apart_by_it(gateway: Indoors) -> None:
    made = await gateway.made(batch=True, type_id="plug.smart.p1")
    reply = await gateway.ask(made)
    trace_id = reply["trace_id"]
    for _ in range(4):
        gateway.pass_by(seconds=5)
        await gateway.connect(made)
    assert (await gateway.attempt(trace_id))[0].code is not Code.OPCONN_STILL_CLAIM


async def test_more_than_five_connections_in_one_attempt_are_a_fault_of_their_own(gateway: Indoors) -> None:
    made, trace_id = await paired_and_connected(gateway)
    for _ in range(4):
        gateway.pass_by(seconds=10)
        await gateway.say_hello(made)
    assert (await gateway.attempt(trace_id))[0].code is None
    gateway.pass_by(seconds=10)
    await gateway.say_hello(made)
    assert await told(gateway, trace_id) == (Code.OPCONN_FLAPPING, Confidence.OBSERVED)
    gateway.pass_by(seconds=1)
    await report(gateway, made, 1)
    assert (await gateway.attempt(trace_id))[0].outcome is Outcome.SUCCEEDED


@pytest.mark.parametrize("bound", [True, False])
async def test_one_that_flaps_is_told_and_counted_once_however_often_it_comes(gateway: Indoors, *, bound: bool) -> None:
    gateway.database.on_commit(CommitCounts(gateway.metrics).committed)
    made, account = await gateway.made(), await gateway.account()
    opened = await gateway.pairing(account)
    if not bound:  # its first try named the pairing and was refused; the next one came without the token
        await gateway.ask(made, bind_token=opened.bind_token, type_id="kettle.k9")
    await gateway.activated(made, bind_token=opened.bind_token if bound else None)
    await gateway.hello(made)
    for _ in range(8):
        gateway.pass_by(seconds=10)
        await gateway.say_hello(made)
    events = await gateway.run(lambda tx: tx.events.of_account(account, 0, 100))
    verdicts = [event.data["code"] for event in events if event.kind == "pairing.verdict"]
    assert verdicts[0 if bound else 2 :] == ["opconn.flapping"]
    counted = {"code": "opconn.flapping", "confidence": "observed"}
    assert gateway.metrics.registry.get_sample_value("hearthgate_activation_failures_total", counted) == 1


async def test_a_restart_with_a_replaced_certificate_is_told_of_the_attempt_under_way(
    gateway: Indoors,
) -> None:
    made, account = await gateway.made(), await gateway.account()
    opened = await gateway.pairing(account)
    await gateway.activated(made, bind_token=opened.bind_token)
    await gateway.hello(made)
    gateway.pass_by(seconds=5)
    await gateway.run(lambda tx: revoke_all(tx, made.device_id or DeviceId(""), gateway.now))
    gateway.pass_by(seconds=1)
    assert await gateway.arrive(made) == Denied(Code.OPCONN_CERT_REJECTED)
    assert await told(gateway, opened.pairing.trace_id) == (Code.OPCONN_CERT_REJECTED, Confidence.OBSERVED)


@pytest.mark.parametrize(("off_s", "code"), [(299, None), (301, Code.FIRST_CLOCK_SKEW), (-301, Code.FIRST_CLOCK_SKEW)])
async def test_a_clock_that_is_off_is_worth_a_remark_and_no_failure(
    gateway: Indoors, off_s: int, code: Code | None
) -> None:
    made, account = await gateway.made(), await gateway.account()
    opened = await gateway.pairing(account)
    await gateway.activated(made, bind_token=opened.bind_token)
    clock = (gateway.now + timedelta(seconds=off_s)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    await gateway.hello(made, clock=clock)
    assert (await gateway.attempt(opened.pairing.trace_id))[0].outcome is Outcome.OPEN
    await report(gateway, made, 1)
    attempt, _ = await gateway.attempt(opened.pairing.trace_id)
    assert (attempt.outcome, attempt.code) == (Outcome.SUCCEEDED, code)


async def test_properties_that_its_type_does_not_have_are_a_remark(gateway: Indoors) -> None:
    made, trace_id = await paired_and_connected(gateway)
    odd = Reported(made.device_id or DeviceId(""), "b", 1, {"target_c": 20, "no_such_thing": 1}, False, None, None)
    await gateway.run(lambda tx: states.ingest(tx, [odd], gateway.services.types, gateway.now))
    attempt, _ = await gateway.attempt(trace_id)
    assert (attempt.outcome, attempt.code) == (Outcome.SUCCEEDED, Code.FIRST_SCHEMA_MISMATCH)


async def test_a_report_that_cannot_be_read_is_the_reason_until_one_can(gateway: Indoors) -> None:
    made, trace_id = await paired_and_connected(gateway)
    device_id = made.device_id or DeviceId("")
    await gateway.run(lambda tx: appliances.note_malformed(tx, device_id, "state", "act.malformed", "seq", gateway.now))
    assert await told(gateway, trace_id) == (Code.FIRST_REJECTED_PAYLOAD, Confidence.OBSERVED)
    await report(gateway, made, 1)
    assert (await gateway.attempt(trace_id))[0].outcome is Outcome.SUCCEEDED


# -- a flood


async def claimed(gateway: Indoors) -> tuple[Made, Attempt]:
    """An appliance that came with its claim certificate, and its attempt."""
    made = await gateway.made()
    await gateway.connect(made)
    return made, await attempt_of(gateway, made)


async def attempt_of(gateway: Indoors, made: Made) -> Attempt:
    found = await gateway.run(lambda tx: tx.attempts.latest_of_claim(ClaimId(made.claim_id)))
    assert found is not None
    return found


async def lines_of(gateway: Indoors, attempt: Attempt) -> list[Evidence]:
    return await gateway.run(lambda tx: tx.attempts.evidence(attempt.attempt_id))


def claim_failure(gateway: Indoors, code: Code, source: Source, after_s: int) -> Evidence:
    at = gateway.now + timedelta(seconds=after_s)
    return Evidence(source, at, "failed", code.value, Stage.CLAIM, code)


async def test_a_flood_of_lines_is_bounded_and_still_hears_what_changes_the_verdict(gateway: Indoors) -> None:
    made, attempt = await claimed(gateway)
    flood = [Evidence(Source.BROKER, gateway.now, f"line {number}") for number in range(2 * LINES_AT_MOST)]
    await gateway.run(lambda tx: noted(tx, attempt, flood, gateway.now))
    await log(gateway, "publish_denied", made.claim_id)
    attempt = await attempt_of(gateway, made)
    assert attempt.code is Code.CLAIM_TOPIC_DENIED
    assert len(await lines_of(gateway, attempt)) == LINES_AT_MOST + 1


async def test_a_flood_of_contradictions_is_bounded_as_well(gateway: Indoors) -> None:
    made, attempt = await claimed(gateway)
    await log(gateway, "publish_denied", made.claim_id)
    attempt = await attempt_of(gateway, made)
    flood = [
        claim_failure(gateway, Code.CLAIM_THROTTLED, Source.APPLIANCE, second) for second in range(2 * LINES_AT_MOST)
    ]
    after = await gateway.run(lambda tx: noted(tx, attempt, flood, gateway.now))
    assert after.code is Code.CLAIM_TOPIC_DENIED
    assert len(await lines_of(gateway, attempt)) == LINES_AT_MOST


async def test_two_who_disagree_in_turn_are_heard_only_so_long_and_silence_after_them_still(gateway: Indoors) -> None:
    _, attempt = await claimed(gateway)
    codes = (Code.CLAIM_THROTTLED, Code.CLAIM_TOPIC_DENIED)
    flood = [claim_failure(gateway, codes[n % 2], Source.BROKER, n) for n in range(LINES_EVER + LINES_AT_MOST)]
    attempt = await gateway.run(lambda tx: noted(tx, attempt, flood, gateway.now))
    assert len(await lines_of(gateway, attempt)) == LINES_EVER
    quiet = Evidence(Source.SILENCE, gateway.now, "deadline_passed", stage=Stage.CLAIM)
    await gateway.run(lambda tx: noted(tx, attempt, [quiet], gateway.now))
    assert (await lines_of(gateway, attempt))[-1] == quiet
