"""Renewal over the running connection, or by an expired but known certificate: make before break."""

from datetime import datetime
from typing import assert_never

from gateway.domain import activation as rules
from gateway.domain.activation import NewCertificate, Refused, SameAnswer
from gateway.domain.certificates import Certificate
from gateway.domain.evidence import Source
from gateway.domain.failures import CATALOGUE, Code, Retry
from gateway.domain.identity import DeviceId
from gateway.protocol.codec import encode
from gateway.protocol.messages import RenewReply, RenewRequest
from gateway.protocol.topics import DownChannel, DownTopic
from gateway.usecases import progress
from gateway.usecases.activation import ActivationServices
from gateway.usecases.certificates import can_sign, key_of, plan_certificate, sign_certificate
from gateway.usecases.progress import Facts
from gateway.usecases.repositories.attempts import AttemptKeys
from gateway.usecases.services import CheckedCsr, CsrRefused
from gateway.usecases.transaction import Transaction


def renew(
    tx: Transaction, services: ActivationServices, device_id: DeviceId, request: RenewRequest, now: datetime
) -> str | None:
    """Answer `up/renew` on `down/renew`; returns why not (a failure code), or None when there is a new certificate.

    One transaction is enough here: the signature is deterministic and nothing leaves before the commit.
    """
    device = tx.devices.get(device_id)
    if device is None:
        return Code.OPCONN_ACL_DENIED.value
    csr = services.authority.check_csr(request.csr)
    if isinstance(csr, CsrRefused):
        return _refuse(tx, services, device_id, request, Code(csr.code), now)
    decision = rules.decide_renewal(
        device=device,
        certificates=tx.certificates.of_device(device_id),
        key=key_of(tx, csr, device),
        now=now,
    )
    match decision:
        case Refused(code=code):
            return _refuse(tx, services, device_id, request, code, now)
        case NewCertificate() if not can_sign(services.authority, now):
            return _refuse(tx, services, device_id, request, Code.CERT_CA_UNAVAILABLE, now)
        case NewCertificate():
            certificate = plan_certificate(tx, services.authority, device_id, csr, now)
        case SameAnswer(certificate=known):
            certificate = known
        case _:
            assert_never(decision)
    _grant(tx, services, request, certificate, csr, now)
    return None


def _grant(
    tx: Transaction,
    services: ActivationServices,
    request: RenewRequest,
    certificate: Certificate,
    csr: CheckedCsr,
    now: datetime,
) -> None:
    signed = sign_certificate(tx, services.authority, certificate, csr, now)
    reply = RenewReply(
        request_id=request.request_id,
        ok=True,
        certificate=signed.leaf,
        chain=signed.chain,
        not_after=certificate.not_after,
        renew_after=certificate.renew_after,
        trace_id=services.identifiers.trace_id(),
    )
    tx.publish(str(DownTopic(certificate.device_id, DownChannel.RENEW)), encode(reply), now)


def _refuse(
    tx: Transaction,
    services: ActivationServices,
    device_id: DeviceId,
    request: RenewRequest,
    code: Code,
    now: datetime,
) -> str:
    # An attempt of its own, not the unit's: what the appliance does next over its old certificate must not clear it.
    attempt = progress.refused(
        tx, _facts(tx, device_id), None, services.identifiers, code, Source.GATEWAY, "renewal_refused", now
    )
    failure = CATALOGUE[code]
    reply = RenewReply(
        request_id=request.request_id,
        ok=False,
        code=code.value,
        number=failure.number,
        retry=failure.retry.value,
        retry_after_s=failure.retry_after_s if failure.retry is Retry.AFTER else None,
        trace_id=attempt.trace_id,
    )
    tx.publish(str(DownTopic(device_id, DownChannel.RENEW)), encode(reply), now)
    return code.value


def _facts(tx: Transaction, device_id: DeviceId) -> Facts:
    """Under what support finds it: the label's blind indexes."""
    device = tx.devices.get(device_id)
    unit = None if device is None else tx.units.get(device.unit_id)
    if device is None or unit is None:
        return Facts()
    keys = AttemptKeys(None, unit.mac_index, unit.mac_tail, unit.machine_code_index, unit.machine_code_tail)
    return Facts(type_id=unit.type_id, firmware=device.firmware, keys=keys)
