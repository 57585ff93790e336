"""How far an activation came: the attempt that support reads, and the steps that the app shows."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from gateway.domain.attempts import Attempt, Outcome, learn, open_attempt, succeed
from gateway.domain.devices import Device
from gateway.domain.evidence import Evidence, Source
from gateway.domain.failures import Code, Stage, stage_of
from gateway.domain.identity import AttemptId, ClaimId, DeviceId, PairingId, UnitId
from gateway.domain.pairing import Pairing, PairingState
from gateway.domain.silence import PAIRING_OPENED, claim_connections_after_certificate, silence
from gateway.domain.units import CertificateCredential
from gateway.domain.verdicts import stage_reached
from gateway.usecases.counting import count_line, count_success
from gateway.usecases.repositories.attempts import AttemptKeys
from gateway.usecases.repositories.pairings import PairingStep
from gateway.usecases.services import Identifiers
from gateway.usecases.transaction import Transaction
from gateway.usecases.verdicts import noted

AT_ONCE: Final = 200
"""Overdue attempts that one transaction closes."""

LOST_ANSWERS: Final = 1
"""Connections with the claim certificate after a certificate was given that are nothing but a lost answer."""
CONNECTED: Final = "operational_connection"
CONNECTS_AT_MOST: Final = 5
"""More connections than that in one attempt, so within three minutes, are a fault of their own."""


class Step(StrEnum):
    """What the app is shown, in the order in which it happens."""

    REACHED_US = "reached_us"
    """The appliance's request arrived: local link, Wi-Fi, network, clock and TLS all worked."""
    ACTIVATED = "activated"
    PROVED = "proved"
    BOUND = "bound"
    CONNECTED = "connected"
    REPORTED = "reported"


@dataclass(frozen=True, slots=True)
class Facts:
    """Who is trying, as far as it is known."""

    claim_id: ClaimId | None = field(repr=False, default=None)
    unit_id: UnitId | None = field(repr=False, default=None)
    type_id: str | None = None
    firmware: str | None = None
    keys: AttemptKeys = field(repr=False, default=AttemptKeys())


def opened(tx: Transaction, pairing: Pairing, identifiers: Identifiers, now: datetime) -> Attempt:
    """A pairing is the first evidence of an attempt; both bear one trace id."""
    attempt = open_attempt(
        attempt_id=AttemptId(identifiers.new("t")),
        trace_id=pairing.trace_id,
        stage=Stage.PAIR,
        source=Source.APP,
        now=now,
    )
    attempt = learn(attempt, now=now, pairing_id=pairing.pairing_id)
    tx.attempts.add(attempt, AttemptKeys())
    line = Evidence(Source.APP, now, PAIRING_OPENED, stage=Stage.PAIR)
    tx.attempts.note(attempt.attempt_id, line)
    count_line(tx, line)
    tx.ring_at(attempt.deadline)
    return attempt


def attempt_for(
    tx: Transaction, facts: Facts, pairing: Pairing | None, identifiers: Identifiers, now: datetime
) -> Attempt:
    """The attempt that new evidence belongs to: the pairing's, the claim identity's, or a new one."""
    of_pairing = None
    if pairing is not None and pairing.state is not PairingState.CANCELLED:
        of_pairing = _going_on(tx.attempts.latest_of_pairing(pairing.pairing_id), facts, now)
    of_unit = None if facts.unit_id is None else _going_on(tx.attempts.latest_of_unit(facts.unit_id), facts, now)
    of_claim = None if facts.claim_id is None else _going_on(tx.attempts.latest_of_claim(facts.claim_id), facts, now)
    found = of_pairing or of_unit or of_claim
    if found is not None:
        # The app's pairing and the appliance's connection each opened one: they turn out to be the same try.
        for other in (of_unit, of_claim):
            if other is not None and _is_loose(other) and other.attempt_id != found.attempt_id:
                tx.attempts.absorb(found.attempt_id, other)
        learned = learn(found, now=now, unit_id=facts.unit_id, type_id=facts.type_id, firmware=facts.firmware)
        return tx.attempts.update(learned, facts.keys)
    return _fresh(tx, facts, None if pairing is None else pairing.pairing_id, identifiers, now)


