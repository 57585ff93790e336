"""Homes, who shares them, and where their members' phones say they are."""

from typing import Final

from sqlalchemy import Boolean, Column, ForeignKey, ForeignKeyConstraint, Index, Integer, LargeBinary, Table, Text

from gateway.storage.tables.schema import Instant, metadata

homes: Final = Table(
    "homes",
    metadata,
    Column("home_ref", Text, primary_key=True),
    Column("zone", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("someone_here", Boolean, nullable=False),
    Column("ask_at", Instant),
    Column("version", Integer, nullable=False),
    Index(None, "ask_at"),
)

home_members: Final = Table(
    "home_members",
    metadata,
    Column("home_ref", Text, ForeignKey("homes.home_ref", ondelete="CASCADE"), primary_key=True),
    Column("account_id", Text, ForeignKey("accounts.account_id", ondelete="CASCADE"), primary_key=True),
    Column("member_ref", Text, nullable=False, unique=True),
    Column("joined_at", Instant, nullable=False),
    Column("keeper", Boolean, nullable=False),
    Column("label_sealed", LargeBinary),
    Index(None, "account_id"),
)

home_invitations: Final = Table(
    "home_invitations",
    metadata,
    Column("code_digest", LargeBinary, primary_key=True),
    Column("home_ref", Text, ForeignKey("homes.home_ref", ondelete="CASCADE"), nullable=False),
    Column("account_id", Text, ForeignKey("accounts.account_id", ondelete="CASCADE"), nullable=False),
    Column("expires_at", Instant, nullable=False),
    Index(None, "home_ref"),
    Index(None, "account_id"),
    Index(None, "expires_at"),
)

whereabouts: Final = Table(
    "whereabouts",
    metadata,
    Column("home_ref", Text, primary_key=True),
    Column("account_id", Text, primary_key=True),
    Column("told_sealed", LargeBinary, nullable=False),
    Column("heard_at", Instant, nullable=False),
    # Nobody's presence outlives their being a member.
    ForeignKeyConstraint(
        ["home_ref", "account_id"], ["home_members.home_ref", "home_members.account_id"], ondelete="CASCADE"
    ),
    Index(None, "account_id"),
    Index(None, "heard_at"),
)
