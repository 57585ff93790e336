"""Revocation lists: what they say, and when the next one is due."""

import subprocess
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.security.authorities import AuthorityFolder, AuthorityName
from gateway.security.certificates import Leaf, signed_leaf
from gateway.security.crl import CRL_LIFE, RevokedCertificate, build_crl, build_crls, crl_refresh_due, refresh_due


def loaded(pem: str) -> x509.CertificateRevocationList:
    return x509.load_pem_x509_crl(pem.encode())


def test_a_list_names_what_was_revoked_and_when(authorities: AuthorityFolder, now: datetime) -> None:
    device = authorities.signing(AuthorityName.DEVICE)
    entries = [RevokedCertificate(9, now), RevokedCertificate(5, now - timedelta(days=1))]
    crl = loaded(build_crl(device, entries, number=3, now=now))
    assert [(entry.serial_number, entry.revocation_date_utc) for entry in crl] == [
        (5, (now - timedelta(days=1)).replace(microsecond=0)),
        (9, now.replace(microsecond=0)),
    ]
    assert crl.issuer == device.trusted.certificate.subject
    assert crl.is_signature_valid(device.key.public_key())
    assert crl.last_update_utc == now.replace(microsecond=0)
    assert crl.next_update_utc == now.replace(microsecond=0) + CRL_LIFE
    assert crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == 3
    assert crl.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)


def test_an_empty_list_is_a_list(authorities: AuthorityFolder, now: datetime) -> None:
    assert len(loaded(build_crl(authorities.signing(AuthorityName.DEVICE), [], number=1, now=now))) == 0


def test_the_next_update_can_be_chosen(authorities: AuthorityFolder, now: datetime) -> None:
    due = now + timedelta(hours=1)
    crl = loaded(build_crl(authorities.signing(AuthorityName.DEVICE), [], number=1, now=now, next_update=due))
    assert crl.next_update_utc == due.replace(microsecond=0)


def test_a_serial_revoked_twice_stands_once_with_the_earlier_time(authorities: AuthorityFolder, now: datetime) -> None:
    entries = [RevokedCertificate(5, now - timedelta(days=1)), RevokedCertificate(5, now)]
    for order in (entries, entries[::-1]):
        (entry,) = loaded(build_crl(authorities.signing(AuthorityName.DEVICE), order, number=1, now=now))
        assert entry.revocation_date_utc == (now - timedelta(days=1)).replace(microsecond=0)


def test_the_same_list_has_the_same_bytes(authorities: AuthorityFolder, now: datetime) -> None:
    device = authorities.signing(AuthorityName.DEVICE)
    entries = [RevokedCertificate(serial, now) for serial in range(1, 20)]
    assert build_crl(device, entries, number=1, now=now) == build_crl(device, entries[::-1], number=1, now=now)


def test_after_a_rotation_each_generation_has_its_list(tmp_path: Path, now: datetime) -> None:
    folder = AuthorityFolder(tmp_path, b"x")
    folder.create(now)
    folder.rotate(AuthorityName.DEVICE, now)
    generations = folder.all_signing(AuthorityName.DEVICE)
    entries = iter([RevokedCertificate(5, now)])
    text = build_crls(generations, entries, number=1, now=now)
    parts = [part + "-----END X509 CRL-----\n" for part in text.split("-----END X509 CRL-----\n") if part]
    assert [loaded(part).issuer for part in parts] == [each.trusted.certificate.subject for each in generations]
    assert [len(loaded(part)) for part in parts] == [1, 1]


def test_a_list_is_renewed_at_half_of_its_life_in_time(authorities: AuthorityFolder, now: datetime) -> None:
    half, second = CRL_LIFE / 2, timedelta(seconds=1)
    assert not refresh_due(now, now + CRL_LIFE, now)
    assert not refresh_due(now, now + CRL_LIFE, now + half - second)
    assert refresh_due(now, now + CRL_LIFE, now + half)
    assert refresh_due(now, now + CRL_LIFE, now + 2 * CRL_LIFE)
    pem = build_crl(authorities.signing(AuthorityName.DEVICE), [], number=1, now=now)
    assert not crl_refresh_due(pem, now + half - second)
    assert crl_refresh_due(pem, now + half)


def test_a_list_from_the_future_is_renewed(now: datetime) -> None:
    assert refresh_due(now, now + CRL_LIFE, now - timedelta(seconds=1))


@pytest.mark.parametrize("text", ["", "nothing", "-----BEGIN X509 CRL-----\nMA==\n-----END X509 CRL-----\n", "\ud800"])
def test_a_damaged_list_is_renewed(now: datetime, text: str) -> None:
    assert crl_refresh_due(text, now)


def test_openssl_refuses_what_is_listed_and_accepts_what_is_not(
    authorities: AuthorityFolder, tmp_path: Path, now: datetime
) -> None:
    device = authorities.signing(AuthorityName.DEVICE)
    key = ec.generate_private_key(ec.SECP256R1()).public_key()

    def verdict(serial: int) -> int:
        leaf = Leaf("d-0123456789abcdefghjkmnpqrs", key, serial, now - timedelta(days=1), now + timedelta(days=9))
        (tmp_path / "leaf.pem").write_bytes(signed_leaf(device, leaf).public_bytes(Encoding.PEM))
        (tmp_path / "ca.pem").write_text(device.trusted.pem)
        (tmp_path / "crl.pem").write_text(build_crl(device, [RevokedCertificate(5, now)], number=1, now=now))
        files = ["-CAfile", str(tmp_path / "ca.pem"), "-CRLfile", str(tmp_path / "crl.pem"), str(tmp_path / "leaf.pem")]
        command = ["openssl", "verify", "-crl_check", "-attime", str(int(now.timestamp()) + 1), *files]
        return subprocess.run(command, check=False, capture_output=True, timeout=60).returncode  # noqa: S603 - fixed words

    assert verdict(6) == 0
    assert verdict(5) != 0
