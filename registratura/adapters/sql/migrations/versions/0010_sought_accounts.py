"""Accounts are listed and looked for by folded name, login and e-mail address."""

import sqlalchemy as sa
from alembic import op

from registratura.adapters.sql.types import Sought
from registratura.domain.people import folded

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_BATCH = 1000
_INDEXES = {
    "ix_account_sought_name": ["sought_name", "id"],
    "ix_account_sought_login": ["sought_login"],
    "ix_account_sought_email": ["sought_email"],
}
_account = sa.table(
    "account",
    *(sa.column(name, sa.Text) for name in ("id", "name", "login", "email")),
    *(sa.column(name, Sought) for name in ("sought_name", "sought_login", "sought_email")),
)


def upgrade() -> None:
    """Add the columns, fill them, and index them instead of the name.

    What a process of the former version writes meanwhile is listed first, and found once it is written again.
    """
    op.add_column("account", sa.Column("sought_name", Sought, nullable=False, server_default=""))
    op.add_column("account", sa.Column("sought_login", Sought, nullable=True))
    op.add_column("account", sa.Column("sought_email", Sought, nullable=True))
    _fill()
    for name, columns in _INDEXES.items():
        op.create_index(name, "account", columns, unique=False)
    op.drop_index("ix_account_name", table_name="account")


def _fill() -> None:
    connection = op.get_bind()
    c = _account.c
    batch = sa.select(c.id, c.name, c.login, c.email).order_by(c.id).limit(_BATCH)
    change = (
        sa.update(_account)
        .where(c.id == sa.bindparam("which"))
        .values({name: sa.bindparam(f"new_{name}") for name in ("sought_name", "sought_login", "sought_email")})
    )
    last = ""
    while rows := connection.execute(batch.where(c.id > last)).all():
        connection.execute(
            change,
            [
                {
                    "which": row.id,
                    "new_sought_name": folded(row.name),
                    "new_sought_login": folded(row.login) if row.login is not None else None,
                    "new_sought_email": folded(row.email) if row.email is not None else None,
                }
                for row in rows
            ],
        )
        last = rows[-1].id


def downgrade() -> None:
    """Drop them, and index the name again."""
    op.create_index("ix_account_name", "account", ["name"], unique=False)
    for name, columns in _INDEXES.items():
        op.drop_index(name, table_name="account")
        op.drop_column("account", columns[0])
