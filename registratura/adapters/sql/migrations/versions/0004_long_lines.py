"""Lines of any length, and the end of what is long done."""

import sqlalchemy as sa
from alembic import op

from registratura.adapters.sql.types import Moment

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

NEW = "state = 'new'"
UNSENT = "state IN ('waiting', 'sending')"
NEAR = " AND NOT behind"


def _index(name: str, table: str, columns: list[str], where: str | None = None) -> None:
    condition = sa.text(where) if where is not None else None
    op.create_index(name, table, columns, unique=False, postgresql_where=condition, sqlite_where=condition)


def _vacuum_often(table: str) -> None:
    # A queue leaves a dead row for each one that passed, all of them at the end where the next one is looked for.
    op.execute(f"ALTER TABLE {table} SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000)")


def upgrade() -> None:
    """Tell those far behind in a line from those whose turn is near, and index what will be deleted."""
    for table in ("inbox", "outbox"):
        op.add_column(table, sa.Column("behind", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("inbox", sa.Column("done_at", Moment(), nullable=True))
    op.execute("UPDATE inbox SET done_at = received_at WHERE state = 'done'")
    for name, table in (("ix_inbox_new", "inbox"), ("ix_outbox_due", "outbox"), ("ix_outbox_lease", "outbox")):
        op.drop_index(name, table_name=table)
    _index("ix_inbox_new", "inbox", ["number"], NEW + NEAR)
    _index("ix_inbox_near", "inbox", ["line", "number"], NEW + NEAR)
    _index("ix_inbox_done", "inbox", ["done_at"], "state = 'done'")
    _index("ix_outbox_due", "outbox", ["due", "number"], UNSENT + NEAR)
    _index("ix_outbox_near", "outbox", ["line", "number"], UNSENT + NEAR)
    _index("ix_outbox_settled", "outbox", ["settled_at"], "state IN ('sent', 'skipped')")
    _index("ix_request_at", "request", ["at"])
    if op.get_bind().dialect.name == "postgresql":
        for table in ("inbox", "outbox", "throttle", "dialogue"):
            _vacuum_often(table)


def downgrade() -> None:
    """As it was before; on PostgreSQL the tables keep being vacuumed often."""
    for name, table in (
        ("ix_request_at", "request"),
        ("ix_outbox_settled", "outbox"),
        ("ix_outbox_near", "outbox"),
        ("ix_outbox_due", "outbox"),
        ("ix_inbox_done", "inbox"),
        ("ix_inbox_near", "inbox"),
        ("ix_inbox_new", "inbox"),
    ):
        op.drop_index(name, table_name=table)
    with op.batch_alter_table("outbox") as outbox:
        outbox.drop_column("behind")
    with op.batch_alter_table("inbox") as inbox:
        inbox.drop_column("done_at")
        inbox.drop_column("behind")
    _index("ix_inbox_new", "inbox", ["number"], NEW)
    _index("ix_outbox_due", "outbox", ["due", "number"], UNSENT)
    _index("ix_outbox_lease", "outbox", ["lease_until"], "state = 'sending'")
