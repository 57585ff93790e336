"""Operational certificates: how long they live, what they permit at a moment, and how one follows another.

Two ends. The *operational* end is what the appliance is told and what the gateway goes by. The X.509 end lies
`RENEW_ONLY` later: a broker's TLS layer refuses a certificate past its X.509 end before the gateway could say "you may
still renew", so an appliance that spent its renewal time unplugged in a cellar would be lost. Between the two ends the
gateway lets it connect for its renewal and for nothing else.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum, unique
from typing import Final

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
