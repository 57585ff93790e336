"""Rules that act when somebody comes or goes, what they are about to do, and why they did or did not."""

from typing import Final

from sqlalchemy import Boolean, Column, ForeignKey, ForeignKeyConstraint, Index, Integer, Table, Text

from gateway.storage.tables.schema import AutoId, Instant, metadata

automations: Final = Table(
    "automations",
    metadata,
    Column("automation_id", Text, primary_key=True),
    Column("account_id", Text, nullable=False),
    Column("home_ref", Text, nullable=False),
    Column("device_id", Text, ForeignKey("devices.device_id"), nullable=False),
    Column("epoch", Integer, nullable=False),
    # "triggered_by" and not "trigger", which is a word of SQL.
    Column("triggered_by", Text, nullable=False),
    Column("mode", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("params", Text, nullable=False),
    Column("starts", Boolean, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("dry_run_until", Instant),
    Column("rested_until", Instant),
    Column("fired_at", Instant),
    Column("version", Integer, nullable=False),
    # A rule is about a home that its owner shares: it goes with the membership, and so with the account.
    ForeignKeyConstraint(
        ["home_ref", "account_id"], ["home_members.home_ref", "home_members.account_id"], ondelete="CASCADE"
    ),
    Index(None, "account_id"),
    Index(None, "home_ref"),
    Index(None, "device_id"),
)

automation_firings: Final = Table(
    "automation_firings",
    metadata,
    Column("firing_id", Text, primary_key=True),
    Column("automation_id", Text, ForeignKey("automations.automation_id", ondelete="CASCADE"), nullable=False),
    Column("account_id", Text, ForeignKey("accounts.account_id", ondelete="CASCADE"), nullable=False),
    Column("home_ref", Text, nullable=False),
    Column("device_id", Text, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("starts", Boolean, nullable=False),
    Column("waits", Boolean, nullable=False),
    Column("state", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("due_at", Instant),
    Column("off_command_id", Text, nullable=False),
    Column("command_id", Text),
    Column("reason", Text),
    Column("version", Integer, nullable=False),
    Index(None, "automation_id"),
    Index(None, "account_id"),
    Index(None, "home_ref"),
    Index(None, "device_id"),
    Index(None, "due_at"),
    Index(None, "at"),
)

automation_lines: Final = Table(
    "automation_lines",
    metadata,
    Column("line_id", AutoId, primary_key=True, autoincrement=True),
    Column("automation_id", Text, ForeignKey("automations.automation_id", ondelete="CASCADE"), nullable=False),
    Column("account_id", Text, ForeignKey("accounts.account_id", ondelete="CASCADE"), nullable=False),
    Column("at", Instant, nullable=False),
    Column("did", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("dry", Boolean, nullable=False),
    Index(None, "automation_id", "line_id"),
    Index(None, "account_id"),
    Index(None, "at"),
)
