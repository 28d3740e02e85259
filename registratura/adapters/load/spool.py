"""The spool of a load in a temporary SQLite database, which the system removes by itself (port `Spool`)."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Final
from zoneinfo import ZoneInfo

import attrs

from registratura.adapters.load import wire
from registratura.application.ports.spool import Line, Obstacle, Waiting
from registratura.application.records import Clash, Orphan

_SCHEMA: Final = """
create table seen (kind text not null, id text not null, call integer not null, primary key (kind, id)) without rowid;
create table waiting (
    ticket integer primary key,
    kind text not null,
    source text not null,
    number integer not null,
    id text not null,
    raw text not null,
    obstacle text not null
);
create index waiting_by_kind on waiting (kind, ticket);
"""
# Nothing here outlives the load, so nothing is written twice for safety, or committed. The cache is in KiB.
_CARELESS: Final = (
    "pragma journal_mode = off; pragma synchronous = off; pragma temp_store = file; pragma cache_size = -4096; begin;"
)
_SEE: Final = "insert or ignore into seen select ?, value, ? from json_each(?)"
_SEEN: Final = "select id from seen where kind = ? and call = ? and id in (select value from json_each(?))"


@contextmanager
def temporary_spool(region: ZoneInfo) -> Iterator["TemporarySpool"]:
    """A spool in an unnamed file that is gone when the load ends; *region* as in `read_records`."""
    # The empty name asks SQLite for a private file, deleted as soon as it is open.
    with closing(sqlite3.connect("", isolation_level=None, check_same_thread=False)) as connection:
        connection.executescript(_CARELESS + _SCHEMA)
        yield TemporarySpool(connection, region)


@attrs.frozen
class TemporarySpool:
    """Seen ids and waiting lines; waiting records are kept as they came and read again."""

    connection: sqlite3.Connection
    region: ZoneInfo

    def first_time(self, kind: str, ids: Sequence[str]) -> Sequence[bool]:
        """See `Spool`."""
        call = self.connection.total_changes
        # One statement for all of them: other threads go on while it runs.
        asked = (kind, call, json.dumps(ids))
        if self.connection.execute(_SEE, asked).rowcount == len(ids):
            return [True] * len(ids)
        new = {name for (name,) in self.connection.execute(_SEEN, asked)}
        first = []
        for name in ids:
            first.append(name in new)
            new.discard(name)
        return first

    def put(self, line: Line, obstacle: Obstacle) -> None:
        """See `Spool`."""
        # What is read over may be of any shape, and is not needed again.
        raw = {name: value for name, value in line.raw.items() if name in wire.KINDS[line.kind].names}
        self.connection.execute(
            "insert into waiting (kind, source, number, id, raw, obstacle) values (?, ?, ?, ?, ?, ?)",
            (line.kind, line.source, line.number, line.id, json.dumps(raw), _written(obstacle)),
        )

    def waiting(self, kind: str, after: int, limit: int) -> Sequence[Waiting]:
        """See `Spool`."""
        rows = self.connection.execute(
            "select ticket, source, number, id, raw, obstacle from waiting where kind = ? and ticket > ? "
            "order by ticket limit ?",
            (kind, after, limit),
        )
        return [
            Waiting(ticket, self._line(kind, source, number, name, raw), _read(obstacle))
            for ticket, source, number, name, raw, obstacle in rows
        ]

    def drop(self, ticket: int) -> None:
        """See `Spool`."""
        self.connection.execute("delete from waiting where ticket = ?", (ticket,))

    def update(self, ticket: int, obstacle: Obstacle) -> None:
        """See `Spool`."""
        self.connection.execute("update waiting set obstacle = ? where ticket = ?", (_written(obstacle), ticket))

    def _line(self, kind: str, source: str, number: int, id: str, text: str) -> Line:
        raw = json.loads(text)
        record = wire.read_record(kind, raw, self.region)
        if isinstance(record, list):
            raise TypeError(f"a {kind} that was read once cannot be read again")
        return Line(source=source, number=number, kind=kind, id=id, record=record, raw=raw)


def _written(obstacle: Obstacle) -> str:
    match obstacle:
        case Orphan(field=field, value=value):
            return json.dumps({"field": field, "value": value})
        case Clash(fields=fields, other=other):
            return json.dumps({"fields": fields, "other": other})


def _read(text: str) -> Obstacle:
    stored = json.loads(text)
    if "value" in stored:
        return Orphan(stored["field"], stored["value"])
    return Clash(tuple(stored["fields"]), stored["other"])
