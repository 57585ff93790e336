"""Evidence says at which stage and with which code, silence has a moment, and an address joins what is nameless."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_WITH_ADDRESS = sa.text("address_index IS NOT NULL")


def upgrade() -> None:
    op.add_column("evidence", sa.Column("stage", sa.Text()))
    op.add_column("evidence", sa.Column("code", sa.Text()))
    op.add_column("evidence", sa.Column("probable", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("evidence", sa.Column("times", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("evidence", sa.Column("detail", sa.Text()))
    op.add_column("pairings", sa.Column("address_index", sa.LargeBinary()))
    op.add_column("pairings", sa.Column("reports", sa.Integer(), nullable=False, server_default="0"))
    op.create_index(
        "ix_pairings_address_index",
        "pairings",
        ["address_index"],
        sqlite_where=_WITH_ADDRESS,
        postgresql_where=_WITH_ADDRESS,
    )
    op.add_column("attempts", sa.Column("app_version", sa.Text()))
    op.add_column("attempts", sa.Column("due_at", sa.BigInteger()))
    op.create_index("ix_attempts_outcome_due_at", "attempts", ["outcome", "due_at"])
    op.create_index("ix_attempts_mac_index", "attempts", ["mac_index"])
    op.create_index("ix_attempts_machine_code_index", "attempts", ["machine_code_index"])
    op.create_index("ix_attempts_code_opened_at", "attempts", ["code", "opened_at"])
    op.create_index("ix_attempts_opened_at", "attempts", ["opened_at"])
    # What is open ends as it would have: three minutes after it began.
    op.execute("UPDATE attempts SET due_at = opened_at + 180000 WHERE outcome = 'open'")
