"""A real TLS handshake, in memory: appliances and broker believe each other, and nobody else."""

import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.security.authorities import AuthorityFolder, AuthorityName
from gateway.security.certificates import IssuedIdentity, issue_broker_certificate, issue_claim_certificate
from gateway.security.certificates import issue_https_certificate as issue_server

CLIENTS = (AuthorityName.FACTORY, AuthorityName.DEVICE, AuthorityName.SERVICE)
TODAY = datetime.now(UTC)  # noqa: TID251 - OpenSSL judges by the system's clock
CLAIM = "c-0123456789abcdefghjkmnpqrs"


def context(side: ssl.Purpose, trusted: str, own: IssuedIdentity, folder: Path) -> ssl.SSLContext:
    made = ssl.create_default_context(side, cadata=trusted)
    made.verify_mode = ssl.CERT_REQUIRED
    made.verify_flags |= ssl.VerifyFlags.VERIFY_X509_STRICT  # the default from Python 3.13 on
    path = folder / "own.pem"
    path.write_text(own.certificate_pem + own.key_pem)
    made.load_cert_chain(path)
    return made


def shake_hands(server: ssl.SSLContext, client: ssl.SSLContext, host: str) -> dict[str, object]:
    """The client's certificate as the server sees it.

    Raises:
        ssl.SSLError: one does not believe the other.
    """
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        client.wrap_bio(to_client, to_server, server_hostname=host),
        server.wrap_bio(to_server, to_client, server_side=True),
    ]
    open_ends = set(ends)
    for end in ends * 8:
        try:
            end.do_handshake()
            open_ends.discard(end)
        except ssl.SSLWantReadError:
            continue
    assert not open_ends
    return dict(ends[1].getpeercert() or {})


@pytest.fixture
def server(authorities: AuthorityFolder, tmp_path: Path) -> ssl.SSLContext:
    identity = issue_broker_certificate(authorities.signing(AuthorityName.HTTPS), ["mqtt.example.com"], TODAY)
    return context(ssl.Purpose.CLIENT_AUTH, authorities.bundle(*CLIENTS), identity, tmp_path)


def appliance(authorities: AuthorityFolder, folder: Path, own: IssuedIdentity | None = None) -> ssl.SSLContext:
    identity = own or issue_claim_certificate(authorities.signing(AuthorityName.FACTORY), CLAIM, TODAY)
    return context(ssl.Purpose.SERVER_AUTH, authorities.bundle(AuthorityName.HTTPS), identity, folder)


def test_appliance_and_broker_believe_each_other(
    authorities: AuthorityFolder, server: ssl.SSLContext, tmp_path: Path
) -> None:
    peer = shake_hands(server, appliance(authorities, tmp_path), "mqtt.example.com")
    assert peer["subject"] == ((("commonName", CLAIM),),)


def test_an_appliance_does_not_believe_another_host(
    authorities: AuthorityFolder, server: ssl.SSLContext, tmp_path: Path
) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        shake_hands(server, appliance(authorities, tmp_path), "mqtt.evil.example")


def test_the_broker_believes_no_other_factory(
    authorities: AuthorityFolder, server: ssl.SSLContext, tmp_path: Path
) -> None:
    elsewhere = AuthorityFolder(tmp_path / "elsewhere", b"x")
    elsewhere.create(TODAY)
    foreign = issue_claim_certificate(elsewhere.signing(AuthorityName.FACTORY), CLAIM, TODAY)
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(server, appliance(authorities, tmp_path, foreign), "mqtt.example.com")


def test_the_broker_believes_no_server_as_a_client(
    authorities: AuthorityFolder, server: ssl.SSLContext, tmp_path: Path
) -> None:
    itself = issue_server(authorities.signing(AuthorityName.HTTPS), ["mqtt.example.com"], TODAY)
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(server, appliance(authorities, tmp_path, itself), "mqtt.example.com")
