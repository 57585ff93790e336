"""Logging in, staying in, logging out.

Unknown name, wrong password and too many tries get the same answer after the same work: one bcrypt. The wait that is
told depends on the tries alone, which are counted for names that nobody has just as for those that somebody has.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from gateway.domain import sessions as rules
from gateway.domain.accounts import Account, BadLoginName, normal_login_name
from gateway.domain.identity import AccountId, SessionId
from gateway.domain.sessions import FamilyEnded, NotRefreshed, Rotated, SessionEnd
from gateway.domain.throttle import Wait
from gateway.usecases import throttling
from gateway.usecases.services import (
    BlindIndexes,
    Identifiers,
    IndexedField,
    PasswordRecord,
    Passwords,
    TokenPurpose,
    Tokens,
)
from gateway.usecases.throttling import ThrottleKeys
from gateway.usecases.transaction import Database, Transaction

RETAINED: Final = timedelta(days=30)
"""Retention of sessions after their end or last refresh, and of tokens at the latest with their session."""


@dataclass(frozen=True, slots=True)
class Authenticated:
    """Somebody showed an access token that counts. Has one maker: `authenticate`."""

    account_id: AccountId = field(repr=False)
    session_id: SessionId = field(repr=False)
    expires_at: datetime
    """When the access token runs out."""
    digest: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class TokenPair:
    """What the app gets. The gateway keeps digests only."""

    account_id: AccountId = field(repr=False)
    session_id: SessionId = field(repr=False)
    access_token: str = field(repr=False)
    access_expires_at: datetime
    refresh_token: str = field(repr=False)
    refresh_expires_at: datetime


@dataclass(frozen=True, slots=True)
class LoginRefused:
    """Unknown, wrong, or too many tries: not told apart."""

    retry_after_s: int | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """The password was right. Has one maker: `check_login`."""

    account: Account
    """As it was when the password was checked."""
    record: PasswordRecord
    replacement: PasswordRecord | None
    """The same password hashed as one does today, when the record was old."""
    keys: ThrottleKeys


@dataclass(frozen=True, slots=True)
class _Begun:
    account: Account | None
    record: PasswordRecord | None
    wait: int | None


async def check_login(
    database: Database,
    passwords: Passwords,
    indexes: BlindIndexes,
    login_name: str,
    password: str,
    *,
    address: str,
    now: datetime,
) -> Checked | LoginRefused:
    """Count the try, check the password, and hash it anew when its record is old.

    Raises:
        PasswordBusyError: too many are being checked.
    """
    name = normal_login_name(login_name)
    # What is no login name is counted as it came: it gets the same answer, not a hint about the form of names.
    value = f"\0{login_name}" if isinstance(name, BadLoginName) else name.value
    keys = throttling.keys_of(indexes, what="login", name=value, address=address)
    login_index = indexes.index(IndexedField.LOGIN_NAME, value)

    def begin(tx: Transaction) -> _Begun:
        allowed = throttling.take_try(tx, keys, now)
        if isinstance(allowed, Wait):
            return _Begun(None, None, allowed.seconds)
        account = tx.accounts.by_login(login_index)
        wait = throttling.wait_after(tx, keys, now)
        if account is None or account.closed_at is not None:
            return _Begun(None, None, wait)
        return _Begun(account, tx.accounts.password(account.account_id), wait)

    begun = await database.run(begin)
    right = await passwords.verify(password, begun.record)
    if not right or begun.record is None or begun.account is None:
        return LoginRefused(begun.wait)
    replacement = await passwords.hash(password) if passwords.needs_rehash(begun.record) else None
    return Checked(begun.account, begun.record, replacement, keys)


def log_in(
    tx: Transaction, checked: Checked, *, tokens: Tokens, identifiers: Identifiers, now: datetime
) -> TokenPair | LoginRefused:
    """Open a session for a password that was just checked, unless that password was changed in the meantime."""
    account = tx.accounts.get(checked.account.account_id)
    changed_at = checked.account.password_changed_at
    if account is None or account.closed_at is not None or account.password_changed_at != changed_at:
        return LoginRefused()
    if checked.replacement is not None and changed_at is not None:
        # Not a change of the password, so its time stays: another login that was checked meanwhile is still right.
        tx.accounts.replace_password(account.account_id, checked.record, checked.replacement, changed_at)
    throttling.forgive(tx, checked.keys)
    access, access_digest = tokens.mint(TokenPurpose.ACCESS)
    refresh, refresh_digest = tokens.mint(TokenPurpose.REFRESH)
    opened = rules.open_session(
        session_id=SessionId(identifiers.new("s")),
        account_id=account.account_id,
        access_digest=access_digest,
        refresh_digest=refresh_digest,
        now=now,
    )
    tx.sessions.add(*opened)
    session, first, family = opened
    return TokenPair(session.account_id, session.session_id, access, first.expires_at, refresh, family.expires_at)


def refresh(tx: Transaction, token: str, *, tokens: Tokens, now: datetime) -> TokenPair | NotRefreshed:
    """Trade a refresh token for a new pair. A second use ends the whole family, and is committed as such."""
    presented = tx.sessions.by_refresh(tokens.digest(TokenPurpose.REFRESH, token))
    session, record = presented if presented is not None else (None, None)
    access, access_digest = tokens.mint(TokenPurpose.ACCESS)
    following, following_digest = tokens.mint(TokenPurpose.REFRESH)
    outcome = rules.refresh(session, record, access_digest=access_digest, refresh_digest=following_digest, now=now)
    match outcome:
        case Rotated() as rotated:
            tx.sessions.rotate(rotated)
            return TokenPair(
                rotated.session.account_id,
                rotated.session.session_id,
                access,
                rotated.access.expires_at,
                following,
                rotated.refresh.expires_at,
            )
        case FamilyEnded(session=ended):
            tx.sessions.end(ended)
            tx.touch(ended.account_id)
            return NotRefreshed()
        case NotRefreshed():
            return outcome


def authenticate(tx: Transaction, digest: bytes, now: datetime) -> Authenticated | None:
    """Who shows the access token with this digest; None when it does not count (any more)."""
    found = tx.sessions.by_access(digest)
    if found is None:
        return None
    session, access = found
    if not rules.admits(session, access, now):
        return None
    return Authenticated(session.account_id, session.session_id, access.expires_at, digest)


def still_admits(tx: Transaction, who: Authenticated, now: datetime) -> bool:
    """Whether a stream that somebody opened may still tell them anything. Ask in the transaction that reads."""
    return authenticate(tx, who.digest, now) is not None


def log_out(tx: Transaction, who: Authenticated, now: datetime) -> None:
    """End this session."""
    session = tx.sessions.get(who.session_id)
    if session is not None:
        tx.sessions.end(rules.end(session, SessionEnd.LOGGED_OUT, now))
        tx.touch(who.account_id)


def log_out_everywhere(tx: Transaction, who: Authenticated, now: datetime) -> int:
    """End every session of the account, this one too; returns how many."""
    ended = tx.sessions.end_all(who.account_id, SessionEnd.LOGGED_OUT, now)
    tx.touch(who.account_id)
    return ended


def forget_old(tx: Transaction, now: datetime, at_most: int = 1000) -> int:
    """Remove tokens that expired and sessions that are over for `RETAINED`; returns how many. For the retention job.

    A used refresh token is kept until it would have expired: a second use must be noticed until then.
    """
    return tx.sessions.forget_tokens(now, at_most) + tx.sessions.forget(now - RETAINED, at_most)
