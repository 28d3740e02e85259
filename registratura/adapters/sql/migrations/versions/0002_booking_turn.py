"""Whose turn it is: what every booking of one patient passes, one after the other."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table of turns."""
    op.create_table(
        "booking_turn",
        sa.Column("patient_id", sa.Text(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("patient_id", name="pk_booking_turn"),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("booking_turn")
