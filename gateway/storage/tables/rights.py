"""What people ask for about themselves, what became of it, and what left the gateway because they wanted it."""

from typing import Final

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, Table, Text

from gateway.storage.tables.schema import Instant, metadata

exports: Final = Table(
    "exports",
    metadata,
    Column("export_id", Text, primary_key=True),
    Column("account_id", Text, ForeignKey("accounts.account_id", ondelete="CASCADE"), nullable=False),
    Column("status", Text, nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("ready_at", Instant),
    Column("expires_at", Instant, nullable=False),
    Column("token_digest", LargeBinary, nullable=False, unique=True),
    Column("place", Text),
    Column("pieces", Integer, nullable=False),
    Column("size", Integer, nullable=False),
    Column("fetching_until", Instant),
    Column("fetched_at", Instant),
    Column("version", Integer, nullable=False),
    Index(None, "account_id", "asked_at"),
    Index(None, "status", "asked_at"),
    Index(None, "expires_at"),
)

export_pieces: Final = Table(
    "export_pieces",
    metadata,
    Column("export_id", Text, ForeignKey("exports.export_id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
)

requests: Final = Table(
    "requests",
    metadata,
    Column("request_id", Text, primary_key=True),
    Column("account_id", Text, ForeignKey("accounts.account_id", ondelete="CASCADE"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("ground", Text),
    Column("about", Text),
    Column("text_sealed", LargeBinary, nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("status", Text, nullable=False),
    Column("taken_by", Text),
    Column("taken_at", Instant),
    Column("refusal", Text),
    Column("answer_sealed", LargeBinary),
    Column("ended_at", Instant),
    Column("alarms", Integer, nullable=False),
    Column("next_alarm_at", Instant),
    Column("version", Integer, nullable=False),
    Index(None, "account_id", "asked_at"),
    Index(None, "status", "due_at"),
    Index(None, "next_alarm_at"),
    Index(None, "ended_at"),
)

incidents: Final = Table(
    "incidents",
    metadata,
    Column("incident_id", Text, primary_key=True),
    Column("recorded_by", Text, nullable=False),
    Column("recorded_at", Instant, nullable=False),
    Column("began_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("affected", Text),
    Column("texts", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("place", Text),
    Column("told", Integer, nullable=False),
    Column("told_at", Instant),
    Column("version", Integer, nullable=False),
    Index(None, "status", "recorded_at"),
    Index(None, "recorded_at"),
)

incident_accounts: Final = Table(
    "incident_accounts",
    metadata,
    Column("incident_id", Text, ForeignKey("incidents.incident_id", ondelete="CASCADE"), primary_key=True),
    Column("account_id", Text, ForeignKey("accounts.account_id", ondelete="CASCADE"), primary_key=True),
    Column("told_at", Instant, nullable=False),
    Index(None, "account_id"),
)

recipients: Final = Table(
    "recipients",
    metadata,
    Column("recipient_id", Text, primary_key=True),
    Column("account_id", Text, ForeignKey("accounts.account_id", ondelete="CASCADE"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("url_sealed", LargeBinary, nullable=False),
    Column("secret_sealed", LargeBinary, nullable=False),
    Column("created_at", Instant, nullable=False),
    Index(None, "account_id"),
)

disclosures: Final = Table(
    "disclosures",
    metadata,
    Column("disclosure_id", Text, primary_key=True),
    Column("account_id", Text, ForeignKey("accounts.account_id", ondelete="CASCADE"), nullable=False),
    # No reference: what was disclosed stays in the person's list when they take the recipient away.
    Column("recipient_id", Text, nullable=False),
    Column("recipient_sealed", LargeBinary, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("fields", Text, nullable=False),
    Column("device_id", Text),
    Column("payload_sealed", LargeBinary),
    Column("at", Instant, nullable=False),
    Column("status", Text, nullable=False),
    Column("why", Text),
    Column("tries", Integer, nullable=False),
    Column("next_try_at", Instant),
    Column("ended_at", Instant),
    Column("version", Integer, nullable=False),
    Index(None, "account_id", "at"),
    Index(None, "next_try_at"),
    Index(None, "at"),
)

closures: Final = Table(
    "closures",
    metadata,
    Column("account_id", Text, ForeignKey("accounts.account_id", ondelete="CASCADE"), primary_key=True),
    Column("digest", LargeBinary, nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Index(None, "expires_at"),
)
