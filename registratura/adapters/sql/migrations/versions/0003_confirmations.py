"""Where bookings at a remote MIS stand."""

import sqlalchemy as sa
from alembic import op

from registratura.adapters.sql.types import Moment

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table; bookings that are there already were decided without a MIS."""
    op.create_table(
        "confirmation",
        sa.Column("appointment_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("since", Moment(), nullable=False),
        sa.Column("gives_up_at", Moment(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("asked_at", Moment(), nullable=True),
        sa.Column("in_doubt", sa.Boolean(), nullable=False),
        sa.Column("due", Moment(), nullable=True),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("code", sa.Integer(), nullable=True),
        sa.Column("user_id", sa.Text(), nullable=True),
        sa.Column("chat", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["appointment_id"], ["appointment.id"], name="fk_confirmation_appointment_id"),
        sa.PrimaryKeyConstraint("appointment_id", name="pk_confirmation"),
    )
    op.create_index(
        "ix_confirmation_due",
        "confirmation",
        ["due"],
        unique=False,
        postgresql_where=sa.text("due IS NOT NULL"),
        sqlite_where=sa.text("due IS NOT NULL"),
    )


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("confirmation")
