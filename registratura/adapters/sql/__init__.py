"""The storage on SQLite and PostgreSQL: one code base of SQLAlchemy Core under plain functions."""

from registratura.adapters.sql.schema import migrate
from registratura.adapters.sql.storage import SqlStorage, open_storage
from registratura.adapters.sql.waking import waking_at

__all__ = ["SqlStorage", "migrate", "open_storage", "waking_at"]
