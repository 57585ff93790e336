"""Activation: an appliance becomes a device. Decided and recorded first, signed once, answered as often as asked.

Two transactions, because a power cut between them must leave either nothing or a plan that can be signed again into
the identical certificate: `prepare` records what will be signed, `issue` signs it, binds and answers.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import assert_never

from gateway.domain import activation as rules
from gateway.domain.activation import FirstActivation, NewCertificate, Proof, Quarantine, Refused, SameAnswer
from gateway.domain.attempts import Attempt
from gateway.domain.devices import Device
from gateway.domain.evidence import Source
from gateway.domain.failures import Code, Stage
from gateway.domain.identity import ClaimId, DeviceId
from gateway.domain.units import (
    CertificateCredential,
    KeyCredential,
    Unit,
)
from gateway.protocol.codec import encode
from gateway.protocol.messages import ActivationAccepted, ActivationRequest, Endpoint
from gateway.protocol.signing import proof_bytes
from gateway.protocol.topics import ClaimChannel, ClaimTopic
from gateway.usecases import binding, presence, progress
from gateway.usecases.asking import UNPROVEN, Asked, look_up, recorded, refuse
from gateway.usecases.certificates import can_sign, key_of, plan_certificate, sign_certificate
from gateway.usecases.descriptors import CredentialKind
from gateway.usecases.progress import Step
from gateway.usecases.services import (
    BlindIndexes,
    CertificateAuthority,
    CheckedCsr,
    CommandSigner,
    CsrRefused,
    Identifiers,
    Sealer,
    Tokens,
    UnitProofs,
)
from gateway.usecases.transaction import Transaction
from gateway.usecases.types import TypeCatalogue
from gateway.usecases.unit_rows import unit_key_place


@dataclass(frozen=True, slots=True)
class ActivationServices:
    """What activation, renewal and binding need besides the transaction."""

    authority: CertificateAuthority
    indexes: BlindIndexes
    sealer: Sealer
    tokens: Tokens
    identifiers: Identifiers
    signer: CommandSigner
    proofs: UnitProofs
    types: TypeCatalogue
    endpoint: Endpoint
    """Where an activated appliance connects."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """Recorded: this certificate of this device is the answer, once it is signed."""

    device_id: DeviceId = field(repr=False)
    serial: str
    attempt: Attempt
    csr: CheckedCsr


def prepare(
    tx: Transaction, services: ActivationServices, claim_id: ClaimId, request: ActivationRequest, now: datetime
) -> Prepared | None:
    """Decide on a request and record the decision. None: it was refused, and the refusal is recorded and answered."""
    asked = look_up(tx, services.indexes, binding.pairing_of_token(tx, services, request.bind_token), claim_id, request)
    device = None if asked.unit is None else tx.devices.of_unit(asked.unit.unit_id)
    csr = services.authority.check_csr(request.csr)
    decision = _decide(tx, services, asked, device, csr, now)
    match decision:
        case Refused(code=code):
            refuse(tx, services.identifiers, asked, code, "request_refused", now, proven=code not in UNPROVEN)
            return None
        case Quarantine(code=code):
            # Its evidence is its own: what the working appliance has come to must not be told as failed.
            refuse(tx, services.identifiers, asked, code, "second_appliance_with_this_identity", now, proven=False)
            return None
        case _ if isinstance(csr, CsrRefused):
            refuse(tx, services.identifiers, asked, Code(csr.code), "csr_refused", now)
            return None
        case FirstActivation() | NewCertificate() if not can_sign(services.authority, now):
            refuse(tx, services.identifiers, asked, Code.CERT_CA_UNAVAILABLE, "authority_ends_too_soon", now)
            return None
        case FirstActivation(unit=unit):
            device = Device(
                device_id=DeviceId(services.identifiers.new("d")),
                unit_id=unit.unit_id,
                reset_counter=request.reset_counter,
                firmware=request.firmware,
            )
            tx.devices.add(device, now)
            certificate = plan_certificate(tx, services.authority, device.device_id, csr, now)
        case NewCertificate(device=known):
            device = _told(tx, known, request)
            certificate = plan_certificate(tx, services.authority, device.device_id, csr, now)
        case SameAnswer(certificate=certificate):
            if device is not None:
                _told(tx, device, request)
        case _:
            assert_never(decision)
    attempt = recorded(
        tx, asked, progress.attempt_for(tx, asked.facts(), asked.pairing, services.identifiers, now), now
    )
    attempt = progress.advanced(tx, attempt, Stage.CERT, Source.GATEWAY, "request_accepted", now)
    return Prepared(certificate.device_id, certificate.serial, attempt, csr)


def issue(
    tx: Transaction,
    services: ActivationServices,
    claim_id: ClaimId,
    request: ActivationRequest,
    prepared: Prepared,
    now: datetime,
) -> None:
    """Sign what was prepared (once), bind when the request brought a token, and answer: one commit."""
    certificate = tx.certificates.get(prepared.serial)
    device = tx.devices.get(prepared.device_id)
    if certificate is None or device is None:
        message = "what was prepared is gone"
        raise AssertionError(message)
    signed = sign_certificate(tx, services.authority, certificate, prepared.csr, now)
    pairing = binding.pairing_of_token(tx, services, request.bind_token)
    progress.step(tx, pairing, Step.ACTIVATED, now)
    if request.bind_token is None:
        bound, epoch, bind_code = _serves_somebody(tx, device), device.epoch, None
    else:
        verdict = binding.present_token(tx, services, device, pairing, now, connected=False)
        bound, epoch, bind_code = verdict.bound, verdict.epoch, verdict.code
    reply = ActivationAccepted(
        request_id=request.request_id,
        device_id=device.device_id,
        certificate=signed.leaf,
        chain=signed.chain,
        not_after=certificate.not_after,
        renew_after=certificate.renew_after,
        endpoint=services.endpoint,
        bound=bound,
        epoch=epoch,
        command_key=services.signer.public_key,
        time=now,
        trace_id=prepared.attempt.trace_id,
        bind_code=None if bind_code is None else bind_code.value,
    )
    tx.publish(str(ClaimTopic(claim_id, ClaimChannel.REPLY)), encode(reply), now)


def _decide(
    tx: Transaction,
    services: ActivationServices,
    asked: Asked,
    device: Device | None,
    csr: CheckedCsr | CsrRefused,
    now: datetime,
) -> rules.Decision:
    """The rules' answer. A request that nobody could sign is judged as if its key were new: who it is comes first."""
    request = asked.request
    known = request.type_id in services.types
    return rules.decide(
        unit=asked.unit,
        claim=rules.Claim(asked.claim_id, tx.units.claim_fingerprint(asked.claim_id)),
        request=rules.Request(
            asked.keys.mac_index or b"", request.type_id, request.reset_counter, _proof(services, asked.unit, request)
        ),
        type_facts=rules.TypeFacts(
            known=known,
            accepts_certificate=services.types.accepts(request.type_id, CredentialKind.UNIT_CERTIFICATE),
            accepts_batch=services.types.accepts(request.type_id, CredentialKind.BATCH_PROOF),
        ),
        device=device,
        certificates=() if device is None else tx.certificates.of_device(device.device_id),
        key=rules.NewKey() if isinstance(csr, CsrRefused) else key_of(tx, csr, device),
        online=device is not None and presence.is_online(tx, device.device_id),
        now=now,
    )


def _proof(services: ActivationServices, unit: Unit | None, request: ActivationRequest) -> Proof:
    if request.proof is None:
        return Proof.ABSENT
    if unit is None:
        return Proof.INVALID
    match unit.credential:
        case CertificateCredential():
            return Proof.ABSENT
        case KeyCredential(key_sealed=sealed):
            key = services.sealer.open(sealed, place=unit_key_place(unit.unit_id))
            good = services.proofs.matches(key, proof_bytes(request), request.proof)
            return Proof.VALID if good else Proof.INVALID


def _told(tx: Transaction, device: Device, request: ActivationRequest) -> Device:
    """Store what the appliance says of itself. Its reset counter only ever rises."""
    after = replace(
        device,
        reset_counter=max(device.reset_counter, request.reset_counter),
        firmware=request.firmware,
    )
    return device if after == device else tx.devices.update(after)


def _serves_somebody(tx: Transaction, device: Device) -> bool:
    # In its first epoch it never served anybody: most activations need not look.
    return device.epoch > 0 and any(one.epoch == device.epoch for one in tx.bindings.of_device(device.device_id))
