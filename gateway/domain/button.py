"""The button: pairing by a press on the appliance and six digits.

The appliance reports the press with a nonce that it made. The gateway derives six digits from the nonce and the pairing
and shows them on the appliance only; the person types them into the app. Were the app told the digits, somebody far
away who opened a pairing at the right moment could confirm them too: only who stands in front of the appliance reads
them. Once they were typed, both show them.
"""

import hashlib
import hmac
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from gateway.domain.binding import BindOutcome, BindRefused, Ownership, settle
from gateway.domain.devices import Device
from gateway.domain.failures import Code
from gateway.domain.identity import DeviceId, PairingId
from gateway.domain.pairing import Pairing, expire

PRESS_LIFE: Final = timedelta(seconds=120)
"""From the press to the digits, typed."""
SHORTEST_NONCE: Final = 16
"""Octets."""


@dataclass(frozen=True, slots=True)
class Press:
    """One press on one appliance. Its nonce works once: `joined_by` is set with the first pairing that asks."""

    device_id: DeviceId = field(repr=False)
    nonce: bytes = field(repr=False)
    at: datetime
    joined_by: PairingId | None = field(repr=False, default=None)
    answered: bool = False
    """Digits were typed, right or wrong."""

    def is_fresh(self, now: datetime) -> bool:
        """True for 120 seconds."""
        return now < self.at + PRESS_LIFE


@dataclass(frozen=True, slots=True)
class Joined:
    """A press and a pairing belong together now: show the digits on the appliance."""

    press: Press
    digits: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ButtonAnswer:
    """What became of the typed digits. The press is to be stored, whatever the outcome: it is used up."""

    outcome: BindOutcome
    press: Press | None


def pressed(device: Device, nonce: bytes, earlier: Press | None, now: datetime) -> Press | None:
    """A press is reported. The newest counts; the same nonce again is the same press; a short nonce is none."""
    if len(nonce) < SHORTEST_NONCE:
        return None
    if earlier is not None and hmac.compare_digest(earlier.nonce, nonce):
        return earlier
    return Press(device.device_id, nonce, now)


def digits_for(nonce: bytes, pairing_id: PairingId) -> str:
    """Six digits: SHA-256 over a label, the pairing and the nonce, first eight octets modulo a million.

    Eight octets keep the bias of the modulus under 1 in 10^13.
    """
    digest = hashlib.sha256(b"hearthgate-button-1\0" + pairing_id.encode() + b"\0" + nonce).digest()
    return f"{int.from_bytes(digest[:8]) % 1_000_000:06d}"


def join(*, pairing: Pairing, press: Press | None, now: datetime) -> Joined | BindRefused:
    """The app asks for an appliance whose button was pressed.

    One press serves one pairing: a second one that asks is told that somebody else is pairing.
    """
    if not pairing.is_open(now):
        return BindRefused(Code.BIND_TOKEN_EXPIRED, expire(pairing, now))
    if press is None or press.answered or not press.is_fresh(now):
        return BindRefused(Code.BIND_NO_PRESENCE, pairing)
    if press.joined_by not in {None, pairing.pairing_id}:
        return BindRefused(Code.PAIR_BUSY, pairing)
    return Joined(replace(press, joined_by=pairing.pairing_id), digits_for(press.nonce, pairing.pairing_id))


def confirm(
    *,
    pairing: Pairing,
    press: Press | None,
    typed: str,
    device: Device,
    ownership: Ownership,
    held: int,
    now: datetime,
) -> ButtonAnswer:
    """The person typed what the appliance shows. One try a press: a wrong one needs another press."""
    if not pairing.is_open(now):
        return ButtonAnswer(BindRefused(Code.BIND_TOKEN_EXPIRED, expire(pairing, now)), press)
    if press is None or press.answered or press.joined_by != pairing.pairing_id:
        return ButtonAnswer(BindRefused(Code.BIND_NO_PRESENCE, pairing), press)
    if press.device_id != device.device_id:
        return ButtonAnswer(BindRefused(Code.PAIR_PROOF_MISMATCH, pairing), press)
    if not press.is_fresh(now):
        return ButtonAnswer(BindRefused(Code.BIND_TIMEOUT_RETRY, pairing), press)
    used = replace(press, answered=True)
    if not hmac.compare_digest(digits_for(press.nonce, pairing.pairing_id).encode(), typed.encode()):
        return ButtonAnswer(BindRefused(Code.PAIR_PROOF_MISMATCH, pairing), used)
    outcome = settle(device=device, ownership=ownership, pairing=pairing, held=held, now=now)
    return ButtonAnswer(outcome, used)
