"""Closing an account: what stands in the way, then a token for a quarter of an hour, then the end of it.

The password is asked for before (`accounts.reauthenticate`), what stands in the way is looked at twice, and from the
confirmation on there is no way back: `erasure.begin` ends everything in the same transaction.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from gateway.domain import closures as rules
from gateway.domain.binding import Role
from gateway.domain.closures import Blocker, BlockerKind
from gateway.domain.erasure import Reason
from gateway.domain.exports import ExportStatus
from gateway.domain.identity import AccountId, DeviceId
from gateway.usecases import erasure
from gateway.usecases.accounts import Proven
from gateway.usecases.binding import BindingServices
from gateway.usecases.erasure import Begun
from gateway.usecases.services import TokenPurpose, Tokens
from gateway.usecases.transaction import Transaction

BLOCKERS_AT_MOST: Final = 100
"""That are named at once."""
_DEVICES_AT_ONCE: Final = 100


@dataclass(frozen=True, slots=True)
class Blocked:
    """Each of these has to be settled by the person first."""

    blockers: tuple[Blocker, ...]


@dataclass(frozen=True, slots=True)
class Confirmable:
    """Nothing stands in the way. The token is told once; without it nothing happens."""

    token: str = field(repr=False)
    expires_at: datetime
    has_copy: bool
    """Whether a copy of their data is being made, waits for them, or was fetched: else it should be offered first."""


@dataclass(frozen=True, slots=True)
class Unconfirmed:
    """The token does not count: unknown, another account's, or too late."""


def ask(tx: Transaction, proven: Proven, tokens: Tokens, now: datetime) -> Confirmable | Blocked:
    """Whoever just proved who they are wants to close. A second question makes the first one's token worthless."""
    account_id = proven.account_id
    blockers = blockers_of(tx, account_id, now)
    if blockers:
        return Blocked(blockers)
    token, digest = tokens.mint(TokenPurpose.CLOSURE)
    closure = rules.begin(account_id, digest, now)
    tx.closures.put(closure)
    copies = tx.exports.of_account(account_id)
    return Confirmable(token, closure.expires_at, any(one.status is not ExportStatus.FAILED for one in copies))


def confirm(
    tx: Transaction, services: BindingServices, account_id: AccountId, token: str, now: datetime
) -> Begun | Blocked | Unconfirmed:
    """Close the account for good. When this has committed, it never existed as far as anybody can tell."""
    closure = tx.closures.get(account_id)
    if not rules.confirmed(closure, services.tokens.digest(TokenPurpose.CLOSURE, token), now):
        return Unconfirmed()
    blockers = blockers_of(tx, account_id, now)
    if blockers:
        return Blocked(blockers)
    begun = erasure.begin(tx, services, account_id, Reason.CLOSED, now)
    return Unconfirmed() if begun is None else begun


def withdraw(tx: Transaction, account_id: AccountId) -> None:
    """The person changed their mind: the token counts no more."""
    tx.closures.remove(account_id)


def blockers_of(tx: Transaction, account_id: AccountId, now: datetime) -> tuple[Blocker, ...]:
    """What stands in the way, at most a hundred of them."""
    found = [Blocker(BlockerKind.SHARED_DEVICE, one) for one in _shared(tx, account_id, now)]
    found += [Blocker(BlockerKind.OPEN_REQUEST, one.request_id) for one in tx.requests.waiting_of(account_id)]
    found += [Blocker(BlockerKind.WARD, one.ward_id) for one in tx.guardians.of_guardian(account_id)]
    return tuple(found[:BLOCKERS_AT_MOST])


def _shared(tx: Transaction, account_id: AccountId, now: datetime) -> list[DeviceId]:
    """Devices that the account owns and that somebody else uses as well."""
    shared: list[DeviceId] = []
    after: DeviceId | None = None
    while rows := tx.bindings.of_account(account_id, after, _DEVICES_AT_ONCE):
        after = rows[-1].device.device_id
        for row in rows:
            if row.binding.role is not Role.OWNER or not row.binding.holds(now):
                continue
            others = tx.bindings.of_device(row.device.device_id)
            if any(one.account_id != account_id and one.holds(now) for one in others):
                shared.append(row.device.device_id)
        if len(shared) >= BLOCKERS_AT_MOST:
            break
    return shared


# -- a minor's, by who decides for them


@dataclass(frozen=True, slots=True)
class NotAWard:
    """The account decides for nobody of this id."""


def close_ward(
    tx: Transaction, services: BindingServices, proven: Proven, ward_id: str, now: datetime
) -> Begun | Blocked | NotAWard:
    """The guardian of a minor, who just proved who they are, has everything of the minor deleted. No way back."""
    link = tx.guardians.by_ward(ward_id)
    if link is None or link.guardian_id != proven.account_id:
        return NotAWard()
    # What the minor asked is no reason to keep them; what others use with them is.
    shared = tuple(Blocker(BlockerKind.SHARED_DEVICE, one) for one in _shared(tx, link.account_id, now))
    if shared:
        return Blocked(shared[:BLOCKERS_AT_MOST])
    begun = erasure.begin(tx, services, link.account_id, Reason.GUARDIAN, now)
    return NotAWard() if begun is None else begun
