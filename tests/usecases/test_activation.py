"""Activation: one certificate for one key however often it is asked for, and a binding in the same commit."""

import json
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from device_sim.keys import certificate_request, fits
from gateway.domain.attempts import Outcome
from gateway.domain.certificates import CertificateState
from gateway.domain.devices import DeviceStatus
from gateway.domain.failures import Code, Stage
from gateway.domain.pairing import PairingState
from gateway.protocol.codec import decode
from gateway.protocol.messages import ActivationRequest
from gateway.usecases import activation
from gateway.usecases.activation import Prepared
from gateway.usecases.connections import Denied, Permitted, Standing
from tests.usecases.indoors import START, Indoors
from tests.usecases.made import Made


async def states_of(gateway: Indoors, made: Made) -> list[str]:
    """How its certificates stand, also those that have ended."""
    return sorted(str(row[3]) for row in gateway.rows()["certificates"] if row[1] == made.device_id)


async def test_a_listed_unit_becomes_a_device_with_a_certificate_of_ours(gateway: Indoors) -> None:
    made = await gateway.made()
    reply = await gateway.activated(made)
    assert fits(made.key, reply["certificate"])
    certificate = x509.load_pem_x509_certificate(reply["certificate"].encode())
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    assert [name.value for name in names] == [reply["device_id"]]
    assert certificate.not_valid_before_utc == START - timedelta(hours=24)
    authority = x509.load_pem_x509_certificate(reply["chain"].encode())
    certificate.verify_directly_issued_by(authority)
    assert reply["endpoint"] == {"host": "gateway.example", "port": 8883}
    assert (reply["bound"], reply["epoch"], reply["time"]) == (False, 0, "2026-03-01T12:00:00.000Z")
    assert reply["command_key"] == gateway.services.signer.public_key


async def test_what_the_request_asks_to_be_called_is_not_obeyed(gateway: Indoors) -> None:
    made = await gateway.made()
    wish = certificate_request(made.key, "g-00000000000000000000000000")
    reply = await gateway.activated(made, csr=wish)
    certificate = x509.load_pem_x509_certificate(reply["certificate"].encode())
    assert "g-0" not in certificate.subject.rfc4514_string()
    usages = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usages) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


async def test_an_appliance_may_have_an_ed25519_key(gateway: Indoors) -> None:
    made = await gateway.made()
    made.key = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    assert fits(made.key, (await gateway.activated(made))["certificate"])


async def test_a_unit_of_a_batch_proves_itself_with_its_key(gateway: Indoors) -> None:
    made = await gateway.made(batch=True)
    assert (await gateway.activated(made))["ok"]


async def test_two_units_of_a_batch_under_one_claim_identity_have_attempts_of_their_own(gateway: Indoors) -> None:
    first, second = await gateway.made(batch=True), await gateway.made(batch=True)
    second.claim_id, second.fingerprint = first.claim_id, first.fingerprint
    one, other = await gateway.activated(first), await gateway.activated(second)
    assert one["device_id"] != other["device_id"]
    assert one["trace_id"] != other["trace_id"]


async def test_a_lost_answer_is_answered_again_with_the_same_bytes(gateway: Indoors) -> None:
    made = await gateway.made()
    first = await gateway.activated(made)
    gateway.pass_by(seconds=20)
    again = await gateway.activated(made)
    assert again["certificate"] == first["certificate"]
    assert again["chain"] == first["chain"]
    assert again["device_id"] == first["device_id"]
    assert again["request_id"] != first["request_id"]
    assert len(gateway.rows()["certificates"]) == 1


async def test_the_same_message_twice_changes_nothing(gateway: Indoors) -> None:
    made = await gateway.made()
    payload = json.dumps(made.request()).encode()
    first = await gateway.activated(made, payload)
    before = gateway.rows()
    again = await gateway.ask_again(made, payload)
    assert again == first
    assert gateway.rows() == before


async def test_power_lost_between_decision_and_signature_gives_the_certificate_that_was_decided(
    gateway: Indoors,
) -> None:
    made = await gateway.made()
    payload = json.dumps(made.request()).encode()
    request = decode(ActivationRequest, payload)
    await gateway.connect(made)
    prepared = await gateway.run(
        lambda tx: activation.prepare(tx, gateway.services, made.claim_id, request, gateway.now)
    )
    assert isinstance(prepared, Prepared)
    planned = await gateway.run(lambda tx: tx.certificates.get(prepared.serial))
    assert planned is not None
    assert (planned.state, planned.pem) == (CertificateState.PREPARED, None)
    assert gateway.sent == []

    gateway.pass_by(seconds=30)
    reply = await gateway.activated(made, payload)
    certificate = x509.load_pem_x509_certificate(reply["certificate"].encode())
    assert f"{certificate.serial_number:x}" == prepared.serial
    assert certificate.not_valid_before_utc == planned.not_before
    assert certificate.not_valid_after_utc == planned.x509_not_after
    assert len(gateway.rows()["certificates"]) == 1
    assert len(gateway.rows()["devices"]) == 1


