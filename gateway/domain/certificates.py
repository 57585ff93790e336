"""Operational certificates: how long they live, what they permit at a moment, and how one follows another.

Two ends. The *operational* end is what the appliance is told and what the gateway goes by. The X.509 end lies
`RENEW_ONLY` later: a broker's TLS layer refuses a certificate past its X.509 end before the gateway could say "you may
still renew", so an appliance that spent its renewal time unplugged in a cellar would be lost. Between the two ends the
gateway lets it connect for its renewal and for nothing else.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum, unique
from typing import Final, assert_never

from gateway.domain.failures import Code
from gateway.domain.identity import DeviceId

BACKDATE: Final = timedelta(hours=24)
"""Not Before lies this far back, for appliances whose clock is late."""
LIFE: Final = timedelta(days=365)
"""From the moment of issue to the operational end."""
RENEW_AFTER: Final = LIFE * 2 / 3
"""From the moment of issue to the first attempt to renew."""
RENEW_ONLY: Final = timedelta(days=90)
"""From the operational end to the X.509 end."""
UNCONFIRMED_LIMIT: Final = timedelta(hours=24)
"""A certificate that nobody has connected with by then is dead: its answer went to somebody who does not use it."""


@unique
class CertificateState(StrEnum):
    """The life of a certificate. The last three are final."""

    PREPARED = "prepared"
    """Decided and recorded, not yet signed. A crash here is repeated: signing the record gives the same bytes."""
    ISSUED = "issued"
    CONFIRMED = "confirmed"
    """Its appliance has been seen connected with it."""
    SUPERSEDED = "superseded"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Certificate:
    """One operational certificate and its dates."""

    serial: str
    """Hexadecimal, lower case, no leading zeros."""
    device_id: DeviceId = field(repr=False)
    key_digest: bytes = field(repr=False)
    """SHA-256 of the public key (SubjectPublicKeyInfo, DER)."""
    state: CertificateState
    not_before: datetime
    not_after: datetime
    """The operational end."""
    x509_not_after: datetime
    renew_after: datetime
    prepared_at: datetime
    pem: str | None = field(repr=False, default=None)
    fingerprint: bytes | None = field(repr=False, default=None)
    """SHA-256 of the DER."""
    issued_at: datetime | None = None
    confirmed_at: datetime | None = None
    ended_at: datetime | None = None
    version: int = 0
    """For compare and swap in the store; the domain hands it on untouched."""


@dataclass(frozen=True, slots=True)
class Alive:
    """May do whatever a device may."""


@dataclass(frozen=True, slots=True)
class RenewOnly:
    """Expired but known: may connect to renew, for nothing else."""


@dataclass(frozen=True, slots=True)
class Dead:
    """May not connect."""

    code: Code


Standing = Alive | RenewOnly | Dead


def plan(*, serial: str, device_id: DeviceId, key_digest: bytes, now: datetime) -> Certificate:
    """Decide a certificate's dates, to be recorded before anything is signed.

    Dates are cut to whole seconds, because X.509 knows no smaller unit and the record must give the same bytes again.
    """
    start = now.replace(microsecond=0)
    return Certificate(
        serial=serial,
        device_id=device_id,
        key_digest=key_digest,
        state=CertificateState.PREPARED,
        not_before=start - BACKDATE,
        not_after=start + LIFE,
        x509_not_after=start + LIFE + RENEW_ONLY,
        renew_after=start + RENEW_AFTER,
        prepared_at=now,
    )


def issue(certificate: Certificate, *, pem: str, fingerprint: bytes, now: datetime) -> Certificate:
    """The prepared certificate was signed. Signing it again (a crash in between) changes nothing."""
    if certificate.state is not CertificateState.PREPARED:
        return certificate
    return replace(certificate, state=CertificateState.ISSUED, pem=pem, fingerprint=fingerprint, issued_at=now)


def standing(certificate: Certificate, now: datetime) -> Standing:
    """What a certificate permits at this moment, whether or not a sweep has already written its end down."""
    match certificate.state:
        case CertificateState.ISSUED | CertificateState.CONFIRMED:
            if _ended_by_time(certificate, now):
                return Dead(Code.TLS_CLIENT_CERT_INVALID)
            return Alive() if now < certificate.not_after else RenewOnly()
        case (
            CertificateState.PREPARED
            | CertificateState.SUPERSEDED
            | CertificateState.EXPIRED
            | CertificateState.REVOKED
        ):
            return Dead(Code.TLS_CLIENT_CERT_INVALID)
    assert_never(certificate.state)


def due_for_renewal(certificate: Certificate, now: datetime) -> bool:
    """True from two thirds of its life on."""
    return now >= certificate.renew_after


@dataclass(frozen=True, slots=True)
class Confirmation:
    """A device was seen connected with a certificate."""

    confirmed: Certificate
    superseded: tuple[Certificate, ...] = ()
    """Already ended; their sessions are to be evicted."""


def confirm(all_of_device: Iterable[Certificate], seen: Certificate, now: datetime) -> Confirmation:
    """Make before break: only now that the new certificate works does the older one end.

    Ends every confirmed one and every one issued earlier. One issued later, whose answer may still be on its way, lives
    on. Seeing a confirmed certificate again changes nothing, and neither does seeing a dead one.
    """
    if seen.state is not CertificateState.ISSUED or isinstance(standing(seen, now), Dead):
        return Confirmation(seen)
    confirmed = replace(seen, state=CertificateState.CONFIRMED, confirmed_at=now)
    return Confirmation(
        confirmed,
        tuple(
            replace(other, state=CertificateState.SUPERSEDED, ended_at=now)
            for other in all_of_device
            if other.serial != seen.serial and other.device_id == seen.device_id and _gives_way(other, seen)
        ),
    )


def _gives_way(other: Certificate, seen: Certificate) -> bool:
    if other.state is CertificateState.CONFIRMED:
        return True
    waiting = other.state in {CertificateState.PREPARED, CertificateState.ISSUED}
    return waiting and other.prepared_at < seen.prepared_at


def expire(certificate: Certificate, now: datetime) -> Certificate:
    """Write down the end that time has brought; anything else stays what it is."""
    live = {CertificateState.PREPARED, CertificateState.ISSUED, CertificateState.CONFIRMED}
    if certificate.state not in live or not _ended_by_time(certificate, now):
        return certificate
    return replace(certificate, state=CertificateState.EXPIRED, ended_at=now)


def revoke(certificate: Certificate, now: datetime) -> Certificate:
    """End it for good. One that is already over stays what it is, except that a superseded one may be revoked too."""
    if certificate.state in {CertificateState.REVOKED, CertificateState.EXPIRED}:
        return certificate
    return replace(certificate, state=CertificateState.REVOKED, ended_at=now)


def _ended_by_time(certificate: Certificate, now: datetime) -> bool:
    if certificate.state is CertificateState.CONFIRMED:
        return now >= certificate.x509_not_after
    return now >= (certificate.issued_at or certificate.prepared_at) + UNCONFIRMED_LIMIT
