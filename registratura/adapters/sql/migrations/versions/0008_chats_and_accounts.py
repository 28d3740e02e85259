"""Chats of consultations; accounts with their sessions, links and sign-ins; words to support."""

import sqlalchemy as sa
from alembic import op

from registratura.adapters.sql.types import Moment

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_DUE = sa.text("due IS NOT NULL")


def upgrade() -> None:
    """Create the tables, and the indexes by which cards are matched."""
    op.create_table(
        "consultation_chat",
        sa.Column("appointment_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("starts", Moment(), nullable=False),
        sa.Column("due", Moment(), nullable=True),
        sa.Column("guests", sa.JSON(), nullable=False),
        sa.Column("missing", sa.JSON(), nullable=False),
        sa.Column("chat", sa.Text(), nullable=True),
        sa.Column("link", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("told", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["appointment_id"], ["appointment.id"], name="fk_consultation_chat_appointment_id"),
        sa.PrimaryKeyConstraint("appointment_id", name="pk_consultation_chat"),
    )
    op.create_index(
        "ix_consultation_chat_due",
        "consultation_chat",
        ["due"],
        unique=False,
        postgresql_where=_DUE,
        sqlite_where=_DUE,
    )
    op.create_table(
        "account",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("login", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("password", sa.Text(), nullable=True),
        sa.Column("patient_id", sa.Text(), nullable=True),
        sa.Column("messenger", sa.Text(), nullable=True),
        sa.Column("is_blocked", sa.Boolean(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("locked_until", Moment(), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("last_name", sa.Text(), nullable=True),
        sa.Column("first_name", sa.Text(), nullable=True),
        sa.Column("middle_name", sa.Text(), nullable=True),
        sa.Column("born", sa.Date(), nullable=True),
        sa.Column("sex", sa.Text(), nullable=True),
        sa.Column("snils", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("verified_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name="fk_account_patient_id"),
        sa.PrimaryKeyConstraint("id", name="pk_account"),
        sa.UniqueConstraint("login", name="uq_account_login"),
        sa.UniqueConstraint("email", name="uq_account_email"),
        sa.UniqueConstraint("messenger", name="uq_account_messenger"),
        sa.UniqueConstraint("subject", name="uq_account_subject"),
    )
    op.create_index("ix_account_name", "account", ["name"], unique=False)
    op.create_table(
        "session",
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("began_at", Moment(), nullable=False),
        sa.Column("seen_at", Moment(), nullable=False),
        sa.Column("link_hash", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_session_account_id"),
        sa.PrimaryKeyConstraint("token_hash", name="pk_session"),
    )
    op.create_index("ix_session_account", "session", ["account_id"], unique=False)
    op.create_index("ix_session_seen", "session", ["seen_at"], unique=False)
    op.create_table(
        "login_link",
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("chat", sa.Text(), nullable=True),
        sa.Column("ends_at", Moment(), nullable=False),
        sa.Column("used_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("token_hash", name="pk_login_link"),
    )
    op.create_index("ix_login_link_ends", "login_link", ["ends_at"], unique=False)
    op.create_table(
        "sign_in",
        sa.Column("state_hash", sa.Text(), nullable=False),
        sa.Column("browser_hash", sa.Text(), nullable=False),
        sa.Column("nonce", sa.Text(), nullable=True),
        sa.Column("verifier", sa.Text(), nullable=True),
        sa.Column("link_hash", sa.Text(), nullable=True),
        sa.Column("next", sa.Text(), nullable=False),
        sa.Column("ends_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("state_hash", name="pk_sign_in"),
    )
    op.create_index("ix_sign_in_ends", "sign_in", ["ends_at"], unique=False)
    op.create_table(
        "feedback",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False, autoincrement=True),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("page", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=True),
        sa.Column("at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_feedback"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_representation_patient", "representation", ["patient_id"], unique=False)
    op.create_index("ix_patient_snils", "patient", ["snils"], unique=False)
    op.create_index("ix_patient_born", "patient", ["born"], unique=False)


def downgrade() -> None:
    """Drop all of it."""
    op.drop_index("ix_patient_born", table_name="patient")
    op.drop_index("ix_patient_snils", table_name="patient")
    op.drop_index("ix_representation_patient", table_name="representation")
    for table in ("feedback", "sign_in", "login_link", "session", "account", "consultation_chat"):
        op.drop_table(table)
