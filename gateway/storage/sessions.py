"""Sessions and token digests on SQL."""

from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, delete, func, insert, select, update

from gateway.domain.identity import AccountId, SessionId
from gateway.domain.sessions import AccessToken, RefreshToken, Rotated, Session, SessionEnd
from gateway.storage.statements import AnyRow, Statements
from gateway.storage.tables.access import session_tokens, sessions
from gateway.usecases.services import TokenPurpose

_INSERT: Final = insert(sessions)
_INSERT_TOKEN: Final = insert(session_tokens)
_GET: Final = select(sessions).where(sessions.c.session_id == bindparam("session_id"))
_OF_ACCOUNT: Final = (
    select(sessions)
    .where(sessions.c.account_id == bindparam("account_id"))
    .order_by(sessions.c.created_at.desc(), sessions.c.session_id)
    .limit(bindparam("at_most"))
)
_BY_TOKEN: Final = (
    select(sessions, session_tokens.c.digest, session_tokens.c.expires_at, session_tokens.c.used_at)
    .join(sessions, sessions.c.session_id == session_tokens.c.session_id)
    .where(session_tokens.c.digest == bindparam("digest"), session_tokens.c.purpose == bindparam("purpose"))
)
_USE: Final = (
    update(session_tokens)
    .where(session_tokens.c.digest == bindparam("b_digest"), session_tokens.c.used_at.is_(None))
    .values(used_at=bindparam("used_at"))
)
_REFRESHED: Final = (
    update(sessions)
    .where(sessions.c.session_id == bindparam("b_session_id"), sessions.c.ended_at.is_(None))
    .values(refreshed_at=bindparam("refreshed_at"))
)
_END: Final = (
    update(sessions)
    .where(sessions.c.session_id == bindparam("b_session_id"), sessions.c.ended_at.is_(None))
    .values(ended_at=bindparam("ended_at"), end_reason=bindparam("end_reason"))
)
_END_ALL: Final = (
    update(sessions)
    .where(
        sessions.c.account_id == bindparam("b_account_id"),
        sessions.c.session_id != bindparam("b_but"),
        sessions.c.ended_at.is_(None),
    )
    .values(ended_at=bindparam("ended_at"), end_reason=bindparam("end_reason"))
)
_OVER: Final = (
    select(sessions.c.session_id)
    .where(
        func.coalesce(sessions.c.ended_at, sessions.c.refreshed_at)
        < bindparam("before", type_=sessions.c.ended_at.type)
    )
    .limit(bindparam("at_most"))
)
_FORGET: Final = delete(sessions).where(sessions.c.session_id.in_(_OVER))
_EXPIRED: Final = (
    select(session_tokens.c.digest).where(session_tokens.c.expires_at < bindparam("before")).limit(bindparam("at_most"))
)
_FORGET_TOKENS: Final = delete(session_tokens).where(session_tokens.c.digest.in_(_EXPIRED))


class SqlSessions:
    """Implements `usecases.repositories.sessions.SessionRepository`."""

    def __init__(self, statements: Statements) -> None:
        self._statements: Final = statements

    def add(self, session: Session, access: AccessToken, refresh: RefreshToken) -> None:
        """See the protocol."""
        self._statements.execute(
            _INSERT,
            {
                "session_id": session.session_id,
                "account_id": session.account_id,
                "created_at": session.opened_at,
                "refreshed_at": session.refreshed_at,
                "ended_at": session.ended_at,
                "end_reason": session.end,
            },
        )
        self._add_pair(access, refresh)

    def get(self, session_id: SessionId) -> Session | None:
        """See the protocol."""
        row = self._statements.first(_GET, {"session_id": session_id})
        return None if row is None else _session(row)

    def of_account(self, account_id: AccountId, at_most: int) -> list[Session]:
        """See the protocol."""
        rows = self._statements.all(_OF_ACCOUNT, {"account_id": account_id, "at_most": at_most})
        return [_session(row) for row in rows]

    def by_access(self, digest: bytes) -> tuple[Session, AccessToken] | None:
        """See the protocol."""
        row = self._statements.first(_BY_TOKEN, {"digest": digest, "purpose": TokenPurpose.ACCESS})
        if row is None:
            return None
        return _session(row), AccessToken(row.digest, SessionId(row.session_id), row.expires_at)

    def by_refresh(self, digest: bytes) -> tuple[Session, RefreshToken] | None:
        """See the protocol."""
        row = self._statements.first(_BY_TOKEN, {"digest": digest, "purpose": TokenPurpose.REFRESH})
        if row is None:
            return None
        return _session(row), RefreshToken(row.digest, SessionId(row.session_id), row.expires_at, row.used_at)

    def rotate(self, rotated: Rotated) -> None:
        """See the protocol."""
        session, used = rotated.session, rotated.used
        self._statements.execute_guarded(_USE, {"b_digest": used.digest, "used_at": used.used_at})
        self._statements.execute_guarded(
            _REFRESHED, {"b_session_id": session.session_id, "refreshed_at": session.refreshed_at}
        )
        self._add_pair(rotated.access, rotated.refresh)

    def end(self, session: Session) -> None:
        """See the protocol."""
        self._statements.execute(
            _END, {"b_session_id": session.session_id, "ended_at": session.ended_at, "end_reason": session.end}
        )

    def end_all(self, account_id: AccountId, why: SessionEnd, now: datetime, *, but: SessionId | None = None) -> int:
        """See the protocol."""
        values = {"b_account_id": account_id, "b_but": but or "", "ended_at": now, "end_reason": why}
        return self._statements.execute(_END_ALL, values).rowcount

    def forget(self, before: datetime, at_most: int) -> int:
        """See the protocol."""
        return self._statements.execute(_FORGET, {"before": before, "at_most": at_most}).rowcount

    def forget_tokens(self, expired_before: datetime, at_most: int) -> int:
        """See the protocol."""
        return self._statements.execute(_FORGET_TOKENS, {"before": expired_before, "at_most": at_most}).rowcount

    def _add_pair(self, access: AccessToken, refresh: RefreshToken) -> None:
        self._statements.execute_many(
            _INSERT_TOKEN,
            [
                {
                    "digest": token.digest,
                    "session_id": token.session_id,
                    "purpose": purpose.value,
                    "expires_at": token.expires_at,
                    "used_at": None,
                }
                for token, purpose in ((access, TokenPurpose.ACCESS), (refresh, TokenPurpose.REFRESH))
            ],
        )


def _session(row: AnyRow) -> Session:
    return Session(
        session_id=SessionId(row.session_id),
        account_id=AccountId(row.account_id),
        opened_at=row.created_at,
        refreshed_at=row.refreshed_at,
        ended_at=row.ended_at,
        end=None if row.end_reason is None else SessionEnd(row.end_reason),
    )
