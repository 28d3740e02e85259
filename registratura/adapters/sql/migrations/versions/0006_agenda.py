"""When each booking is next looked at, and which booking took the place of a closed one."""

import sqlalchemy as sa
from alembic import op

from registratura.adapters.sql.types import Moment

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_ON_AGENDA = sa.text("agenda IS NOT NULL")


def upgrade() -> None:
    """Add both; bookings made before are not reminded of."""
    op.add_column("appointment", sa.Column("moved_to", sa.Text))
    op.add_column("appointment", sa.Column("agenda", Moment))
    op.create_index(
        "ix_appointment_agenda",
        "appointment",
        ["agenda"],
        unique=False,
        postgresql_where=_ON_AGENDA,
        sqlite_where=_ON_AGENDA,
    )


def downgrade() -> None:
    """Drop both."""
    op.drop_index("ix_appointment_agenda", table_name="appointment")
    op.drop_column("appointment", "agenda")
    op.drop_column("appointment", "moved_to")
