"""Registering, changing a password, and proving once more that it is you.

A password is hashed and checked outside of any transaction, on its own threads: read, check, then commit against what
was read. Registering tells when a login name is taken. There is no mail or message to confirm a name with, so the only
alternative, a success that is none, would lock out honest people; the tries are counted and limited instead.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from gateway.domain.accounts import Account, BadLoginName, LoginName, normal_login_name
from gateway.domain.identity import AccountId, SessionId
from gateway.domain.sessions import SessionEnd
from gateway.domain.throttle import Wait
from gateway.usecases import throttling
from gateway.usecases.services import BlindIndexes, Identifiers, IndexedField, PasswordRecord, Passwords
from gateway.usecases.throttling import ThrottleKeys
from gateway.usecases.transaction import Database, Transaction

REAUTHENTICATION: Final = "reauthentication"


@dataclass(frozen=True, slots=True)
class Registration:
    """Who wants to register; checked by `check_registration`, hashed since."""

    account_id: AccountId = field(repr=False)
    name: LoginName
    login_index: bytes = field(repr=False)
    adult: bool
    record: PasswordRecord
    keys: ThrottleKeys


@dataclass(frozen=True, slots=True)
class BadChoice:
    """A field that cannot be chosen like this, and why, without its value."""

    field: str
    message: str


@dataclass(frozen=True, slots=True)
class Registered:
    """The account is there."""

    account_id: AccountId = field(repr=False)


@dataclass(frozen=True, slots=True)
class NameTaken:
    """Somebody has this login name. Remembered: who asks this often has to wait."""


def check_registration(login_name: str, password: str, passwords: Passwords) -> LoginName | list[BadChoice]:
    """The normal login name, or everything that is wrong with the two."""
    wrong: list[BadChoice] = []
    name = normal_login_name(login_name)
    if isinstance(name, BadLoginName):
        wrong.append(BadChoice("login_name", name.reason))
    problem = passwords.check_rules(password, login_name)
    if problem is not None:
        wrong.append(BadChoice("password", problem))
    return wrong if wrong or isinstance(name, BadLoginName) else name


async def prepare_registration(
    name: LoginName,
    password: str,
    *,
    adult: bool,
    address: str,
    passwords: Passwords,
    indexes: BlindIndexes,
    identifiers: Identifiers,
) -> Registration:
    """Hash the password. Done before it is known whether the name is free, so both cases take the same time.

    Raises:
        PasswordBusyError: too many are being hashed.
    """
    return Registration(
        account_id=AccountId(identifiers.new("a")),
        name=name,
        login_index=indexes.index(IndexedField.LOGIN_NAME, name.value),
        adult=adult,
        record=await passwords.hash(password),
        keys=throttling.keys_of(indexes, what="register", name=name.value, address=address),
    )


def register(tx: Transaction, registration: Registration, now: datetime) -> Registered | NameTaken | Wait:
    """Make the account."""
    allowed = throttling.take_try(tx, registration.keys, now)
    if isinstance(allowed, Wait):
        return allowed
    account = Account(
        account_id=registration.account_id,
        login_index=registration.login_index,
        login_kind=registration.name.kind,
        adult=registration.adult,
        created_at=now,
    )
    if not tx.accounts.add(account, registration.record, now):
        return NameTaken()
    throttling.forgive(tx, registration.keys)
    return Registered(account.account_id)


@dataclass(frozen=True, slots=True)
class Proven:
    """The password was right a moment ago. Has one maker: `reauthenticate`."""

    account_id: AccountId = field(repr=False)
    record: PasswordRecord
    keys: ThrottleKeys


@dataclass(frozen=True, slots=True)
class NotProven:
    """Wrong, or too many tries. Which of the two is not said."""

    retry_after_s: int | None = None


async def reauthenticate(
    database: Database,
    passwords: Passwords,
    indexes: BlindIndexes,
    account_id: AccountId,
    password: str,
    *,
    address: str,
    now: datetime,
) -> Proven | NotProven:
    """Ask a signed-in person for the password again, before something that cannot be undone.

    Counted by account and address like a login, under a count of its own: whoever stole an unlocked telephone gets the
    same few guesses and does not lock the owner out of logging in.

    Raises:
        PasswordBusyError: too many are being checked.
    """
    keys = throttling.keys_of(indexes, what=REAUTHENTICATION, name=account_id, address=address)

    def begin(tx: Transaction) -> tuple[PasswordRecord | None, int | None, bool]:
        allowed = throttling.take_try(tx, keys, now)
        if isinstance(allowed, Wait):
            return None, allowed.seconds, False
        return tx.accounts.password(account_id), throttling.wait_after(tx, keys, now), True

    record, wait, looked_at = await database.run(begin)
    right = await passwords.verify(password, record if looked_at else None)
    if not right or record is None:
        return NotProven(wait)
    await database.run(lambda tx: throttling.forgive(tx, keys))
    return Proven(account_id, record, keys)


@dataclass(frozen=True, slots=True)
class PasswordChanged:
    """The new password counts; so many other sessions ended."""

    ended: int


@dataclass(frozen=True, slots=True)
class ChangedMeanwhile:
    """The password was changed by somebody else while this was going on; nothing was changed now."""


def change_password(
    tx: Transaction, proven: Proven, new: PasswordRecord, *, keep: SessionId, now: datetime
) -> PasswordChanged | ChangedMeanwhile:
    """Replace the password that was just proven, and end all sessions but the one that asks."""
    if not tx.accounts.replace_password(proven.account_id, proven.record, new, now):
        return ChangedMeanwhile()
    ended = tx.sessions.end_all(proven.account_id, SessionEnd.PASSWORD_CHANGED, now, but=keep)
    tx.touch(proven.account_id)
    return PasswordChanged(ended)
