"""The gateway's certificate authorities: a folder of them, each in one or more generations of which the newest signs.

A change of authority is a new generation beside the old one. Both are trusted until the old one is retired.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.security.files import create_private
from gateway.security.private_keys import load_or_make_p256
from gateway.security.serials import new_serial

EARLY: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""Where certificates begin that appliances check. An appliance without a set clock lives in 1970 (Unix), 1980 (GPS)
or 2000 (many real-time clocks); it must reach the gateway to learn the time."""

AUTHORITY_LIFE: Final = timedelta(days=20 * 365 + 5)
"""20 years: as long as an appliance may lie in a warehouse and then be used."""

_CERTIFICATE_FILE: Final = re.compile(r"(?P<name>[a-z]+)-(?P<generation>[0-9]{4})\.pem(?P<retired>\.retired)?")
_MIN_RSA_BITS: Final = 2048
_MIN_CURVE_BITS: Final = 256
_MAX_IMPORT_CHARS: Final = 64 * 1024


class AuthorityName(StrEnum):
    """Who vouches for whom. Each kind of identity has an authority of its own, and none may vouch for another kind."""

    FACTORY = "factory"
    """Claim certificates of appliances that nobody has activated yet."""
    DEVICE = "device"
    """Activated appliances. Signed by the gateway, on request."""
    SERVICE = "service"
    """Gateways."""
    HTTPS = "https"
    """Servers: the broker's and the HTTP API's own certificates. Appliances and apps trust it, brokers do not."""


class AuthorityError(Exception):
    """An authority is missing, damaged, or not acceptable; the text says which and why."""


