"""Requests, exports, incidents, closures, what left through the one door."""

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Filled with the tables of this part."""
