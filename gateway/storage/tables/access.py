"""Accounts, what they log in with, and what slows down those who guess."""

from typing import Final

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text

from gateway.storage.tables.schema import Instant, metadata

accounts: Final = Table(
    "accounts",
    metadata,
    Column("account_id", Text, primary_key=True),
    Column("login_index", LargeBinary, nullable=False, unique=True),
    Column("login_index_key", Integer, nullable=False),
    Column("login_kind", Text, nullable=False),
    Column("adult", Boolean, nullable=False),
    Column("guardian_id", Text),
    Column("created_at", Instant, nullable=False),
    Column("closed_at", Instant),
    Column("version", Integer, nullable=False),
)

passwords: Final = Table(
    "passwords",
    metadata,
    Column("account_id", Text, ForeignKey("accounts.account_id", ondelete="CASCADE"), primary_key=True),
    Column("scheme", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Column("pepper_id", Text, nullable=False),
    Column("salt", Text),
    Column("salt_first", Boolean, nullable=False),
    Column("changed_at", Instant, nullable=False),
)

sessions: Final = Table(
    "sessions",
    metadata,
    Column("session_id", Text, primary_key=True),
    Column("account_id", Text, ForeignKey("accounts.account_id", ondelete="CASCADE"), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("refreshed_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("end_reason", Text),
    Index(None, "account_id"),
    Index(None, "refreshed_at"),
)

session_tokens: Final = Table(
    "session_tokens",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("session_id", Text, ForeignKey("sessions.session_id", ondelete="CASCADE"), nullable=False),
    Column("purpose", Text, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
    Index(None, "session_id"),
    Index(None, "expires_at"),
)

throttles: Final = Table(
    "throttles",
    metadata,
    Column("key", LargeBinary, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("blocked_until", Instant),
    Column("updated_at", Instant, nullable=False),
    Column("version", Integer, nullable=False),
    Index(None, "updated_at"),
)

idempotent_requests: Final = Table(
    "idempotent_requests",
    metadata,
    Column("key", LargeBinary, primary_key=True),
    Column("request_digest", LargeBinary, nullable=False),
    Column("status", Integer),
    Column("location", Text),
    Column("body", LargeBinary),
    Column("owner", Text, nullable=False),
    Column("started_at", Instant, nullable=False),
    Index(None, "started_at"),
    Index(None, "owner"),
)
