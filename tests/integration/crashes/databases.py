"""Databases that are used again and again: making and dropping one takes longer than a life and a death in it."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from queue import SimpleQueue
from typing import Any

import attrs
import sqlalchemy

from registratura.adapters.sql.tables import metadata

Kept = Mapping[str, Sequence[Mapping[str, Any]]]
"""Everything a database holds, by table."""


def take(url: str) -> Kept:
    """Everything that is in the database at *url* now."""
    with engine_of(url).begin() as connection:
        return {
            table.name: [dict(row) for row in connection.execute(sqlalchemy.select(table)).mappings()]
            for table in metadata.sorted_tables
        }


def put(url: str, kept: Kept) -> None:
    """Let the database at *url* hold *kept* and nothing else."""
    with engine_of(url).begin() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(sqlalchemy.delete(table))
        for table in metadata.sorted_tables:
            if kept[table.name]:
                connection.execute(sqlalchemy.insert(table), list(kept[table.name]))
            if "number" in table.c and connection.dialect.name == "postgresql":
                # Numbers that were put in by hand are given once more otherwise.
                following = sqlalchemy.func.pg_get_serial_sequence(table.name, "number")
                last = max((row["number"] for row in kept[table.name]), default=0)
                connection.execute(sqlalchemy.select(sqlalchemy.func.setval(following, last + 1, False)))


@cache
def engine_of(url: str) -> sqlalchemy.Engine:
    """The one engine for *url*, which remembers how statements are put and keeps no connection."""
    return sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)


@attrs.define
class Shelf:
    """Migrated databases, lent to one at a time."""

    _free: "SimpleQueue[str]" = attrs.field(factory=SimpleQueue)

    def add(self, *urls: str) -> None:
        """These may be lent."""
        for url in urls:
            self._free.put(url)

    @contextlib.contextmanager
    def lend(self, kept: Kept) -> Iterator[str]:
        """A database that holds *kept*; waits until one is free."""
        url = self._free.get()
        try:
            put(url, kept)
            yield url
        finally:
            self._free.put(url)
