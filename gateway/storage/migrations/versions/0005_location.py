"""Homes, presence of members, automations."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_AUTO_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _households()
    _automations()


def _households() -> None:
    op.create_table(
        "homes",
        sa.Column("home_ref", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("someone_here", sa.Boolean(), nullable=False),
        sa.Column("ask_at", sa.BigInteger()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("home_ref", name="pk_homes"),
    )
    op.create_index("ix_homes_ask_at", "homes", ["ask_at"])
    op.create_table(
        "home_members",
        sa.Column("home_ref", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("member_ref", sa.Text(), nullable=False),
        sa.Column("joined_at", sa.BigInteger(), nullable=False),
        sa.Column("keeper", sa.Boolean(), nullable=False),
        sa.Column("label_sealed", sa.LargeBinary()),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.account_id"], name="fk_home_members_account_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["home_ref"], ["homes.home_ref"], name="fk_home_members_home_ref", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("home_ref", "account_id", name="pk_home_members"),
        sa.UniqueConstraint("member_ref", name="uq_home_members_member_ref"),
    )
    op.create_index("ix_home_members_account_id", "home_members", ["account_id"])
    op.create_table(
        "home_invitations",
        sa.Column("code_digest", sa.LargeBinary(), nullable=False),
        sa.Column("home_ref", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.account_id"], name="fk_home_invitations_account_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["home_ref"], ["homes.home_ref"], name="fk_home_invitations_home_ref", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("code_digest", name="pk_home_invitations"),
    )
    op.create_index("ix_home_invitations_account_id", "home_invitations", ["account_id"])
    op.create_index("ix_home_invitations_expires_at", "home_invitations", ["expires_at"])
    op.create_index("ix_home_invitations_home_ref", "home_invitations", ["home_ref"])
    op.create_table(
        "whereabouts",
        sa.Column("home_ref", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("told_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("heard_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["home_ref", "account_id"],
            ["home_members.home_ref", "home_members.account_id"],
            name="fk_whereabouts_home_ref_account_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("home_ref", "account_id", name="pk_whereabouts"),
    )
    op.create_index("ix_whereabouts_account_id", "whereabouts", ["account_id"])
    op.create_index("ix_whereabouts_heard_at", "whereabouts", ["heard_at"])


def _automations() -> None:
    op.create_table(
        "automations",
        sa.Column("automation_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("home_ref", sa.Text(), nullable=False),
        sa.Column("device_id", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("triggered_by", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("params", sa.Text(), nullable=False),
        sa.Column("starts", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("dry_run_until", sa.BigInteger()),
        sa.Column("rested_until", sa.BigInteger()),
        sa.Column("fired_at", sa.BigInteger()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["devices.device_id"], name="fk_automations_device_id"),
        sa.ForeignKeyConstraint(
            ["home_ref", "account_id"],
            ["home_members.home_ref", "home_members.account_id"],
            name="fk_automations_home_ref_account_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("automation_id", name="pk_automations"),
    )
    op.create_index("ix_automations_account_id", "automations", ["account_id"])
    op.create_index("ix_automations_device_id", "automations", ["device_id"])
    op.create_index("ix_automations_home_ref", "automations", ["home_ref"])
    op.create_table(
        "automation_firings",
        sa.Column("firing_id", sa.Text(), nullable=False),
        sa.Column("automation_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("home_ref", sa.Text(), nullable=False),
        sa.Column("device_id", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("starts", sa.Boolean(), nullable=False),
        sa.Column("waits", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger()),
        sa.Column("off_command_id", sa.Text(), nullable=False),
        sa.Column("command_id", sa.Text()),
        sa.Column("reason", sa.Text()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.account_id"], name="fk_automation_firings_account_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["automation_id"],
            ["automations.automation_id"],
            name="fk_automation_firings_automation_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("firing_id", name="pk_automation_firings"),
    )
    op.create_index("ix_automation_firings_account_id", "automation_firings", ["account_id"])
    op.create_index("ix_automation_firings_at", "automation_firings", ["at"])
    op.create_index("ix_automation_firings_automation_id", "automation_firings", ["automation_id"])
    op.create_index("ix_automation_firings_device_id", "automation_firings", ["device_id"])
    op.create_index("ix_automation_firings_due_at", "automation_firings", ["due_at"])
    op.create_index("ix_automation_firings_home_ref", "automation_firings", ["home_ref"])
    op.create_table(
        "automation_lines",
        sa.Column("line_id", _AUTO_ID, autoincrement=True, nullable=False),
        sa.Column("automation_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("did", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("dry", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.account_id"], name="fk_automation_lines_account_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["automation_id"],
            ["automations.automation_id"],
            name="fk_automation_lines_automation_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("line_id", name="pk_automation_lines"),
    )
    op.create_index("ix_automation_lines_account_id", "automation_lines", ["account_id"])
    op.create_index("ix_automation_lines_at", "automation_lines", ["at"])
    op.create_index("ix_automation_lines_automation_id_line_id", "automation_lines", ["automation_id", "line_id"])
