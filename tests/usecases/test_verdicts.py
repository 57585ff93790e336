"""From what happens to the verdict that support reads: joined, remembered, silent, repeated, contradicted."""

from datetime import timedelta

import pytest

from gateway.domain.attempts import Attempt, Confidence, Evidence, Outcome
from gateway.domain.evidence import Source
from gateway.domain.failures import Code, Stage
from gateway.domain.identity import ClaimId, DeviceId
from gateway.domain.silence import WAIT
from gateway.protocol.topics import UpChannel
from gateway.usecases import appliances, broker_log, progress, states
from gateway.usecases.certificates import revoke_all
from gateway.usecases.connections import Denied, Permitted
from gateway.usecases.states import Reported
from gateway.usecases.verdicts import LINES_AT_MOST, noted
from tests.usecases.happenings import report
from tests.usecases.indoors import Indoors
from tests.usecases.made import Made

HOME = b"home" * 8
WIFI = {"stage": "wifi", "code": "auth_fail", "count": 4}


async def log(gateway: Indoors, says: str, name: str | None = None, home: bytes | None = HOME) -> None:
    await gateway.run(lambda tx: broker_log.note(tx, says, name, home, gateway.now))


async def tick(gateway: Indoors, **by: float) -> int:
    gateway.pass_by(**by)
    return await gateway.run(lambda tx: progress.close_overdue(tx, gateway.now))


async def paired_and_connected(gateway: Indoors) -> tuple[Made, str]:
    made, account = await gateway.made(), await gateway.account()
    opened = await gateway.pairing(account)
    await gateway.activated(made, bind_token=opened.bind_token)
    await gateway.hello(made)
    return made, opened.pairing.trace_id


async def told(gateway: Indoors, trace_id: str) -> tuple[Code | None, Confidence]:
    attempt, _ = await gateway.attempt(trace_id)
    return attempt.code, attempt.confidence


# -- nameless connections


@pytest.mark.parametrize(
    ("says", "code"),
    [
        ("tls_no_client_certificate", Code.TLS_CLIENT_CERT_MISSING),
        ("tls_client_certificate_expired", Code.TLS_CLIENT_CERT_INVALID),
        ("tls_server_refused_by_clock", Code.TLS_CLOCK),
        ("tls_version", Code.TLS_VERSION),
        ("tls_reset", Code.TLS_RESET),
        ("broker_busy", Code.TLS_BROKER_BUSY),
    ],
)
async def test_a_nameless_failure_of_the_only_home_that_pairs_is_probably_its_appliances(
    gateway: Indoors, says: str, code: Code
) -> None:
    opened = await gateway.pairing(await gateway.account(), HOME)
    gateway.pass_by(seconds=119)
    await log(gateway, says)
    attempt, lines = await gateway.attempt(opened.pairing.trace_id)
    assert (attempt.code, attempt.confidence, attempt.stage_reached) == (code, Confidence.INFERRED, Stage.TLS)
    assert lines[-1].probable
    assert [row for row in gateway.rows(without=frozenset())["evidence"] if HOME in row] == [], (
        "the address is not kept"
    )


async def test_an_old_attempt_of_the_name_in_the_certificate_does_not_hide_the_home(gateway: Indoors) -> None:
    made = await gateway.made()
    await gateway.connect(made)
    gateway.pass_by(seconds=200)
    opened = await gateway.pairing(await gateway.account(), HOME)
    await log(gateway, "tls_client_certificate_expired", made.claim_id)
    assert await told(gateway, opened.pairing.trace_id) == (Code.TLS_CLIENT_CERT_INVALID, Confidence.INFERRED)


async def test_with_two_pairings_at_one_address_nobody_is_accused(gateway: Indoors) -> None:
    opened = [await gateway.pairing(await gateway.account(), HOME) for _ in range(2)]
    await log(gateway, "tls_version")
    for one in opened:
        assert [line.says for line in (await gateway.attempt(one.pairing.trace_id))[1]] == ["pairing_opened"]


async def test_a_failure_of_another_home_or_much_later_is_nobodys(gateway: Indoors) -> None:
    opened = await gateway.pairing(await gateway.account(), HOME)
    await log(gateway, "tls_version", home=b"else" * 8)
    gateway.pass_by(seconds=121)
    await log(gateway, "tls_version")
    assert len((await gateway.attempt(opened.pairing.trace_id))[1]) == 1


