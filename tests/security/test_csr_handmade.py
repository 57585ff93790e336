"""Well-signed requests that no library would make: put together by hand, byte by byte (RFC 2986, X.690)."""

import base64

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gateway.security.csr import check_csr
from gateway.security.der import element
from gateway.usecases.services import CheckedCsr, CsrRefused

KEY = ec.generate_private_key(ec.SECP256R1())
SPKI = KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

PKCS9 = bytes.fromhex("06092a864886f70d01090e")
MICROSOFT = bytes.fromhex("060a2b060104018237020" + "10e")
CHALLENGE_PASSWORD = bytes.fromhex("06092a864886f70d010907")


def tlv(tag: int, *content: bytes) -> bytes:
    joined = b"".join(content)
    if len(joined) < 0x80:
        return bytes([tag, len(joined)]) + joined
    length = len(joined).to_bytes((len(joined).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + joined


def wish_list(oid: bytes, *, ca: bool) -> bytes:
    """An attribute that asks for the extension basicConstraints."""
    constraints = tlv(0x30, tlv(0x01, b"\xff")) if ca else tlv(0x30)
    extension = tlv(0x30, bytes.fromhex("0603551d13"), tlv(0x04, constraints))
    return tlv(0x30, oid, tlv(0x31, tlv(0x30, extension)))


def request(*attributes: bytes, spki: bytes = SPKI) -> str:
    info = tlv(0x30, tlv(0x02, b"\0"), tlv(0x30), spki, tlv(0xA0, *sorted(attributes)))  # DER sorts a SET OF
    signature = KEY.sign(info, ec.ECDSA(SHA256()))
    algorithm = tlv(0x30, bytes.fromhex("06082a8648ce3d040302"))
    der = tlv(0x30, info, algorithm, tlv(0x03, b"\0", signature))
    body = base64.encodebytes(der).decode()
    return f"-----BEGIN CERTIFICATE REQUEST-----\n{body}-----END CERTIFICATE REQUEST-----\n"


def well_signed(pem: str) -> str:
    assert x509.load_pem_x509_csr(pem.encode()).is_signature_valid, "the test's own request must be well signed"
    return pem


def code_of(pem: str) -> str:
    answer = check_csr(pem)
    assert isinstance(answer, CsrRefused)
    return answer.code


def test_the_hand_made_request_is_good_as_long_as_it_asks_for_nothing() -> None:
    assert isinstance(check_csr(well_signed(request())), CheckedCsr)
    assert isinstance(check_csr(well_signed(request(wish_list(PKCS9, ca=False)))), CheckedCsr)
    assert isinstance(check_csr(well_signed(request(wish_list(MICROSOFT, ca=False)))), CheckedCsr)


def test_a_challenge_password_does_no_harm() -> None:
    attribute = tlv(0x30, CHALLENGE_PASSWORD, tlv(0x31, tlv(0x0C, b"secret")))
    assert isinstance(check_csr(well_signed(request(attribute))), CheckedCsr)


@pytest.mark.parametrize("oid", [PKCS9, MICROSOFT], ids=["PKCS 9", "Microsoft"])
def test_the_wish_to_be_an_authority_is_seen_in_both_attributes(oid: bytes) -> None:
    assert code_of(well_signed(request(wish_list(oid, ca=True)))) == "cert.csr_invalid"


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("oids", [(PKCS9, PKCS9), (PKCS9, MICROSOFT), (MICROSOFT, PKCS9)])
def test_of_two_lists_of_wishes_none_is_believed(oids: tuple[bytes, bytes], *, first: bool) -> None:
    pem = request(wish_list(oids[0], ca=first), wish_list(oids[1], ca=not first))
    assert code_of(well_signed(pem)) == "cert.csr_invalid"


@pytest.mark.parametrize(
    "parameters",
    [b"", tlv(0x05), tlv(0x30), tlv(0x30, tlv(0x02, b"\x01"))],
    ids=["no curve", "the issuer's curve", "an empty description", "a broken description"],
)
def test_a_curve_that_is_not_named_is_refused(parameters: bytes) -> None:
    point = KEY.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    algorithm = tlv(0x30, bytes.fromhex("06072a8648ce3d0201"), parameters)
    spki = tlv(0x30, algorithm, tlv(0x03, b"\0", point))
    assert code_of(request(spki=spki)) == "cert.csr_invalid"


def test_an_unheard_of_algorithm_is_refused() -> None:
    spki = tlv(0x30, tlv(0x30, bytes.fromhex("06032a0304")), tlv(0x03, b"\0", b"key"))
    assert code_of(request(spki=spki)) == "cert.key_rejected"


def test_the_point_at_infinity_is_refused() -> None:
    algorithm = bytes.fromhex("301306072a8648ce3d020106082a8648ce3d030107")
    assert code_of(request(spki=tlv(0x30, algorithm, tlv(0x03, b"\0", b"\0")))) in {
        "cert.csr_invalid",
        "cert.key_rejected",
    }


@pytest.mark.parametrize("data", [b"", b"\x30", b"\x30\x05a", b"\x30\x80", b"\x30\x84\0\0\0\1a", b"\x30\x82\x01"])
def test_an_incomplete_element_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"truncated|length"):
        element(data)
