"""Policies and their texts, what people said to each purpose, its ledger, notices, and who decides for a minor."""

from typing import Final

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text

from gateway.storage.tables.schema import AutoId, Instant, metadata

policies: Final = Table(
    "policies",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("reasons", Text, nullable=False),
    Column("reduces_rights", Boolean, nullable=False),
    Column("published_at", Instant, nullable=False),
    Column("effective_at", Instant, nullable=False),
)

policy_texts: Final = Table(
    "policy_texts",
    metadata,
    Column("version", Integer, ForeignKey("policies.version", ondelete="CASCADE"), primary_key=True),
    Column("language", Text, primary_key=True),
    Column("text", Text, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)

policy_purposes: Final = Table(
    "policy_purposes",
    metadata,
    Column("version", Integer, ForeignKey("policies.version", ondelete="CASCADE"), primary_key=True),
    Column("purpose", Text, primary_key=True),
    Column("effective_at", Instant, nullable=False),
    Index(None, "purpose", "effective_at"),
)

consents: Final = Table(
    "consents",
    metadata,
    Column("account_id", Text, ForeignKey("accounts.account_id", ondelete="CASCADE"), primary_key=True),
    Column("purpose", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("text_version", Integer, nullable=False),
    Column("policy_version", Integer, nullable=False),
    Column("event_number", Integer, nullable=False),
    Column("by_guardian", Boolean, nullable=False),
    Column("ask_at", Instant),
    Column("version", Integer, nullable=False),
    Index(None, "purpose", "state", "policy_version"),
    Index(None, "ask_at"),
)

consent_ledgers: Final = Table(
    "consent_ledgers",
    metadata,
    Column("account_id", Text, ForeignKey("accounts.account_id", ondelete="CASCADE"), primary_key=True),
    Column("ledger_id", Text, nullable=False, unique=True),
    Column("number", Integer, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)

consent_events: Final = Table(
    "consent_events",
    metadata,
    Column("ledger_id", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    # Not CASCADE: the events outlive the account, without its name and under a destroyed key.
    Column("account_id", Text, ForeignKey("accounts.account_id", ondelete="SET NULL")),
    Column("at", Instant, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("previous", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("closed_at", Instant),
    Index(None, "account_id", "number"),
)

consent_notices: Final = Table(
    "consent_notices",
    metadata,
    Column("notice_id", Text, primary_key=True),
    Column("account_id", Text, ForeignKey("accounts.account_id", ondelete="CASCADE"), nullable=False),
    Column("purpose", Text, nullable=False),
    Column("shown_to", Text, ForeignKey("accounts.account_id", ondelete="CASCADE"), nullable=False),
    Column("language", Text, nullable=False),
    Column("text_version", Integer, nullable=False),
    Column("text_hash", LargeBinary, nullable=False),
    Column("policy_version", Integer, nullable=False),
    Column("shown_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_by", Integer),
    Column("version", Integer, nullable=False),
    Index(None, "account_id"),
    Index(None, "shown_to"),
    Index(None, "expires_at"),
)

notices: Final = Table(
    "notices",
    metadata,
    Column("notice_number", AutoId, primary_key=True),
    Column("account_id", Text, ForeignKey("accounts.account_id", ondelete="CASCADE"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("data", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("read_at", Instant),
    Index(None, "account_id", "notice_number"),
    Index(None, "at"),
)

guardian_codes: Final = Table(
    "guardian_codes",
    metadata,
    Column("account_id", Text, ForeignKey("accounts.account_id", ondelete="CASCADE"), primary_key=True),
    Column("digest", LargeBinary, nullable=False, unique=True),
    Column("shown_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Index(None, "expires_at"),
)

guardianships: Final = Table(
    "guardianships",
    metadata,
    Column("account_id", Text, ForeignKey("accounts.account_id", ondelete="CASCADE"), primary_key=True),
    Column("ward_id", Text, nullable=False, unique=True),
    Column("guardian_id", Text, ForeignKey("accounts.account_id", ondelete="CASCADE"), nullable=False),
    Column("since", Instant, nullable=False),
    Index(None, "guardian_id"),
)
