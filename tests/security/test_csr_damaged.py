"""Texts and bytes that are no certificate request: each is refused, and none makes it raise."""

import base64
from collections.abc import Callable

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA384
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.security.csr import check_csr
from gateway.usecases.services import CheckedCsr, CsrRefused
from tests.security.test_csr import EXPLICIT_OR_BROKEN, P256, WEAK, Request, code_of, der_of, pem_of


@pytest.mark.parametrize(
    "change",
    [
        lambda _: "",
        lambda pem: pem + pem,
        lambda pem: pem + "garbage",
        lambda pem: "garbage\n" + pem,
        lambda pem: pem + "\0",
        lambda pem: pem + "\ud800",
        lambda pem: pem.replace("M", "\u041c", 1),
        lambda pem: pem.replace("CERTIFICATE REQUEST", "CERTIFICATE"),
        lambda pem: pem.replace("END CERTIFICATE REQUEST", "END NEW CERTIFICATE REQUEST"),
        lambda pem: pem.replace("-----BEGIN", "----BEGIN"),
        lambda pem: pem.replace("\n", ""),
        lambda pem: pem.replace("\n", "\n!", 2),
        lambda pem: pem.replace("\n", "\nProc-Type: 4,ENCRYPTED\n", 1),
        lambda pem: "\n".join(pem.splitlines()[:3] + pem.splitlines()[-1:]),
        lambda pem: pem_of(der_of(pem) + b"\0"),
        lambda pem: pem_of(der_of(pem)[:-1]),
        lambda _: pem_of(b""),
        lambda pem: pem_of(b"\x30\x80" + der_of(pem)[4:] + b"\0\0"),
        lambda _: pem_of(b"\x30" * 5000),
    ],
    ids=[
        "nothing",
        "two requests",
        "garbage behind",
        "garbage before",
        "a NUL behind",
        "a surrogate behind",
        "a letter that looks alike",
        "the label of a certificate",
        "labels that differ",
        "a dash missing",
        "all on one line",
        "not base64",
        "headers",
        "a truncated body",
        "trailing bytes inside",
        "a byte short",
        "an empty body",
        "indefinite length",
        "deep nesting",
    ],
)
def test_what_is_not_exactly_one_request_is_refused(request_pem: Request, change: Callable[[str], str]) -> None:
    assert code_of(change(request_pem(P256))) == EXPLICIT_OR_BROKEN


def test_base64_with_a_second_reading_is_refused() -> None:
    """Bits behind the end may be set in lax base64: two texts, one request."""
    text = base64.b64encode(b"\x30").decode()
    assert text == "MA=="
    assert (
        code_of("-----BEGIN CERTIFICATE REQUEST-----\nMB==\n-----END CERTIFICATE REQUEST-----\n") == EXPLICIT_OR_BROKEN
    )


@given(st.text(alphabet=st.characters()))
def test_no_text_makes_it_raise(text: str) -> None:
    assert code_of(text) == EXPLICIT_OR_BROKEN


@given(st.binary(max_size=600))
def test_no_bytes_inside_the_frame_make_it_raise(content: bytes) -> None:
    assert code_of(pem_of(content)) in {EXPLICIT_OR_BROKEN, WEAK}


GOOD_DER = der_of(
    x509.CertificateSigningRequestBuilder()
    .subject_name(x509.Name.from_rfc4514_string("CN=kettle"))
    .add_extension(x509.SubjectAlternativeName([x509.DNSName("a.example")]), critical=False)
    .sign(P256, SHA384())
    .public_bytes(Encoding.PEM)
    .decode()
)


@settings(max_examples=400)
@given(st.integers(0, len(GOOD_DER) - 1), st.integers(0, 20), st.binary(max_size=20))
def test_no_damage_to_a_good_request_makes_it_raise(at: int, cut: int, insert: bytes) -> None:
    answer = check_csr(pem_of(GOOD_DER[:at] + insert + GOOD_DER[at + cut :]))
    assert isinstance(answer, CsrRefused | CheckedCsr)
