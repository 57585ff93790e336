"""Every way in which an activation is refused: the code, the attempt that says why, and nothing else changed."""

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from device_sim.keys import certificate_request, new_key
from gateway.domain.certificates import LIFE, RENEW_ONLY
from gateway.domain.evidence import Confidence
from gateway.domain.failures import Code
from gateway.domain.units import BlockReason
from gateway.usecases.connections import Denied
from gateway.usecases.types import load_catalogue
from tests.usecases.indoors import HEATER, Indoors, indoors
from tests.usecases.made import Made
from tests.usecases.refusals import expect_answer, expect_refusal

# -- who can answer


async def test_an_authority_that_would_end_before_what_it_signs_signs_nothing(gateway: Indoors) -> None:
    in_time, late = await gateway.made(), await gateway.made()
    gateway.now = gateway.services.authority.ends - LIFE - RENEW_ONLY
    await gateway.activated(in_time)
    gateway.pass_by(seconds=1)
    await expect_refusal(gateway, late, Code.CERT_CA_UNAVAILABLE)


# -- who is asking


async def test_an_unknown_machine_code_is_refused(gateway: Indoors) -> None:
    made = await gateway.made()
    await expect_refusal(gateway, made, Code.ACT_UNKNOWN_MACHINE_CODE, machine_code="SQ24-9999-0000")


async def test_a_machine_code_that_no_label_can_have_is_refused_as_unknown(gateway: Indoors) -> None:
    made = await gateway.made()
    await expect_refusal(gateway, made, Code.ACT_UNKNOWN_MACHINE_CODE, machine_code="x")


async def test_the_certificate_of_another_unit_is_a_bad_credential(gateway: Indoors) -> None:
    mine, other = await gateway.made(), await gateway.made()
    await expect_refusal(gateway, mine, Code.CLAIM_BAD_CREDENTIAL, **other.says)


async def test_where_the_broker_tells_no_certificate_the_name_must_be_the_units(gateway: Indoors) -> None:
    mine, other = await gateway.made(), await gateway.made()
    before = gateway.rows()
    reply = await gateway.ask_again(mine, json.dumps(mine.request(**other.says)).encode())
    assert gateway.rows() == before
    await expect_answer(gateway, reply, Code.CLAIM_ID_MISMATCH)


async def test_a_unit_of_a_batch_without_its_proof_is_a_bad_credential(gateway: Indoors) -> None:
    made = await gateway.made(batch=True)
    await expect_refusal(gateway, made, Code.CLAIM_BAD_CREDENTIAL, proof=None)


@pytest.mark.parametrize(
    "changed", [{"reset_counter": 1}, {"firmware": "1.4.3"}, {"bind_token": "x" * 22}, {"csr": "another"}]
)
async def test_a_proof_over_another_request_is_a_bad_signature(gateway: Indoors, changed: dict[str, Any]) -> None:
    made = await gateway.made(batch=True)
    request = made.request()
    csr = {"csr": certificate_request(new_key(), "x")} if "csr" in changed else changed
    payload = json.dumps({**request, **csr}).encode()
    await expect_refusal(gateway, made, Code.ACT_BAD_SIGNATURE, payload)


async def test_the_proof_of_another_unit_of_the_batch_is_a_bad_signature(gateway: Indoors) -> None:
    mine, other = await gateway.made(batch=True), await gateway.made(batch=True)
    proof = other.request(**mine.says)["proof"]
    await expect_refusal(gateway, mine, Code.ACT_BAD_SIGNATURE, proof=proof)


async def test_a_credential_that_the_type_does_not_accept_is_not_authorised(tmp_path: Path) -> None:
    descriptor = json.loads((files("gateway") / "types" / f"{HEATER}.json").read_text())
    del descriptor["$schema"]
    own = {**descriptor, "type_id": "heater.strict", "id": "urn:hearthgate:type:heater.strict"}
    folder = tmp_path / "types"
    folder.mkdir()
    (folder / "heater.strict.json").write_text(json.dumps({**own, "credentials": ["unit_certificate"]}))
    async with indoors(tmp_path, types=load_catalogue(folder)) as gateway:
        made = await gateway.made(batch=True, type_id="heater.strict")
        await expect_refusal(gateway, made, Code.CLAIM_NOT_AUTHORISED)


