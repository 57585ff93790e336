"""Binding: verdicts on proofs. One transaction each, told to appliance and app."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol, assert_never

from gateway.domain import binding as rules
from gateway.domain.binding import AlreadyYours, BindRefused, NowYours, Ownership, ReleaseAsked, ReleaseWaiting, Role
from gateway.domain.devices import Device
from gateway.domain.evidence import Source
from gateway.domain.failures import CATALOGUE, Code, Retry, Stage
from gateway.domain.identity import AccountId, DeviceId
from gateway.domain.pairing import Pairing
from gateway.protocol.codec import encode
from gateway.protocol.messages import UnsignedVerdict
from gateway.protocol.signing import verdict_signing_bytes
from gateway.protocol.topics import DownChannel, DownTopic
from gateway.usecases import progress
from gateway.usecases.outbox import Counted
from gateway.usecases.progress import Facts, Step
from gateway.usecases.services import CommandSigner, Identifiers, TokenPurpose, Tokens
from gateway.usecases.transaction import Transaction

VERDICT_RESENT_FOR: Final = timedelta(hours=1)
"""An appliance that says hello within this time after a verdict gets it again; later only when its epoch is wrong."""


class BindingServices(Protocol):
    """What binding needs besides the transaction."""

    @property
    def tokens(self) -> Tokens: ...  # noqa: D102 - the type says it
    @property
    def identifiers(self) -> Identifiers: ...  # noqa: D102
    @property
    def signer(self) -> CommandSigner: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a proof."""

    bound: bool
    epoch: int
    trace_id: str
    device: Device = field(repr=False)
    """As it is stored now."""
    code: Code | None = None


def pairing_of_token(tx: Transaction, services: BindingServices, token: str | None) -> Pairing | None:
    """The pairing that a token was made for, open or not."""
    if token is None:
        return None
    return tx.pairings.by_token(services.tokens.digest(TokenPurpose.BIND, token))


def ownership_of(tx: Transaction, device: Device) -> Ownership:
    """Whom a device serves now."""
    bindings = tx.bindings.of_device(device.device_id)
    current = rules.ownership_of(device, bindings)
    row = tx.bindings.waiting(device.device_id)
    if row is None or not isinstance(current, rules.Bound):
        return current
    newcomer, asked_at, until, epoch = row
    if epoch != device.epoch:
        return current
    waiting = ReleaseWaiting(current.owner, current.members, newcomer, asked_at, until)
    return rules.ownership_of(device, bindings, waiting)


def present_token(
    tx: Transaction,
    services: BindingServices,
    device: Device,
    pairing: Pairing | None,
    now: datetime,
    *,
    request_id: str | None = None,
    connected: bool = True,
) -> Verdict:
    """Decide on a token that an appliance brought, store the outcome, and tell appliance and app from one commit.

    Args:
        tx: the open transaction.
        services: keys and ids.
        device: the device, as stored.
        pairing: the pairing of the token, None when there is none.
        now: the present moment.
        request_id: of `up/bind`; the verdict repeats it.
        connected: False within an activation: the appliance is not listening under its device identity yet, so its
            verdict is kept for its first hello.
    """
    held = 0 if pairing is None else tx.bindings.owned(pairing.account_id)
    outcome = rules.present_token(
        device=device, ownership=ownership_of(tx, device), pairing=pairing, held=held, now=now
    )
    match outcome:
        case NowYours(device=bound, binding=binding, pairing=closed):
            device = tx.devices.update(bound)
            tx.bindings.put(binding)
            _close(tx, pairing, closed, now, "bound")
            data = {"device_id": device.device_id, "epoch": device.epoch}
            tx.emit(closed.account_id, "device.bound", data, now, device_id=device.device_id, epoch=device.epoch)
        case AlreadyYours(binding=binding, pairing=closed):
            tx.bindings.put(binding)
            tx.bindings.forget_release(device.device_id)
            _close(tx, pairing, closed, now, "bound")
        case ReleaseAsked(waiting=waiting, pairing=closed):
            tx.bindings.ask_release(waiting)
            tx.ring_at(waiting.until)
            _close(tx, pairing, closed, now, "refused")
            data = {"device_id": device.device_id, "until": waiting.until.isoformat()}
            tx.emit(
                waiting.owner.account_id,
                "device.release_asked",
                data,
                now,
                device_id=device.device_id,
                epoch=device.epoch,
            )
        case BindRefused(pairing=closed):
            _close(tx, pairing, closed, now, "refused")
        case _:
            assert_never(outcome)
    return _tell(tx, services, device, pairing, outcome, request_id, now, connected=connected)


