"""The first schema: everything up to commands. Tables come in the order in which they refer to each other.

Longer than other files on purpose: one schema that is made in one transaction, and never edited again.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:  # noqa: PLR0915 - one list, as long as there are tables
    op.create_table(
        "accounts",
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("login_index", sa.LargeBinary(), nullable=False),
        sa.Column("login_index_key", sa.Integer(), nullable=False),
        sa.Column("login_kind", sa.Text(), nullable=False),
        sa.Column("adult", sa.Boolean(), nullable=False),
        sa.Column("guardian_id", sa.Text()),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.BigInteger()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", name="pk_accounts"),
        sa.UniqueConstraint("login_index", name="uq_accounts_login_index"),
    )
    op.create_table(
        "attempts",
        sa.Column("attempt_id", sa.Text(), nullable=False),
        sa.Column("trace_id", sa.Text(), nullable=False),
        sa.Column("pairing_id", sa.Text()),
        sa.Column("unit_id", sa.Text()),
        sa.Column("claim_id", sa.Text()),
        sa.Column("mac_index", sa.LargeBinary()),
        sa.Column("mac_tail", sa.Text()),
        sa.Column("machine_code_index", sa.LargeBinary()),
        sa.Column("machine_code_tail", sa.Text()),
        sa.Column("type_id", sa.Text()),
        sa.Column("firmware", sa.Text()),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("code", sa.Text()),
        sa.Column("confidence", sa.Text()),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.BigInteger()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("attempt_id", name="pk_attempts"),
        sa.UniqueConstraint("trace_id", name="uq_attempts_trace_id"),
    )
    op.create_index("ix_attempts_claim_id_opened_at", "attempts", ["claim_id", "opened_at"])
    op.create_index("ix_attempts_outcome_updated_at", "attempts", ["outcome", "updated_at"])
    op.create_index("ix_attempts_pairing_id", "attempts", ["pairing_id"])
    op.create_index("ix_attempts_unit_id_opened_at", "attempts", ["unit_id", "opened_at"])
    op.create_table(
        "claim_connections",
        sa.Column("claim_id", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("claim_id", name="pk_claim_connections"),
    )
    op.create_table(
        "counters",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_counters"),
    )
    op.create_table(
        "events",
        sa.Column("event_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("device_id", sa.Text()),
        sa.Column("epoch", sa.Integer()),
        sa.Column("pairing_id", sa.Text()),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name="pk_events"),
    )
    op.create_index("ix_events_account_id_event_id", "events", ["account_id", "event_id"])
    op.create_index("ix_events_at", "events", ["at"])
    op.create_index("ix_events_pairing_id_event_id", "events", ["pairing_id", "event_id"])
    op.create_table(
        "evidence",
        sa.Column(
            "evidence_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("attempt_id", sa.Text()),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("says", sa.Text(), nullable=False),
        sa.Column("raw_code", sa.Text()),
        sa.Column("address_index", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("evidence_id", name="pk_evidence"),
    )
    op.create_index("ix_evidence_attempt_id_at", "evidence", ["attempt_id", "at"])
    op.create_table(
        "idempotent_requests",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("request_digest", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Integer()),
        sa.Column("location", sa.Text()),
        sa.Column("body", sa.LargeBinary()),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_idempotent_requests"),
    )
    op.create_index("ix_idempotent_requests_started_at", "idempotent_requests", ["started_at"])
    op.create_table(
        "key_checks",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("record", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_key_checks"),
    )
    op.create_table(
        "outbox",
        sa.Column(
            "outbox_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger()),
        sa.Column("claimed_by", sa.Text(), nullable=False),
        sa.Column("claimed_until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("outbox_id", name="pk_outbox"),
    )
    op.create_index("ix_outbox_claimed_until", "outbox", ["claimed_until"])
    op.create_table(
        "received_messages",
        sa.Column("device_id", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("device_id", "message_id", name="pk_received_messages"),
    )
    op.create_index("ix_received_messages_at", "received_messages", ["at"])
    op.create_table(
        "tallies",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", "day", name="pk_tallies"),
    )
    op.create_table(
        "throttles",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("blocked_until", sa.BigInteger()),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_throttles"),
    )
    op.create_index("ix_throttles_updated_at", "throttles", ["updated_at"])
    op.create_table(
        "units",
        sa.Column("unit_id", sa.Text(), nullable=False),
        sa.Column("type_id", sa.Text(), nullable=False),
        sa.Column("mac_index", sa.LargeBinary(), nullable=False),
        sa.Column("mac_tail", sa.Text(), nullable=False),
        sa.Column("machine_code_index", sa.LargeBinary(), nullable=False),
        sa.Column("machine_code_tail", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary()),
        sa.Column("claim_id", sa.Text()),
        sa.Column("unit_key_sealed", sa.LargeBinary()),
        sa.Column("unit_key_index", sa.LargeBinary()),
        sa.Column("setup_code_index", sa.LargeBinary()),
        sa.Column("blocked", sa.Text()),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("unit_id", name="pk_units"),
        sa.UniqueConstraint("claim_id", name="uq_units_claim_id"),
        sa.UniqueConstraint("fingerprint", name="uq_units_fingerprint"),
        sa.UniqueConstraint("mac_index", name="uq_units_mac_index"),
        sa.UniqueConstraint("machine_code_index", name="uq_units_machine_code_index"),
        sa.UniqueConstraint("setup_code_index", name="uq_units_setup_code_index"),
        sa.UniqueConstraint("unit_key_index", name="uq_units_unit_key_index"),
    )
    op.create_table(
        "devices",
        sa.Column("device_id", sa.Text(), nullable=False),
        sa.Column("unit_id", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("reset_counter", sa.Integer(), nullable=False),
        sa.Column("firmware", sa.Text()),
        sa.Column("descriptor_version", sa.Integer()),
        sa.Column("connected_serial", sa.Text()),
        sa.Column("command_seq", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["units.unit_id"], name="fk_devices_unit_id"),
        sa.PrimaryKeyConstraint("device_id", name="pk_devices"),
        sa.UniqueConstraint("unit_id", name="uq_devices_unit_id"),
    )
    op.create_table(
        "passwords",
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("scheme", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("pepper_id", sa.Text(), nullable=False),
        sa.Column("salt", sa.Text()),
        sa.Column("salt_first", sa.Boolean(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.account_id"], name="fk_passwords_account_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", name="pk_passwords"),
    )
    op.create_table(
        "sessions",
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("refreshed_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger()),
        sa.Column("end_reason", sa.Text()),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.account_id"], name="fk_sessions_account_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("session_id", name="pk_sessions"),
    )
    op.create_index("ix_sessions_account_id", "sessions", ["account_id"])
    op.create_index("ix_sessions_refreshed_at", "sessions", ["refreshed_at"])
    op.create_table(
        "bindings",
        sa.Column("device_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger()),
        sa.Column("reset_counter", sa.Integer(), nullable=False),
        sa.Column("nickname_sealed", sa.LargeBinary()),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.account_id"], name="fk_bindings_account_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["device_id"], ["devices.device_id"], name="fk_bindings_device_id"),
        sa.PrimaryKeyConstraint("device_id", "account_id", name="pk_bindings"),
    )
    op.create_index("ix_bindings_account_id", "bindings", ["account_id"])
    op.create_index(
        "uq_bindings_one_owner",
        "bindings",
        ["device_id"],
        unique=True,
        sqlite_where=sa.text("role = 'owner'"),
        postgresql_where=sa.text("role = 'owner'"),
    )
    op.create_table(
        "certificate_keys",
        sa.Column("key_digest", sa.LargeBinary(), nullable=False),
        sa.Column("device_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["devices.device_id"], name="fk_certificate_keys_device_id"),
        sa.PrimaryKeyConstraint("key_digest", name="pk_certificate_keys"),
    )
    op.create_table(
        "commands",
        sa.Column("command_id", sa.Text(), nullable=False),
        sa.Column("device_id", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("params", sa.Text()),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("code", sa.Text()),
        sa.Column("issued_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("sent_at", sa.BigInteger()),
        sa.Column("received_at", sa.BigInteger()),
        sa.Column("ended_at", sa.BigInteger()),
        sa.Column("sends", sa.Integer(), nullable=False),
        sa.Column("next_send_at", sa.BigInteger()),
        sa.Column("due_at", sa.BigInteger()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["devices.device_id"], name="fk_commands_device_id"),
        sa.PrimaryKeyConstraint("command_id", name="pk_commands"),
        sa.UniqueConstraint("device_id", "seq", name="uq_commands_device_id_seq"),
    )
    op.create_index("ix_commands_due_at", "commands", ["due_at"])
    op.create_index("ix_commands_issued_at", "commands", ["issued_at"])
    op.create_table(
        "pairings",
        sa.Column("pairing_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("token_digest", sa.LargeBinary()),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("device_id", sa.Text()),
        sa.Column("code", sa.Text()),
        sa.Column("trace_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.account_id"], name="fk_pairings_account_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["device_id"], ["devices.device_id"], name="fk_pairings_device_id"),
        sa.PrimaryKeyConstraint("pairing_id", name="pk_pairings"),
        sa.UniqueConstraint("token_digest", name="uq_pairings_token_digest"),
    )
    op.create_index("ix_pairings_account_id_status", "pairings", ["account_id", "status"])
    op.create_index("ix_pairings_status_expires_at", "pairings", ["status", "expires_at"])
    op.create_table(
        "presences",
        sa.Column("device_id", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("last_seen_at", sa.BigInteger(), nullable=False),
        sa.Column("session", sa.Text()),
        sa.Column("why", sa.Text()),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["devices.device_id"], name="fk_presences_device_id"),
        sa.PrimaryKeyConstraint("device_id", name="pk_presences"),
    )
    op.create_index("ix_presences_status_last_seen_at", "presences", ["status", "last_seen_at"])
    op.create_table(
        "release_requests",
        sa.Column("device_id", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("newcomer", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["devices.device_id"], name="fk_release_requests_device_id"),
        sa.ForeignKeyConstraint(
            ["newcomer"], ["accounts.account_id"], name="fk_release_requests_newcomer", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("device_id", name="pk_release_requests"),
    )
    op.create_index("ix_release_requests_until", "release_requests", ["until"])
    op.create_table(
        "session_tokens",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger()),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.session_id"], name="fk_session_tokens_session_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("digest", name="pk_session_tokens"),
    )
    op.create_index("ix_session_tokens_expires_at", "session_tokens", ["expires_at"])
    op.create_index("ix_session_tokens_session_id", "session_tokens", ["session_id"])
    op.create_table(
        "states",
        sa.Column("device_id", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("boot", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("full_seq", sa.BigInteger(), nullable=False),
        sa.Column("properties", sa.Text(), nullable=False),
        sa.Column("marks", sa.Text(), nullable=False),
        sa.Column("earlier_boots", sa.Text(), nullable=False),
        sa.Column("as_of", sa.BigInteger()),
        sa.Column("received_at", sa.BigInteger()),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["devices.device_id"], name="fk_states_device_id"),
        sa.PrimaryKeyConstraint("device_id", name="pk_states"),
    )
    op.create_table(
        "verdicts",
        sa.Column("device_id", sa.Text(), nullable=False),
        sa.Column("message", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["devices.device_id"], name="fk_verdicts_device_id"),
        sa.PrimaryKeyConstraint("device_id", name="pk_verdicts"),
    )
    op.create_table(
        "certificates",
        sa.Column("serial", sa.Text(), nullable=False),
        sa.Column("device_id", sa.Text(), nullable=False),
        sa.Column("key_digest", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("not_before", sa.BigInteger(), nullable=False),
        sa.Column("not_after", sa.BigInteger(), nullable=False),
        sa.Column("x509_not_after", sa.BigInteger(), nullable=False),
        sa.Column("renew_after", sa.BigInteger(), nullable=False),
        sa.Column("pem", sa.Text()),
        sa.Column("fingerprint", sa.LargeBinary()),
        sa.Column("prepared_at", sa.BigInteger(), nullable=False),
        sa.Column("issued_at", sa.BigInteger()),
        sa.Column("confirmed_at", sa.BigInteger()),
        sa.Column("ended_at", sa.BigInteger()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["devices.device_id"], name="fk_certificates_device_id"),
        sa.ForeignKeyConstraint(["key_digest"], ["certificate_keys.key_digest"], name="fk_certificates_key_digest"),
        sa.PrimaryKeyConstraint("serial", name="pk_certificates"),
        sa.UniqueConstraint("fingerprint", name="uq_certificates_fingerprint"),
    )
    op.create_index("ix_certificates_device_id", "certificates", ["device_id"])
    op.create_index("ix_certificates_key_digest", "certificates", ["key_digest"])
    op.create_index("ix_certificates_status_x509_not_after", "certificates", ["status", "x509_not_after"])
    op.create_table(
        "pairing_steps",
        sa.Column("pairing_id", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text()),
        sa.ForeignKeyConstraint(
            ["pairing_id"], ["pairings.pairing_id"], name="fk_pairing_steps_pairing_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("pairing_id", "step", name="pk_pairing_steps"),
    )
    counters = sa.table("counters", sa.column("name", sa.Text()), sa.column("value", sa.BigInteger()))
    op.bulk_insert(counters, [{"name": "changes", "value": 0}, {"name": "forgotten_events", "value": 0}])
