"""What a bound appliance reports and is told."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
)

from gateway.storage.tables.schema import Instant, metadata

states: Final = Table(
    "states",
    metadata,
    Column("device_id", Text, ForeignKey("devices.device_id"), primary_key=True),
    Column("epoch", Integer, nullable=False),
    Column("boot", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("full_seq", BigInteger, nullable=False),
    Column("properties", Text, nullable=False),
    Column("marks", Text, nullable=False),
    Column("earlier_boots", Text, nullable=False),
    Column("as_of", Instant),
    Column("received_at", Instant),
    Column("revision", BigInteger, nullable=False),
)

presences: Final = Table(
    "presences",
    metadata,
    Column("device_id", Text, ForeignKey("devices.device_id"), primary_key=True),
    Column("status", Text, nullable=False),
    Column("since", Instant, nullable=False),
    Column("last_seen_at", Instant, nullable=False),
    Column("session", Text),
    Column("why", Text),
    Column("revision", BigInteger, nullable=False),
    Index(None, "status", "last_seen_at"),
)

commands: Final = Table(
    "commands",
    metadata,
    Column("command_id", Text, primary_key=True),
    Column("device_id", Text, ForeignKey("devices.device_id"), nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("account_id", Text, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("action", Text, nullable=False),
    Column("params", Text),
    Column("status", Text, nullable=False),
    Column("code", Text),
    Column("issued_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("sent_at", Instant),
    Column("received_at", Instant),
    Column("ended_at", Instant),
    Column("sends", Integer, nullable=False),
    Column("next_send_at", Instant),
    Column("due_at", Instant),
    Column("version", Integer, nullable=False),
    UniqueConstraint("device_id", "seq"),
    Index(None, "due_at"),
    Index(None, "issued_at"),
    # A copy, a deletion and an erasure find what one person asked for, among everybody's of a month.
    Index(None, "account_id"),
)

received_messages: Final = Table(
    "received_messages",
    metadata,
    Column("device_id", Text, primary_key=True),
    Column("message_id", Text, primary_key=True),
    Column("at", Instant, nullable=False),
    Index(None, "at"),
)