async def test_a_name_in_a_failed_handshake_may_be_anybodys_and_never_makes_it_observed(gateway: Indoors) -> None:
    made = await gateway.made()
    await gateway.connect(made)
    await log(gateway, "tls_client_certificate_refused", made.claim_id)
    attempt = await gateway.run(lambda tx: tx.attempts.latest_of_claim(made.claim_id))
    assert attempt is not None
    assert attempt.code is None or attempt.confidence is Confidence.INFERRED
    lines = await gateway.run(lambda tx: tx.attempts.evidence(attempt.attempt_id))
    assert lines[-1].probable


async def test_a_denied_topic_is_the_claims_before_and_the_appliances_after_activation(gateway: Indoors) -> None:
    made = await gateway.made()
    await gateway.connect(made)
    await log(gateway, "publish_denied", made.claim_id)
    attempt = await gateway.run(lambda tx: tx.attempts.latest_of_claim(made.claim_id))
    assert attempt is not None
    assert (attempt.code, attempt.confidence) == (Code.CLAIM_TOPIC_DENIED, Confidence.OBSERVED)
    other, trace_id = await paired_and_connected(gateway)
    gateway.pass_by(seconds=1)
    await log(gateway, "publish_denied", other.device_id)
    assert await told(gateway, trace_id) == (Code.OPCONN_ACL_DENIED, Confidence.OBSERVED)


async def test_a_claim_identity_that_is_refused_is_shown_to_the_only_pairing_of_its_home(gateway: Indoors) -> None:
    made = await gateway.made()
    opened = await gateway.pairing(await gateway.account(), HOME)
    assert await gateway.connect(made, client_id="somebody", address_index=HOME) == Denied(Code.CLAIM_ID_MISMATCH)
    assert await told(gateway, opened.pairing.trace_id) == (Code.CLAIM_ID_MISMATCH, Confidence.INFERRED)
    own = await gateway.run(lambda tx: tx.attempts.latest_of_claim(made.claim_id))
    assert own is not None
    assert (own.code, own.confidence, own.pairing_id) == (Code.CLAIM_ID_MISMATCH, Confidence.OBSERVED, None)


async def test_another_appliance_of_the_home_does_not_take_the_pairing_from_the_one_that_brings_the_token(
    gateway: Indoors,
) -> None:
    mine, other = await gateway.made(), await gateway.made()
    opened = await gateway.pairing(await gateway.account(), HOME)
    await gateway.connect(other, address_index=HOME)
    assert (await gateway.activated(other))["trace_id"] != opened.pairing.trace_id
    await gateway.connect(mine, address_index=HOME)
    reply = await gateway.activated(mine, bind_token=opened.bind_token)
    assert reply["trace_id"] == opened.pairing.trace_id
    gateway.pass_by(seconds=1)
    await gateway.hello(mine)
    await report(gateway, mine, 1)
    assert (await gateway.attempt(opened.pairing.trace_id))[0].outcome is Outcome.SUCCEEDED


async def test_an_appliance_that_never_got_its_token_is_probably_the_one_that_its_homes_pairing_waits_for(
    gateway: Indoors,
) -> None:
    made = await gateway.made()
    opened = await gateway.pairing(await gateway.account(), HOME)
    await gateway.connect(made, address_index=HOME)
    await gateway.activated(made)
    assert isinstance(await gateway.arrive(made, address_index=HOME), Permitted)
    await gateway.say_hello(made)
    attempt, lines = await gateway.attempt(opened.pairing.trace_id)
    assert (attempt.stage_reached, attempt.confidence) == (Stage.OPCONN, Confidence.INFERRED)
    assert [line.says for line in lines if line.probable] == ["claim_connected", "operational_connection"]
    assert await tick(gateway, seconds=30) == 1
    assert await told(gateway, opened.pairing.trace_id) == (Code.BIND_TIMEOUT_RETRY, Confidence.INFERRED)


async def test_an_appliance_that_has_been_there_before_is_not_what_a_pairing_waits_for(gateway: Indoors) -> None:
    made = await gateway.made()
    await gateway.activated(made)
    await gateway.hello(made)
    opened = await gateway.pairing(await gateway.account(), HOME)
    assert isinstance(await gateway.arrive(made, address_index=HOME), Permitted)
    assert [line.says for line in (await gateway.attempt(opened.pairing.trace_id))[1]] == ["pairing_opened"]


# -- silence


