"""Operational certificates, from the decision to issue one to its end."""

from datetime import datetime
from typing import Protocol

from gateway.domain.certificates import Certificate
from gateway.domain.identity import DeviceId


class CertificateRepository(Protocol):
    """Rows of certificates. Serial numbers and keys are unique."""

    def get(self, serial: str) -> Certificate | None:
        """The certificate of this serial number (lower-case hexadecimal)."""

    def by_key(self, key_digest: bytes) -> Certificate | None:
        """The newest certificate for this key, whosever it is."""

    def of_device(self, device_id: DeviceId) -> list[Certificate]:
        """All certificates of a device that have not ended, oldest first."""

    def add(self, certificate: Certificate) -> None:
        """A prepared certificate.

        Raises:
            StaleVersionError: another device got one for its key meanwhile.
        """

    def update(self, certificate: Certificate) -> Certificate:
        """Store one that was read as version `certificate.version`; returns it with the raised version.

        Raises:
            StaleVersionError: it changed meanwhile.
        """

    def next_list_number(self) -> int:
        """The number of the next revocation list; never given twice."""

    def revoked(self, now: datetime) -> list[Certificate]:
        """Those that ended before their X.509 end: the revocation list."""
