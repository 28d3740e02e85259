"""A PostgreSQL of its own for measuring, and databases on it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy
from psycopg import sql

from tests.services import programs
from tests.services.postgres import postgres

SETTINGS = {
    "shared_buffers": "2GB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "15min",
    "max_connections": "120",
    "autovacuum": "on",
}
"""Those of a small installation; commits are on disk (fsync and synchronous_commit are on)."""


@contextmanager
def cluster() -> Iterator[str]:
    """A server as a small installation would run it; gives the URL of its maintenance database."""
    with postgres(binaries(), SETTINGS) as url:
        yield url


def binaries() -> Path:
    """Where PostgreSQL and pgbench are; installs them when this is root's machine."""
    if programs.postgres_binaries() is None:
        programs.provide([programs.POSTGRES])
    found = programs.postgres_binaries()
    assert found is not None
    return found


def new_database(server: str, name: str) -> str:
    """An empty database *name*, in place of an older one; its URL."""
    with connect(server) as connection:
        for command in (sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)"), sql.SQL("CREATE DATABASE {}")):
            connection.execute(command.format(sql.Identifier(name)))
    return sqlalchemy.make_url(server).set(database=name).render_as_string(hide_password=False)


def plain(url: str) -> str:
    """*url* as libpq reads it."""
    return sqlalchemy.make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def connect(url: str) -> psycopg.Connection[Any]:
    """A connection that commits by itself."""
    return psycopg.connect(plain(url), autocommit=True)


def version_of(url: str) -> str:
    """What the server calls itself."""
    with connect(url) as connection:
        row = connection.execute("SHOW server_version").fetchone()
    assert row is not None
    return str(row[0])
