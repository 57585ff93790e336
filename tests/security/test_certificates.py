"""The certificates of appliances and gateways, and that others can verify them."""

import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from cryptography.x509 import verification
from cryptography.x509.oid import ExtendedKeyUsageOID

from gateway.security.authorities import AuthorityFolder, AuthorityName
from gateway.security.certificates import (
    BACKDATED,
    ends_within,
    issue_claim_certificate,
    issue_gateway_certificate,
    issue_https_certificate,
)
from gateway.security.device_authority import DeviceAuthority
from gateway.usecases.services import CertificateAuthority, CertificatePlan, CheckedCsr

DEVICE = "d-0123456789abcdefghjkmnpqrs"
GATEWAY = "g-0123456789abcdefghjkmnpqrs"
CLAIM = "c-0123456789abcdefghjkmnpqrs"


P256 = ec.generate_private_key(ec.SECP256R1())


ED25519 = ed25519.Ed25519PrivateKey.generate()


Request = Callable[..., str]


def spki(key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@pytest.fixture
def authority(authorities: AuthorityFolder) -> CertificateAuthority:
    return DeviceAuthority(authorities.signing(AuthorityName.DEVICE))


@pytest.fixture
def plan(authority: CertificateAuthority, now: datetime) -> CertificatePlan:
    return CertificatePlan(DEVICE, spki(P256), authority.new_serial(), now - BACKDATED, now + timedelta(days=90))


def loaded(pem: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pem.encode())


def must_allow_clients(_: verification.Policy, __: x509.Certificate, usage: x509.ExtendedKeyUsage) -> None:
    if ExtendedKeyUsageOID.CLIENT_AUTH not in usage:
        raise ValueError("not for clients")


def client_is_verified(leaf: str, authority: str, at: datetime) -> bool:
    """As a verifier of RFC 5280 sees it; our clients have a common name and no alternative names."""
    end = verification.ExtensionPolicy.permit_all().require_present(
        x509.ExtendedKeyUsage, verification.Criticality.AGNOSTIC, must_allow_clients
    )
    top = verification.ExtensionPolicy.webpki_defaults_ca()
    store = verification.Store([loaded(authority)])
    builder = verification.PolicyBuilder().store(store).time(at).extension_policies(ca_policy=top, ee_policy=end)
    try:
        builder.build_client_verifier().verify(loaded(leaf), [])
    except verification.VerificationError:
        return False
    return True


# --- the Device authority


@pytest.mark.parametrize("key", [P256, ED25519], ids=["P-256", "Ed25519"])
def test_the_same_plan_gives_the_identical_bytes(
    authorities: AuthorityFolder,
    authority: CertificateAuthority,
    plan: CertificatePlan,
    key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey,
) -> None:
    plan = replace(plan, public_key_der=spki(key))
    first = authority.sign(plan)
    after_a_restart = DeviceAuthority(authorities.signing(AuthorityName.DEVICE))
    assert {authority.sign(plan).pem for _ in range(20)} == {first.pem}
    assert after_a_restart.sign(plan) == first


def test_fractions_of_a_second_that_a_database_may_lose_change_nothing(
    authority: CertificateAuthority, plan: CertificatePlan
) -> None:
    assert plan.not_before.microsecond
    whole = replace(
        plan, not_before=plan.not_before.replace(microsecond=0), not_after=plan.not_after.replace(microsecond=0)
    )
    assert authority.sign(whole) == authority.sign(plan)


def test_another_plan_gives_another_certificate(authority: CertificateAuthority, plan: CertificatePlan) -> None:
    others = [
        replace(plan, serial=plan.serial + 1),
        replace(plan, common_name=DEVICE[:-1] + "t"),
        replace(plan, public_key_der=spki(ED25519)),
        replace(plan, not_after=plan.not_after + timedelta(seconds=1)),
    ]
    signed = [authority.sign(each) for each in [plan, *others]]
    assert len({each.fingerprint for each in signed}) == 5


def test_a_device_certificate_says_what_the_plan_says_and_nothing_else(
    authority: CertificateAuthority, plan: CertificatePlan
) -> None:
    signed = authority.sign(plan)
    certificate = loaded(signed.pem)
    assert certificate.subject.rfc4514_string() == f"CN={DEVICE}"
    assert certificate.serial_number == plan.serial
    assert certificate.not_valid_before_utc == plan.not_before.replace(microsecond=0)
    assert certificate.not_valid_after_utc == plan.not_after.replace(microsecond=0)
    assert certificate.version is x509.Version.v3
    assert signed.fingerprint == sha256(certificate.public_bytes(Encoding.DER)).digest()
    extensions = {extension.oid._name: extension for extension in certificate.extensions}
    assert set(extensions) == {
        "basicConstraints",
        "keyUsage",
        "extendedKeyUsage",
        "subjectKeyIdentifier",
        "authorityKeyIdentifier",
    }
    assert extensions["basicConstraints"].critical
    assert extensions["basicConstraints"].value == x509.BasicConstraints(ca=False, path_length=None)
    assert extensions["keyUsage"].critical
    usage = extensions["keyUsage"].value
    assert isinstance(usage, x509.KeyUsage)
    assert usage.digital_signature
    assert not usage.key_cert_sign
    assert extensions["extendedKeyUsage"].value == x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])


