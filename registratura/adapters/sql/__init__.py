"""The storage on SQLite and PostgreSQL: one code base of SQLAlchemy Core under plain functions."""

from registratura.adapters.sql.backups import BackupRefused, backup, restore
from registratura.adapters.sql.schema import migrate
from registratura.adapters.sql.storage import SqlStorage, open_storage
from registratura.adapters.sql.waking import waking_at

__all__ = ["BackupRefused", "SqlStorage", "backup", "migrate", "open_storage", "restore", "waking_at"]
