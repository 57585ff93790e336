"""What a person sees of themselves in one look, and the one thing about their account that they correct themselves.

What the gateway knows of appliances comes from the registry only; a mistake there is told with a request. Whether
somebody is of age is the guardian's to say (`guardians`), or a request's to correct.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from gateway.domain.accounts import Account, LoginName
from gateway.domain.disclosures import Disclosure
from gateway.domain.exports import Export
from gateway.domain.identity import AccountId, SessionId
from gateway.domain.requests import Request
from gateway.domain.sessions import Session, SessionEnd
from gateway.usecases import consents, devices, exports, requests
from gateway.usecases.accounts import Proven
from gateway.usecases.consents import PurposeState
from gateway.usecases.devices import SeenDevice
from gateway.usecases.services import BlindIndexes, IndexedField, Sealer
from gateway.usecases.transaction import Transaction

SHOWN_AT_MOST: Final = 200
"""Of each kind in the one look; each has a list of its own that goes on."""


@dataclass(frozen=True, slots=True)
class Overview:
    """A person, as the gateway knows them."""

    account: Account
    has_guardian: bool
    devices: tuple[SeenDevice, ...]
    sessions: tuple[Session, ...]
    consents: tuple[PurposeState, ...]
    open_requests: tuple[Request, ...]
    exports: tuple[Export, ...]
    disclosures: tuple[Disclosure, ...]


def overview(tx: Transaction, account_id: AccountId, names: Sealer, now: datetime) -> Overview | None:
    """Everything in one consistent look; None when the account was closed a moment ago.

    Args:
        tx: a reading transaction.
        account_id: who asks.
        names: opens the names that they gave their devices.
        now: the present moment.
    """
    account = tx.accounts.get(account_id)
    if account is None or account.closed_at is not None:
        return None
    held, _ = devices.page(tx, names, account_id, None, SHOWN_AT_MOST, now)
    return Overview(
        account=account,
        has_guardian=tx.guardians.of_minor(account_id) is not None,
        devices=tuple(held),
        sessions=tuple(tx.sessions.of_account(account_id, SHOWN_AT_MOST)),
        consents=tuple(consents.states(tx, account_id, now)),
        open_requests=tuple(requests.open_of(tx, account_id)),
        exports=tuple(exports.of_account(tx, account_id)),
        disclosures=tuple(tx.disclosures.of_account(account_id, None, SHOWN_AT_MOST)),
    )


def sessions_of(tx: Transaction, account_id: AccountId) -> list[Session]:
    """Where the account is or was logged in, the latest first. Those over for thirty days are gone."""
    return tx.sessions.of_account(account_id, SHOWN_AT_MOST)


# -- correcting


@dataclass(frozen=True, slots=True)
class LoginCorrected:
    """The other name counts from now on; every other session ended."""


@dataclass(frozen=True, slots=True)
class NameIsTaken:
    """Somebody else has it. Nothing changed."""


@dataclass(frozen=True, slots=True)
class NoAccount:
    """It was closed meanwhile."""


def correct_login(
    tx: Transaction, proven: Proven, name: LoginName, indexes: BlindIndexes, *, keep: SessionId, now: datetime
) -> LoginCorrected | NameIsTaken | NoAccount:
    """Log in under another name from now on. Other sessions end, as with a new password.

    Args:
        tx: the transaction.
        proven: the password was right a moment ago.
        name: the other name, in its one way of writing.
        indexes: makes the digest under which it is found.
        keep: the session that asks, which goes on.
        now: the present moment.
    """
    account = tx.accounts.get(proven.account_id)
    if account is None or account.closed_at is not None:
        return NoAccount()
    index = indexes.index(IndexedField.LOGIN_NAME, name.value)
    if not tx.accounts.set_login(account, index, name.kind):
        return NameIsTaken()
    tx.sessions.end_all(proven.account_id, SessionEnd.LOGIN_CHANGED, now, but=keep)
    tx.touch(proven.account_id)
    return LoginCorrected()