async def test_another_mac_than_the_listed_one_is_refused(gateway: Indoors) -> None:
    made = await gateway.made()
    await expect_refusal(gateway, made, Code.ACT_MAC_MISMATCH, mac="a4:c1:38:ff:ff:fe")


async def test_a_mac_that_no_station_can_have_is_refused_as_another(gateway: Indoors) -> None:
    made = await gateway.made()
    await expect_refusal(gateway, made, Code.ACT_MAC_MISMATCH, mac="ff:ff:ff:ff:ff:ff")


async def test_a_type_that_the_catalogue_lacks_is_refused_until_it_has_it(gateway: Indoors) -> None:
    made = await gateway.made(type_id="kettle.k9")
    await expect_refusal(gateway, made, Code.ACT_TYPEID_UNKNOWN)


async def test_a_swapped_type_is_refused(gateway: Indoors) -> None:
    made = await gateway.made()
    await expect_refusal(gateway, made, Code.ACT_TYPEID_MISMATCH, type_id="washer.front.m1")


@pytest.mark.parametrize("reason", list(BlockReason))
async def test_a_blocked_unit_is_refused_and_never_told_why(gateway: Indoors, reason: BlockReason) -> None:
    made = await gateway.made(blocked=reason)
    trace_id = await expect_refusal(gateway, made, Code.ACT_BLOCKED)
    _, evidence = await gateway.attempt(trace_id)
    assert reason.value not in json.dumps(gateway.sent) + repr(evidence)


async def test_who_cannot_prove_to_be_the_unit_does_not_learn_that_it_is_blocked(gateway: Indoors) -> None:
    stranger, stolen = await gateway.made(), await gateway.made(blocked=BlockReason.THEFT)
    await expect_refusal(gateway, stranger, Code.CLAIM_BAD_CREDENTIAL, **stolen.says)


async def test_a_client_id_that_is_not_the_certificates_name_never_connects(gateway: Indoors) -> None:
    made = await gateway.made()
    before = gateway.rows()
    answer = await gateway.connect(made, client_id="c-" + "z" * 26)
    assert answer == Denied(Code.CLAIM_ID_MISMATCH)
    assert gateway.rows() == before
    attempt = await gateway.run(lambda tx: tx.attempts.latest_of_claim(made.claim_id))
    assert attempt is not None
    assert (attempt.code, attempt.confidence) == (Code.CLAIM_ID_MISMATCH, Confidence.OBSERVED)


# -- copies and replays


async def test_a_second_appliance_with_the_same_identity_is_refused_while_the_first_is_online(
    gateway: Indoors,
) -> None:
    made = await gateway.made()
    await gateway.activated(made)
    await gateway.hello(made)
    clone = Made(made.unit_id, made.claim_id, made.fingerprint, new_key(), None, dict(made.says))
    await expect_refusal(gateway, clone, Code.CLAIM_DUPLICATE_ID)
    assert await gateway.hello(made), "the first one goes on"


async def test_a_replayed_request_for_a_superseded_key_fetches_nothing(gateway: Indoors) -> None:
    made = await gateway.made()
    recorded = json.dumps(made.request()).encode()
    await gateway.activated(made, recorded)
    await gateway.hello(made)
    made.new_key()
    made.says["reset_counter"] = 1
    await gateway.activated(made)
    await gateway.hello(made)
    made.says["reset_counter"] = 0
    await expect_refusal(gateway, made, Code.ACT_REPLAYED, recorded)
    replayed = {**json.loads(recorded), "reset_counter": 1}
    await expect_refusal(gateway, made, Code.ACT_REPLAYED, json.dumps(replayed).encode())


async def test_a_reset_counter_that_went_down_is_a_replay(gateway: Indoors) -> None:
    made = await gateway.made()
    made.says["reset_counter"] = 3
    await gateway.activated(made)
    made.new_key()
    await expect_refusal(gateway, made, Code.ACT_REPLAYED, reset_counter=2)


