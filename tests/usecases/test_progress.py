"""Attempts: what silence means, which evidence belongs together, and that nobody spoils another's."""

from gateway.domain.attempts import Outcome
from gateway.domain.evidence import Confidence
from gateway.domain.failures import Code, Stage
from gateway.domain.identity import DeviceId
from gateway.domain.silence import DEADLINE
from gateway.protocol.topics import UpChannel
from gateway.usecases import progress
from tests.usecases.happenings import report
from tests.usecases.indoors import Indoors


async def lapse(gateway: Indoors) -> int:
    gateway.pass_by(seconds=DEADLINE.total_seconds())
    return await gateway.run(lambda tx: progress.close_overdue(tx, gateway.now))


async def test_a_pairing_whose_appliance_never_came_ends_unknown_at_its_stage(gateway: Indoors) -> None:
    opened = await gateway.pairing(await gateway.account())
    assert await lapse(gateway) == 1
    attempt, evidence = await gateway.attempt(opened.pairing.trace_id)
    assert (attempt.outcome, attempt.stage_reached, attempt.code) == (Outcome.FAILED, Stage.PAIR, None)
    assert attempt.confidence is Confidence.UNKNOWN
    assert [line.says for line in evidence] == ["pairing_opened", "deadline_passed"]


async def test_a_certificate_that_nobody_connects_with_is_inferred_never_observed(gateway: Indoors) -> None:
    reply = await gateway.activated(await gateway.made())
    assert await lapse(gateway) == 1
    attempt, _ = await gateway.attempt(reply["trace_id"])
    assert (attempt.code, attempt.confidence) == (Code.OPCONN_NEVER, Confidence.INFERRED)


async def test_a_bound_appliance_that_never_reports_is_inferred(gateway: Indoors) -> None:
    made, account = await gateway.made(), await gateway.account()
    opened = await gateway.pairing(account)
    await gateway.activated(made, bind_token=opened.bind_token)
    await gateway.hello(made)
    await lapse(gateway)
    attempt, _ = await gateway.attempt(opened.pairing.trace_id)
    assert attempt.outcome is Outcome.FAILED
    assert attempt.confidence is Confidence.INFERRED


async def test_a_failure_before_the_deadline_is_cleared_by_a_later_success(gateway: Indoors) -> None:
    made, account = await gateway.made(), await gateway.account()
    opened = await gateway.pairing(account)
    first = await gateway.ask(made, bind_token=opened.bind_token, type_id="kettle.k9")
    assert first["code"] == "act.typeid_unknown"
    gateway.pass_by(seconds=60)
    await gateway.activated(made, bind_token=opened.bind_token)
    await gateway.hello(made)
    await report(gateway, made, 1)
    attempt, evidence = await gateway.attempt(first["trace_id"])
    assert (attempt.outcome, attempt.code) == (Outcome.SUCCEEDED, None)
    assert "act.typeid_unknown" in [line.raw_code for line in evidence], "evidence is never overwritten"


async def test_after_the_deadline_a_new_try_is_a_new_attempt(gateway: Indoors) -> None:
    made = await gateway.made()
    first = await gateway.activated(made)
    await lapse(gateway)
    second = await gateway.activated(made)
    assert first["trace_id"] != second["trace_id"]


async def test_a_stranger_who_names_a_unit_gets_an_attempt_of_its_own(gateway: Indoors) -> None:
    made, stranger, account = await gateway.made(), await gateway.made(), await gateway.account()
    opened = await gateway.pairing(account)
    await gateway.activated(made, bind_token=opened.bind_token)
    refused = await gateway.ask(stranger, **made.says)
    assert refused["code"] == "claim.bad_credential"
    assert refused["trace_id"] != opened.pairing.trace_id
    attempt, evidence = await gateway.attempt(opened.pairing.trace_id)
    assert (attempt.outcome, attempt.stage_reached) == (Outcome.OPEN, Stage.CERT), "bound, and not yet there"
    assert "claim.bad_credential" not in [line.raw_code for line in evidence]


