"""Connections to the broker: who may connect, what a hello means, and what the broker's log says."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from gateway.domain.binding import Unbound
from gateway.domain.certificates import Alive, Certificate, CertificateState, Dead, RenewOnly, standing
from gateway.domain.devices import Device, DeviceStatus
from gateway.domain.evidence import Evidence, Source
from gateway.domain.failures import Code, Stage
from gateway.domain.identity import ClaimId, DeviceId, Kind
from gateway.domain.presence import REPORT_EVERY
from gateway.domain.silence import CLAIM_CONNECTED
from gateway.protocol.codec import encode
from gateway.protocol.messages import Hello, Report, Welcome
from gateway.protocol.topics import DownChannel, DownTopic
from gateway.usecases import binding, commands, presence, progress
from gateway.usecases.binding import VERDICT_RESENT_FOR
from gateway.usecases.certificates import confirm_seen
from gateway.usecases.homes import SAME_HOME_FOR, tell_home
from gateway.usecases.progress import Facts
from gateway.usecases.repositories.attempts import AttemptKeys
from gateway.usecases.services import CommandSigner, Identifiers
from gateway.usecases.transaction import Transaction
from gateway.usecases.verdicts import noted

CLOCK_SKEW: Final = timedelta(minutes=5)
"""An appliance whose clock is further off works, because the welcome tells it the time; support should know."""


class Standing(StrEnum):
    """What a connection may do."""

    FULL = "full"
    RENEW_ONLY = "renew_only"


@dataclass(frozen=True, slots=True)
class Connecting:
    """A connection attempt whose certificate was issued by the authority that fits its kind."""

    kind: Kind
    common_name: str = field(repr=False)
    client_id: str = field(repr=False)
    serial: str = field(repr=False)
    fingerprint: bytes = field(repr=False)
    not_after: datetime
    """The certificate's X.509 end."""
    address_index: bytes | None = field(repr=False, default=None)
    """Keyed digest of the home that it came from, where the broker tells."""


@dataclass(frozen=True, slots=True)
class Permitted:
    """It may connect."""

    standing: Standing
    until: datetime


@dataclass(frozen=True, slots=True)
class Denied:
    """It may not, and why."""

    code: Code


def decide(tx: Transaction, connecting: Connecting, identifiers: Identifiers, now: datetime) -> Permitted | Denied:
    """Decide on one connection, and keep what it proves: each attempt to connect is evidence with a name."""
    match connecting.kind:
        case Kind.GATEWAY:
            return Permitted(Standing.FULL, connecting.not_after)
        case Kind.CLAIM:
            return _decide_claim(tx, connecting, identifiers, now)
        case Kind.DEVICE:
            return _decide_device(tx, connecting, identifiers, now)


def _decide_claim(
    tx: Transaction, connecting: Connecting, identifiers: Identifiers, now: datetime
) -> Permitted | Denied:
    claim_id = ClaimId(connecting.common_name)
    facts = Facts(claim_id=claim_id, keys=AttemptKeys(claim_id=claim_id))
    if connecting.client_id != connecting.common_name:
        code = Code.CLAIM_ID_MISMATCH
        says = "client_id_differs"
        attempt = progress.refused(tx, facts, None, identifiers, code, Source.BROKER, says, now)
        line = progress.failure(code, Source.BROKER, says, now)
        tell_home(tx, connecting.address_index, attempt, line, now)
        return Denied(code)
    tx.units.claim_connected(claim_id, connecting.fingerprint, now)
    attempt = progress.attempt_for(tx, facts, None, identifiers, now)
    line = Evidence(Source.BROKER, now, CLAIM_CONNECTED, stage=Stage.CLAIM)
    attempt = noted(tx, attempt, [line], now)
    progress.came_as_claim(tx, attempt, now)
    tell_home(tx, connecting.address_index, attempt, line, now)
    return Permitted(Standing.FULL, connecting.not_after)


