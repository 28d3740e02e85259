"""The schema: bringing a database to the newest revision, and telling that it is old."""

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, NullPool, create_engine, text

from registratura.adapters.sql.engines import BROKEN, POSTGRESQL, database_url, unavailable
from registratura.application.ports.failures import Unavailable

_MIGRATIONS_LOCK = 7_234_601


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "registratura.adapters.sql:migrations")
    config.set_main_option("path_separator", "os")
    return config


@cache
def newest() -> str | None:
    """The newest revision this code knows."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def is_known(revision: str) -> bool:
    """Whether this code knows *revision*; it does not know those of later versions."""
    return revision in {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}


def current(connection: Connection) -> str | None:
    """The revision of the database; None before the first migration."""
    return MigrationContext.configure(connection).get_current_revision()


def check(connection: Connection) -> None:
    """Return when the schema is the newest, else raise `Unavailable` saying what to do."""
    found = current(connection)
    if found != newest():
        raise Unavailable(f"the schema is at {found or 'nothing'}, run `registratura migrate`")


def migrate(url: str, revision: str = "head") -> None:
    """Bring the database at *url* to *revision*; a new SQLite file gets its folder made.

    Two of these at once wait for each other. Raises `Unavailable` when the database does not answer.
    """
    address = database_url(url)
    if address.database and address.get_backend_name() != POSTGRESQL:
        Path(address.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(address, poolclass=NullPool, hide_parameters=True)
    try:
        with engine.begin() as connection:
            if connection.dialect.name == POSTGRESQL:
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MIGRATIONS_LOCK})
            else:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
    except BROKEN as broken:
        raise unavailable(broken) from broken
    finally:
        engine.dispose()