async def test_a_refusal_does_not_hide_behind_what_works_nor_spoil_it(gateway: Indoors) -> None:
    made, account = await gateway.made(), await gateway.account()
    opened = await gateway.pairing(account)
    await gateway.activated(made, bind_token=opened.bind_token)
    await gateway.hello(made)
    refused = await gateway.ask(made, csr="hello", reset_counter=1)
    assert (await gateway.attempt(refused["trace_id"]))[0].code is Code.CERT_CSR_INVALID
    await report(gateway, made, 1)
    assert (await gateway.attempt(opened.pairing.trace_id))[0].outcome is Outcome.SUCCEEDED
    assert (await gateway.attempt(refused["trace_id"]))[0].code is Code.CERT_CSR_INVALID


async def test_what_the_appliance_remembered_is_its_own_word_and_decides_nothing(gateway: Indoors) -> None:
    made = await gateway.made()
    history = [{"stage": "wifi", "code": "102", "count": 3, "ago_ms": 41000}]
    reply = await gateway.activated(made, history=history)
    attempt, evidence = await gateway.attempt(reply["trace_id"])
    remembered = [line for line in evidence if line.source == "L"]
    assert [(line.says, line.raw_code, line.detail) for line in remembered] == [
        ("appliance_remembers_failure", "102", "wifi")
    ]
    assert attempt.code is None
    await gateway.hello(made)
    await gateway.say(made, UpChannel.LOG, {"entries": history})
    _, evidence = await gateway.attempt(reply["trace_id"])
    assert len([line for line in evidence if line.source == "L"]) == 1, "told twice is kept once"


async def test_a_malformed_message_of_an_activated_appliance_is_evidence_with_its_place(gateway: Indoors) -> None:
    made = await gateway.made()
    reply = await gateway.activated(made)
    await gateway.hello(made)
    await gateway.say(made, UpChannel.BIND, {"request_id": "r", "bind_token": "x" * 22, "reset_counter": "no"})
    _, evidence = await gateway.attempt(reply["trace_id"])
    assert (evidence[-1].says, evidence[-1].raw_code) == ("malformed_bind: reset_counter", "act.malformed")


async def test_the_app_hears_of_a_refusal_with_the_same_code_and_trace_id(gateway: Indoors) -> None:
    made, account = await gateway.made(), await gateway.account()
    opened = await gateway.pairing(account)
    refused = await gateway.ask(made, bind_token=opened.bind_token, mac="a4:c1:38:ff:ff:fe")
    events = await gateway.run(lambda tx: tx.events.of_account(account, 0, 100))
    told = [event.data for event in events if event.kind == "pairing.refused"]
    assert [(data["code"], data["number"], data["trace_id"]) for data in told] == [
        ("act.mac_mismatch", 503, refused["trace_id"])
    ]


async def test_a_request_delivered_again_after_success_is_no_new_try_that_would_lapse(gateway: Indoors) -> None:
    account = await gateway.account()
    made = await gateway.made()
    reply = await gateway.activated(made, bind_token=(await gateway.pairing(account)).bind_token)
    await gateway.hello(made)
    await gateway.run(lambda tx: progress.reached(tx, made.device_id or DeviceId(""), Stage.FIRST, gateway.now))
    again = await gateway.activated(made)
    assert again["trace_id"] == reply["trace_id"]
    gateway.pass_by(seconds=200)
    assert await gateway.run(lambda tx: progress.close_overdue(tx, gateway.now)) == 0


async def test_an_activation_that_nobody_pairs_with_ends_well_when_the_appliance_is_connected(gateway: Indoors) -> None:
    made = await gateway.made()
    reply = await gateway.activated(made)
    await gateway.hello(made)
    attempt, _ = await gateway.attempt(reply["trace_id"])
    assert (attempt.outcome, attempt.stage_reached, attempt.code) == (Outcome.SUCCEEDED, Stage.OPCONN, None)
