"""Looking at the database for people who watch over it: what waits in it, and whether it is set up safely."""

import asyncio
import shutil
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

import attrs
from sqlalchemy import Connection, Engine, Select, Table, func, literal_column, select, text

from registratura.adapters.sql import schema
from registratura.adapters.sql.engines import BROKEN, POSTGRESQL, database_url, make_engine, unavailable
from registratura.adapters.sql.tables import inbox, outbox
from registratura.adapters.sql.types import database_moment
from registratura.application.ports.backlog import Backlog

T = TypeVar("T")

_NOW = database_moment(literal_column("0"))
_NOTHING = Backlog(depth=0, oldest_seconds=0.0)
_RISKY_FSYNC = "off"


def _waiting(table: Table, since: str, condition: str) -> Select[int, datetime | None, datetime]:
    moment = table.c[since]
    return select(func.count(), func.min(moment), _NOW).select_from(table).where(text(condition), moment <= _NOW)


_QUEUES = {
    # The words of the partial indexes.
    "inbox": _waiting(inbox, "not_before", "state = 'new'"),
    "outbox": _waiting(outbox, "due", "state IN ('waiting', 'sending')"),
}


@attrs.frozen(kw_only=True)
class Condition:
    """What the database says about itself."""

    version: str
    is_current: bool
    """Whether the schema is the newest."""
    is_durable: bool
    """Whether what was answered survives a power cut."""
    now: datetime
    """By the clock of the database, in UTC."""
    connections: int | None = None
    """How many it admits at all; None for SQLite."""
    free_bytes: int | None = None
    """Room on the disk of a SQLite file; None for a server."""


class Inspection:
    """Implements `Backlogs`. It has a connection of its own, opened when first needed."""

    def __init__(self, url: str) -> None:
        self._engine: Engine = make_engine(url, pool_size=1, read_only=True)
        address = database_url(url)
        self._file = None if address.get_backend_name() == POSTGRESQL else Path(address.database or "")

    async def backlogs(self) -> Mapping[str, Backlog]:
        """What waits, by the name of the queue; raises `Unavailable`."""
        return await asyncio.to_thread(self._asked, _backlogs)

    async def condition(self) -> Condition:
        """What the database says about itself; raises `Unavailable`."""
        return await asyncio.to_thread(self._asked, self._condition)

    def close(self) -> None:
        """Close the connection."""
        self._engine.dispose()

    def _asked(self, look: Callable[[Connection], T]) -> T:
        try:
            with self._engine.connect() as connection:
                return look(connection)
        except BROKEN as broken:
            raise unavailable(broken) from broken

    def _condition(self, connection: Connection) -> Condition:
        now = connection.scalars(select(_NOW)).one()
        current = schema.current(connection) == schema.newest()
        if self._file is not None:
            return Condition(
                version=f"SQLite {_word(connection, 'SELECT sqlite_version()')}",
                is_current=current,
                # Ours are opened with synchronous = FULL, whatever the file says.
                is_durable=True,
                now=now,
                free_bytes=shutil.disk_usage(self._file.absolute().parent).free,
            )
        settings = (_word(connection, f"SHOW {name}") for name in ("fsync", "synchronous_commit"))
        return Condition(
            version=f"PostgreSQL {_word(connection, 'SHOW server_version')}",
            is_current=current,
            is_durable=_RISKY_FSYNC not in settings,
            now=now,
            connections=int(_word(connection, "SHOW max_connections")),
        )


def _word(connection: Connection, statement: str) -> str:
    return str(connection.exec_driver_sql(statement).scalar_one())


def _backlogs(connection: Connection) -> dict[str, Backlog]:
    return {name: _backlog(connection, query) for name, query in _QUEUES.items()}


def _backlog(connection: Connection, query: Select[int, datetime | None, datetime]) -> Backlog:
    depth, oldest, now = connection.execute(query).one()
    if oldest is None:
        return _NOTHING
    return Backlog(depth=depth, oldest_seconds=max(timedelta(0), now - oldest).total_seconds())