def _fresh(
    tx: Transaction, facts: Facts, pairing_id: PairingId | None, identifiers: Identifiers, now: datetime
) -> Attempt:
    fresh = open_attempt(
        attempt_id=AttemptId(identifiers.new("t")),
        trace_id=identifiers.trace_id(),
        stage=Stage.CLAIM,
        source=Source.CLAIM,
        now=now,
    )
    fresh = learn(
        fresh,
        now=now,
        pairing_id=pairing_id,
        unit_id=facts.unit_id,
        type_id=facts.type_id,
        firmware=facts.firmware,
    )
    tx.attempts.add(fresh, facts.keys)
    tx.ring_at(fresh.deadline)
    return fresh


def refusable(
    tx: Transaction, facts: Facts, pairing: Pairing | None, identifiers: Identifiers, code: Code, now: datetime
) -> Attempt:
    """The attempt that a refusal of ours belongs to.

    It is the one under way, unless that came further than what is refused now: then the refusal gets an attempt of its
    own. What works must not be told as failed, and a refusal must not be lost in it. It bears neither unit nor pairing,
    by which the one under way goes on being found; support finds it by its trace id and the blind indexes.
    """
    attempt = attempt_for(tx, facts, pairing, identifiers, now)
    if attempt.outcome is Outcome.SUCCEEDED:
        return _fresh(tx, facts, None, identifiers, now)  # a try of its own, after one that is done
    # A connection that is refused after others stood is the same appliance's: the verdict weighs the two.
    if attempt.stage_reached.digit <= stage_of(code).digit or stage_of(code) is Stage.OPCONN:
        return attempt
    return _fresh(tx, replace(facts, unit_id=None), None, identifiers, now)


def refused(
    tx: Transaction,
    facts: Facts,
    pairing: Pairing | None,
    identifiers: Identifiers,
    code: Code,
    source: Source,
    says: str,
    now: datetime,
) -> Attempt:
    """Record a refusal of ours where it belongs (see `refusable`), with its code."""
    return failed(tx, refusable(tx, facts, pairing, identifiers, code, now), code, source, says, now)


def _going_on(attempt: Attempt | None, facts: Facts, now: datetime) -> Attempt | None:
    """The attempt, if new evidence still belongs to it: not over, and not another unit's (a batch shares one claim).

    One that has just succeeded counts as well: a request delivered again (QoS 1) is no new try, and would lapse as one.
    """
    if attempt is None or now >= attempt.deadline:
        return None
    foreign = None not in (attempt.unit_id, facts.unit_id) and attempt.unit_id != facts.unit_id
    return None if foreign else attempt


def _is_loose(attempt: Attempt) -> bool:
    """An attempt that may turn out to be part of another: of no pairing, and not done."""
    return attempt.pairing_id is None and attempt.outcome is not Outcome.SUCCEEDED


def advanced(tx: Transaction, attempt: Attempt, stage: Stage, source: Source, says: str, now: datetime) -> Attempt:
    """The attempt was seen at a stage."""
    return noted(tx, attempt, [Evidence(source, now, says, stage=stage)], now)


def failed(tx: Transaction, attempt: Attempt, code: Code, source: Source, says: str, now: datetime) -> Attempt:
    """The attempt stopped with a code. `says` is a name of ours, never a value of the request."""
    return noted(tx, attempt, [failure(code, source, says, now)], now)


def failure(code: Code, source: Source, says: str, now: datetime) -> Evidence:
    """The line that says so."""
    return Evidence(source, now, says, code.value, stage_of(code), code)


def failed_as(tx: Transaction, device_id: DeviceId, code: Code, source: Source, says: str, now: datetime) -> None:
    """Something of an activated device is not as it should be: it belongs to its attempt, if one is under way."""
    device = tx.devices.get(device_id)
    attempt = None if device is None else tx.attempts.latest_of_unit(device.unit_id)
    if attempt is not None and attempt.takes_more(now):
        failed(tx, attempt, code, source, says, now)


