"""Operational certificates: planned, signed once, confirmed by their first use, renewed, and ended."""

from dataclasses import dataclass, field
from datetime import datetime

from gateway.domain import activation as rules
from gateway.domain.certificates import (
    LIFE,
    RENEW_ONLY,
    Certificate,
    CertificateState,
    confirm,
    issue,
    plan,
    revoke,
)
from gateway.domain.devices import Device
from gateway.domain.identity import DeviceId
from gateway.usecases.services import CertificateAuthority, CertificatePlan, CheckedCsr
from gateway.usecases.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Signed:
    """A certificate and what an appliance needs to use it."""

    certificate: Certificate
    leaf: str = field(repr=False)
    """PEM."""
    chain: str = field(repr=False)
    """PEM of the authority that signed it, which need not be the present one."""


def key_of(tx: Transaction, csr: CheckedCsr, device: Device | None) -> rules.Key:
    """Who used a request's key before."""
    known = tx.certificates.by_key(csr.key_digest)
    if known is None:
        return rules.NewKey()
    if device is None or known.device_id != device.device_id:
        return rules.ForeignKey()
    return rules.OwnKey(known)


def can_sign(authority: CertificateAuthority, now: datetime) -> bool:
    """Whether a certificate that begins now is believed to its own end.

    Brokers check the whole chain: one that outlived its authority would lock its appliance out without a word.
    """
    return now + LIFE + RENEW_ONLY <= authority.ends


def plan_certificate(
    tx: Transaction, authority: CertificateAuthority, device_id: DeviceId, csr: CheckedCsr, now: datetime
) -> Certificate:
    """Record what is going to be signed for this key."""
    serial = f"{authority.new_serial():x}"
    certificate = plan(serial=serial, device_id=device_id, key_digest=csr.key_digest, now=now)
    tx.certificates.add(certificate)
    return certificate


def sign_certificate(
    tx: Transaction, authority: CertificateAuthority, certificate: Certificate, csr: CheckedCsr, now: datetime
) -> Signed:
    """The signed certificate. What was signed before comes back byte for byte."""
    if certificate.state is CertificateState.PREPARED:
        signed = authority.sign(
            CertificatePlan(
                common_name=certificate.device_id,
                public_key_der=csr.public_key_der,
                serial=int(certificate.serial, 16),
                not_before=certificate.not_before,
                not_after=certificate.x509_not_after,
            ),
        )
        issued = issue(certificate, pem=signed.pem + signed.chain_pem, fingerprint=signed.fingerprint, now=now)
        certificate = tx.certificates.update(issued)
    # Leaf and chain are kept together: after a change of authority the old answer still needs the old chain.
    leaf, end, chain = (certificate.pem or "").partition(_END)
    return Signed(certificate, leaf + end, chain)


_END = "-----END CERTIFICATE-----\n"


def confirm_seen(tx: Transaction, device_id: DeviceId, serial: str | None, now: datetime) -> Certificate | None:
    """The device was seen connected: its certificate is confirmed, an older one ends now (make before break).

    Args:
        tx: the open transaction.
        device_id: who was seen.
        serial: the certificate it was seen with, by the broker's or its own word. Unknown: only when there is just one
            that it could have been; ending the wrong one would lock the appliance out.
        now: the present moment.

    Returns:
        The certificate that was seen, None when that is not known.
    """
    certificates = tx.certificates.of_device(device_id)
    usable = [one for one in certificates if one.state is not CertificateState.PREPARED]
    if serial is None:
        seen = usable[0] if len(usable) == 1 else None
    else:
        seen = next((one for one in usable if one.serial == serial), None)
    if seen is None:
        return None
    confirmation = confirm(certificates, seen, now)
    if confirmation.confirmed is seen:
        return seen
    for ended in confirmation.superseded:
        tx.certificates.update(ended)
    return tx.certificates.update(confirmation.confirmed)


def revoke_all(tx: Transaction, device_id: DeviceId, now: datetime) -> int:
    """End every certificate of a device at once and its connection right after the commit; returns how many ended."""
    ended = 0
    for certificate in tx.certificates.of_device(device_id):
        after = revoke(certificate, now)
        if after is not certificate:
            tx.certificates.update(after)
            ended += 1
    tx.evict(device_id, now)
    return ended
