"""Rows as the records before left them: what is known, what differs, what is written."""

import json
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from hashlib import blake2b
from typing import Any

import attrs
from sqlalchemy import Column, Connection, Table, select

from registratura.adapters.sql import tables as t
from registratura.adapters.sql.mapping import Row
from registratura.adapters.sql.upsert import Insert, upsert
from registratura.application.records import Orphan, Stored

_CHUNK = 10_000
"""Below what either database takes as parameters of one statement."""


def chunks(values: Collection[Any]) -> Iterator[list[Any]]:
    """*values* in lists that fit into one statement."""
    listed = list(values)
    for start in range(0, len(listed), _CHUNK):
        yield listed[start : start + _CHUNK]


def digest(row: Mapping[str, Any]) -> str:
    """A short name of everything in *row*."""
    text = json.dumps(row, sort_keys=True, default=str, ensure_ascii=False)
    return blake2b(text.encode(), digest_size=16).hexdigest()


def known(connection: Connection, column: Column[Any], values: Collection[str]) -> set[str]:
    """Which of *values* stand in *column*."""
    return {
        value for chunk in chunks(set(values)) for value in connection.scalars(select(column).where(column.in_(chunk)))
    }


def cards(connection: Connection, ids: Collection[str]) -> dict[str, str]:
    """The card to which each of *ids* leads: its own, or the one it was merged into."""
    merged = {
        row.united_id: row.patient_id
        for chunk in chunks(set(ids))
        for row in connection.execute(select(t.united_id).where(t.united_id.c.united_id.in_(chunk)))
    }
    return merged | {own: own for own in known(connection, t.patient.c.id, ids)}


def orphan(*references: tuple[str, str, Collection[str]]) -> Orphan | None:
    """The first of *references* (field, id, ids that exist) that leads nowhere."""
    for field, value, existing in references:
        if value not in existing:
            return Orphan(field, value)
    return None


@cache
def _upsert(dialect: str, table: Table) -> Insert:
    return upsert(dialect, table)


@attrs.define
class Changes:
    """What is to be written into one table, in the order of the records.

    `apart` are columns that others change too: they are compared by themselves, not through the digest.
    """

    _connection: Connection
    _table: Table
    _apart: tuple[str, ...] = ()
    _seen: dict[tuple[Any, ...], tuple[Any, ...]] = attrs.field(factory=dict, init=False)
    _pending: list[Row] = attrs.field(factory=list, init=False)

    def look(self, column: Column[Any], values: Collection[str], *, lock: bool = False) -> None:
        """Read what stands there for *values* of *column*, and keep it from changing if *lock*."""
        compared = [self._table.c[name] for name in (*self._apart, "digest")]
        keys = list(self._table.primary_key.columns)
        for chunk in chunks(set(values)):
            asked = select(*keys, *compared).where(column.in_(chunk)).order_by(*keys)
            for row in self._connection.execute(asked.with_for_update() if lock else asked):
                self._seen[tuple(row[: len(keys)])] = tuple(row[len(keys) :])

    def stands(self, row: Row) -> bool:
        """Whether exactly this row stands there already."""
        return self._seen.get(self._key(row)) == self._state(row)

    def put(self, row: Row) -> Stored:
        """Write *row* unless it stands there already."""
        key, state = self._key(row), self._state(row)
        before = self._seen.get(key)
        if before == state:
            return Stored.SAME
        self._seen[key] = state
        self._pending.append({**row, "digest": state[-1]})
        return Stored.CREATED if before is None else Stored.CHANGED

    def forget(self, *key: str) -> None:
        """What stands under *key* was changed by others: whatever comes differs from it."""
        if key in self._seen:
            self._seen[key] = ()

    def _key(self, row: Row) -> tuple[Any, ...]:
        return tuple(row[column.name] for column in self._table.primary_key.columns)

    def _state(self, row: Row) -> tuple[Any, ...]:
        named = digest({name: value for name, value in row.items() if name not in self._apart})
        return (*(row[name] for name in self._apart), named)

    def write(self) -> list[Row]:
        """Write what was put since the last time, and give it back."""
        written, self._pending = self._pending, []
        if written:
            self._connection.execute(_upsert(self._connection.dialect.name, self._table), written)
        return written


@attrs.define
class Owners:
    """Who has what only one may have, as the records before left it."""

    _owner: dict[object, str] = attrs.field(factory=dict, init=False)
    _had: dict[str, object] = attrs.field(factory=dict, init=False)

    def of(self, thing: object) -> str | None:
        """Who has *thing*."""
        return self._owner.get(thing)

    def give(self, owner: str, thing: object) -> None:
        """*owner* has *thing* from now on, and not what it had before; None is nothing."""
        if owner in self._had:
            self._owner.pop(self._had.pop(owner), None)
        if thing is not None:
            self._had.pop(self._owner.get(thing, ""), None)
            self._owner[thing] = owner
            self._had[owner] = thing
