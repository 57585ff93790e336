"""Pairings: an account says "I am about to bring an appliance home" and gets ten minutes and a one-time token."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum, unique
from typing import Final

from gateway.domain.failures import Code
from gateway.domain.identity import AccountId, DeviceId, PairingId

PAIRING_LIFE: Final = timedelta(minutes=10)
"""How long a person may take from opening the app's page to an appliance that is online."""

OPEN_PAIRINGS_LIMIT: Final = 5
"""Open pairings an account may have at once: one a room is plenty, and 10,000 of them help nobody but a guesser."""


@unique
class PairingState(StrEnum):
    """Where a pairing is. All but `open` are final."""

    OPEN = "open"
    COMPLETED = "completed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Pairing:
    """One consent of one account, and what became of it."""

    pairing_id: PairingId = field(repr=False)
    account_id: AccountId = field(repr=False)
    token_digest: bytes = field(repr=False)
    """Keyed digest of the token; the token itself is nowhere."""
    state: PairingState
    opened_at: datetime
    expires_at: datetime
    trace_id: str
    device_id: DeviceId | None = field(repr=False, default=None)
    """The device that it completed with, or was refused for."""
    code: Code | None = None
    """Why it did not complete."""
    version: int = 0
    """For compare and swap in the store; the domain hands it on untouched."""

    def is_open(self, now: datetime) -> bool:
        """True while its token can still do something. At `expires_at` it cannot."""
        return self.state is PairingState.OPEN and now < self.expires_at


@dataclass(frozen=True, slots=True)
class Opened:
    """A new pairing, and the older ones that gave way to it."""

    pairing: Pairing
    gave_way: tuple[Pairing, ...] = ()
    """Already cancelled; to be stored."""


def open_pairing(
    *,
    pairing_id: PairingId,
    account_id: AccountId,
    token_digest: bytes,
    trace_id: str,
    already_open: Iterable[Pairing],
    now: datetime,
) -> Opened:
    """Open a pairing. Over the limit the account's oldest open ones are cancelled.

    The newest is what the person means. Refusing instead would make somebody who tapped Retry too often wait.
    """
    standing = sorted((one for one in already_open if one.is_open(now)), key=lambda one: one.opened_at)
    surplus = len(standing) - (OPEN_PAIRINGS_LIMIT - 1)
    return Opened(
        Pairing(
            pairing_id=pairing_id,
            account_id=account_id,
            token_digest=token_digest,
            state=PairingState.OPEN,
            opened_at=now,
            expires_at=now + PAIRING_LIFE,
            trace_id=trace_id,
        ),
        gave_way=tuple(cancel(one) for one in standing[: max(surplus, 0)]),
    )


def cancel(pairing: Pairing) -> Pairing:
    """End an open pairing at its account's wish. One that is over stays what it is."""
    if pairing.state is not PairingState.OPEN:
        return pairing
    return replace(pairing, state=PairingState.CANCELLED)


def expire(pairing: Pairing, now: datetime) -> Pairing:
    """End an open pairing whose ten minutes are over. Anything else stays what it is."""
    if pairing.state is not PairingState.OPEN or now < pairing.expires_at:
        return pairing
    return replace(pairing, state=PairingState.EXPIRED, code=Code.BIND_TOKEN_EXPIRED)


def complete(pairing: Pairing, device_id: DeviceId) -> Pairing:
    """The appliance is bound to the account: the token is used up."""
    return replace(pairing, state=PairingState.COMPLETED, device_id=device_id, code=None)


def refuse(pairing: Pairing, device_id: DeviceId, code: Code) -> Pairing:
    """The appliance may not be bound to the account: the token is used up, the reason is kept."""
    return replace(pairing, state=PairingState.REFUSED, device_id=device_id, code=code)
