"""Sessions: one log-in and the family of tokens that grows from it.

A refresh token works once. When it comes a second time, two hold it and one of them stole it; nobody can tell which, so
the whole family ends and the person logs in again (RFC 9700, 4.14.2). There is no grace for a lost answer: a thief
would have the same grace.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum, unique
from typing import Final

from gateway.domain.identity import AccountId, SessionId

ACCESS_LIFE: Final = timedelta(minutes=15)
REFRESH_LIFE: Final = timedelta(days=30)
"""Of each refresh token. A session that is used goes on; one that rests for so long ends."""


@unique
class SessionEnd(StrEnum):
    """Why a session is over."""

    LOGGED_OUT = "logged_out"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - a reason, not a password
    LOGIN_CHANGED = "login_changed"
    REUSE_DETECTED = "reuse_detected"
    EXPIRED = "expired"
    ACCOUNT_CLOSED = "account_closed"


@dataclass(frozen=True, slots=True)
class Session:
    """One log-in."""

    session_id: SessionId = field(repr=False)
    account_id: AccountId = field(repr=False)
    opened_at: datetime
    refreshed_at: datetime
    ended_at: datetime | None = None
    end: SessionEnd | None = None
    version: int = 0
    """For compare and swap in the store; the domain hands it on untouched."""


@dataclass(frozen=True, slots=True)
class AccessToken:
    """What a program shows with every request."""

    digest: bytes = field(repr=False)
    session_id: SessionId = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """What a program trades for the next pair. Kept after its use, until it would have expired, to notice a second."""

    digest: bytes = field(repr=False)
    session_id: SessionId = field(repr=False)
    expires_at: datetime
    used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Rotated:
    """A new pair. All four are to be stored together."""

    session: Session
    used: RefreshToken
    access: AccessToken
    refresh: RefreshToken


@dataclass(frozen=True, slots=True)
class FamilyEnded:
    """A second use. The session is to be stored; its access tokens no longer count."""

    session: Session


@dataclass(frozen=True, slots=True)
class NotRefreshed:
    """Unknown, expired, or of a session that is over. The caller is told the same in each case."""


def open_session(
    *, session_id: SessionId, account_id: AccountId, access_digest: bytes, refresh_digest: bytes, now: datetime
) -> tuple[Session, AccessToken, RefreshToken]:
    """After a password was right."""
    session = Session(session_id=session_id, account_id=account_id, opened_at=now, refreshed_at=now)
    return session, *_pair(session_id, access_digest, refresh_digest, now)


def refresh(
    session: Session | None,
    presented: RefreshToken | None,
    *,
    access_digest: bytes,
    refresh_digest: bytes,
    now: datetime,
) -> Rotated | FamilyEnded | NotRefreshed:
    """Trade a refresh token for the next pair.

    Args:
        session: the session of the presented token, None when unknown.
        presented: the record with the presented token's digest, None when unknown.
        access_digest: digest of the new access token, made beforehand.
        refresh_digest: digest of the new refresh token, made beforehand.
        now: the present moment.
    """
    if session is None or presented is None or presented.session_id != session.session_id:
        return NotRefreshed()
    if session.ended_at is not None:
        return NotRefreshed()
    if presented.used_at is not None:
        return FamilyEnded(end(session, SessionEnd.REUSE_DETECTED, now))
    if now >= presented.expires_at:
        return NotRefreshed()
    access, following = _pair(session.session_id, access_digest, refresh_digest, now)
    return Rotated(replace(session, refreshed_at=now), replace(presented, used_at=now), access, following)


def end(session: Session, why: SessionEnd, now: datetime) -> Session:
    """The session is over. One that already is keeps its first reason."""
    return session if session.ended_at is not None else replace(session, ended_at=now, end=why)


def admits(session: Session, access: AccessToken, now: datetime) -> bool:
    """Whether an access token still opens anything. Asked on every request and for every event of a stream."""
    return session.ended_at is None and access.session_id == session.session_id and now < access.expires_at


def _pair(
    session_id: SessionId, access_digest: bytes, refresh_digest: bytes, now: datetime
) -> tuple[AccessToken, RefreshToken]:
    return (
        AccessToken(access_digest, session_id, now + ACCESS_LIFE),
        RefreshToken(refresh_digest, session_id, now + REFRESH_LIFE),
    )