def _decide_device(
    tx: Transaction, connecting: Connecting, identifiers: Identifiers, now: datetime
) -> Permitted | Denied:
    device_id = DeviceId(connecting.common_name)
    certificate = tx.certificates.get(connecting.serial)
    device = tx.devices.get(device_id)
    known = certificate is not None and certificate.fingerprint == connecting.fingerprint
    if device is None or certificate is None or not known or certificate.device_id != device_id:
        return Denied(Code.TLS_CLIENT_CERT_INVALID)
    code = None
    if connecting.client_id != connecting.common_name:
        code = Code.OPCONN_ID_MISMATCH
    elif device.status is not DeviceStatus.ACTIVATED:
        code = Code.OPCONN_ACL_DENIED
    allowed = standing(certificate, now)
    if code is None and isinstance(allowed, Dead):
        code = Code.OPCONN_CERT_REJECTED
    if code is not None:
        facts = Facts(unit_id=device.unit_id)
        progress.refused(tx, facts, None, identifiers, code, Source.BROKER, "connection_refused", now)
        return Denied(code)
    if tx.devices.connected_serial(device_id) != certificate.serial:
        tx.devices.connected_with(device_id, certificate.serial)
    _tell_home_of_device(tx, connecting, device, certificate, now)
    match allowed:
        case RenewOnly():
            return Permitted(Standing.RENEW_ONLY, certificate.x509_not_after)
        case Alive() | Dead():
            return Permitted(Standing.FULL, certificate.x509_not_after)


def _tell_home_of_device(
    tx: Transaction, connecting: Connecting, device: Device, certificate: Certificate, now: datetime
) -> None:
    """One that was activated just now and serves nobody is probably what the home's only pairing waits for.

    Its own attempt is done when it is connected: without a token nothing but the address ties it to the pairing.
    """
    fresh = certificate.state is CertificateState.ISSUED and now - certificate.prepared_at <= SAME_HOME_FOR
    if connecting.address_index is None or not fresh or binding.owner_of(tx, device.device_id) is not None:
        return
    line = Evidence(Source.BROKER, now, progress.CONNECTED, stage=Stage.OPCONN)
    tell_home(tx, connecting.address_index, tx.attempts.latest_of_unit(device.unit_id), line, now)


def said_hello(tx: Transaction, signer: CommandSigner, device_id: DeviceId, hello: Hello, now: datetime) -> str | None:
    """A session begins: the certificate is confirmed, the appliance is welcomed and gets what it missed.

    Returns:
        None, or why it gets no answer: a device that may not work.
    """
    device = tx.devices.get(device_id)
    if device is None or device.status is not DeviceStatus.ACTIVATED:
        return "unknown_device"
    confirm_seen(tx, device_id, hello.serial or tx.devices.connected_serial(device_id), now)
    told = replace(
        device,
        firmware=hello.firmware,
        descriptor_version=hello.descriptor_version,
        reset_counter=max(device.reset_counter, hello.reset_counter),
    )
    if told != device:
        device = tx.devices.update(told)
    presence.said_hello(tx, device_id, hello.boot, now)
    if hello.clock is not None and abs(hello.clock - now) > CLOCK_SKEW:
        code = Code.FIRST_CLOCK_SKEW
        progress.failed_as(tx, device_id, code, Source.GATEWAY, "clock_is_off", now)
    progress.reached(tx, device_id, Stage.OPCONN, now)
    bound = binding.owner_of(tx, device_id) is not None
    welcome = Welcome(
        time=now,
        epoch=device.epoch,
        bound=bound,
        command_key=signer.public_key,
        report=Report(every_s=int(REPORT_EVERY.total_seconds()), full=bound),
    )
    tx.publish(str(DownTopic(device_id, DownChannel.WELCOME)), encode(welcome), now)
    verdict = tx.bindings.verdict(device_id)
    missed = verdict is not None and (hello.epoch != device.epoch or now - verdict.at < VERDICT_RESENT_FOR)
    # A verdict from before a factory reset would have it show "paired" although nobody proved to hold it since.
    if verdict is not None and missed and not _was_reset(tx, device):
        tx.publish(str(DownTopic(device_id, DownChannel.BIND)), verdict.message, now)
    commands.resume(tx, signer, device, now)
    return None


def _was_reset(tx: Transaction, device: Device) -> bool:
    """True when the appliance was reset to factory settings after its owner last proved to hold it."""
    ownership = binding.ownership_of(tx, device)
    return not isinstance(ownership, Unbound) and device.reset_counter > ownership.owner.reset_counter
