"""What becomes of attempts is counted, timed and read by support, from real requests on."""

from gateway.bootstrap.counting import CommitCounts
from gateway.domain.failures import Code, Stage
from gateway.domain.funnel import Share
from gateway.domain.silence import DEADLINE
from gateway.usecases import progress, support
from tests.usecases.happenings import report
from tests.usecases.indoors import Indoors


def sample(gateway: Indoors, name: str, **labels: str) -> float:
    return gateway.metrics.registry.get_sample_value(name, labels) or 0.0


async def test_a_failure_is_counted_by_code_a_success_with_the_seconds_of_its_stages(gateway: Indoors) -> None:
    gateway.database.on_commit(CommitCounts(gateway.metrics).committed)
    made, account = await gateway.made(), await gateway.account()
    opened = await gateway.pairing(account)
    gateway.pass_by(seconds=20)
    refused = await gateway.ask(made, bind_token=opened.bind_token, type_id="kettle.k9")
    assert refused["code"] == "act.typeid_unknown"
    gateway.pass_by(seconds=10)
    await gateway.activated(made, bind_token=opened.bind_token)
    gateway.pass_by(seconds=4)
    await gateway.hello(made)
    gateway.pass_by(seconds=2)
    await report(gateway, made, 1)

    failures = {"code": "act.typeid_unknown", "confidence": "observed"}
    assert sample(gateway, "hearthgate_activation_failures_total", **failures) == 1
    assert sample(gateway, "hearthgate_activation_attempts_total", stage="act", outcome="failed") == 1
    assert sample(gateway, "hearthgate_activation_attempts_total", stage="first", outcome="succeeded") == 1
    # From the pairing to the first request; a refused request is no sign of having come on.
    assert sample(gateway, "hearthgate_activation_stage_duration_seconds_sum", stage="pair") == 20
    assert sample(gateway, "hearthgate_activation_stage_duration_seconds_count", stage="pair") == 1
    evidence = [sample(gateway, "hearthgate_activation_evidence_total", source=source) for source in "AG"]
    assert min(evidence) >= 1

    told = await gateway.run(lambda tx: support.funnel(tx, gateway.now - DEADLINE, gateway.now, gateway.now))
    assert (told.attempts, told.succeeded, told.failed, told.first_try) == (1, 1, 0, Share(1, 1))
    pair = told.stages[Stage.PAIR.digit].spread
    assert pair is not None
    assert pair.median_s == 20


async def test_silence_is_counted_as_such_and_seen_in_the_funnel(gateway: Indoors) -> None:
    gateway.database.on_commit(CommitCounts(gateway.metrics).committed)
    reply = await gateway.activated(await gateway.made())
    gateway.pass_by(seconds=DEADLINE.total_seconds())
    await gateway.run(lambda tx: progress.close_overdue(tx, gateway.now))
    assert sample(gateway, "hearthgate_activation_attempts_total", stage="opconn", outcome="silent") == 1
    failures = {"code": "opconn.never", "confidence": "inferred"}
    assert sample(gateway, "hearthgate_activation_failures_total", **failures) == 1

    begun = gateway.now - 2 * DEADLINE
    told = await gateway.run(lambda tx: support.funnel(tx, begun, gateway.now, gateway.now))
    assert (told.failed, told.silent) == (1, Share(1, 1))
    assert [top.code for top in told.top_codes] == [Code.OPCONN_NEVER]

    found = await gateway.run(lambda tx: support.find(tx, gateway.services.indexes, f"701 {reply['trace_id']}"))
    assert not found.digits_differ
    card = await gateway.run(lambda tx: support.card(tx, found.newest, gateway.now))
    assert card is not None
    assert card.verdict.silent
    assert card.attempt.code is card.verdict.code is Code.OPCONN_NEVER
    assert card.unit is not None
