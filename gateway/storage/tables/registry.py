"""What the factory made and what the gateway issued to it: no person appears here."""

from typing import Final

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, Table, Text

from gateway.storage.tables.schema import Instant, metadata

units: Final = Table(
    "units",
    metadata,
    Column("unit_id", Text, primary_key=True),
    Column("type_id", Text, nullable=False),
    Column("mac_index", LargeBinary, nullable=False, unique=True),
    Column("mac_tail", Text, nullable=False),
    Column("machine_code_index", LargeBinary, nullable=False, unique=True),
    Column("machine_code_tail", Text, nullable=False),
    Column("fingerprint", LargeBinary, unique=True),
    Column("claim_id", Text, unique=True),
    Column("unit_key_sealed", LargeBinary),
    Column("unit_key_index", LargeBinary, unique=True),
    Column("setup_code_index", LargeBinary, unique=True),
    Column("blocked", Text),
    Column("created_at", Instant, nullable=False),
)

claim_connections: Final = Table(
    "claim_connections",
    metadata,
    Column("claim_id", Text, primary_key=True),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("seen_at", Instant, nullable=False),
)

devices: Final = Table(
    "devices",
    metadata,
    Column("device_id", Text, primary_key=True),
    Column("unit_id", Text, ForeignKey("units.unit_id"), nullable=False, unique=True),
    Column("status", Text, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("reset_counter", Integer, nullable=False),
    Column("firmware", Text),
    Column("descriptor_version", Integer),
    Column("connected_serial", Text),
    Column("command_seq", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("version", Integer, nullable=False),
)

certificate_keys: Final = Table(
    "certificate_keys",
    metadata,
    Column("key_digest", LargeBinary, primary_key=True),
    Column("device_id", Text, ForeignKey("devices.device_id"), nullable=False),
)

certificates: Final = Table(
    "certificates",
    metadata,
    Column("serial", Text, primary_key=True),
    Column("device_id", Text, ForeignKey("devices.device_id"), nullable=False),
    Column("key_digest", LargeBinary, ForeignKey("certificate_keys.key_digest"), nullable=False),
    Column("status", Text, nullable=False),
    Column("not_before", Instant, nullable=False),
    Column("not_after", Instant, nullable=False),
    Column("x509_not_after", Instant, nullable=False),
    Column("renew_after", Instant, nullable=False),
    Column("pem", Text),
    Column("fingerprint", LargeBinary, unique=True),
    Column("prepared_at", Instant, nullable=False),
    Column("issued_at", Instant),
    Column("confirmed_at", Instant),
    Column("ended_at", Instant),
    Column("version", Integer, nullable=False),
    Index(None, "device_id"),
    Index(None, "key_digest"),
    Index(None, "status", "x509_not_after"),
)
