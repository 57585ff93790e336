"""Certificates for tests against real brokers: three client authorities, one server certificate, made in memory."""

import datetime as dt
import secrets
import ssl
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
_DAY = dt.timedelta(days=1)


def new_name(letter: str) -> str:
    return letter + "-" + "".join(secrets.choice(_CROCKFORD) for _ in range(26))


@dataclass(frozen=True)
class Leaf:
    """A client or server certificate on disk."""

    common_name: str
    certificate: Path
    key: Path
    pem: str


class Authority:
    """One certificate authority with its key in memory."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.name = folder, name
        self.key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{name} CA")])
        now = dt.datetime.now(dt.UTC)  # noqa: TID251 - real servers check these against the real clock
        self.certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _DAY)
            .not_valid_after(now + 10 * _DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(
                x509.KeyUsage(
                    digital_signature=False,
                    content_commitment=False,
                    key_encipherment=False,
                    data_encipherment=False,
                    key_agreement=False,
                    key_cert_sign=True,
                    crl_sign=True,
                    encipher_only=False,
                    decipher_only=False,
                ),
                critical=True,
            )
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), critical=False)
            .sign(self.key, hashes.SHA256())
        )
        self.pem = self.certificate.public_bytes(serialization.Encoding.PEM).decode()
        self.file = folder / f"{name}-ca.pem"
        self.file.write_text(self.pem)

    def issue(self, common_name: str, *, server: bool = False, days: int = 5, file: str | None = None) -> Leaf:
        """A certificate; `days` may be negative for one that has expired."""
        key = ec.generate_private_key(ec.SECP256R1())
        now = dt.datetime.now(dt.UTC)  # noqa: TID251 - real servers check these against the real clock
        usage = ExtendedKeyUsageOID.SERVER_AUTH if server else ExtendedKeyUsageOID.CLIENT_AUTH
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)]))
            .issuer_name(self.certificate.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - (2 + abs(days)) * _DAY)
            .not_valid_after(now + days * _DAY)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
        )
        if server:
            import ipaddress

            names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        certificate = builder.sign(self.key, hashes.SHA256())
        name = file or secrets.token_hex(8)
        pem = certificate.public_bytes(serialization.Encoding.PEM).decode()
        written = Leaf(common_name, self.folder / f"{name}.pem", self.folder / f"{name}.key", pem)
        written.certificate.write_text(pem)
        written.key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        written.key.chmod(0o600)
        return written


class Pki:
    """Factory, Device and Service authority, a stranger, and the server's certificate (of the Service authority)."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.factory, self.device, self.service, self.stranger = (
            Authority(folder, name) for name in ("factory", "device", "service", "stranger")
        )
        self.server = self.service.issue("localhost", server=True, file="server")
        self.clients_ca = folder / "clients-ca.pem"
        self.clients_ca.write_text(self.factory.pem + self.device.pem + self.service.pem)

    def of(self, common_name: str) -> Authority:
        return {"c": self.factory, "d": self.device, "g": self.service}[common_name[0]]

    def appliance(self, letter: str = "d") -> Leaf:
        """A new certificate of the authority that fits the letter."""
        name = new_name(letter)
        return self.of(name).issue(name)

    def context(self, leaf: Leaf | None) -> ssl.SSLContext:
        """What a client with this certificate uses; None is a client without one."""
        context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=str(self.service.file))
        if leaf is not None:
            context.load_cert_chain(leaf.certificate, leaf.key)
        return context
