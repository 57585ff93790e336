"""Certificates that the gateway writes: every field is ours, nothing is copied from a request."""

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gateway.domain.identity import Kind, kind_of
from gateway.security.authorities import EARLY, AuthorityName, SigningAuthority
from gateway.security.presented import CANARY_USE
from gateway.security.serials import new_serial

BACKDATED: Final = timedelta(hours=24)
"""How far back a client certificate begins: covers verifiers whose clock is wrong by a time zone."""

SERVER_LIFE: Final = timedelta(days=397)
"""What browsers and phones accept at most for a server's certificate."""

GATEWAY_LIFE: Final = timedelta(days=397)
CLAIM_LIFE: Final = timedelta(days=20 * 365)
"""A claim certificate must outlive the years that an appliance lies in a warehouse."""

_DNS_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DNS_NAME: Final = re.compile(rf"{_DNS_LABEL}(?:\.{_DNS_LABEL}){{0,20}}")
_NOT_AN_AUTHORITY: Final = x509.BasicConstraints(ca=False, path_length=None)
_SIGNS_ONLY: Final = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=False,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)
CANARY_LIFE: Final = timedelta(minutes=10)
CLIENT: Final = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
CANARY: Final = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, CANARY_USE])
SERVER: Final = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])


@dataclass(frozen=True, slots=True)
class IssuedIdentity:
    """A certificate together with the private key that was made for it."""

    certificate_pem: str
    chain_pem: str
    """The issuing authority's certificate."""
    key_pem: str = field(repr=False)
    """PKCS#8, not encrypted, because brokers read it: write it with `files.replace_private` or keep it in memory."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """Everything that decides a certificate's bytes, besides who signs."""

    common_name: str = field(repr=False)
    public_key: ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey
    serial: int
    not_before: datetime
    not_after: datetime
    usage: x509.ExtendedKeyUsage = CLIENT
    hosts: Sequence[str] = ()


def signed_leaf(authority: SigningAuthority, leaf: Leaf) -> x509.Certificate:
    """Write and sign a certificate. Deterministic (RFC 6979): the same leaf and authority give the same bytes."""
    issuer = authority.trusted.certificate
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, leaf.common_name)]))
        .issuer_name(issuer.subject)
        .public_key(leaf.public_key)
        .serial_number(leaf.serial)
        .not_valid_before(_whole_seconds(leaf.not_before))
        .not_valid_after(_whole_seconds(leaf.not_after))
        .add_extension(_NOT_AN_AUTHORITY, critical=True)
        .add_extension(_SIGNS_ONLY, critical=True)
        .add_extension(leaf.usage, critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(leaf.public_key), critical=False)
        .add_extension(authority.key_identifier, critical=False)
    )
    if leaf.hosts:
        builder = builder.add_extension(x509.SubjectAlternativeName([_general_name(h) for h in leaf.hosts]), False)
    return builder.sign(authority.key, SHA256(), ecdsa_deterministic=True)


def issue_gateway_certificate(service: SigningAuthority, common_name: str, now: datetime) -> IssuedIdentity:
    """A gateway's own client certificate (`g-…`), for a broker that is not built in.

    Raises:
        ValueError: the name is no gateway's, or the authority is not the Service authority.
    """
    _require(service, AuthorityName.SERVICE, common_name, Kind.GATEWAY)
    return _client(service, common_name, now, GATEWAY_LIFE)


def issue_claim_certificate(
    factory: SigningAuthority, common_name: str, now: datetime, *, life: timedelta = CLAIM_LIFE
) -> IssuedIdentity:
    """A claim certificate (`c-…`): of one unit, or of a batch whose units then prove themselves with their key.

    Both look alike; which one it is stands in the production list, by the certificate's fingerprint or the unit's key.

    Raises:
        ValueError: the name is no claim name, or the authority is not a Factory authority.
    """
    _require(factory, AuthorityName.FACTORY, common_name, Kind.CLAIM)
    return _client(factory, common_name, now, life)


def issue_canary_certificate(device: SigningAuthority, common_name: str, now: datetime) -> IssuedIdentity:
    """A device certificate for the start-up canary: nobody's, over after ten minutes, and saying so itself.

    Raises:
        ValueError: the name is no device's, or the authority is not the Device authority.
    """
    _require(device, AuthorityName.DEVICE, common_name, Kind.DEVICE)
    return _client(device, common_name, now, CANARY_LIFE, CANARY)


def issue_broker_certificate(https: SigningAuthority, hosts: Sequence[str], now: datetime) -> IssuedIdentity:
    """The server certificate that appliances see. It begins in 1970, for appliances whose clock does too.

    Raises:
        ValueError: no host, or one that is neither a DNS name nor an address.
    """
    return _server(https, hosts, EARLY, now + SERVER_LIFE)


def issue_https_certificate(https: SigningAuthority, hosts: Sequence[str], now: datetime) -> IssuedIdentity:
    """The server certificate that phones and browsers see. They know the time, and refuse certificates of long life.

    Raises:
        ValueError: no host, or one that is neither a DNS name nor an address.
    """
    return _server(https, hosts, now - BACKDATED, now - BACKDATED + SERVER_LIFE)


def ends_within(certificate_pem: str, left: timedelta, now: datetime) -> bool:
    """True when a certificate of ours has less than `left` to live: time to issue another."""
    return x509.load_pem_x509_certificate(certificate_pem.encode()).not_valid_after_utc - now < left


def _client(
    authority: SigningAuthority,
    common_name: str,
    now: datetime,
    life: timedelta,
    usage: x509.ExtendedKeyUsage = CLIENT,
) -> IssuedIdentity:
    key = ec.generate_private_key(ec.SECP256R1())
    leaf = Leaf(common_name, key.public_key(), new_serial(), now - BACKDATED, now + life, usage)
    return _identity(authority, leaf, key)


def _server(
    authority: SigningAuthority, hosts: Sequence[str], not_before: datetime, not_after: datetime
) -> IssuedIdentity:
    if authority.trusted.name is not AuthorityName.HTTPS:
        raise ValueError(f"the {authority.trusted.name} authority does not vouch for servers")
    if not hosts:
        raise ValueError("a server certificate needs a host name or address")
    key = ec.generate_private_key(ec.SECP256R1())
    leaf = Leaf("hearthgate", key.public_key(), new_serial(), not_before, not_after, usage=SERVER, hosts=hosts)
    return _identity(authority, leaf, key)


def _identity(authority: SigningAuthority, leaf: Leaf, key: ec.EllipticCurvePrivateKey) -> IssuedIdentity:
    return IssuedIdentity(
        certificate_pem=signed_leaf(authority, leaf).public_bytes(Encoding.PEM).decode(),
        chain_pem=authority.trusted.pem,
        key_pem=key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
    )


def _require(authority: SigningAuthority, name: AuthorityName, common_name: str, kind: Kind) -> None:
    if authority.trusted.name is not name:
        raise ValueError(f"the {authority.trusted.name} authority does not vouch for a {kind.name.lower()}")
    if kind_of(common_name) is not kind:
        raise ValueError(f"not the name of a {kind.name.lower()}: it must be {kind}- and 26 letters or digits")


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        if not _DNS_NAME.fullmatch(host):
            raise ValueError("a host is a DNS name (no wildcard) or an IP address") from None
        return x509.DNSName(host)


def _whole_seconds(moment: datetime) -> datetime:
    """X.509 times have no fraction (RFC 5280, 4.1.2.5)."""
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    return moment.astimezone(UTC).replace(microsecond=0)
