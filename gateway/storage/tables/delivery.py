"""What leaves the process because of a commit, and the numbers that order it."""

from typing import Final

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table, Text

from gateway.storage.tables.schema import AutoId, Instant, metadata

outbox: Final = Table(
    "outbox",
    metadata,
    Column("outbox_id", AutoId, primary_key=True, autoincrement=True),
    Column("kind", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("claimed_by", Text, nullable=False),
    Column("claimed_until", Instant, nullable=False),
    Index(None, "claimed_until"),
)

events: Final = Table(
    "events",
    metadata,
    Column("event_id", BigInteger, primary_key=True, autoincrement=False),
    Column("account_id", Text, nullable=False),
    Column("device_id", Text),
    Column("epoch", Integer),
    Column("pairing_id", Text),
    Column("kind", Text, nullable=False),
    Column("data", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Index(None, "account_id", "event_id"),
    Index(None, "pairing_id", "event_id"),
    Index(None, "at"),
)

counters: Final = Table(
    "counters",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", BigInteger, nullable=False),
)

key_checks: Final = Table(
    "key_checks",
    metadata,
    Column("name", Text, primary_key=True),
    Column("record", LargeBinary, nullable=False),
)

tallies: Final = Table(
    "tallies",
    metadata,
    Column("name", Text, primary_key=True),
    Column("day", Text, primary_key=True),
    Column("value", BigInteger, nullable=False),
)
