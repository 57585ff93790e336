"""The audit: a chain of rows, and the signed hashes that vouch for it."""

from typing import Final

from sqlalchemy import BigInteger, Column, Index, LargeBinary, Table, Text

from gateway.storage.tables.schema import Instant, metadata

audit_rows: Final = Table(
    "audit_rows",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    Column("staff_id", Text),
    Column("role", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("result", Text, nullable=False),
    Column("device_id", Text),
    Column("account_id", Text),
    Column("target", LargeBinary),
    Column("case_number", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("previous", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Index(None, "account_id", "number"),
    Index(None, "staff_id", "at"),
    Index(None, "at"),
)

audit_checkpoints: Final = Table(
    "audit_checkpoints",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary, nullable=False),
    Column("at", Instant, nullable=False),
    Column("signature", LargeBinary, nullable=False),
)