async def test_the_old_certificate_lives_until_the_new_one_was_seen(gateway: Indoors) -> None:
    made = await gateway.made()
    await gateway.activated(made)
    await gateway.hello(made)
    old = made.serial
    gateway.pass_by(days=1)
    made.new_key()
    made.says["reset_counter"] = 1
    reply = await gateway.activated(made)
    new = made.serial
    assert new != old
    assert await states_of(gateway, made) == ["confirmed", "issued"]

    made.serial = old
    assert isinstance(await gateway.arrive(made), Permitted), "make before break"
    made.serial = new
    told = dict(await gateway.hello(made))
    assert told["welcome"]["epoch"] == reply["epoch"]
    assert await states_of(gateway, made) == ["confirmed", "superseded"]
    made.serial = old
    assert await gateway.arrive(made) == Denied(Code.OPCONN_CERT_REJECTED)


async def test_a_certificate_that_nobody_used_within_a_day_is_dead_and_its_key_gets_another(gateway: Indoors) -> None:
    made = await gateway.made()
    first = await gateway.activated(made)
    gateway.pass_by(hours=24, seconds=-1)
    assert isinstance(await gateway.arrive(made), Permitted)
    gateway.pass_by(seconds=1)
    assert await gateway.arrive(made) == Denied(Code.OPCONN_CERT_REJECTED)
    again = await gateway.activated(made)
    assert again["certificate"] != first["certificate"]
    assert again["device_id"] == first["device_id"]
    assert isinstance(await gateway.arrive(made), Permitted)


async def test_a_confirmed_certificate_outlives_the_first_day(gateway: Indoors) -> None:
    made = await gateway.made()
    await gateway.activated(made)
    await gateway.hello(made)
    gateway.pass_by(days=2)
    answer = await gateway.arrive(made)
    assert isinstance(answer, Permitted)
    assert answer.standing is Standing.FULL


@pytest.mark.parametrize("status", [DeviceStatus.SUSPENDED, DeviceStatus.RETIRED, DeviceStatus.QUARANTINED])
async def test_a_device_that_may_not_work_neither_connects_nor_says_hello(
    gateway: Indoors, status: DeviceStatus
) -> None:
    made = await gateway.made()
    await gateway.activated(made)
    await gateway.hello(made)
    await gateway.stand(made, status)
    assert await gateway.arrive(made) == Denied(Code.OPCONN_ACL_DENIED)
    assert await gateway.say_hello(made) == []


# -- with a token


async def test_a_token_in_the_request_binds_in_the_same_commit(gateway: Indoors) -> None:
    made, account = await gateway.made(), await gateway.account()
    opened = await gateway.pairing(account)
    reply = await gateway.activated(made, bind_token=opened.bind_token)
    assert (reply["bound"], reply["epoch"], "bind_code" in reply) == (True, 1, False)
    assert reply["trace_id"] == opened.pairing.trace_id, "app and appliance show the same"
    assert await gateway.owner(made) == account
    pairing = await gateway.run(lambda tx: tx.pairings.get(opened.pairing.pairing_id))
    assert pairing is not None
    assert (pairing.state, pairing.device_id) == (PairingState.COMPLETED, made.device_id)


async def test_a_connection_before_the_request_becomes_part_of_the_pairings_attempt(gateway: Indoors) -> None:
    made, account = await gateway.made(), await gateway.account()
    opened = await gateway.pairing(account)
    await gateway.activated(made, bind_token=opened.bind_token)
    attempt, evidence = await gateway.attempt(opened.pairing.trace_id)
    assert attempt.unit_id == made.unit_id
    assert [line.says for line in evidence] == [
        "pairing_opened",
        "claim_connected",
        "request_arrived",
        "request_accepted",
        "bound",
    ]
    assert len(gateway.rows(without=frozenset())["attempts"]) == 1


async def test_a_bad_token_refuses_the_binding_and_not_the_activation(gateway: Indoors) -> None:
    made = await gateway.made()
    reply = await gateway.activated(made, bind_token="x" * 22)
    assert (reply["bound"], reply["bind_code"]) == (False, "bind.token_unknown")
    assert await gateway.owner(made) is None


async def test_a_refused_activation_leaves_the_token_for_the_next_try(gateway: Indoors) -> None:
    made, account = await gateway.made(), await gateway.account()
    opened = await gateway.pairing(account)
    refused = await gateway.ask(made, bind_token=opened.bind_token, mac="a4:c1:38:ff:ff:fe")
    assert refused["trace_id"] == opened.pairing.trace_id
    assert (await gateway.activated(made, bind_token=opened.bind_token))["bound"]
    attempt, _ = await gateway.attempt(opened.pairing.trace_id)
    assert (attempt.outcome, attempt.stage_reached) == (Outcome.OPEN, Stage.CERT), "bound, and not yet there"


async def test_a_repeated_request_with_its_token_stays_bound_and_uses_nothing_up(gateway: Indoors) -> None:
    made, account = await gateway.made(), await gateway.account()
    opened = await gateway.pairing(account)
    payload = json.dumps(made.request(bind_token=opened.bind_token)).encode()
    first = await gateway.activated(made, payload)
    before = gateway.rows()
    assert await gateway.ask_again(made, payload) == first
    after = gateway.rows()
    assert {name for name in after if after[name] != before[name]} <= {"verdicts"}