def came_as_claim(tx: Transaction, attempt: Attempt, now: datetime) -> None:
    """It came with its claim certificate: once after it got its own may be a lost answer, again is a fault."""
    unit = None if attempt.unit_id is None else tx.units.get(attempt.unit_id)
    if unit is None or not isinstance(unit.credential, CertificateCredential):
        return  # a batch shares one claim certificate: this may be another unit
    evidence = tx.attempts.evidence(attempt.attempt_id)
    if stage_reached(evidence) is Stage.CERT and claim_connections_after_certificate(evidence) > LOST_ANSWERS:
        failed(tx, attempt, Code.OPCONN_STILL_CLAIM, Source.BROKER, "claim_connected_again", now)


def step(tx: Transaction, pairing: Pairing | None, reached: Step, now: datetime, code: Code | None = None) -> None:
    """Show a step to the app that opened the pairing. The first time counts."""
    if pairing is None or not tx.pairings.note_step(pairing.pairing_id, PairingStep(reached.value, now, code)):
        return
    data = {"pairing_id": pairing.pairing_id, "step": reached.value, "trace_id": pairing.trace_id}
    tx.emit(pairing.account_id, "pairing.step", data, now, pairing_id=pairing.pairing_id)


def reached(tx: Transaction, device_id: DeviceId, stage: Stage, now: datetime) -> None:
    """An activated device was seen connected (`opconn`) or reporting (`first`): tell its attempt and its pairing."""
    device = tx.devices.get(device_id)
    attempt = None if device is None else tx.attempts.latest_of_unit(device.unit_id)
    if device is None or attempt is None or attempt.outcome is Outcome.SUCCEEDED:
        return
    pairing = None if attempt.pairing_id is None else tx.pairings.get(attempt.pairing_id)
    # Stricter than `has_left`: also one that was refused has proved nothing by which it could know.
    if pairing is not None and tx.bindings.one(pairing.account_id, device_id) is None:
        pairing = None  # not theirs, or not any more: whether the appliance is there is not theirs to know
    bound = any(one.epoch == device.epoch for one in tx.bindings.of_device(device_id))
    if stage is Stage.FIRST and not bound:
        return  # connected is not bound: the attempt waits for its pairing
    step(tx, pairing, Step.CONNECTED if stage is Stage.OPCONN else Step.REPORTED, now)
    if not attempt.takes_more(now):
        return
    says = CONNECTED if stage is Stage.OPCONN else "first_report"
    lines = [Evidence(Source.GATEWAY, now, says, stage=stage)]
    if stage is Stage.OPCONN:
        if _connections(tx, attempt) >= CONNECTS_AT_MOST:
            # Both at once: after the connection alone it would be told to have recovered, and to fail anew after that.
            lines.append(failure(Code.OPCONN_FLAPPING, Source.GATEWAY, "connects_again_and_again", now))
        attempt = noted(tx, attempt, lines, now)
        if _more_to_come(tx, attempt, device, bound=bound):
            return
    else:
        tx.attempts.note(attempt.attempt_id, lines[0])
        count_line(tx, lines[0])
    evidence = tx.attempts.evidence(attempt.attempt_id)
    count_success(tx, stage, evidence)
    tx.attempts.update(succeed(attempt, evidence, now, stage))


def _connections(tx: Transaction, attempt: Attempt) -> int:
    evidence = tx.attempts.evidence(attempt.attempt_id)
    return sum(1 for line in evidence if line.says == CONNECTED and line.source is Source.GATEWAY)


def _more_to_come(tx: Transaction, attempt: Attempt, device: Device, *, bound: bool) -> bool:
    """Whether a connected appliance still has something to reach.

    Not one that has reported to its owner before, and was only activated anew; nor one that nobody is pairing: it
    waits for an owner, which is no failure.
    """
    if not bound:
        return attempt.pairing_id is not None
    known = tx.states.lock([device.device_id]).get(device.device_id)
    return known is None or known.epoch != device.epoch


def close_overdue(tx: Transaction, now: datetime) -> int:
    """Write down the silence of attempts that were not heard of in time; returns how many. It becomes a result."""
    overdue = tx.attempts.overdue(now, AT_ONCE)
    for attempt in overdue:
        noted(tx, attempt, [silence(tx.attempts.evidence(attempt.attempt_id), now)], now)
    return len(overdue)


def next_deadline(tx: Transaction) -> datetime | None:
    """When the next open attempt runs out."""
    return tx.attempts.next_due()
