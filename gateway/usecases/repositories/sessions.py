"""Sessions and the digests of their tokens."""

from datetime import datetime
from typing import Protocol

from gateway.domain.identity import AccountId, SessionId
from gateway.domain.sessions import AccessToken, RefreshToken, Rotated, Session, SessionEnd


class SessionRepository(Protocol):
    """Rows of sessions and tokens. Kept for 30 days after their end or last use (privacy.md)."""

    def add(self, session: Session, access: AccessToken, refresh: RefreshToken) -> None:
        """A new session with its first pair of tokens."""

    def get(self, session_id: SessionId) -> Session | None:
        """The session of this id."""

    def of_account(self, account_id: AccountId, at_most: int) -> list[Session]:
        """An account's sessions, the latest begun first, those that are over too."""

    def by_access(self, digest: bytes) -> tuple[Session, AccessToken] | None:
        """The access token with this digest and its session, whatever has become of them."""

    def by_refresh(self, digest: bytes) -> tuple[Session, RefreshToken] | None:
        """The refresh token with this digest and its session, whatever has become of them."""

    def rotate(self, rotated: Rotated) -> None:
        """Store a new pair and the use of the old refresh token.

        Raises:
            StaleVersionError: it was used, or the session ended, meanwhile.
        """

    def end(self, session: Session) -> None:
        """Store that a session is over; one that already is keeps its first reason."""

    def end_all(self, account_id: AccountId, why: SessionEnd, now: datetime, *, but: SessionId | None = None) -> int:
        """End the account's sessions except one; returns how many ended."""

    def forget(self, before: datetime, at_most: int) -> int:
        """Remove sessions that ended or were last refreshed before this moment, and their tokens; returns how many."""

    def forget_tokens(self, expired_before: datetime, at_most: int) -> int:
        """Remove tokens that expired before this moment; returns how many."""