def _close(tx: Transaction, before: Pairing | None, after: Pairing | None, now: datetime, outcome: str) -> None:
    if before is None or after is None or after == before:
        return
    tx.pairings.update(after)
    tx.count(Counted.PAIRING, after.state.value)
    progress.step(tx, before, Step.PROVED, now)
    if outcome == "bound":
        progress.step(tx, before, Step.BOUND, now)
    data: dict[str, object] = {"pairing_id": after.pairing_id, "status": after.state.value, "trace_id": after.trace_id}
    if after.device_id is not None and outcome == "bound":
        data["device_id"] = after.device_id
    if after.code is not None:
        data |= {"code": after.code.value, "number": CATALOGUE[after.code].number}
    tx.emit(after.account_id, "pairing.closed", data, now, pairing_id=after.pairing_id)


def _tell(
    tx: Transaction,
    services: BindingServices,
    device: Device,
    pairing: Pairing | None,
    outcome: rules.BindOutcome,
    request_id: str | None,
    now: datetime,
    *,
    connected: bool,
) -> Verdict:
    code = _code_of(outcome)
    repeated = None
    if pairing is not None and isinstance(outcome, AlreadyYours) and outcome.pairing == pairing:
        # The same message again, after a crash say. By now its attempt may have succeeded: it gets no second one, which
        # would wait for a first report that came long ago, and be told as failed.
        repeated = tx.attempts.latest_of_pairing(pairing.pairing_id)
    facts = Facts(unit_id=device.unit_id, firmware=device.firmware)
    if code is None:
        attempt = repeated or progress.attempt_for(tx, facts, pairing, services.identifiers, now)
        progress.advanced(tx, attempt, Stage.BIND, Source.GATEWAY, "bound", now)
    else:
        attempt = progress.refused(tx, facts, pairing, services.identifiers, code, Source.GATEWAY, "bind_refused", now)
    verdict = Verdict(code is None, device.epoch, attempt.trace_id, device, code)
    message = signed_verdict(services, verdict, request_id, now)
    # A refusal never takes the place of what the appliance may still have to hear: "wipe", or "bound".
    if code is None or tx.bindings.verdict(device.device_id) is None:
        tx.bindings.remember_verdict(device.device_id, message, now)
    if connected:
        tx.publish(str(DownTopic(device.device_id, DownChannel.BIND)), message, now)
    return verdict


def _code_of(outcome: rules.BindOutcome) -> Code | None:
    match outcome:
        case NowYours() | AlreadyYours():
            return None
        case ReleaseAsked():
            return Code.BIND_OWNED
        case BindRefused(code=code):
            return code
    assert_never(outcome)


def signed_verdict(
    services: BindingServices, verdict: Verdict, request_id: str | None, now: datetime, *, wipe: bool = False
) -> bytes:
    """A verdict as the appliance gets it. `wipe`: whatever belonged to somebody has to go."""
    failure = None if verdict.code is None else CATALOGUE[verdict.code]
    unsigned = UnsignedVerdict(
        verdict_id=services.identifiers.uuid7(now),
        request_id=request_id,
        bound=verdict.bound,
        epoch=verdict.epoch,
        code=None if verdict.code is None else verdict.code.value,
        number=None if failure is None else failure.number,
        trace_id=verdict.trace_id,
        wipe=wipe,
        retry=None if failure is None else failure.retry.value,
        retry_after_s=failure.retry_after_s if failure is not None and failure.retry is Retry.AFTER else None,
        time=now,
    )
    return encode(unsigned.signed(services.signer.sign(verdict_signing_bytes(verdict.device.device_id, unsigned))))


def owner_of(tx: Transaction, device_id: DeviceId) -> AccountId | None:
    """The account that owns a device now."""
    device = tx.devices.get(device_id)
    if device is None:
        return None
    current = [one for one in tx.bindings.of_device(device_id) if one.epoch == device.epoch]
    return next((one.account_id for one in current if one.role is Role.OWNER), None)
