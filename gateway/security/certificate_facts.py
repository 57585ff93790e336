"""What a certificate file says of itself: when it holds, and for which hosts."""

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """The leaf of a PEM file."""

    not_before: datetime
    not_after: datetime
    hosts: frozenset[str]
    """DNS names and addresses of its subject alternative names, lower case."""


def certificate_facts(pem: bytes) -> CertificateFacts:
    """Read the first certificate of a PEM file.

    Raises:
        ValueError: there is none in it.
    """
    certificate = x509.load_pem_x509_certificate(pem)
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        names = x509.SubjectAlternativeName([])
    hosts = {name.lower() for name in names.get_values_for_type(x509.DNSName)}
    hosts |= {str(address) for address in names.get_values_for_type(x509.IPAddress)}
    return CertificateFacts(certificate.not_valid_before_utc, certificate.not_valid_after_utc, frozenset(hosts))


def is_for(facts: CertificateFacts, host: str) -> bool:
    """True when a certificate holds for a host, given in lower case."""
    # RFC 6125, 6.4.3: a wildcard stands for exactly one label.
    return host in facts.hosts or f"*.{host.partition('.')[2]}" in facts.hosts