async def test_each_stage_has_its_own_deadline_and_a_sign_of_life_clears_the_silence(gateway: Indoors) -> None:
    made, account = await gateway.made(), await gateway.account()
    opened = await gateway.pairing(account)
    await gateway.activated(made, bind_token=opened.bind_token)
    assert await tick(gateway, seconds=WAIT[Stage.CERT].total_seconds() - 1) == 0
    assert await tick(gateway, seconds=1) == 1
    assert await told(gateway, opened.pairing.trace_id) == (Code.OPCONN_NEVER, Confidence.INFERRED)
    assert await tick(gateway, seconds=1) == 0, "said once"
    await gateway.hello(made)
    attempt, lines = await gateway.attempt(opened.pairing.trace_id)
    assert (attempt.outcome, attempt.stage_reached, attempt.code) == (Outcome.OPEN, Stage.BIND, None)
    assert "deadline_passed" in [line.says for line in lines]
    assert await tick(gateway, seconds=60) == 1
    assert await told(gateway, opened.pairing.trace_id) == (Code.FIRST_NO_TELEMETRY, Confidence.INFERRED)
    gateway.pass_by(seconds=1)
    await report(gateway, made, 1)
    assert (await gateway.attempt(opened.pairing.trace_id))[0].outcome is Outcome.SUCCEEDED


async def test_connected_and_not_bound_in_time_is_a_retry_of_the_binding(gateway: Indoors) -> None:
    made, account = await gateway.made(), await gateway.account()
    opened = await gateway.pairing(account)
    await gateway.ask(made, bind_token=opened.bind_token, type_id="kettle.k9")
    reply = await gateway.activated(made)
    await gateway.hello(made)
    assert await tick(gateway, seconds=30) == 1
    assert await told(gateway, reply["trace_id"]) == (Code.BIND_TIMEOUT_RETRY, Confidence.INFERRED)


async def test_the_app_hears_of_a_verdict_and_of_its_end(gateway: Indoors) -> None:
    made, account = await gateway.made(), await gateway.account()
    opened = await gateway.pairing(account)
    await gateway.ask(made, bind_token=opened.bind_token, type_id="kettle.k9")
    await gateway.activated(made, bind_token=opened.bind_token)
    events = await gateway.run(lambda tx: tx.events.of_account(account, 0, 100))
    verdicts = [event.data for event in events if event.kind == "pairing.verdict"]
    assert [(one["code"], one["number"], one["failed"]) for one in verdicts] == [
        ("act.typeid_unknown", 504, True),
        (None, None, False),
    ]
    assert {one["trace_id"] for one in verdicts} == {opened.pairing.trace_id}


# -- what the appliance remembers


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
    assert remembered[0].code is Code.WIFI_PASSWORD_REJECTED
    assert (remembered[1].raw_code, remembered[1].code) == ("E9", None)


async def test_how_the_appliance_hears_its_access_point_is_kept_in_figures(gateway: Indoors) -> None:
    made = await gateway.made()
    reply = await gateway.activated(made, radio={"rssi": -81, "security": "wpa2", "band": "2.4"})
    _, lines = await gateway.attempt(reply["trace_id"])
    (heard,) = [line for line in lines if line.source is Source.APPLIANCE]
    assert (heard.says, heard.detail) == ("signal_weak", "rssi -81 dBm, 2.4 GHz, wpa2")


# -- once it is activated


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


async def test_more_than_five_connections_in_ten_minutes_are_a_fault_of_their_own(gateway: Indoors) -> None:
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


async def test_a_flood_of_lines_is_bounded_and_still_hears_what_changes_the_verdict(gateway: Indoors) -> None:
    made = await gateway.made()
    await gateway.connect(made)

    def attempt_of() -> object:
        return gateway.run(lambda tx: tx.attempts.latest_of_claim(ClaimId(made.claim_id)))

    attempt = await attempt_of()  # type: ignore[misc]
    assert isinstance(attempt, Attempt)
    flood = [Evidence(Source.BROKER, gateway.now, f"line {number}") for number in range(2 * LINES_AT_MOST)]
    await gateway.run(lambda tx: noted(tx, attempt, flood, gateway.now))
    await log(gateway, "publish_denied", made.claim_id)
    attempt = await attempt_of()  # type: ignore[misc]
    assert isinstance(attempt, Attempt)
    assert attempt.code is Code.CLAIM_TOPIC_DENIED
    lines = await gateway.run(lambda tx: tx.attempts.evidence(attempt.attempt_id))
    assert len(lines) == LINES_AT_MOST + 1
