"""What a client certificate that somebody presents to the broker really is: whose, from which authority, until when.

TLS has verified a chain to *some* authority that the broker trusts. Here it is decided which, by checking the
signature against that authority's key: a name alone can be copied.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gateway.domain.identity import Kind, kind_of
from gateway.security.authorities import AuthorityName, TrustedAuthority
from gateway.security.pem import one_der

VOUCHES_FOR = {
    AuthorityName.FACTORY: Kind.CLAIM,
    AuthorityName.DEVICE: Kind.DEVICE,
    AuthorityName.SERVICE: Kind.GATEWAY,
}
"""Which kind of identity an authority may vouch for: one each."""

CANARY_USE = x509.ObjectIdentifier("1.3.6.1.4.1.32473.1.1")
"""The extended key usage of the start-up canary's certificates, and of no other (the arc is for examples: RFC 5612).

Any gateway may be asked about a canary that another one sends, so the certificate itself has to say what it is. Nobody
else can have one: what an appliance asks for beyond its key is ignored.
"""


class PresentedProblem(StrEnum):
    """Why a presented certificate is nobody's."""

    MALFORMED = "malformed"
    """Not exactly one readable certificate."""
    UNKNOWN_ISSUER = "unknown_issuer"
    """No authority of ours has this name, or its signature does not verify."""
    NAME = "name"
    """The subject is not exactly one common name of our shape."""
    KIND = "kind"
    """The authority does not vouch for this kind of identity: a factory's `d-…` is a forgery."""
    PURPOSE = "purpose"
    """An authority's certificate, or one that is not for clients."""


@dataclass(frozen=True, slots=True)
class PresentedCertificate:
    """A certificate that an authority of ours issued to a client. Whether it is alive is for the caller to decide."""

    common_name: str = field(repr=False)
    kind: Kind
    authority: AuthorityName
    issuer_fingerprint: str
    """SHA-256 of the issuing authority's certificate, hexadecimal: which generation it was."""
    serial: str = field(repr=False)
    """Lower-case hexadecimal, without leading zeros."""
    fingerprint: bytes = field(repr=False)
    """SHA-256 of the DER."""
    not_before: datetime
    not_after: datetime
    is_canary: bool = False
    """Of a start-up canary, of this gateway or of another: no device stands behind it."""


class PresentedCertificates:
    """Reads presented certificates against a fixed set of trusted authorities. Pure, no I/O, about 0.1 ms each."""

    __slots__ = ("_by_name",)

    def __init__(self, authorities: Iterable[TrustedAuthority]) -> None:
        """Take every trusted generation of the Factory, Device and Service authorities."""
        self._by_name: dict[bytes, list[tuple[TrustedAuthority, str]]] = {}
        for authority in authorities:
            if authority.name in VOUCHES_FOR:
                known = self._by_name.setdefault(authority.certificate.subject.public_bytes(), [])
                known.append((authority, authority.fingerprint))

    def read(self, pem: str) -> PresentedCertificate | PresentedProblem:
        """Read one leaf certificate; never raises, whatever the text."""
        packed = one_der(pem, "CERTIFICATE")
        if packed is None:
            return PresentedProblem.MALFORMED
        try:
            certificate = x509.load_der_x509_certificate(packed)
            return self._read(certificate)
        except (ValueError, TypeError, UnsupportedAlgorithm, x509.DuplicateExtension, x509.InvalidVersion):
            return PresentedProblem.MALFORMED
        except BaseException as problem:
            # A panic of the Rust parser is no Exception; a stranger's bytes must not end the process.
            if isinstance(problem, Exception) or type(problem).__name__ == "PanicException":
                return PresentedProblem.MALFORMED
            raise

    def _read(self, certificate: x509.Certificate) -> PresentedCertificate | PresentedProblem:
        issuer = self._issuer(certificate)
        if issuer is None:
            return PresentedProblem.UNKNOWN_ISSUER
        authority, issuer_fingerprint = issuer
        common_name = _only_common_name(certificate)
        kind = None if common_name is None else kind_of(common_name)
        if common_name is None or kind is None:
            return PresentedProblem.NAME
        if VOUCHES_FOR[authority.name] is not kind:
            return PresentedProblem.KIND
        if not _is_for_clients(certificate):
            return PresentedProblem.PURPOSE
        return PresentedCertificate(
            common_name=common_name,
            kind=kind,
            authority=authority.name,
            issuer_fingerprint=issuer_fingerprint,
            serial=serial_text(certificate.serial_number),
            fingerprint=certificate.fingerprint(SHA256()),
            not_before=certificate.not_valid_before_utc,
            not_after=certificate.not_valid_after_utc,
            is_canary=authority.name is AuthorityName.DEVICE and CANARY_USE in _uses(certificate),
        )

    def _issuer(self, certificate: x509.Certificate) -> tuple[TrustedAuthority, str] | None:
        for authority, fingerprint in self._by_name.get(certificate.issuer.public_bytes(), ()):
            try:
                certificate.verify_directly_issued_by(authority.certificate)
            except (InvalidSignature, ValueError, TypeError, UnsupportedAlgorithm):
                continue  # two authorities may share a name; only a signature tells
            return authority, fingerprint
        return None


def serial_text(serial: int) -> str:
    """How a serial number is written everywhere: lower-case hexadecimal without leading zeros."""
    return f"{serial:x}"


def _only_common_name(certificate: x509.Certificate) -> str | None:
    """The common name, if the subject is that and nothing else: with two, two readers may see two identities."""
    attributes = list(certificate.subject)
    if len(attributes) != 1 or attributes[0].oid != NameOID.COMMON_NAME:
        return None
    value = attributes[0].value
    return value if isinstance(value, str) else None


def _uses(certificate: x509.Certificate) -> x509.ExtendedKeyUsage | tuple[()]:
    try:
        return certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return ()


def _is_for_clients(certificate: x509.Certificate) -> bool:
    """An end entity's, and allowed to authenticate clients where it restricts its use (RFC 5280, 4.2.1.9 and .12)."""
    client = True
    for extension in certificate.extensions:
        match extension.value:
            case x509.BasicConstraints(ca=True):
                return False
            case x509.ExtendedKeyUsage() as usages:
                client = ExtendedKeyUsageOID.CLIENT_AUTH in usages
            case _:
                pass
    return client
