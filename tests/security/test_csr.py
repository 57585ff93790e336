"""Certificate requests from strangers: what is accepted, and every way to be refused."""

import base64
import subprocess
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA384, SHA512
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID

from gateway.security.csr import check_csr
from gateway.usecases.services import CheckedCsr, CsrRefused

P256 = ec.generate_private_key(ec.SECP256R1())


ED25519 = ed25519.Ed25519PrivateKey.generate()


EXPLICIT_OR_BROKEN = "cert.csr_invalid"
WEAK = "cert.key_rejected"


Request = Callable[..., str]


def code_of(pem: str) -> str:
    answer = check_csr(pem)
    assert isinstance(answer, CsrRefused), "this request should have been refused"
    assert len(answer.detail) < 100
    return answer.code


def pem_of(der: bytes, label: str = "CERTIFICATE REQUEST") -> str:
    body = base64.encodebytes(der).decode()
    return f"-----BEGIN {label}-----\n{body}-----END {label}-----\n"


def der_of(pem: str) -> bytes:
    return x509.load_pem_x509_csr(pem.encode()).public_bytes(Encoding.DER)


def made_by_openssl(folder: Path, make_key: str, *more: str) -> str:
    """A request whose key the `openssl` program makes: what real firmware sends, and what our library will not make."""
    key, request = folder / "openssl.key", folder / "openssl.csr"
    for command in (
        f"openssl {make_key} -out {key}",
        f"openssl req -new -key {key} -subj /CN=kettle -out {request} {' '.join(more)}",
    ):
        subprocess.run(command.split(), check=True, capture_output=True, timeout=60)  # noqa: S603 - fixed words
    return request.read_text()


# --- accepted


@pytest.mark.parametrize("key", [P256, ED25519], ids=["P-256", "Ed25519"])
def test_a_good_request_gives_its_key_and_the_keys_digest(
    request_pem: Request, key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
) -> None:
    answer = check_csr(request_pem(key))
    assert isinstance(answer, CheckedCsr)
    der = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert answer.public_key_der == der
    assert answer.key_digest == sha256(der).digest()


@pytest.mark.parametrize("hashed", [SHA384(), SHA512()], ids=["SHA-384", "SHA-512"])
def test_stronger_hashes_are_accepted(request_pem: Request, hashed: SHA384 | SHA512) -> None:
    assert isinstance(check_csr(request_pem(P256, hashed=hashed)), CheckedCsr)


@pytest.mark.parametrize("make_key", ["ecparam -name prime256v1 -genkey -noout", "genpkey -algorithm ed25519"])
def test_requests_of_openssl_are_accepted(tmp_path: Path, make_key: str) -> None:
    assert isinstance(check_csr(made_by_openssl(tmp_path, make_key)), CheckedCsr)


def test_another_request_with_the_same_key_has_the_same_digest(request_pem: Request) -> None:
    one, other = check_csr(request_pem(P256)), check_csr(request_pem(P256, subject="CN=toaster"))
    assert isinstance(one, CheckedCsr)
    assert one == other


@pytest.mark.parametrize("subject", ["", "CN=d-00000000000000000000000000", "CN=*,O=Somebody else", "CN=a+UID=b"])
def test_the_subject_is_not_looked_at(request_pem: Request, subject: str) -> None:
    assert isinstance(check_csr(request_pem(P256, subject=subject)), CheckedCsr)


def test_extensions_are_not_obeyed_but_do_no_harm(request_pem: Request) -> None:
    wishes: tuple[x509.ExtensionType, ...] = (
        x509.SubjectAlternativeName([x509.DNSName("gateway.example")]),
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]),
        x509.BasicConstraints(ca=False, path_length=None),
    )
    assert isinstance(check_csr(request_pem(P256, extensions=wishes)), CheckedCsr)


@pytest.mark.parametrize(
    "change",
    [
        lambda pem: pem.replace("\n", "\r\n"),
        lambda pem: "\n" + pem + "\n\n",
        lambda pem: pem.rstrip(),
        lambda pem: pem.replace("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"),
        lambda pem: pem_of(der_of(pem)),
    ],
    ids=["carriage returns", "empty lines around", "no last line end", "the old label", "longer lines"],
)
def test_other_spellings_of_the_same_request_are_accepted(request_pem: Request, change: Callable[[str], str]) -> None:
    pem = request_pem(P256)
    assert check_csr(change(pem)) == check_csr(pem)


def test_a_point_written_short_is_the_same_key(tmp_path: Path) -> None:
    pem = made_by_openssl(tmp_path, "ecparam -name prime256v1 -conv_form compressed -genkey -noout")
    answer = check_csr(pem)
    assert isinstance(answer, CheckedCsr)
    assert len(answer.public_key_der) == 91


# --- refused: cert.key_rejected


@pytest.mark.parametrize("bits", [1024, 2048])
def test_rsa_keys_are_not_accepted(request_pem: Request, bits: int) -> None:
    assert code_of(request_pem(rsa.generate_private_key(public_exponent=65537, key_size=bits))) == WEAK


