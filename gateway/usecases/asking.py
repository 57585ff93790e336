"""An appliance that asks to be activated: who it says to be, what its asking proves, and how it is told no."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from gateway.domain.app_reports import Heard, radio_line
from gateway.domain.attempts import Attempt
from gateway.domain.evidence import Evidence, Source
from gateway.domain.failures import CATALOGUE, Code, Retry, Stage
from gateway.domain.identity import ClaimId
from gateway.domain.pairing import Pairing
from gateway.domain.units import Unfit, Unit, normal_mac, normal_machine_code, tail_of
from gateway.protocol.codec import encode
from gateway.protocol.messages import ActivationRefused, ActivationRequest
from gateway.protocol.topics import ClaimChannel, ClaimTopic
from gateway.usecases import progress
from gateway.usecases.progress import Facts, Step
from gateway.usecases.remembered import remember
from gateway.usecases.repositories.attempts import AttemptKeys
from gateway.usecases.services import BlindIndexes, Identifiers, IndexedField
from gateway.usecases.transaction import Transaction
from gateway.usecases.verdicts import noted


@dataclass(frozen=True, slots=True)
class Asked:
    """A request with what was looked up for it."""

    claim_id: ClaimId = field(repr=False)
    request: ActivationRequest = field(repr=False)
    unit: Unit | None
    keys: AttemptKeys = field(repr=False)
    pairing: Pairing | None

    def facts(self, *, proven: bool = True) -> Facts:
        """Who is trying. Who did not prove to be the unit has no part in the unit's attempts."""
        return Facts(
            claim_id=self.claim_id,
            unit_id=self.unit.unit_id if proven and self.unit is not None else None,
            type_id=self.request.type_id,
            firmware=self.request.firmware,
            keys=self.keys,
        )


UNPROVEN: Final = frozenset(
    {
        Code.ACT_UNKNOWN_MACHINE_CODE,
        Code.CLAIM_BAD_CREDENTIAL,
        Code.CLAIM_ID_MISMATCH,
        Code.ACT_BAD_SIGNATURE,
    }
)
"""Refusals of somebody who may be anybody."""


def refuse_unread(
    tx: Transaction,
    identifiers: Identifiers,
    claim_id: ClaimId,
    request_id: str | None,
    code: Code,
    says: str,
    now: datetime,
) -> None:
    """Record a request that could not even be looked at (malformed, a secret in it, too many), and answer if it can be.

    Args:
        tx: the open transaction.
        identifiers: makes ids.
        claim_id: who asked.
        request_id: of the request, where it could be read; without one there is nothing to answer.
        code: why.
        says: a name of ours for what happened; never a value.
        now: the present moment.
    """
    facts = Facts(claim_id=claim_id, keys=AttemptKeys(claim_id=claim_id))
    attempt = progress.refused(tx, facts, None, identifiers, code, Source.CLAIM, says, now)
    if request_id is not None:
        _answer_refusal(tx, claim_id, request_id, attempt, code, now)


def look_up(
    tx: Transaction, indexes: BlindIndexes, pairing: Pairing | None, claim_id: ClaimId, request: ActivationRequest
) -> Asked:
    """Find the unit that a request names. `pairing` is that of its token."""
    mac = _normal(normal_mac(request.mac), request.mac)
    machine_code = _normal(normal_machine_code(request.machine_code), request.machine_code)
    mac_index = indexes.index(IndexedField.MAC, mac)
    machine_code_index = indexes.index(IndexedField.MACHINE_CODE, machine_code)
    return Asked(
        claim_id=claim_id,
        request=request,
        unit=tx.units.by_machine_code(machine_code_index),
        keys=AttemptKeys(claim_id, mac_index, tail_of(mac), machine_code_index, tail_of(machine_code)),
        pairing=pairing,
    )


def recorded(tx: Transaction, asked: Asked, attempt: Attempt, now: datetime) -> Attempt:
    """The attempt with what the request itself proves: that it arrived, and what the appliance remembers."""
    lines = [Evidence(Source.CLAIM, now, "request_arrived", stage=Stage.CLAIM)]
    if (radio := asked.request.radio) is not None:
        lines.append(radio_line(Heard(radio.rssi, radio.band, radio.security), Source.APPLIANCE, now))
    attempt = noted(tx, attempt, lines, now)
    attempt = remember(tx, attempt, asked.pairing, asked.request.history or (), now)
    progress.step(tx, asked.pairing, Step.REACHED_US, now)
    return attempt


def _normal(normal: str | Unfit, given: str) -> str:
    """What has no normal form is in no registry: it is looked up as it is, and missed like any unknown one."""
    return given if isinstance(normal, Unfit) else normal


def refuse(
    tx: Transaction,
    identifiers: Identifiers,
    asked: Asked,
    code: Code,
    says: str,
    now: datetime,
    *,
    proven: bool = True,
) -> None:
    """Record a refused request in the attempt that it belongs to, and tell the appliance and the app."""
    facts = asked.facts(proven=proven)
    attempt = progress.refusable(tx, facts, asked.pairing, identifiers, code, now)
    attempt = progress.failed(tx, recorded(tx, asked, attempt, now), code, Source.GATEWAY, says, now)
    pairing = asked.pairing
    if pairing is not None:
        failure = CATALOGUE[code]
        data = {
            "pairing_id": pairing.pairing_id,
            "code": code.value,
            "number": failure.number,
            "retry": failure.retry.value,
            "trace_id": attempt.trace_id,
        }
        tx.emit(pairing.account_id, "pairing.refused", data, now, pairing_id=pairing.pairing_id)
    _answer_refusal(tx, asked.claim_id, asked.request.request_id, attempt, code, now)


def _answer_refusal(
    tx: Transaction, claim_id: ClaimId, request_id: str, attempt: Attempt, code: Code, now: datetime
) -> None:
    failure = CATALOGUE[code]
    reply = ActivationRefused(
        request_id=request_id,
        code=code.value,
        number=failure.number,
        retry=failure.retry.value,
        retry_after_s=failure.retry_after_s if failure.retry is Retry.AFTER else None,
        trace_id=attempt.trace_id,
    )
    tx.publish(str(ClaimTopic(claim_id, ClaimChannel.REPLY)), encode(reply), now)
