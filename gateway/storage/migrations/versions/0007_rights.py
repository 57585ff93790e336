"""Requests, exports, incidents, closures, what left through the one door."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _exports()
    _requests()
    _incidents()
    _disclosures()
    _closures()
    # Whatever is about one person is found without reading everybody's.
    op.create_index("ix_commands_account_id", "commands", ["account_id"])
    op.create_index("ix_idempotent_requests_owner", "idempotent_requests", ["owner"])


def _exports() -> None:
    op.create_table(
        "exports",
        sa.Column("export_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("ready_at", sa.BigInteger()),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("token_digest", sa.LargeBinary(), nullable=False),
        sa.Column("place", sa.Text()),
        sa.Column("pieces", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("fetching_until", sa.BigInteger()),
        sa.Column("fetched_at", sa.BigInteger()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.account_id"], name="fk_exports_account_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("export_id", name="pk_exports"),
        sa.UniqueConstraint("token_digest", name="uq_exports_token_digest"),
    )
    op.create_index("ix_exports_account_id_asked_at", "exports", ["account_id", "asked_at"])
    op.create_index("ix_exports_expires_at", "exports", ["expires_at"])
    op.create_index("ix_exports_status_asked_at", "exports", ["status", "asked_at"])
    op.create_table(
        "export_pieces",
        sa.Column("export_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["export_id"], ["exports.export_id"], name="fk_export_pieces_export_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("export_id", "number", name="pk_export_pieces"),
    )


def _requests() -> None:
    op.create_table(
        "requests",
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("ground", sa.Text()),
        sa.Column("about", sa.Text()),
        sa.Column("text_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("taken_by", sa.Text()),
        sa.Column("taken_at", sa.BigInteger()),
        sa.Column("refusal", sa.Text()),
        sa.Column("answer_sealed", sa.LargeBinary()),
        sa.Column("ended_at", sa.BigInteger()),
        sa.Column("alarms", sa.Integer(), nullable=False),
        sa.Column("next_alarm_at", sa.BigInteger()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.account_id"], name="fk_requests_account_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("request_id", name="pk_requests"),
    )
    op.create_index("ix_requests_account_id_asked_at", "requests", ["account_id", "asked_at"])
    op.create_index("ix_requests_ended_at", "requests", ["ended_at"])
    op.create_index("ix_requests_next_alarm_at", "requests", ["next_alarm_at"])
    op.create_index("ix_requests_status_due_at", "requests", ["status", "due_at"])


def _incidents() -> None:
    op.create_table(
        "incidents",
        sa.Column("incident_id", sa.Text(), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("began_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger()),
        sa.Column("affected", sa.Text()),
        sa.Column("texts", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("place", sa.Text()),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.Column("told_at", sa.BigInteger()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("incident_id", name="pk_incidents"),
    )
    op.create_index("ix_incidents_recorded_at", "incidents", ["recorded_at"])
    op.create_index("ix_incidents_status_recorded_at", "incidents", ["status", "recorded_at"])
    op.create_table(
        "incident_accounts",
        sa.Column("incident_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("told_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.account_id"], name="fk_incident_accounts_account_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incidents.incident_id"], name="fk_incident_accounts_incident_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("incident_id", "account_id", name="pk_incident_accounts"),
    )
    op.create_index("ix_incident_accounts_account_id", "incident_accounts", ["account_id"])


def _disclosures() -> None:
    op.create_table(
        "recipients",
        sa.Column("recipient_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("url_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("secret_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.account_id"], name="fk_recipients_account_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("recipient_id", name="pk_recipients"),
    )
    op.create_index("ix_recipients_account_id", "recipients", ["account_id"])
    op.create_table(
        "disclosures",
        sa.Column("disclosure_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("recipient_id", sa.Text(), nullable=False),
        sa.Column("recipient_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("device_id", sa.Text()),
        sa.Column("payload_sealed", sa.LargeBinary()),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("why", sa.Text()),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_try_at", sa.BigInteger()),
        sa.Column("ended_at", sa.BigInteger()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.account_id"], name="fk_disclosures_account_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("disclosure_id", name="pk_disclosures"),
    )
    op.create_index("ix_disclosures_account_id_at", "disclosures", ["account_id", "at"])
    op.create_index("ix_disclosures_at", "disclosures", ["at"])
    op.create_index("ix_disclosures_next_try_at", "disclosures", ["next_try_at"])


def _closures() -> None:
    op.create_table(
        "closures",
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.account_id"], name="fk_closures_account_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", name="pk_closures"),
    )
    op.create_index("ix_closures_expires_at", "closures", ["expires_at"])
