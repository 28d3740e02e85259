"""Which cards are tied to their messenger id by a sign-in."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_TIED = """
    UPDATE patient SET tied = true WHERE EXISTS (
        SELECT 1 FROM account WHERE account.messenger = patient.messenger AND account.patient_id = patient.id
    )
"""


def upgrade() -> None:
    """Add the mark, and set it where somebody's account has the card and its messenger id."""
    op.add_column("patient", sa.Column("tied", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.execute(_TIED)


def downgrade() -> None:
    """Forget who was tied how."""
    op.drop_column("patient", "tied")
