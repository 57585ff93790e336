"""Keys, certificate requests and signatures as an appliance handles them. Private keys never leave it."""

import base64
import ssl
import tempfile
from typing import Literal

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from device_sim.flash import Credential

KeyKind = Literal["p256", "ed25519"]


def new_key(kind: KeyKind = "p256") -> str:
    """A fresh private key as PEM (PKCS 8, not encrypted: an appliance has nobody to type a password)."""
    key = ec.generate_private_key(ec.SECP256R1()) if kind == "p256" else Ed25519PrivateKey.generate()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def certificate_request(key_pem: str, subject: str) -> str:
    """A PKCS 10 request for this key as PEM. The gateway reads neither the subject nor extensions."""
    key = load_pem_private_key(key_pem.encode(), password=None)
    builder = x509.CertificateSigningRequestBuilder().subject_name(
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
    )
    match key:
        case Ed25519PrivateKey():
            request = builder.sign(key, None)
        case ec.EllipticCurvePrivateKey():
            request = builder.sign(key, hashes.SHA256())
        case _:
            raise ValueError("an appliance's key is P-256 or Ed25519")
    return request.public_bytes(Encoding.PEM).decode()


def common_name(certificate_pem: str) -> str:
    """The common name in a certificate, which is also the client id.

    Raises:
        ValueError: not a certificate, or one without a common name.
    """
    names = x509.load_pem_x509_certificate(certificate_pem.encode()).subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    if not names:
        raise ValueError("a certificate without a common name")
    return str(names[0].value)


def serial_hex(certificate_pem: str) -> str:
    """The serial number of a certificate, lower-case hex without leading zeros."""
    return f"{x509.load_pem_x509_certificate(certificate_pem.encode()).serial_number:x}"


def fits(key_pem: str, certificate_pem: str) -> bool:
    """Whether the certificate is for this very key. Checked before it is stored: a wrong one would lock us out."""
    try:
        certificate = x509.load_pem_x509_certificate(certificate_pem.encode())
        key = load_pem_private_key(key_pem.encode(), password=None)
    except ValueError:
        return False
    return certificate.public_key() == key.public_key()


def is_signed(message: bytes, signature: str, public_key: str) -> bool:
    """Whether an Ed25519 signature (RFC 8032) over the message is good. Anything malformed is not.

    Args:
        message: the bytes that `gateway.protocol.signing` describes.
        signature: base64.
        public_key: base64.
    """
    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key, validate=True))
        key.verify(base64.b64decode(signature, validate=True), message)
    except (InvalidSignature, ValueError):  # binascii.Error is a ValueError
        return False
    return True


class _TidySocket(ssl.SSLSocket):
    """Closes itself when the handshake fails; paho forgets such a socket without closing it."""

    def do_handshake(self, block: bool = False) -> None:  # noqa: FBT001, FBT002 - the standard library's signature
        try:
            super().do_handshake(block)
        except BaseException:
            self.close()
            raise


def tls_context(credential: Credential, trust_pem: str) -> ssl.SSLContext:
    """TLS 1.2 or newer, trusting only the given authorities, showing this credential.

    Raises:
        ValueError: the credential has no certificate yet.
        ssl.SSLError: key and certificate do not belong together.
    """
    if credential.certificate_pem is None:
        raise ValueError("no certificate yet")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.sslsocket_class = _TidySocket
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(cadata=trust_pem)
    # `load_cert_chain` reads files only. The temporary one is private (mode 0600) and gone before anybody connects.
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
        file.write(credential.key_pem.strip() + "\n" + credential.certificate_pem.strip() + "\n" + credential.chain_pem)
        file.flush()
        context.load_cert_chain(file.name)
    return context