def test_a_tiny_rsa_key_is_refused(tmp_path: Path) -> None:
    assert code_of(made_by_openssl(tmp_path, "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:512")) == WEAK


@pytest.mark.parametrize("curve", [ec.SECP384R1(), ec.SECP521R1(), ec.SECP256K1(), ec.BrainpoolP256R1()], ids=str)
def test_other_curves_are_not_accepted(request_pem: Request, curve: ec.EllipticCurve) -> None:
    assert code_of(request_pem(ec.generate_private_key(curve))) == WEAK


@pytest.mark.parametrize("make_key", ["ecparam -name secp224r1 -genkey -noout", "genpkey -algorithm ed448"])
def test_other_keys_of_openssl_are_not_accepted(tmp_path: Path, make_key: str) -> None:
    assert code_of(made_by_openssl(tmp_path, make_key)) == WEAK


@pytest.mark.parametrize("scalar", [1, 2, 32])
def test_a_key_that_a_broken_random_generator_makes_is_refused(request_pem: Request, scalar: int) -> None:
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256, FIPS 186-4 D.1.2.3
    for known in (scalar, order - scalar):
        assert code_of(request_pem(ec.derive_private_key(known, ec.SECP256R1()))) == WEAK


@pytest.mark.parametrize("sign_bit", [0, 0x80])
def test_an_ed25519_key_of_low_order_is_refused(request_pem: Request, sign_bit: int) -> None:
    own = ED25519.public_key().public_bytes_raw()
    low = bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")
    low = low[:31] + bytes([low[31] | sign_bit])
    assert code_of(pem_of(der_of(request_pem(ED25519)).replace(own, low))) == WEAK


# --- refused: cert.csr_invalid


def test_a_curve_that_is_spelled_out_is_refused_though_its_numbers_are_p256(tmp_path: Path) -> None:
    pem = made_by_openssl(tmp_path, "ecparam -name prime256v1 -param_enc explicit -genkey -noout")
    assert x509.load_pem_x509_csr(pem.encode()).is_signature_valid, "the library takes it, so we must look ourselves"
    assert code_of(pem) == EXPLICIT_OR_BROKEN


def test_a_signature_by_another_key_is_refused(request_pem: Request) -> None:
    own = P256.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    other = ec.generate_private_key(ec.SECP256R1()).public_key()
    swapped = der_of(request_pem(P256)).replace(
        own, other.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    )
    assert code_of(pem_of(swapped)) == EXPLICIT_OR_BROKEN


@pytest.mark.parametrize("key", [P256, ED25519], ids=["P-256", "Ed25519"])
def test_a_request_changed_anywhere_is_refused(
    request_pem: Request, key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
) -> None:
    der = der_of(request_pem(key))
    for position in range(len(der)):
        changed = der[:position] + bytes([der[position] ^ 0x01]) + der[position + 1 :]
        assert code_of(pem_of(changed)) in {EXPLICIT_OR_BROKEN, WEAK}


def test_a_signature_over_sha1_is_refused(tmp_path: Path) -> None:
    pem = made_by_openssl(tmp_path, "ecparam -name prime256v1 -genkey -noout", "-sha1")
    assert code_of(pem) == EXPLICIT_OR_BROKEN


def test_a_point_off_the_curve_is_refused(request_pem: Request) -> None:
    point = P256.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    off = point[:-1] + bytes([point[-1] ^ 1])
    assert code_of(pem_of(der_of(request_pem(P256)).replace(point, off))) == EXPLICIT_OR_BROKEN


@pytest.mark.parametrize("path_length", [None, 0, 5])
def test_who_asks_to_be_an_authority_is_refused(request_pem: Request, path_length: int | None) -> None:
    wish = x509.BasicConstraints(ca=True, path_length=path_length)
    assert code_of(request_pem(P256, extensions=(wish,))) == EXPLICIT_OR_BROKEN


def test_who_hides_that_wish_behind_other_extensions_is_refused(request_pem: Request) -> None:
    wishes = (
        x509.SubjectAlternativeName([x509.DNSName("a.example")]),
        x509.BasicConstraints(ca=True, path_length=None),
    )
    assert code_of(request_pem(P256, extensions=wishes)) == EXPLICIT_OR_BROKEN


def test_more_than_16_kib_are_refused_unread(request_pem: Request) -> None:
    pem = request_pem(P256)
    assert isinstance(check_csr(pem + "\n" * (16 * 1024 - len(pem))), CheckedCsr)
    assert code_of(pem + "\n" * (16 * 1024 - len(pem) + 1)) == EXPLICIT_OR_BROKEN
    names = x509.SubjectAlternativeName([x509.DNSName(f"host-{number}.example") for number in range(1000)])
    assert code_of(request_pem(P256, extensions=(names,))) == EXPLICIT_OR_BROKEN
    assert code_of("A" * (1 << 20)) == EXPLICIT_OR_BROKEN
