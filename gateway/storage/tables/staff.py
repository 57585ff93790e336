"""Staff, their sessions, and what opens a customer's device to them."""

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text

from gateway.storage.tables.schema import Instant, metadata

staff: Final = Table(
    "staff",
    metadata,
    Column("staff_id", Text, primary_key=True),
    Column("name_index", LargeBinary, nullable=False, unique=True),
    Column("name_index_key", Integer, nullable=False),
    Column("name_sealed", LargeBinary, nullable=False),
    Column("roles", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("disabled_at", Instant),
    Column("password_scheme", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("password_pepper_id", Text, nullable=False),
    Column("totp_sealed", LargeBinary, nullable=False),
    Column("totp_step", BigInteger, nullable=False),
    Column("version", Integer, nullable=False),
    Index(None, "disabled_at"),
)

staff_sessions: Final = Table(
    "staff_sessions",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("staff_id", Text, ForeignKey("staff.staff_id", ondelete="CASCADE"), nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("used_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Index(None, "staff_id"),
    Index(None, "used_at"),
)

support_codes: Final = Table(
    "support_codes",
    metadata,
    Column("device_id", Text, primary_key=True),
    Column("epoch", Integer, nullable=False),
    Column("account_id", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("shown_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("tries_left", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    Index(None, "expires_at"),
)

support_grants: Final = Table(
    "support_grants",
    metadata,
    Column("grant_id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("device_id", Text, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("account_id", Text, nullable=False),
    Column("staff_id", Text, nullable=False),
    Column("case_number", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("until", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("end_reason", Text),
    Index(None, "staff_id", "device_id"),
    Index(None, "account_id"),
    Index(None, "until"),
)

break_glass: Final = Table(
    "break_glass",
    metadata,
    Column("glass_id", Text, primary_key=True),
    Column("device_id", Text, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("account_id", Text, nullable=False),
    Column("asked_by", Text, nullable=False),
    Column("case_number", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("state", Text, nullable=False),
    Column("decided_by", Text),
    Column("decided_at", Instant),
    Column("reviewed_by", Text),
    Column("reviewed_at", Instant),
    Column("justified", Boolean),
    Column("version", Integer, nullable=False),
    Index(None, "state", "asked_at"),
)