# -- the message


@pytest.mark.parametrize(
    "change",
    [
        {"machine_code": None},
        {"mac": "a4:c1:38"},
        {"mac": 7},
        {"csr": ""},
        {"csr": "x" * 20_000},
        {"reset_counter": -1},
        {"reset_counter": "3"},
        {"reset_counter": 3.5},
        {"reset_counter": True},
        {"type_id": "../../etc/passwd"},
        {"firmware": "1.4.2\n"},
        {"bind_token": "short"},
        {"nickname": "Bathroom"},
        {"device_id": "d-00000000000000000000000000"},
        {"radio": {"rssi": -61, "bssi": 1}},
        {"history": [{"stage": "wifi", "code": "202", "ago_ms": 1}] * 17},
        {"machine_code": "SQ24-0001\x00"},
        {"firmware": "1" * 65_000},
    ],
    ids=repr,
)
async def test_a_request_of_another_form_is_malformed(gateway: Indoors, change: dict[str, Any]) -> None:
    made = await gateway.made()
    request = {**made.request(), **change}
    payload = json.dumps({name: value for name, value in request.items() if value is not None}).encode()
    await gateway.connect(made)
    before = gateway.rows()
    reply = await gateway.ask_again(made, payload)
    assert gateway.rows() == before
    if len(payload) <= 16384:
        await expect_answer(gateway, reply, Code.ACT_MALFORMED)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b'"text"',
        b"\xff\xfe{}",
        b'{"request_id": NaN}',
        b'{"request_id":"r","request_id":"r"}',
        b'{"request_id":"\\ud800"}',
        b'{"a":' * 5000 + b"1" + b"}" * 5000,
        b" " * 20_000,
        b'{"request_id":"' + b"9" * 70 + b'"}',
    ],
    ids=lambda payload: repr(payload[:24]),
)
async def test_bytes_that_are_no_request_get_no_answer_but_an_attempt_and_a_counter(
    gateway: Indoors, payload: bytes
) -> None:
    made = await gateway.made()
    await gateway.connect(made)
    before = gateway.rows()
    await gateway.ask_again(made, payload)
    assert gateway.rows() == before
    attempt = await gateway.run(lambda tx: tx.attempts.latest_of_claim(made.claim_id))
    assert attempt is not None
    assert attempt.code is Code.ACT_MALFORMED
    assert b'reason="act.malformed"} 1.0' in gateway.metrics.text()


@pytest.mark.parametrize(
    "secret",
    [
        {"wifi_password": "hunter2-canary"},
        {"radio": {"rssi": -61, "SSID": "hunter2-canary"}},
        {"history": [{"stage": "wifi", "code": "1", "ago_ms": 1, "psk": "hunter2-canary"}]},
        {"passPhrase": "hunter2-canary"},
        {"radio": {"bssid": "hunter2-canary"}},
    ],
    ids=repr,
)
async def test_a_wifi_secret_is_refused_and_its_value_kept_nowhere(gateway: Indoors, secret: dict[str, Any]) -> None:
    made = await gateway.made()
    await expect_refusal(gateway, made, Code.ACT_SECRET_NOT_WANTED, json.dumps({**made.request(), **secret}).encode())
    everything = repr(gateway.rows(without=frozenset())) + repr(gateway.sent) + gateway.metrics.text().decode()
    assert "hunter2-canary" not in everything


async def test_too_many_requests_are_told_when_to_come_again(gateway: Indoors) -> None:
    made = await gateway.made()
    gateway.limit_claims(per_second=0.2, burst=2)
    for _ in range(2):
        await gateway.activated(made)
    reply = await gateway.ask(made)
    await expect_answer_of_limit(gateway, reply)
    gateway.pass_by(seconds=5)
    await gateway.activated(made)


async def expect_answer_of_limit(gateway: Indoors, reply: dict[str, Any]) -> None:
    assert (reply["code"], reply["retry"], reply["retry_after_s"]) == ("act.rate_limited", "after", 60)
    _, evidence = await gateway.attempt(reply["trace_id"])
    assert evidence[-1].says == "too_many_requests"
