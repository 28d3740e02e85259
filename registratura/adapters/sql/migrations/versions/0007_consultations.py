"""Ends of consultations, offers to close a sick leave, and a doctor's day."""

import sqlalchemy as sa
from alembic import op

from registratura.adapters.sql.types import Moment

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_CONSULTATION = sa.text("kind = 'ONLINE_CONSULTING'")


def upgrade() -> None:
    """Create the tables and the index by doctor."""
    op.create_table(
        "consultation_end",
        sa.Column("appointment_id", sa.Text(), nullable=False),
        sa.Column("ended_at", Moment(), nullable=False),
        sa.Column("held_by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["appointment_id"], ["appointment.id"], name="fk_consultation_end_appointment_id"),
        sa.PrimaryKeyConstraint("appointment_id", name="pk_consultation_end"),
    )
    op.create_table(
        "leave_offer",
        sa.Column("patient_id", sa.Text(), nullable=False),
        sa.Column("resource_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("offered_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name="fk_leave_offer_patient_id"),
        sa.ForeignKeyConstraint(["resource_id"], ["resource.id"], name="fk_leave_offer_resource_id"),
        sa.PrimaryKeyConstraint("patient_id", "resource_id", "number", name="pk_leave_offer"),
        sa.UniqueConstraint("id", name="uq_leave_offer_id"),
    )
    op.create_index(
        "ix_appointment_consultation",
        "appointment",
        ["resource_id", "starts"],
        unique=False,
        postgresql_where=_CONSULTATION,
        sqlite_where=_CONSULTATION,
    )


def downgrade() -> None:
    """Drop all three."""
    op.drop_index("ix_appointment_consultation", table_name="appointment")
    op.drop_table("leave_offer")
    op.drop_table("consultation_end")
