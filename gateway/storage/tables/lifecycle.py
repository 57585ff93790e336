"""Pairing, binding, and the attempts that say why an activation failed."""

from typing import Final

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text, false

from gateway.storage.tables.schema import AutoId, Instant, metadata

pairings: Final = Table(
    "pairings",
    metadata,
    Column("pairing_id", Text, primary_key=True),
    Column("account_id", Text, ForeignKey("accounts.account_id", ondelete="CASCADE"), nullable=False),
    Column("token_digest", LargeBinary, unique=True),
    Column("status", Text, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("device_id", Text, ForeignKey("devices.device_id")),
    Column("code", Text),
    Column("trace_id", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("address_index", LargeBinary),
    Column("reports", Integer, nullable=False, server_default="0"),
    Index(None, "account_id", "status"),
    Index(None, "status", "expires_at"),
)

# For half an hour only, and only of those whose app told its address: most rows are not in it.
Index(
    "ix_pairings_address_index",
    pairings.c.address_index,
    sqlite_where=pairings.c.address_index.is_not(None),
    postgresql_where=pairings.c.address_index.is_not(None),
)

pairing_steps: Final = Table(
    "pairing_steps",
    metadata,
    Column("pairing_id", Text, ForeignKey("pairings.pairing_id", ondelete="CASCADE"), primary_key=True),
    Column("step", Text, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("code", Text),
)

bindings: Final = Table(
    "bindings",
    metadata,
    Column("device_id", Text, ForeignKey("devices.device_id"), primary_key=True),
    Column("account_id", Text, ForeignKey("accounts.account_id", ondelete="CASCADE"), primary_key=True),
    Column("epoch", Integer, nullable=False),
    Column("role", Text, nullable=False),
    Column("since", Instant, nullable=False),
    Column("until", Instant),
    Column("reset_counter", Integer, nullable=False),
    Column("nickname_sealed", LargeBinary),
    Index(None, "account_id"),
)

# One owner at most, kept by the database itself, whatever the code above it does.
Index(
    "uq_bindings_one_owner",
    bindings.c.device_id,
    unique=True,
    sqlite_where=bindings.c.role == "owner",
    postgresql_where=bindings.c.role == "owner",
)

release_requests: Final = Table(
    "release_requests",
    metadata,
    Column("device_id", Text, ForeignKey("devices.device_id"), primary_key=True),
    Column("epoch", Integer, nullable=False),
    Column("newcomer", Text, ForeignKey("accounts.account_id", ondelete="CASCADE"), nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("until", Instant, nullable=False),
    Index(None, "until"),
)

verdicts: Final = Table(
    "verdicts",
    metadata,
    Column("device_id", Text, ForeignKey("devices.device_id"), primary_key=True),
    Column("message", LargeBinary, nullable=False),
    Column("at", Instant, nullable=False),
)

attempts: Final = Table(
    "attempts",
    metadata,
    Column("attempt_id", Text, primary_key=True),
    Column("trace_id", Text, nullable=False, unique=True),
    Column("pairing_id", Text),
    Column("unit_id", Text),
    Column("claim_id", Text),
    Column("mac_index", LargeBinary),
    Column("mac_tail", Text),
    Column("machine_code_index", LargeBinary),
    Column("machine_code_tail", Text),
    Column("type_id", Text),
    Column("firmware", Text),
    Column("stage", Text, nullable=False),
    Column("code", Text),
    Column("confidence", Text),
    Column("outcome", Text, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("closed_at", Instant),
    Column("version", Integer, nullable=False),
    Column("app_version", Text),
    Column("due_at", Instant),
    Index(None, "pairing_id"),
    Index(None, "unit_id", "opened_at"),
    Index(None, "claim_id", "opened_at"),
    Index(None, "outcome", "updated_at"),
    Index(None, "outcome", "due_at"),
    # Support looks attempts up by what an appliance said to be, and reads many of one code or one week together.
    Index(None, "mac_index"),
    Index(None, "machine_code_index"),
    Index(None, "code", "opened_at"),
    Index(None, "opened_at"),
)

evidence: Final = Table(
    "evidence",
    metadata,
    Column("evidence_id", AutoId, primary_key=True, autoincrement=True),
    Column("attempt_id", Text),
    Column("source", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("says", Text, nullable=False),
    Column("raw_code", Text),
    Column("address_index", LargeBinary),
    Column("stage", Text),
    Column("code", Text),
    Column("probable", Boolean, nullable=False, server_default=false()),
    Column("times", Integer, nullable=False, server_default="1"),
    Column("detail", Text),
    Index(None, "attempt_id", "at"),
)
