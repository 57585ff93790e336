"""Erasures and their steps; sealed names under the key of the person."""

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Filled with the tables of this part."""
