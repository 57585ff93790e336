"""Client certificates as somebody presents them to the broker: only the right authority's word counts."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import product
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.identity import Kind
from gateway.security.authorities import AuthorityFolder, AuthorityName, SigningAuthority, TrustedAuthority
from gateway.security.certificates import CLIENT, SERVER, Leaf, issue_canary_certificate, signed_leaf
from gateway.security.presented import PresentedCertificate, PresentedCertificates, PresentedProblem

TAIL = "0123456789abcdefghjkmnpqrs"
KEY = ec.generate_private_key(ec.SECP256R1())
SERIAL = 0x00AB << 96
KINDS = {
    AuthorityName.FACTORY: Kind.CLAIM,
    AuthorityName.DEVICE: Kind.DEVICE,
    AuthorityName.SERVICE: Kind.GATEWAY,
}


def everybody(authorities: AuthorityFolder) -> list[TrustedAuthority]:
    return [authority for name in AuthorityName for authority in authorities.trusted(name)]


@pytest.fixture
def reader(authorities: AuthorityFolder) -> PresentedCertificates:
    return PresentedCertificates(everybody(authorities))


def leaf_pem(
    authority: SigningAuthority, name: str, now: datetime, usage: x509.ExtendedKeyUsage = CLIENT, days: int = 1
) -> str:
    leaf = Leaf(name, KEY.public_key(), SERIAL, now, now + timedelta(days=days), usage)
    return signed_leaf(authority, leaf).public_bytes(Encoding.PEM).decode()


def handmade(
    authority: SigningAuthority,
    subject: x509.Name,
    now: datetime,
    *,
    signed_by: ec.EllipticCurvePrivateKey | None = None,
    extensions: tuple[x509.ExtensionType, ...] = (),
) -> str:
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(authority.trusted.certificate.subject)
        .public_key(KEY.public_key())
        .serial_number(SERIAL)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(signed_by or authority.key, SHA256()).public_bytes(Encoding.PEM).decode()


def named(*names: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name) for name in names])


@pytest.mark.parametrize("name", KINDS)
def test_each_kind_of_certificate_is_read(
    authorities: AuthorityFolder, reader: PresentedCertificates, now: datetime, name: AuthorityName
) -> None:
    authority = authorities.signing(name)
    common_name = f"{KINDS[name]}-{TAIL}"
    pem = leaf_pem(authority, common_name, now)
    assert reader.read(pem) == PresentedCertificate(
        common_name=common_name,
        kind=KINDS[name],
        authority=name,
        issuer_fingerprint=authority.trusted.fingerprint,
        serial=f"{SERIAL:x}",
        fingerprint=sha256(x509.load_pem_x509_certificate(pem.encode()).public_bytes(Encoding.DER)).digest(),
        not_before=now.replace(microsecond=0),
        not_after=now.replace(microsecond=0) + timedelta(days=1),
    )


def test_a_canary_is_told_by_its_certificate_and_an_appliance_is_none(
    authorities: AuthorityFolder, reader: PresentedCertificates, now: datetime
) -> None:
    device = authorities.signing(AuthorityName.DEVICE)
    canary = reader.read(issue_canary_certificate(device, f"d-{TAIL}", now).certificate_pem)
    appliance = reader.read(leaf_pem(device, f"d-{TAIL}", now))
    assert isinstance(canary, PresentedCertificate)
    assert isinstance(appliance, PresentedCertificate)
    assert (canary.is_canary, appliance.is_canary) == (True, False)
    assert canary.not_after - now <= timedelta(minutes=10)


@pytest.mark.parametrize(("name", "letter"), list(product(KINDS, "cdg")))
def test_no_authority_vouches_for_another_ones_kind(
    authorities: AuthorityFolder, reader: PresentedCertificates, now: datetime, name: AuthorityName, letter: str
) -> None:
    answer = reader.read(leaf_pem(authorities.signing(name), f"{letter}-{TAIL}", now))
    if letter == KINDS[name]:
        assert isinstance(answer, PresentedCertificate)
    else:
        assert answer is PresentedProblem.KIND


def test_the_https_authority_vouches_for_no_client(
    authorities: AuthorityFolder, reader: PresentedCertificates, now: datetime
) -> None:
    for letter in "cdg":
        pem = leaf_pem(authorities.signing(AuthorityName.HTTPS), f"{letter}-{TAIL}", now)
        assert reader.read(pem) is PresentedProblem.UNKNOWN_ISSUER


def test_an_expired_certificate_is_still_read_for_it_may_renew(
    authorities: AuthorityFolder, reader: PresentedCertificates
) -> None:
    pem = leaf_pem(authorities.signing(AuthorityName.DEVICE), f"d-{TAIL}", datetime(2001, 1, 1, tzinfo=UTC))
    answer = reader.read(pem)
    assert isinstance(answer, PresentedCertificate)
    assert answer.not_after.year == 2001


def test_an_authority_of_the_same_name_but_another_key_is_a_stranger(
    authorities: AuthorityFolder, reader: PresentedCertificates, now: datetime
) -> None:
    forger = ec.generate_private_key(ec.SECP256R1())
    pem = handmade(authorities.signing(AuthorityName.DEVICE), named(f"d-{TAIL}"), now, signed_by=forger)
    assert reader.read(pem) is PresentedProblem.UNKNOWN_ISSUER


def test_a_certificate_of_another_installation_is_a_strangers(
    reader: PresentedCertificates, tmp_path: Path, now: datetime
) -> None:
    elsewhere = AuthorityFolder(tmp_path, b"x")
    elsewhere.create(now)
    pem = leaf_pem(elsewhere.signing(AuthorityName.DEVICE), f"d-{TAIL}", now)
    assert reader.read(pem) is PresentedProblem.UNKNOWN_ISSUER


def test_two_authorities_of_one_name_are_told_apart_by_their_signatures(tmp_path: Path, now: datetime) -> None:
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    same = named("A factory that renews its authority")
    trusted = []
    for generation, key in enumerate(keys, start=1):
        certificate = (
            x509.CertificateBuilder()
            .subject_name(same)
            .issuer_name(same)
            .public_key(key.public_key())
            .serial_number(generation)
            .not_valid_before(now)
            .not_valid_after(now + timedelta(days=9))
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, SHA256())
        )
        pem = certificate.public_bytes(Encoding.PEM).decode()
        trusted.append(TrustedAuthority(AuthorityName.FACTORY, generation, certificate, pem))
    reader = PresentedCertificates(trusted)
    for authority, key in zip(trusted, keys, strict=True):
        answer = reader.read(leaf_pem(SigningAuthority(authority, key), f"c-{TAIL}", now))
        assert isinstance(answer, PresentedCertificate)
        assert answer.issuer_fingerprint == authority.fingerprint


def test_after_a_rotation_certificates_of_both_generations_are_read(tmp_path: Path, now: datetime) -> None:
    folder = AuthorityFolder(tmp_path, b"x")
    folder.create(now)
    old = leaf_pem(folder.signing(AuthorityName.DEVICE), f"d-{TAIL}", now)
    folder.rotate(AuthorityName.DEVICE, now)
    new = leaf_pem(folder.signing(AuthorityName.DEVICE), f"d-{TAIL}", now)
    reader = PresentedCertificates(everybody(folder))
    assert isinstance(reader.read(old), PresentedCertificate)
    assert isinstance(reader.read(new), PresentedCertificate)
    folder.retire(AuthorityName.DEVICE, 1)
    reader = PresentedCertificates(everybody(folder))
    assert reader.read(old) is PresentedProblem.UNKNOWN_ISSUER
    assert isinstance(reader.read(new), PresentedCertificate)


@pytest.mark.parametrize(
    "subject",
    [
        x509.Name([]),
        named("kettle"),
        named(f"D-{TAIL}"),
        named(f"d-{TAIL}\n"),
        named(f"d-{TAIL}0"),
        named(f"d-{TAIL[:-1]}#"),
        named(f"d-{TAIL[:-1]}+"),
        named(f"d-{TAIL[:-1]}/"),
        named(f"x-{TAIL}"),
        named(f"d-{TAIL}", f"d-{TAIL[::-1]}"),
        x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, f"d-{TAIL}")]),
        x509.Name([*named(f"d-{TAIL}"), x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Somebody")]),
    ],
    ids=lambda subject: subject.rfc4514_string() or "empty",
)
def test_a_subject_that_is_not_exactly_one_name_of_ours_is_nobody(
    authorities: AuthorityFolder, reader: PresentedCertificates, now: datetime, subject: x509.Name
) -> None:
    pem = handmade(authorities.signing(AuthorityName.DEVICE), subject, now)
    assert reader.read(pem) is PresentedProblem.NAME


def test_authorities_and_servers_are_no_clients(
    authorities: AuthorityFolder, reader: PresentedCertificates, now: datetime
) -> None:
    device = authorities.signing(AuthorityName.DEVICE)
    server = leaf_pem(device, f"d-{TAIL}", now, SERVER)
    authority = handmade(
        device, named(f"d-{TAIL}"), now, extensions=(x509.BasicConstraints(ca=True, path_length=None),)
    )
    other = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING])
    signer = handmade(device, named(f"d-{TAIL}"), now, extensions=(other,))
    assert {reader.read(pem) for pem in (server, authority, signer)} == {PresentedProblem.PURPOSE}
    assert reader.read(device.trusted.pem) is PresentedProblem.NAME


def test_a_factorys_certificate_without_restrictions_is_a_clients(
    authorities: AuthorityFolder, reader: PresentedCertificates, now: datetime
) -> None:
    pem = handmade(authorities.signing(AuthorityName.FACTORY), named(f"c-{TAIL}"), now)
    assert isinstance(reader.read(pem), PresentedCertificate)


@pytest.mark.parametrize(
    "change",
    [
        lambda _: "",
        lambda pem: pem + pem,
        lambda pem: pem[:-40],
        lambda pem: pem + "x" * 17_000,
        lambda pem: pem + "\ud800",
        lambda pem: pem.replace("CERTIFICATE", "CERTIFICATE REQUEST"),
    ],
    ids=["nothing", "two", "truncated", "too large", "no text", "another label"],
)
def test_what_is_not_exactly_one_certificate_is_malformed(
    authorities: AuthorityFolder, reader: PresentedCertificates, now: datetime, change: Callable[[str], str]
) -> None:
    pem = leaf_pem(authorities.signing(AuthorityName.DEVICE), f"d-{TAIL}", now)
    assert reader.read(change(pem)) is PresentedProblem.MALFORMED


def test_a_certificate_changed_anywhere_is_refused(
    authorities: AuthorityFolder, reader: PresentedCertificates, now: datetime
) -> None:
    pem = leaf_pem(authorities.signing(AuthorityName.DEVICE), f"d-{TAIL}", now)
    lines = pem.splitlines()
    for number in range(1, len(lines) - 1):
        swapped = [*lines[:number], lines[number].swapcase(), *lines[number + 1 :]]
        assert isinstance(reader.read("\n".join(swapped)), PresentedProblem)


def test_an_rsa_certificate_of_a_factory_is_read(
    authorities: AuthorityFolder, reader: PresentedCertificates, now: datetime
) -> None:
    factory = authorities.signing(AuthorityName.FACTORY)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(named(f"c-{TAIL}"))
        .issuer_name(factory.trusted.certificate.subject)
        .public_key(rsa.generate_private_key(65537, 2048).public_key())
        .serial_number(SERIAL)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(factory.key, SHA256())
    )
    assert isinstance(reader.read(certificate.public_bytes(Encoding.PEM).decode()), PresentedCertificate)


@given(st.text(alphabet=st.characters()))
def test_no_text_makes_it_raise(text: str) -> None:
    assert PresentedCertificates([]).read(text) is PresentedProblem.MALFORMED


def test_a_repr_names_nobody(authorities: AuthorityFolder, reader: PresentedCertificates, now: datetime) -> None:
    answer = reader.read(leaf_pem(authorities.signing(AuthorityName.DEVICE), f"d-{TAIL}", now))
    assert TAIL not in repr(answer)
