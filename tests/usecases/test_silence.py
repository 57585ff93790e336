"""Silence by stage: when it becomes a result, what it means, and what the app hears of it."""

from gateway.domain.attempts import Outcome
from gateway.domain.evidence import Confidence
from gateway.domain.failures import Code, Stage
from gateway.domain.silence import WAIT
from tests.usecases.attempts_so_far import tick, told
from tests.usecases.happenings import report
from tests.usecases.indoors import Indoors


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
