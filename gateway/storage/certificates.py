"""Operational certificates on SQL."""

from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from gateway.domain.certificates import Certificate, CertificateState
from gateway.domain.identity import DeviceId
from gateway.storage.statements import AnyRow, Statements
from gateway.storage.tables.delivery import counters
from gateway.storage.tables.registry import certificate_keys, certificates
from gateway.usecases.transaction import StaleVersionError

_ENDED_EARLY: Final = (CertificateState.SUPERSEDED.value, CertificateState.REVOKED.value)
_ALIVE: Final = (CertificateState.PREPARED.value, CertificateState.ISSUED.value, CertificateState.CONFIRMED.value)

_SELECT: Final = select(certificates)
_GET: Final = _SELECT.where(certificates.c.serial == bindparam("serial"))
_BY_KEY: Final = (
    _SELECT.where(certificates.c.key_digest == bindparam("key_digest"))
    .order_by(certificates.c.prepared_at.desc(), certificates.c.serial)
    .limit(1)
)
_OF_DEVICE: Final = _SELECT.where(
    certificates.c.device_id == bindparam("device_id"),
    certificates.c.status.in_(_ALIVE),
).order_by(certificates.c.prepared_at, certificates.c.serial)
_REVOKED: Final = _SELECT.where(
    certificates.c.status.in_(_ENDED_EARLY),
    certificates.c.x509_not_after > bindparam("now"),
).order_by(certificates.c.ended_at, certificates.c.serial)
_INSERT: Final = insert(certificates)
_UPDATE: Final = (
    update(certificates)
    .where(certificates.c.serial == bindparam("b_serial"), certificates.c.version == bindparam("b_version"))
    .values(
        status=bindparam("status"),
        pem=bindparam("pem"),
        fingerprint=bindparam("fingerprint"),
        issued_at=bindparam("issued_at"),
        confirmed_at=bindparam("confirmed_at"),
        ended_at=bindparam("ended_at"),
        version=bindparam("version"),
    )
)


def _keep_key(dialect: Any) -> Any:
    statement = dialect.insert(certificate_keys)
    # An update that changes nothing, so that the row comes back also when it was there: whose the key is.
    kept = statement.on_conflict_do_update(
        index_elements=["key_digest"], set_={"key_digest": statement.excluded.key_digest}
    )
    return kept.returning(certificate_keys.c.device_id)


_KEEP_KEY: Final = {True: _keep_key(postgresql), False: _keep_key(sqlite)}


def _next_list(dialect: Any) -> Any:
    statement = dialect.insert(counters).values(name="revocation_lists", value=1)
    counted = statement.on_conflict_do_update(index_elements=["name"], set_={"value": counters.c.value + 1})
    return counted.returning(counters.c.value)


_NEXT_LIST: Final = {True: _next_list(postgresql), False: _next_list(sqlite)}


class SqlCertificates:
    """Implements `usecases.repositories.certificates.CertificateRepository`."""

    def __init__(self, statements: Statements) -> None:
        self._statements: Final = statements

    def get(self, serial: str) -> Certificate | None:
        """See the protocol."""
        row = self._statements.first(_GET, {"serial": serial})
        return None if row is None else _certificate(row)

    def by_key(self, key_digest: bytes) -> Certificate | None:
        """See the protocol."""
        row = self._statements.first(_BY_KEY, {"key_digest": key_digest})
        return None if row is None else _certificate(row)

    def of_device(self, device_id: DeviceId) -> list[Certificate]:
        """See the protocol."""
        return [_certificate(row) for row in self._statements.all(_OF_DEVICE, {"device_id": device_id})]

    def add(self, certificate: Certificate) -> None:
        """See the protocol."""
        key = {"key_digest": certificate.key_digest, "device_id": certificate.device_id}
        holder: str = self._statements.execute(_KEEP_KEY[self._statements.is_postgresql], key).scalar_one()
        if holder != certificate.device_id:
            raise StaleVersionError
        self._statements.execute(
            _INSERT,
            {
                "serial": certificate.serial,
                "device_id": certificate.device_id,
                "key_digest": certificate.key_digest,
                "not_before": certificate.not_before,
                "not_after": certificate.not_after,
                "x509_not_after": certificate.x509_not_after,
                "renew_after": certificate.renew_after,
                "prepared_at": certificate.prepared_at,
                **_changing(certificate),
                "version": certificate.version,
            },
        )

    def update(self, certificate: Certificate) -> Certificate:
        """See the protocol."""
        self._statements.execute_guarded(
            _UPDATE,
            {
                "b_serial": certificate.serial,
                "b_version": certificate.version,
                **_changing(certificate),
                "version": certificate.version + 1,
            },
        )
        return replace(certificate, version=certificate.version + 1)

    def next_list_number(self) -> int:
        """See the protocol."""
        number: int = self._statements.execute(_NEXT_LIST[self._statements.is_postgresql]).scalar_one()
        return number

    def revoked(self, now: datetime) -> list[Certificate]:
        """See the protocol."""
        return [_certificate(row) for row in self._statements.all(_REVOKED, {"now": now})]


def _changing(certificate: Certificate) -> dict[str, Any]:
    return {
        "status": certificate.state.value,
        "pem": certificate.pem,
        "fingerprint": certificate.fingerprint,
        "issued_at": certificate.issued_at,
        "confirmed_at": certificate.confirmed_at,
        "ended_at": certificate.ended_at,
    }


def _certificate(row: AnyRow) -> Certificate:
    return Certificate(
        serial=row.serial,
        device_id=row.device_id,
        key_digest=row.key_digest,
        state=CertificateState(row.status),
        not_before=row.not_before,
        not_after=row.not_after,
        x509_not_after=row.x509_not_after,
        renew_after=row.renew_after,
        prepared_at=row.prepared_at,
        pem=row.pem,
        fingerprint=row.fingerprint,
        issued_at=row.issued_at,
        confirmed_at=row.confirmed_at,
        ended_at=row.ended_at,
        version=row.version,
    )
