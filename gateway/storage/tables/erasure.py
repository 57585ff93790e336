"""Erasures under way, and their receipts until they are fetched."""

from typing import Final

from sqlalchemy import Column, Index, Integer, LargeBinary, Table, Text

from gateway.storage.tables.schema import Instant, metadata

# The account is no foreign key: its row goes first.
erasures: Final = Table(
    "erasures",
    metadata,
    Column("erasure_id", Text, primary_key=True),
    Column("account_id", Text),
    Column("reason", Text, nullable=False),
    Column("begun_at", Instant, nullable=False),
    Column("devices", Text, nullable=False),
    Column("rows", Text, nullable=False),
    Column("done", Text, nullable=False),
    Column("next_at", Instant),
    Column("finished_at", Instant),
    Column("token_digest", LargeBinary, nullable=False, unique=True),
    Column("receipt", LargeBinary),
    Column("fetched_at", Instant),
    Column("version", Integer, nullable=False),
    Index(None, "next_at"),
    Index(None, "finished_at"),
)