@dataclass(frozen=True, slots=True)
class TrustedAuthority:
    """A certificate authority whose signatures are believed."""

    name: AuthorityName
    generation: int
    certificate: x509.Certificate = field(repr=False)
    pem: str = field(repr=False)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate, lower-case hexadecimal."""
        return self.certificate.fingerprint(SHA256()).hex()


@dataclass(frozen=True, slots=True)
class SigningAuthority:
    """A trusted authority together with its private key."""

    trusted: TrustedAuthority
    key: ec.EllipticCurvePrivateKey = field(repr=False)

    @property
    def key_identifier(self) -> x509.AuthorityKeyIdentifier:
        """What points from an issued certificate to this key."""
        subject = self.trusted.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(subject)


class AuthorityFolder:
    """The authorities in a folder: `<name>-<generation>.pem`, and `.key` (encrypted) beside it where we hold it."""

    __slots__ = ("_folder", "_passphrase")

    def __init__(self, folder: Path, passphrase: bytes) -> None:
        """Take the folder, which need not exist yet, and `KeyRing.ca_passphrase`."""
        self._folder = folder
        self._passphrase = passphrase

    def create(self, now: datetime, names: Iterable[AuthorityName] = AuthorityName) -> tuple[TrustedAuthority, ...]:
        """Make the authorities that do not exist yet (`ca init`); returns the new ones. A second call changes nothing.

        Key first, then certificate, each complete or absent: after a crash in between the next call goes on with the
        same key.

        Raises:
            AuthorityError: a key is there but does not open.
        """
        return tuple(self._make(name, 1, now).trusted for name in names if not self._generations(name))

    def rotate(self, name: AuthorityName, now: datetime) -> TrustedAuthority:
        """Make the next generation (`ca rotate`). It signs from the next start on; the old one stays trusted."""
        return self._make(name, self._next_generation(name), now).trusted

    def retire(self, name: AuthorityName, generation: int) -> None:
        """Trust a generation no longer. Its files stay, renamed, as evidence.

        Raises:
            AuthorityError: there is none, or it is the last one.
        """
        generations = self._generations(name)
        if generation not in generations:
            raise AuthorityError(f"there is no {name} authority of generation {generation}")
        if len(generations) == 1:
            raise AuthorityError(f"generation {generation} is the only {name} authority; rotate first")
        for path in (self._path(name, generation, "pem"), self._path(name, generation, "key")):
            if path.exists():
                path.rename(path.with_name(path.name + ".retired"))

    def import_factory(self, pem: str, now: datetime) -> TrustedAuthority:
        """Trust a factory's own authority. Importing the same certificate again changes nothing.

        Raises:
            AuthorityError: it is not exactly one certificate of a certificate authority, or expired, or weak.
        """
        certificate = _acceptable_factory(pem, now)
        for known in self.trusted(AuthorityName.FACTORY):
            if known.certificate == certificate:
                return known
        text = certificate.public_bytes(Encoding.PEM)
        generation = self._next_generation(AuthorityName.FACTORY)
        while not create_private(self._path(AuthorityName.FACTORY, generation, "pem"), text):
            generation += 1
        return self._load(AuthorityName.FACTORY, generation)

    def trusted(self, name: AuthorityName) -> tuple[TrustedAuthority, ...]:
        """Every trusted generation of an authority, newest first; empty when there is none."""
        return tuple(self._load(name, generation) for generation in sorted(self._generations(name), reverse=True))

    def signing(self, name: AuthorityName) -> SigningAuthority:
        """The newest generation whose key we hold.

        Raises:
            AuthorityError: there is none, its key does not open, or key and certificate do not belong together.
        """
        for authority in self.trusted(name):
            path = self._path(name, authority.generation, "key")
            if path.exists():
                return self._with_key(authority)
        raise AuthorityError(f"there is no {name} authority that can sign; run: hearthgate ca init")

    def all_signing(self, name: AuthorityName) -> tuple[SigningAuthority, ...]:
        """Every generation whose key we hold, newest first: each signs the revocation list of what it issued."""
        return tuple(
            self._with_key(authority)
            for authority in self.trusted(name)
            if self._path(name, authority.generation, "key").exists()
        )

    def bundle(self, *names: AuthorityName) -> str:
        """The trusted certificates of these authorities in one PEM text, as TLS servers and clients want them."""
        return "".join(authority.pem for name in names for authority in self.trusted(name))

    def _make(self, name: AuthorityName, generation: int, now: datetime) -> SigningAuthority:
        key = load_or_make_p256(self._path(name, generation, "key"), self._passphrase)
        certificate = _self_signed(name, key, now)
        create_private(self._path(name, generation, "pem"), certificate.public_bytes(Encoding.PEM))
        return self._with_key(self._load(name, generation))

    def _with_key(self, authority: TrustedAuthority) -> SigningAuthority:
        path = self._path(authority.name, authority.generation, "key")
        key = load_or_make_p256(path, self._passphrase)
        if key.public_key() != authority.certificate.public_key():
            raise AuthorityError(f"{path} is not the key of the certificate beside it")
        return SigningAuthority(authority, key)

    def _load(self, name: AuthorityName, generation: int) -> TrustedAuthority:
        path = self._path(name, generation, "pem")
        try:
            certificate = x509.load_pem_x509_certificate(path.read_bytes())
        except ValueError:
            raise AuthorityError(f"{path} holds no certificate") from None
        return TrustedAuthority(name, generation, certificate, certificate.public_bytes(Encoding.PEM).decode())

    def _generations(self, name: AuthorityName) -> set[int]:
        return {int(match["generation"]) for match in self._files(name) if match["retired"] is None}

    def _next_generation(self, name: AuthorityName) -> int:
        """Never the number of a retired one: its files are evidence."""
        return max((int(match["generation"]) for match in self._files(name)), default=0) + 1

    def _files(self, name: AuthorityName) -> list[re.Match[str]]:
        if not self._folder.is_dir():
            return []
        matches = (_CERTIFICATE_FILE.fullmatch(path.name) for path in self._folder.iterdir())
        return [match for match in matches if match is not None and match["name"] == name.value]

    def _path(self, name: AuthorityName, generation: int, ending: str) -> Path:
        return self._folder / f"{name.value}-{generation:04d}.{ending}"


def _self_signed(name: AuthorityName, key: ec.EllipticCurvePrivateKey, now: datetime) -> x509.Certificate:
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    # The key's id makes the name unique: verifiers look issuers up by name, and two generations must not be confused.
    subject = x509.Name.from_rfc4514_string(f"CN=Hearthgate {name.value} authority {identifier.digest.hex()[:8]}")
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(new_serial())
        .not_valid_before(EARLY)
        .not_valid_after(now.astimezone(UTC).replace(microsecond=0) + AUTHORITY_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(identifier, critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier),
            critical=False,
        )
        .sign(key, SHA256(), ecdsa_deterministic=True)
    )


def _acceptable_factory(pem: str, now: datetime) -> x509.Certificate:
    if len(pem) > _MAX_IMPORT_CHARS:
        raise AuthorityError("this is too large for a certificate")
    try:
        certificates = x509.load_pem_x509_certificates(pem.encode())
        if len(certificates) != 1:
            raise AuthorityError(f"one certificate at a time; this holds {len(certificates)}")
        (certificate,) = certificates
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
        key = certificate.public_key()
    except (ValueError, TypeError, x509.ExtensionNotFound, x509.DuplicateExtension):
        raise AuthorityError("this is not the PEM certificate of a certificate authority") from None
    if not constraints.ca:
        raise AuthorityError("this certificate does not belong to a certificate authority (basic constraints)")
    if not may_sign_certificates(certificate):
        raise AuthorityError("this certificate may not sign others (key usage)")
    if certificate.not_valid_after_utc <= now:
        raise AuthorityError("this authority's certificate has expired")
    match key:
        case rsa.RSAPublicKey() if key.key_size >= _MIN_RSA_BITS:
            return certificate
        case ec.EllipticCurvePublicKey() if key.curve.key_size >= _MIN_CURVE_BITS:
            return certificate
        case ed25519.Ed25519PublicKey():
            return certificate
        case _:
            raise AuthorityError("this authority's key is too weak: P-256, Ed25519 or RSA with 2,048 bits, or stronger")


def may_sign_certificates(certificate: x509.Certificate) -> bool:
    """False when a key usage extension is there and does not allow to sign certificates (RFC 5280, 4.2.1.3)."""
    try:
        return certificate.extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
    except x509.ExtensionNotFound:
        return True
