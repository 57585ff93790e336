"""The customer's side of support: show a code, see what is open, end it. For the owner of a device only."""

from dataclasses import dataclass, field
from datetime import datetime

from gateway.domain.audit import CUSTOMER, AuditEntry, Result
from gateway.domain.binding import Role
from gateway.domain.identity import AccountId, DeviceId
from gateway.domain.staff import Action
from gateway.domain.support_access import (
    CODE_DIGITS,
    Grant,
    GrantEnd,
    GrantId,
    holds,
    show_code,
)
from gateway.usecases.devices import held
from gateway.usecases.services import TokenPurpose, Tokens
from gateway.usecases.support_notes import end_and_tell
from gateway.usecases.transaction import Transaction


@dataclass(frozen=True, slots=True)
class ShownCode:
    """Six digits, to be read out to support.

    The gateway keeps a digest; and where the app sent an Idempotency-Key, for a day the encrypted answer, whose code
    has ended long before.
    """

    device_id: DeviceId = field(repr=False)
    code: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class NotYours:
    """No device of this account."""


@dataclass(frozen=True, slots=True)
class OwnerOnly:
    """Theirs, but somebody else decides who may see it."""


def show_one(
    tx: Transaction, account_id: AccountId, device_id: DeviceId, *, tokens: Tokens, now: datetime
) -> ShownCode | NotYours | OwnerOnly:
    """A fresh code for one device; the former one counts no more."""
    bound = held(tx, account_id, device_id, now)
    if bound is None:
        return NotYours()
    if bound.binding.role is not Role.OWNER:
        return OwnerOnly()
    digits = tokens.digits(CODE_DIGITS)
    digest = tokens.digest(TokenPurpose.SUPPORT_CODE, f"{device_id}\0{digits}")
    code = show_code(device_id, bound.device.epoch, account_id, digest=digest, now=now)
    tx.support_access.show_code(code)
    return ShownCode(device_id, digits, code.expires_at)


def of_account(tx: Transaction, account_id: AccountId, now: datetime) -> list[Grant]:
    """What of this account's is open to support now, newest first."""
    found: list[Grant] = []
    for grant in tx.support_access.open_grants(now, account_id=account_id):
        bound = held(tx, account_id, grant.device_id, now)
        if bound is not None and bound.binding.role is Role.OWNER and holds(grant, epoch=bound.device.epoch, now=now):
            found.append(grant)
    return found


def end_one(tx: Transaction, account_id: AccountId, grant_id: GrantId, now: datetime) -> bool:
    """End a grant now; False when the account has none of this id. One that is over stays so, and that is no error."""
    tx.audit.hold()  # and then read: of two who end it at once the second finds it over
    grant = tx.support_access.grant(grant_id)
    if grant is None or grant.account_id != account_id:
        return False
    entry = AuditEntry(at=now, staff_id=None, role=CUSTOMER, action=Action.END_GRANT, result=Result.GRANTED)
    end_and_tell(tx, grant, GrantEnd.CUSTOMER, entry, now)
    return True
