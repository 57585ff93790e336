"""Activation: may this unit have an operational certificate, and which one?

The order of the questions is a rule of its own. Who cannot prove to be the unit learns nothing about it beyond that it
exists; so the credential comes before type, MAC and block. What would let a stolen, cloned or replayed request disturb
the appliance that works comes last, and leaves that one untouched.
"""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, unique
from typing import assert_never

from gateway.domain.certificates import Certificate, CertificateState, Dead, due_for_renewal, standing
from gateway.domain.devices import Device, DeviceStatus
from gateway.domain.failures import Code
from gateway.domain.identity import ClaimId
from gateway.domain.units import CertificateCredential, KeyCredential, Unit


@unique
class Proof(Enum):
    """What became of the batch proof in a request."""

    VALID = "valid"
    INVALID = "invalid"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Claim:
    """Who is connected, by the broker's word."""

    claim_id: ClaimId = field(repr=False)
    """The topic's; the broker tied it to the certificate."""
    fingerprint: bytes | None = field(repr=False)
    """SHA-256 of the certificate's DER; None where the broker does not tell (static rules)."""


@dataclass(frozen=True, slots=True)
class Request:
    """What the appliance says of itself."""

    mac_index: bytes = field(repr=False)
    type_id: str
    reset_counter: int
    proof: Proof


@dataclass(frozen=True, slots=True)
class TypeFacts:
    """What the catalogue says of the type that the request names."""

    known: bool
    accepts_certificate: bool = True
    """A factory certificate of the one unit."""
    accepts_batch: bool = False
    """A certificate of the batch, with a proof under the unit's key."""


@dataclass(frozen=True, slots=True)
class NewKey:
    """No certificate was ever prepared for the request's key."""


@dataclass(frozen=True, slots=True)
class OwnKey:
    """This unit used the key before; the newest certificate with it."""

    certificate: Certificate


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """Another unit used the key before."""


Key = NewKey | OwnKey | ForeignKey


@dataclass(frozen=True, slots=True)
class FirstActivation:
    """Make a device, and a certificate for the request's key."""

    unit: Unit


@dataclass(frozen=True, slots=True)
class SameAnswer:
    """Answer with this certificate again, byte for byte. If it is only prepared, sign it first."""

    certificate: Certificate
    reset: bool
    """The appliance was reset since it was last heard of: store the request's counter with the device."""


@dataclass(frozen=True, slots=True)
class NewCertificate:
    """Make a certificate for the request's key. The old one lives until the new one has been seen connected."""

    device: Device
    reset: bool
    """As in `SameAnswer`."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing is made and nothing changes."""

    code: Code


@dataclass(frozen=True, slots=True)
class Quarantine:
    """A second appliance says to be a unit that is working elsewhere right now. The working one goes on.

    Keep the request as evidence for support; answer with the code.
    """

    device: Device
    code: Code = Code.CLAIM_DUPLICATE_ID


Decision = FirstActivation | SameAnswer | NewCertificate | Refused | Quarantine


def decide(
    *,
    unit: Unit | None,
    claim: Claim,
    request: Request,
    type_facts: TypeFacts,
    device: Device | None,
    certificates: Iterable[Certificate],
    key: Key,
    online: bool,
    now: datetime,
) -> Decision:
    """Answer one activation request.

    Args:
        unit: the unit with the request's machine code, None when the registry has none.
        claim: who is connected.
        request: what the appliance says.
        type_facts: of the type that the request names.
        device: the device of this unit, None before its first activation.
        certificates: all certificates of that device.
        key: who used the request's key before.
        online: whether the device is connected with its operational certificate now.
        now: the present moment.
    """
    if unit is None:
        return Refused(Code.ACT_UNKNOWN_MACHINE_CODE)
    code = (
        _credential_fault(unit, claim, request.proof)
        or _unit_fault(unit, request, type_facts)
        or (_device_fault(device, request) if device is not None else None)
    )
    if code is not None:
        return Refused(code)
    if device is None:
        return Refused(Code.CERT_KEY_REJECTED) if not isinstance(key, NewKey) else FirstActivation(unit)
    return _certificate_for(device, certificates, key, request, online=online, now=now)


