"""The folder of authorities: made once, rotated, retired, a factory's own imported."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.security.authorities import EARLY, AuthorityError, AuthorityFolder, AuthorityName, SigningAuthority
from gateway.security.files import UnsafeFileError
from gateway.security.private_keys import PrivateKeyError

FactoryKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey

WEAK_RSA = rsa.generate_private_key(65537, 1024)  # noqa: S505 - made to be refused
PASSPHRASE = b"a passphrase for tests"


@pytest.fixture
def folder(tmp_path: Path) -> AuthorityFolder:
    return AuthorityFolder(tmp_path / "authorities", PASSPHRASE)


def contents(path: Path) -> dict[str, bytes]:
    return {entry.name: entry.read_bytes() for entry in (path / "authorities").iterdir()}


def factory_pem(
    now: datetime,
    key: FactoryKey | None = None,
    *,
    ca: bool | None = True,
    signs: bool | None = True,
    ends: timedelta = timedelta(days=1),
) -> str:
    key = key or ec.generate_private_key(ec.SECP256R1())
    name = x509.Name.from_rfc4514_string("CN=A real factory,O=Appliances")
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(now - timedelta(days=700))
        .not_valid_after(now + ends)
    )
    if ca is not None:
        builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    if signs is not None:
        usage = x509.KeyUsage(
            digital_signature=True,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=signs,
            crl_sign=False,
            encipher_only=False,
            decipher_only=False,
        )
        builder = builder.add_extension(usage, critical=True)
    hashed = None if isinstance(key, ed25519.Ed25519PrivateKey) else SHA256()
    return builder.sign(key, hashed).public_bytes(Encoding.PEM).decode()


def test_init_makes_four_authorities_readable_by_their_owner_only(
    folder: AuthorityFolder, tmp_path: Path, now: datetime
) -> None:
    made = folder.create(now)
    assert [authority.name for authority in made] == list(AuthorityName)
    files = list((tmp_path / "authorities").iterdir())
    assert len(files) == 8
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert (tmp_path / "authorities").stat().st_mode & 0o777 == 0o700


def test_a_second_init_changes_nothing(folder: AuthorityFolder, tmp_path: Path, now: datetime) -> None:
    folder.create(now)
    before = contents(tmp_path)
    assert folder.create(now + timedelta(days=400)) == ()
    assert contents(tmp_path) == before


def test_an_init_that_lost_its_power_half_way_goes_on_with_the_same_key(
    folder: AuthorityFolder, tmp_path: Path, now: datetime
) -> None:
    folder.create(now)
    key = folder.signing(AuthorityName.DEVICE).key.public_key()
    (tmp_path / "authorities" / "device-0001.pem").unlink()
    (made,) = folder.create(now)
    assert made.certificate.public_key() == key


def test_an_authority_is_made_as_rfc_5280_wants_it(folder: AuthorityFolder, now: datetime) -> None:
    for authority in folder.create(now):
        certificate = authority.certificate
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage)
        assert constraints.critical
        assert constraints.value == x509.BasicConstraints(ca=True, path_length=0)
        assert usage.critical
        assert usage.value.key_cert_sign
        assert usage.value.crl_sign
        assert not usage.value.digital_signature
        assert isinstance(certificate.public_key(), ec.EllipticCurvePublicKey)
        assert certificate.not_valid_before_utc == EARLY
        assert certificate.not_valid_after_utc - now > timedelta(days=20 * 365)
        certificate.verify_directly_issued_by(certificate)


def test_the_keys_lie_encrypted_and_open_with_the_right_passphrase_only(
    folder: AuthorityFolder, tmp_path: Path, now: datetime
) -> None:
    folder.create(now)
    assert all(b"ENCRYPTED" in body for name, body in contents(tmp_path).items() if name.endswith(".key"))
    other = AuthorityFolder(tmp_path / "authorities", b"another passphrase")
    with pytest.raises(PrivateKeyError, match="master key"):
        other.signing(AuthorityName.DEVICE)
    assert other.trusted(AuthorityName.DEVICE) == folder.trusted(AuthorityName.DEVICE)


def test_a_key_file_that_others_can_read_is_refused(folder: AuthorityFolder, tmp_path: Path, now: datetime) -> None:
    folder.create(now)
    (tmp_path / "authorities" / "device-0001.key").chmod(0o644)
    with pytest.raises(UnsafeFileError):
        folder.signing(AuthorityName.DEVICE)


def test_a_key_beside_another_certificate_is_refused(folder: AuthorityFolder, tmp_path: Path, now: datetime) -> None:
    folder.create(now)
    path = tmp_path / "authorities"
    (path / "device-0001.pem").write_bytes((path / "service-0001.pem").read_bytes())
    with pytest.raises(AuthorityError, match="not the key"):
        folder.signing(AuthorityName.DEVICE)


@pytest.mark.parametrize("body", [b"", b"nothing", b"-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n"])
def test_a_damaged_certificate_is_named(folder: AuthorityFolder, tmp_path: Path, now: datetime, body: bytes) -> None:
    folder.create(now)
    (tmp_path / "authorities" / "device-0001.pem").write_bytes(body)
    with pytest.raises(AuthorityError, match=r"device-0001\.pem holds no certificate"):
        folder.trusted(AuthorityName.DEVICE)


def test_before_init_nothing_is_trusted_and_nothing_signs(folder: AuthorityFolder) -> None:
    assert folder.trusted(AuthorityName.DEVICE) == ()
    assert folder.all_signing(AuthorityName.DEVICE) == ()
    with pytest.raises(AuthorityError, match="ca init"):
        folder.signing(AuthorityName.DEVICE)


def test_after_a_rotation_the_new_one_signs_and_both_are_trusted(folder: AuthorityFolder, now: datetime) -> None:
    folder.create(now)
    old = folder.signing(AuthorityName.DEVICE)
    new = folder.rotate(AuthorityName.DEVICE, now)
    assert folder.signing(AuthorityName.DEVICE).trusted == new
    assert folder.trusted(AuthorityName.DEVICE) == (new, old.trusted)
    assert [authority.trusted for authority in folder.all_signing(AuthorityName.DEVICE)] == [new, old.trusted]
    assert new.certificate.subject != old.trusted.certificate.subject
    assert folder.bundle(AuthorityName.DEVICE) == new.pem + old.trusted.pem
    assert len(folder.trusted(AuthorityName.SERVICE)) == 1


def test_a_retired_generation_is_no_longer_trusted_and_its_number_not_used_again(
    folder: AuthorityFolder, tmp_path: Path, now: datetime
) -> None:
    folder.create(now)
    second = folder.rotate(AuthorityName.DEVICE, now)
    folder.retire(AuthorityName.DEVICE, 1)
    assert folder.trusted(AuthorityName.DEVICE) == (second,)
    third = folder.rotate(AuthorityName.DEVICE, now)
    folder.retire(AuthorityName.DEVICE, third.generation)
    assert folder.rotate(AuthorityName.DEVICE, now).generation == 4
    assert "device-0001.key.retired" in contents(tmp_path)


def test_the_last_generation_and_an_unknown_one_are_not_retired(folder: AuthorityFolder, now: datetime) -> None:
    folder.create(now)
    with pytest.raises(AuthorityError, match="rotate first"):
        folder.retire(AuthorityName.DEVICE, 1)
    with pytest.raises(AuthorityError, match="generation 9"):
        folder.retire(AuthorityName.DEVICE, 9)


def test_a_factorys_authority_is_trusted_but_does_not_sign(folder: AuthorityFolder, now: datetime) -> None:
    imported = folder.import_factory(factory_pem(now), now)
    assert folder.trusted(AuthorityName.FACTORY) == (imported,)
    with pytest.raises(AuthorityError, match="can sign"):
        folder.signing(AuthorityName.FACTORY)
    made = folder.create(now)
    assert AuthorityName.FACTORY not in [authority.name for authority in made]


def test_an_import_beside_our_own_factory_leaves_ours_signing(folder: AuthorityFolder, now: datetime) -> None:
    folder.create(now)
    imported = folder.import_factory(factory_pem(now), now)
    signing = folder.signing(AuthorityName.FACTORY)
    assert isinstance(signing, SigningAuthority)
    assert signing.trusted.generation == 1
    assert folder.trusted(AuthorityName.FACTORY) == (imported, signing.trusted)


def test_importing_the_same_authority_again_changes_nothing(
    folder: AuthorityFolder, tmp_path: Path, now: datetime
) -> None:
    pem = factory_pem(now)
    first = folder.import_factory(pem, now)
    before = contents(tmp_path)
    assert folder.import_factory(pem + "\n", now) == first
    assert contents(tmp_path) == before


@pytest.mark.parametrize("signs", [True, None])
@pytest.mark.parametrize(
    "key",
    [
        ed25519.Ed25519PrivateKey.generate(),
        ec.generate_private_key(ec.SECP384R1()),
        rsa.generate_private_key(65537, 2048),
    ],
    ids=["Ed25519", "P-384", "RSA-2048"],
)
def test_a_factory_may_have_other_strong_keys(
    folder: AuthorityFolder, now: datetime, key: FactoryKey, *, signs: bool | None
) -> None:
    assert folder.import_factory(factory_pem(now, key, signs=signs), now).generation == 1


def test_unacceptable_authorities_are_refused_with_their_reason(
    folder: AuthorityFolder, tmp_path: Path, now: datetime
) -> None:
    good = factory_pem(now)
    refused = {
        "": "not the PEM",
        "nonsense": "not the PEM",
        "\ud800": "not the PEM",
        "A" * 70_000: "too large",
        good + factory_pem(now): "one certificate at a time",
        factory_pem(now, ca=False): "basic constraints",
        factory_pem(now, ca=None): "not the PEM certificate of a certificate authority",
        factory_pem(now, signs=False): "key usage",
        factory_pem(now, ends=timedelta(seconds=-1)): "expired",
        factory_pem(now, WEAK_RSA): "too weak",
        factory_pem(now, ec.generate_private_key(ec.SECP224R1())): "too weak",
    }
    for pem, reason in refused.items():
        with pytest.raises(AuthorityError, match=reason):
            folder.import_factory(pem, now)
    assert not (tmp_path / "authorities").exists()


def test_no_repr_shows_a_key(folder: AuthorityFolder, now: datetime) -> None:
    folder.create(now)
    assert "key" not in repr(folder.signing(AuthorityName.DEVICE)).lower()
    assert "passphrase" not in repr(folder)
