"""Certificates for tests against a real Mosquitto: three authorities, a server, and whoever a test needs."""

import datetime as dt
import ssl
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = dt.timedelta(days=1)


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)  # noqa: TID251 - OpenSSL looks at the same clock


def common_name(kind: str, number: int = 0) -> str:
    """`d-00000000000000000000000007` and the like."""
    return f"{kind}-{number:026d}"


@dataclass(frozen=True)
class Identity:
    common_name: str
    certificate: Path
    key: Path
    serial: int

    def context(self, authority: Path, **_: object) -> ssl.SSLContext:
        """A client's TLS settings: trust `authority`, present this certificate."""
        context = ssl.create_default_context(cafile=str(authority))
        context.load_cert_chain(self.certificate, self.key)
        return context


class Authority:
    """A certificate authority with its files in `folder`."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._name = folder, name
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{name} authority")])
        certificate = (
            self._builder(self._subject, self._key, now() - DAY, now() + 365 * DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        self.path = folder / f"{name}-ca.crt"
        self.path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        self.crl_path = folder / f"{name}.crl"
        self._revoked: list[int] = []
        self.write_crl()

    def _builder(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, start: dt.datetime, end: dt.datetime
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(end)
        )

    def issue(
        self, name: str, *, server: bool = False, start: dt.datetime | None = None, lasts: dt.timedelta = DAY
    ) -> Identity:
        """A leaf certificate; `lasts` may be negative for one that has expired."""
        key = ec.generate_private_key(ec.SECP256R1())
        start = start or now() - 2 * DAY
        builder = self._builder(
            x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]), key, start, now() + lasts
        ).add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        usage = ExtendedKeyUsageOID.SERVER_AUTH if server else ExtendedKeyUsageOID.CLIENT_AUTH
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        if server:
            names = [x509.DNSName("localhost"), x509.IPAddress(IPv4Address("127.0.0.1"))]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        certificate = builder.sign(self._key, hashes.SHA256())
        stem = f"{self._name}-{certificate.serial_number:x}"
        crt, pem = self._folder / f"{stem}.crt", self._folder / f"{stem}.key"
        crt.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        pem.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return Identity(name, crt, pem, certificate.serial_number)

    def revoke(self, identity: Identity) -> None:
        """Add to the list of the revoked; `crl` has it from now on."""
        self._revoked.append(identity.serial)

    def crl(self, next_update: dt.timedelta = DAY) -> bytes:
        """The list of the revoked as PEM."""
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self._subject)
            .last_update(now() - 2 * DAY)
            .next_update(now() + next_update)
        )
        for serial in self._revoked:
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now() - DAY).build()
            )
        return builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def write_crl(self, next_update: dt.timedelta = DAY) -> None:
        self.crl_path.write_bytes(self.crl(next_update))


class Pki:
    """Factory, device and service authority, and the broker's own certificate."""

    def __init__(self, folder: Path) -> None:
        self.factory = Authority(folder, "factory")
        self.device = Authority(folder, "device")
        self.service = Authority(folder, "service")
        self.server = self.service.issue("localhost", server=True)
        self.trust = self.service.path

    def context(self, identity: Identity) -> ssl.SSLContext:
        return identity.context(self.trust)