def _credential_fault(unit: Unit, claim: Claim, proof: Proof) -> Code | None:
    match unit.credential:
        case CertificateCredential(fingerprint=registered, claim_id=registered_id):
            if claim.fingerprint is not None:
                same = hmac.compare_digest(registered, claim.fingerprint)
                return None if same else Code.CLAIM_BAD_CREDENTIAL
            if registered_id is None:
                return Code.CLAIM_BAD_CREDENTIAL  # nothing that ties this connection to this unit
            same = hmac.compare_digest(registered_id.encode(), claim.claim_id.encode())
            return None if same else Code.CLAIM_ID_MISMATCH
        case KeyCredential():
            match proof:
                case Proof.VALID:
                    return None
                case Proof.ABSENT:
                    return Code.CLAIM_BAD_CREDENTIAL
                case Proof.INVALID:
                    return Code.ACT_BAD_SIGNATURE
            assert_never(proof)
    assert_never(unit.credential)


def _unit_fault(unit: Unit, request: Request, type_facts: TypeFacts) -> Code | None:
    if not type_facts.known:
        return Code.ACT_TYPEID_UNKNOWN
    if request.type_id != unit.type_id:
        return Code.ACT_TYPEID_MISMATCH
    by_certificate = isinstance(unit.credential, CertificateCredential)
    if not (type_facts.accepts_certificate if by_certificate else type_facts.accepts_batch):
        return Code.CLAIM_NOT_AUTHORISED
    if not hmac.compare_digest(unit.mac_index, request.mac_index):
        return Code.ACT_MAC_MISMATCH
    return Code.ACT_BLOCKED if unit.blocked is not None else None


def _device_fault(device: Device, request: Request) -> Code | None:
    match device.status:
        case DeviceStatus.SUSPENDED | DeviceStatus.RETIRED:
            return Code.ACT_BLOCKED
        case DeviceStatus.QUARANTINED:
            return Code.CLAIM_DUPLICATE_ID
        case DeviceStatus.ACTIVATED:
            # A reset counter only ever rises: a lower one comes from an old request, or from a copy.
            return Code.ACT_REPLAYED if request.reset_counter < device.reset_counter else None
    assert_never(device.status)


def _certificate_for(
    device: Device, certificates: Iterable[Certificate], key: Key, request: Request, *, online: bool, now: datetime
) -> Decision:
    reset = request.reset_counter > device.reset_counter
    match key:
        case ForeignKey():
            return Refused(Code.CERT_KEY_REJECTED)
        case OwnKey(certificate=certificate) if certificate.device_id != device.device_id:
            return Refused(Code.CERT_KEY_REJECTED)
        case OwnKey(certificate=certificate):
            return _for_known_key(device, certificate, now, reset=reset)
        case NewKey():
            confirmed = any(one.state is CertificateState.CONFIRMED for one in certificates)
            if online and confirmed and not reset:
                return Quarantine(device)
            return NewCertificate(device, reset)
    assert_never(key)


def _for_known_key(
    device: Device, certificate: Certificate, now: datetime, *, reset: bool
) -> SameAnswer | NewCertificate | Refused:
    match certificate.state:
        case CertificateState.SUPERSEDED | CertificateState.REVOKED:
            # An old request, recorded and sent again, must not fetch an old certificate or revive an old key.
            return Refused(Code.ACT_REPLAYED)
        case CertificateState.EXPIRED:
            return NewCertificate(device, reset)
        case CertificateState.ISSUED | CertificateState.CONFIRMED if not _live(certificate, now):
            return NewCertificate(device, reset)  # over, and the sweep has not written it down yet
        case CertificateState.PREPARED | CertificateState.ISSUED | CertificateState.CONFIRMED:
            return SameAnswer(certificate, reset)
    assert_never(certificate.state)


def decide_renewal(
    *, device: Device, certificates: Iterable[Certificate], key: Key, now: datetime
) -> SameAnswer | NewCertificate | Refused:
    """Answer `up/renew`: over the running connection, with the device identity as the only credential.

    Args:
        device: whom the topic named.
        certificates: all its certificates.
        key: who used the request's key before.
        now: the present moment.
    """
    if device.status is not DeviceStatus.ACTIVATED or not any(_live(one, now) for one in certificates):
        return Refused(Code.ACT_BLOCKED)
    match key:
        case ForeignKey():
            return Refused(Code.CERT_KEY_REJECTED)
        case OwnKey(certificate=certificate) if certificate.device_id != device.device_id:
            return Refused(Code.CERT_KEY_REJECTED)
        case OwnKey(certificate=certificate) if _live(certificate, now) and due_for_renewal(certificate, now):
            return NewCertificate(device, reset=False)  # an appliance whose key is burnt in renews with the same one
        case OwnKey(certificate=certificate):
            return _for_known_key(device, certificate, now, reset=False)
        case NewKey():
            return NewCertificate(device, reset=False)
    assert_never(key)


def _live(certificate: Certificate, now: datetime) -> bool:
    return not isinstance(standing(certificate, now), Dead)
