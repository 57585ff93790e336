"""The label: pairing by the code that is printed on the appliance.

The code has few bits, so its protection is the limit of tries, counted for the unit *and* for the account. A failed try
never destroys the code: the label cannot be printed again. Until the code is right, nothing is told: an unknown unit, a
wrong code and a unit without a code answer alike.
"""

import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from gateway.domain.binding import BindOutcome, BindRefused, Ownership, Unbound, binding_of, settle
from gateway.domain.devices import Device
from gateway.domain.failures import Code
from gateway.domain.pairing import Pairing, expire
from gateway.domain.throttle import Tries, Wait, check_tries, count_try

_NO_CODE: Final = bytes(32)
"""Compared against when the unit has no code or is unknown, so that both take the same time. No digest is all zeros."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """What the registry and the device table say of the unit that a person named. All None when it is unknown."""

    expected: bytes | None
    """Keyed digest of the code on the label."""
    device: Device | None
    """None before its first activation."""
    ownership: Ownership
    online: bool


@dataclass(frozen=True, slots=True)
class LabelAnswer:
    """What became of one try. The tries of both are to be stored, whatever the outcome."""

    outcome: BindOutcome
    unit_tries: Tries
    account_tries: Tries
    retry_after_s: int | None = None


def claim_by_label(
    *,
    pairing: Pairing,
    labelled: Labelled,
    presented: bytes,
    unit_tries: Tries,
    account_tries: Tries,
    held: int,
    now: datetime,
) -> LabelAnswer:
    """Answer one try.

    Args:
        pairing: the account's consent.
        labelled: the unit that it named.
        presented: keyed digest of the code as typed, in its normal form.
        unit_tries: wrong tries at this unit, by anybody.
        account_tries: wrong tries of this account, at any unit.
        held: how many devices the account owns.
        now: the present moment.
    """

    def answer(outcome: BindOutcome, wait: Wait | None = None) -> LabelAnswer:
        return LabelAnswer(outcome, unit_tries, account_tries, wait.seconds if wait else None)

    if not pairing.is_open(now):
        return answer(BindRefused(Code.BIND_TOKEN_EXPIRED, expire(pairing, now)))
    for tries in (unit_tries, account_tries):
        verdict = check_tries(tries, now)
        if isinstance(verdict, Wait):
            return answer(BindRefused(Code.ACT_RATE_LIMITED, pairing), verdict)
    right = hmac.compare_digest(labelled.expected or _NO_CODE, presented) and labelled.expected is not None
    if not right:
        return LabelAnswer(
            BindRefused(Code.PAIR_PROOF_MISMATCH, pairing), count_try(unit_tries, now), count_try(account_tries, now)
        )
    if labelled.device is None or not labelled.online:
        return answer(BindRefused(Code.BIND_NO_PRESENCE, pairing))
    if binding_of(labelled.ownership, pairing.account_id, now) is None and _owned(labelled):
        # A code can be photographed and never changes: it neither takes a device from somebody nor asks them to let go.
        return answer(BindRefused(Code.BIND_OWNED, pairing))
    return answer(
        settle(device=labelled.device, ownership=labelled.ownership, pairing=pairing, held=held, now=now),
    )


def _owned(labelled: Labelled) -> bool:
    return not isinstance(labelled.ownership, Unbound)
