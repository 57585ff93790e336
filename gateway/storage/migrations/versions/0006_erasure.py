"""Erasures under way, and their receipts until they are fetched."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "erasures",
        sa.Column("erasure_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text()),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("begun_at", sa.BigInteger(), nullable=False),
        sa.Column("devices", sa.Text(), nullable=False),
        sa.Column("rows", sa.Text(), nullable=False),
        sa.Column("done", sa.Text(), nullable=False),
        sa.Column("next_at", sa.BigInteger()),
        sa.Column("finished_at", sa.BigInteger()),
        sa.Column("token_digest", sa.LargeBinary(), nullable=False),
        sa.Column("receipt", sa.LargeBinary()),
        sa.Column("fetched_at", sa.BigInteger()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("erasure_id", name="pk_erasures"),
        sa.UniqueConstraint("token_digest", name="uq_erasures_token_digest"),
    )
    op.create_index("ix_erasures_next_at", "erasures", ["next_at"])
    op.create_index("ix_erasures_finished_at", "erasures", ["finished_at"])
