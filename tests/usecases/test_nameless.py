"""Connections that failed before they had a name: whose they probably are, and when nobody is accused."""

import pytest

from gateway.domain.attempts import Outcome
from gateway.domain.evidence import Confidence
from gateway.domain.failures import Code, Stage
from gateway.usecases.connections import Denied, Permitted
from tests.usecases.attempts_so_far import HOME, log, paired_and_connected, tick, told
from tests.usecases.happenings import report
from tests.usecases.indoors import Indoors


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
