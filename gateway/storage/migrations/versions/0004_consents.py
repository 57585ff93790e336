"""Policies, consents, receipts, notices, guardians."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _policies()
    _consents()
    _people()


def _policies() -> None:
    op.create_table(
        "policies",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reasons", sa.Text(), nullable=False),
        sa.Column("reduces_rights", sa.Boolean(), nullable=False),
        sa.Column("published_at", sa.BigInteger(), nullable=False),
        sa.Column("effective_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("version", name="pk_policies"),
    )
    op.create_table(
        "policy_texts",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["version"], ["policies.version"], name="fk_policy_texts_version", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("version", "language", name="pk_policy_texts"),
    )
    op.create_table(
        "policy_purposes",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("effective_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["version"], ["policies.version"], name="fk_policy_purposes_version", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("version", "purpose", name="pk_policy_purposes"),
    )
    op.create_index("ix_policy_purposes_purpose_effective_at", "policy_purposes", ["purpose", "effective_at"])


def _consents() -> None:
    op.create_table(
        "consents",
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("text_version", sa.Integer(), nullable=False),
        sa.Column("policy_version", sa.Integer(), nullable=False),
        sa.Column("event_number", sa.Integer(), nullable=False),
        sa.Column("by_guardian", sa.Boolean(), nullable=False),
        sa.Column("ask_at", sa.BigInteger()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.account_id"], name="fk_consents_account_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", "purpose", name="pk_consents"),
    )
    op.create_index("ix_consents_ask_at", "consents", ["ask_at"])
    op.create_index("ix_consents_purpose_state_policy_version", "consents", ["purpose", "state", "policy_version"])
    op.create_table(
        "consent_ledgers",
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("ledger_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.account_id"], name="fk_consent_ledgers_account_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", name="pk_consent_ledgers"),
        sa.UniqueConstraint("ledger_id", name="uq_consent_ledgers_ledger_id"),
    )
    op.create_table(
        "consent_events",
        sa.Column("ledger_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Text()),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("previous", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("closed_at", sa.BigInteger()),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.account_id"], name="fk_consent_events_account_id", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("ledger_id", "number", name="pk_consent_events"),
    )
    op.create_index("ix_consent_events_account_id_number", "consent_events", ["account_id", "number"])
    op.create_table(
        "consent_notices",
        sa.Column("notice_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("shown_to", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("text_version", sa.Integer(), nullable=False),
        sa.Column("text_hash", sa.LargeBinary(), nullable=False),
        sa.Column("policy_version", sa.Integer(), nullable=False),
        sa.Column("shown_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_by", sa.Integer()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.account_id"], name="fk_consent_notices_account_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["shown_to"], ["accounts.account_id"], name="fk_consent_notices_shown_to", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("notice_id", name="pk_consent_notices"),
    )
    op.create_index("ix_consent_notices_account_id", "consent_notices", ["account_id"])
    op.create_index("ix_consent_notices_expires_at", "consent_notices", ["expires_at"])
    op.create_index("ix_consent_notices_shown_to", "consent_notices", ["shown_to"])


def _people() -> None:
    op.create_table(
        "notices",
        sa.Column("notice_number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("read_at", sa.BigInteger()),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.account_id"], name="fk_notices_account_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("notice_number", name="pk_notices"),
    )
    op.create_index("ix_notices_account_id_notice_number", "notices", ["account_id", "notice_number"])
    op.create_index("ix_notices_at", "notices", ["at"])
    op.create_table(
        "guardian_codes",
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("shown_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.account_id"], name="fk_guardian_codes_account_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", name="pk_guardian_codes"),
        sa.UniqueConstraint("digest", name="uq_guardian_codes_digest"),
    )
    op.create_index("ix_guardian_codes_expires_at", "guardian_codes", ["expires_at"])
    op.create_table(
        "guardianships",
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("ward_id", sa.Text(), nullable=False),
        sa.Column("guardian_id", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.account_id"], name="fk_guardianships_account_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["guardian_id"], ["accounts.account_id"], name="fk_guardianships_guardian_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", name="pk_guardianships"),
        sa.UniqueConstraint("ward_id", name="uq_guardianships_ward_id"),
    )
    op.create_index("ix_guardianships_guardian_id", "guardianships", ["guardian_id"])
