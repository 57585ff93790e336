"""Revocation lists, for brokers that decide from a file. An overdue one makes a broker refuse everybody."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.security.authorities import SigningAuthority

CRL_LIFE: Final = timedelta(days=7)
"""From one list to its announced successor. Renewed at half of it, so a gateway may be away for three days."""


@dataclass(frozen=True, slots=True)
class RevokedCertificate:
    """One line of a list."""

    serial: int = field(repr=False)
    revoked_at: datetime


def build_crl(
    authority: SigningAuthority,
    revoked: Iterable[RevokedCertificate],
    *,
    number: int,
    now: datetime,
    next_update: datetime | None = None,
) -> str:
    """The PEM list of one generation of an authority.

    Args:
        authority: who issued the certificates; each generation needs a list of its own, an empty one too.
        revoked: what it revoked. Serials of another generation do no harm.
        number: larger with every list of this authority (RFC 5280, 5.2.3).
        now: when the list is made.
        next_update: when the next is due at the latest; `CRL_LIFE` from now if not given.
    """
    due = next_update if next_update is not None else now + CRL_LIFE
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.trusted.certificate.subject)
        .last_update(_whole_seconds(now))
        .next_update(_whole_seconds(due))
        .add_extension(x509.CRLNumber(number), critical=False)
        .add_extension(authority.key_identifier, critical=False)
    )
    once = {entry.serial: entry for entry in sorted(revoked, key=lambda entry: entry.revoked_at, reverse=True)}
    for entry in sorted(once.values(), key=lambda entry: entry.serial):
        line = x509.RevokedCertificateBuilder().serial_number(entry.serial)
        builder = builder.add_revoked_certificate(line.revocation_date(_whole_seconds(entry.revoked_at)).build())
    return builder.sign(authority.key, SHA256(), ecdsa_deterministic=True).public_bytes(Encoding.PEM).decode()


def build_crls(
    authorities: Iterable[SigningAuthority], revoked: Iterable[RevokedCertificate], *, number: int, now: datetime
) -> str:
    """The lists of all generations of an authority in one PEM text, as Mosquitto and EMQX read them."""
    entries = tuple(revoked)
    return "".join(build_crl(authority, entries, number=number, now=now) for authority in authorities)


def refresh_due(this_update: datetime, next_update: datetime, now: datetime) -> bool:
    """True from half of a list's life on, and when the clock says that it was made in the future."""
    return now < this_update or now >= this_update + (next_update - this_update) / 2


def crl_refresh_due(pem: str, now: datetime) -> bool:
    """The same of a PEM text as it lies in a file (the first list counts); True for anything that is no list.

    A clock that was set back makes no list look fresh: see `refresh_due`.
    """
    try:
        crl = x509.load_pem_x509_crl(pem.encode())
    except ValueError:
        return True
    next_update = crl.next_update_utc
    return next_update is None or refresh_due(crl.last_update_utc, next_update, now)


def _whole_seconds(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)
