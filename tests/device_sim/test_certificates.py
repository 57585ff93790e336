"""Keys are kept before anybody is asked, and a certificate is confirmed before the old one goes."""

import hmac
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509

from device_sim.activation import accepted, make_request
from device_sim.controller import Unit
from device_sim.flash import Credential, Flash
from device_sim.happenings import What
from device_sim.keys import certificate_request, common_name, fits, is_signed, new_key, serial_hex
from device_sim.renewal import LATER_S, ask_for_renewal, confirm, has_untried, hear_answer, in_use, is_due
from gateway.protocol.codec import decode, encode
from gateway.protocol.messages import ActivationAccepted, ActivationRequest, Endpoint, RenewReply
from gateway.protocol.signing import proof_bytes

Certify = Callable[[str, str], str]
DEVICE = "d-0123456789abcdefghjkmnpqrs"


@pytest.fixture
def boxed(board: Any) -> Any:
    """The same board before its activation."""
    board.controller.flash.save(
        replace(board.kept, device_id=None, command_key=None, paired=False, epoch=0, operational=None)
    )
    return board


def answer(board: Any, certificate: str, **over: Any) -> ActivationAccepted:
    fields: dict[str, Any] = {
        "request_id": "00000000-0000-4000-8000-000000000001",
        "device_id": DEVICE,
        "certificate": certificate,
        "chain": certificate,
        "not_after": board.now[0] + timedelta(days=90),
        "renew_after": board.now[0] + timedelta(days=60),
        "endpoint": Endpoint(host="localhost", port=8883),
        "bound": True,
        "epoch": 1,
        "command_key": "A" * 43 + "=",
        "time": board.now[0],
        "trace_id": "k7q-4m2",
    } | over
    return ActivationAccepted(**fields)


def test_the_key_is_in_the_flash_before_the_request_exists(boxed: Any) -> None:
    request = make_request(boxed.controller)
    flash = Flash.load(boxed.path)
    assert flash is not None
    assert flash.content.candidate is not None
    csr = x509.load_pem_x509_csr(request.csr.encode())
    assert csr.is_signature_valid
    assert certificate_request(flash.content.candidate.key_pem, "x") != ""
    assert decode(ActivationRequest, encode(request)) == request


def test_asked_again_it_is_the_same_key_even_after_a_restart(boxed: Any, make_board: Any) -> None:
    first = x509.load_pem_x509_csr(make_request(boxed.controller).csr.encode()).public_key()
    flash = Flash.load(boxed.path)
    again = x509.load_pem_x509_csr(make_request(make_board(flash).controller).csr.encode()).public_key()
    assert first == again


def test_the_request_carries_the_token_and_the_remembered_failures(boxed: Any) -> None:
    boxed.controller.flash.update(bind_token="token-token-token")
    boxed.controller.remember("wifi", "202")
    boxed.now[0] += timedelta(seconds=3)
    request = make_request(boxed.controller)
    assert request.bind_token == "token-token-token"
    assert request.history is not None
    assert (request.history[0].code, request.history[0].ago_ms) == ("202", 3000)


def test_a_unit_of_a_batch_proves_its_key(boxed: Any) -> None:
    boxed.controller.unit = Unit("SQ24-0007-1183", "02:c1:38:00:4f:2a", unit_key=b"k" * 32)
    request = make_request(boxed.controller)
    assert request.proof == hmac.new(b"k" * 32, proof_bytes(request), "sha256").hexdigest()


def test_a_certificate_for_another_key_is_not_kept(boxed: Any, certify: Certify) -> None:
    make_request(boxed.controller)
    assert accepted(boxed.kept, answer(boxed, certify(new_key(), DEVICE))) is None
    assert accepted(boxed.kept, answer(boxed, "no certificate")) is None


def test_a_good_answer_fills_the_second_slot_and_does_not_show_paired(boxed: Any, certify: Certify) -> None:
    make_request(boxed.controller)
    kept = accepted(boxed.kept, answer(boxed, certify(boxed.kept.candidate.key_pem, DEVICE)))
    assert kept is not None
    assert (kept.operational, kept.device_id, kept.epoch, kept.paired) == (None, DEVICE, 1, False)
    assert in_use(kept) == kept.candidate


