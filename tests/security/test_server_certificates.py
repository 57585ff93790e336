"""The certificates of the broker and of HTTPS, and who believes them."""

import ipaddress
import ssl
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509 import verification

from gateway.security.authorities import EARLY, AuthorityFolder, AuthorityName
from gateway.security.certificates import (
    IssuedIdentity,
    issue_broker_certificate,
    issue_https_certificate,
)
from tests.security.test_certificates import client_is_verified, loaded


def server_is_verified(identity: IssuedIdentity, host: str, at: datetime) -> bool:
    """As the web's public key infrastructure wants it."""
    try:
        subject: x509.DNSName | x509.IPAddress = x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        subject = x509.DNSName(host)
    store = verification.Store([loaded(identity.chain_pem)])
    verifier = verification.PolicyBuilder().store(store).time(at).build_server_verifier(subject)
    try:
        verifier.verify(loaded(identity.certificate_pem), [])
    except verification.VerificationError:
        return False
    return True


def test_the_brokers_certificate_is_believed_by_an_appliance_whose_clock_stands_in_1970(
    authorities: AuthorityFolder, now: datetime
) -> None:
    identity = issue_broker_certificate(authorities.signing(AuthorityName.HTTPS), ["mqtt.example.com", "::1"], now)
    for moment in (EARLY + timedelta(seconds=1), datetime(2000, 1, 1, tzinfo=EARLY.tzinfo), now):
        assert server_is_verified(identity, "mqtt.example.com", moment)
        assert server_is_verified(identity, "::1", moment)
    assert not server_is_verified(identity, "mqtt.example.com", now + timedelta(days=398))


def test_the_https_certificate_is_short_lived_and_names_its_hosts(authorities: AuthorityFolder, now: datetime) -> None:
    identity = issue_https_certificate(authorities.signing(AuthorityName.HTTPS), ["localhost", "127.0.0.1"], now)
    assert server_is_verified(identity, "localhost", now)
    assert server_is_verified(identity, "127.0.0.1", now)
    assert not server_is_verified(identity, "evil.example", now)
    assert not server_is_verified(identity, "127.0.0.2", now)
    certificate = loaded(identity.certificate_pem)
    assert certificate.not_valid_after_utc - certificate.not_valid_before_utc <= timedelta(days=397)


def test_a_servers_certificate_is_no_clients(authorities: AuthorityFolder, now: datetime) -> None:
    identity = issue_https_certificate(authorities.signing(AuthorityName.HTTPS), ["localhost"], now)
    assert not client_is_verified(identity.certificate_pem, identity.chain_pem, now)


@pytest.mark.parametrize(
    "hosts", [[], [""], ["*.example.com"], ["a b"], ["a\n"], ["ex\u00e4mple"], ["a..b"], ["-a"], ["10.0.0.0/8"]]
)
def test_a_host_that_is_none_gets_no_certificate(authorities: AuthorityFolder, now: datetime, hosts: list[str]) -> None:
    with pytest.raises(ValueError, match="host"):
        issue_https_certificate(authorities.signing(AuthorityName.HTTPS), hosts, now)


def test_pythons_own_tls_takes_certificate_and_key(authorities: AuthorityFolder, now: datetime, tmp_path: Path) -> None:
    identity = issue_https_certificate(authorities.signing(AuthorityName.HTTPS), ["localhost"], now)
    (tmp_path / "server.pem").write_text(identity.certificate_pem + identity.chain_pem + identity.key_pem)
    ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(tmp_path / "server.pem")