def test_the_wishes_of_a_request_reach_no_certificate(
    authority: CertificateAuthority, plan: CertificatePlan, request_pem: Request
) -> None:
    greedy = request_pem(
        P256,
        subject=f"CN={GATEWAY},O=Nobody",
        extensions=(
            x509.SubjectAlternativeName([x509.DNSName("gateway.example")]),
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]),
        ),
    )
    checked = authority.check_csr(greedy)
    assert isinstance(checked, CheckedCsr)
    assert checked.public_key_der == plan.public_key_der
    text = str(loaded(authority.sign(replace(plan, public_key_der=checked.public_key_der)).pem).extensions)
    assert "gateway.example" not in text
    assert "serverAuth" not in text


def test_the_chain_of_a_device_verifies(authority: CertificateAuthority, plan: CertificatePlan, now: datetime) -> None:
    signed = authority.sign(plan)
    assert client_is_verified(signed.pem, signed.chain_pem, now)
    assert not client_is_verified(signed.pem, signed.chain_pem, plan.not_after + timedelta(seconds=1))
    assert not client_is_verified(signed.pem, signed.chain_pem, plan.not_before - timedelta(seconds=2))


def test_openssl_agrees_strictly(
    authority: CertificateAuthority, plan: CertificatePlan, tmp_path: Path, now: datetime
) -> None:
    signed = authority.sign(plan)
    (tmp_path / "leaf.pem").write_text(signed.pem)
    (tmp_path / "chain.pem").write_text(signed.chain_pem)
    at = str(int(now.timestamp()))
    command = ["openssl", "verify", "-x509_strict", "-purpose", "sslclient", "-attime", at]
    command += ["-CAfile", str(tmp_path / "chain.pem"), str(tmp_path / "leaf.pem")]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)  # noqa: S603 - fixed words
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "name", ["", "d-short", GATEWAY, CLAIM, DEVICE + "\n", "a-0123456789abcdefghjkmnpqrs", "d-" + "#" * 26]
)
def test_a_name_that_is_no_devices_is_not_signed(
    authority: CertificateAuthority, plan: CertificatePlan, name: str
) -> None:
    with pytest.raises(ValueError, match="not the name of a device"):
        authority.sign(replace(plan, common_name=name))


def test_a_plan_with_another_kind_of_key_is_not_signed(authority: CertificateAuthority, plan: CertificatePlan) -> None:
    with pytest.raises(ValueError, match="not a key that a device may have"):
        authority.sign(replace(plan, public_key_der=spki(rsa.generate_private_key(65537, 2048))))


def test_a_plan_that_ends_before_it_begins_is_not_signed(
    authority: CertificateAuthority, plan: CertificatePlan
) -> None:
    with pytest.raises(ValueError, match=r"."):
        authority.sign(replace(plan, not_after=plan.not_before - timedelta(days=1)))
    with pytest.raises(ValueError, match="zone"):
        authority.sign(replace(plan, not_after=plan.not_after.replace(tzinfo=None)))


def test_serials_are_positive_random_and_of_allowed_length(authority: CertificateAuthority) -> None:
    serials = {authority.new_serial() for _ in range(1000)}
    assert len(serials) == 1000
    assert {serial.bit_length() for serial in serials} == {128}


def test_another_authority_does_not_become_the_device_authority(authorities: AuthorityFolder) -> None:
    for name in set(AuthorityName) - {AuthorityName.DEVICE}:
        with pytest.raises(ValueError, match="does not vouch for devices"):
            DeviceAuthority(authorities.signing(name))


# --- gateways, claims, servers


def test_a_gateways_certificate_verifies_and_its_key_fits(authorities: AuthorityFolder, now: datetime) -> None:
    identity = issue_gateway_certificate(authorities.signing(AuthorityName.SERVICE), GATEWAY, now)
    assert client_is_verified(identity.certificate_pem, identity.chain_pem, now)
    key = load_pem_private_key(identity.key_pem.encode(), None)
    assert key.public_key() == loaded(identity.certificate_pem).public_key()
    assert identity.key_pem not in repr(identity)
    assert not ends_within(identity.certificate_pem, timedelta(days=30), now)
    assert ends_within(identity.certificate_pem, timedelta(days=30), now + timedelta(days=368))


def test_a_claim_certificate_verifies_and_outlives_a_warehouse(authorities: AuthorityFolder, now: datetime) -> None:
    identity = issue_claim_certificate(authorities.signing(AuthorityName.FACTORY), CLAIM, now)
    assert client_is_verified(identity.certificate_pem, identity.chain_pem, now + timedelta(days=15 * 365))
    short = issue_claim_certificate(authorities.signing(AuthorityName.FACTORY), CLAIM, now, life=timedelta(days=1))
    assert not client_is_verified(short.certificate_pem, short.chain_pem, now + timedelta(days=2))


def test_no_authority_vouches_for_another_ones_kind(authorities: AuthorityFolder, now: datetime) -> None:
    service, factory = authorities.signing(AuthorityName.SERVICE), authorities.signing(AuthorityName.FACTORY)
    for name in (CLAIM, DEVICE, "", GATEWAY.upper(), GATEWAY + "\n"):
        with pytest.raises(ValueError, match="not the name of a gateway"):
            issue_gateway_certificate(service, name, now)
    for name in (GATEWAY, DEVICE, ""):
        with pytest.raises(ValueError, match="not the name of a claim"):
            issue_claim_certificate(factory, name, now)
    with pytest.raises(ValueError, match="does not vouch"):
        issue_gateway_certificate(factory, GATEWAY, now)
    with pytest.raises(ValueError, match="does not vouch"):
        issue_claim_certificate(service, CLAIM, now)
    with pytest.raises(ValueError, match="does not vouch for servers"):
        issue_https_certificate(service, ["localhost"], now)