@pytest.mark.parametrize("kind", ["p256", "ed25519"])
def test_both_kinds_of_key_make_a_good_request(kind: Any) -> None:
    csr = x509.load_pem_x509_csr(certificate_request(new_key(kind), "appliance").encode())
    assert csr.is_signature_valid


def test_name_and_serial_are_read_from_a_certificate(certify: Certify) -> None:
    key = new_key()
    certificate = certify(key, DEVICE)
    assert common_name(certificate) == DEVICE
    assert serial_hex(certificate) == "abcdef"
    assert fits(key, certificate)
    assert not fits(new_key(), certificate)


@pytest.mark.parametrize("signature", ["", "A" * 88, "not base64 at all!", "ü" * 88])
def test_a_malformed_signature_is_none(voice: Any, signature: str) -> None:
    assert not is_signed(b"message", signature, voice.public_key)
    assert not is_signed(b"message", signature, "short")


@pytest.fixture
def live(board: Any, certify: Certify) -> Any:
    """A board with a certificate that is due for renewal."""
    key = new_key()
    now = board.now[0]
    current = Credential(key, certify(key, DEVICE), "", now + timedelta(days=30), now - timedelta(days=1))
    board.controller.flash.update(operational=current)
    return board


def granted(board: Any, request_id: str, certificate: str) -> RenewReply:
    return RenewReply(
        request_id=request_id,
        ok=True,
        certificate=certificate,
        chain=certificate,
        not_after=board.now[0] + timedelta(days=90),
        renew_after=board.now[0] + timedelta(days=60),
        trace_id="k7q-4m2",
    )


async def test_renewal_uses_a_new_key_and_keeps_the_old_certificate_until_the_new_one_is_welcomed(
    live: Any, wire: Any, certify: Certify
) -> None:
    old = live.kept.operational
    assert is_due(live.controller)
    asked = ask_for_renewal(live.controller, wire.say)
    new_pem = live.kept.candidate.key_pem
    assert new_pem != old.key_pem
    assert in_use(live.kept) == old
    assert hear_answer(live.controller, granted(live, asked, certify(new_pem, DEVICE)), asked) is None
    assert has_untried(live.kept)
    assert not is_due(live.controller)
    assert in_use(live.kept) == live.kept.candidate
    assert in_use(live.kept, prefer_candidate=False) == old
    confirm(live.controller, old)
    assert live.kept.operational == old
    confirm(live.controller, live.kept.candidate)
    assert live.kept.operational.key_pem == new_pem
    assert live.kept.candidate is None
    assert live.whats()[-1] is What.RENEWED


async def test_a_lost_renewal_is_asked_again_with_the_same_key(live: Any, wire: Any) -> None:
    ask_for_renewal(live.controller, wire.say)
    first = live.kept.candidate
    ask_for_renewal(live.controller, wire.say)
    assert live.kept.candidate == first


async def test_a_renewal_that_nobody_asked_for_or_for_another_key_is_not_kept(
    live: Any, wire: Any, certify: Certify
) -> None:
    asked = ask_for_renewal(live.controller, wire.say)
    right = certify(live.kept.candidate.key_pem, DEVICE)
    other = "00000000-0000-4000-8000-0000000000aa"
    assert hear_answer(live.controller, granted(live, other, right), asked) == 0.0
    assert hear_answer(live.controller, granted(live, asked, certify(new_key(), DEVICE)), asked) == LATER_S
    assert not has_untried(live.kept)


@pytest.mark.parametrize(
    ("retry", "after_s", "expected"), [("never", None, LATER_S), ("now", None, 0.0), ("after", 60, 60.0)]
)
async def test_a_refused_renewal_is_remembered_and_waits_as_told(
    live: Any, wire: Any, retry: Any, after_s: int | None, expected: float
) -> None:
    asked = ask_for_renewal(live.controller, wire.say)
    reply = RenewReply(
        request_id=asked,
        ok=False,
        code="cert.ca_unavailable",
        number=604,
        retry=retry,
        retry_after_s=after_s,
        trace_id="k7q-4m2",
    )
    assert hear_answer(live.controller, reply, asked) == expected
    assert live.kept.failures[-1].code == "cert.ca_unavailable"
