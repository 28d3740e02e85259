"""Rows as the records before left them: what is known, what differs, what is written."""

import json
from collections.abc import Callable, Collection, Mapping
from functools import cache
from hashlib import blake2b
from typing import Any

import attrs
from sqlalchemy import ARRAY, Column, ColumnElement, Connection, Table, Text, any_, func, literal, select

from registratura.adapters.sql import tables as t
from registratura.adapters.sql.engines import POSTGRESQL
from registratura.adapters.sql.mapping import Row
from registratura.adapters.sql.upsert import Insert, upsert
from registratura.application.records import Orphan, Stored


def among(connection: Connection, column: Column[Any], values: Collection[str]) -> ColumnElement[bool]:
    """*column* is one of *values*, which travel as one parameter however many they are."""
    if connection.dialect.name == POSTGRESQL:
        return column == any_(literal(list(values), ARRAY(Text)))
    return column.in_(select(func.json_each(json.dumps(list(values))).table_valued("value").c.value))


def digest(row: Mapping[str, Any]) -> str:
    """A short name of everything in *row*."""
    return short(json.dumps(row, sort_keys=True, default=str, ensure_ascii=False))


def short(text: str) -> str:
    """A name of *text* that no other text has."""
    return blake2b(text.encode(), digest_size=16).hexdigest()


def known(connection: Connection, column: Column[Any], values: Collection[str]) -> set[str]:
    """Which of *values* stand in *column*."""
    return set(connection.scalars(select(column).where(among(connection, column, set(values)))))


def cards(connection: Connection, ids: Collection[str]) -> dict[str, str]:
    """The card to which each of *ids* leads: its own, or the one it was merged into."""
    asked = select(t.united_id).where(among(connection, t.united_id.c.united_id, set(ids)))
    merged = {row.united_id: row.patient_id for row in connection.execute(asked)}
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
    """What is to be written into one table, in the order of the records."""

    _connection: Connection
    _table: Table
    _statement: Callable[[str, Table], Insert] = _upsert
    """What writes a row, for a dialect."""
    _seen: dict[tuple[Any, ...], str] = attrs.field(factory=dict, init=False)
    _pending: list[Row] = attrs.field(factory=list, init=False)

    def look(self, column: Column[Any], values: Collection[str]) -> None:
        """Read what stands there for *values* of *column*."""
        keys = list(self._table.primary_key.columns)
        asked = select(*keys, self._table.c.digest).where(among(self._connection, column, set(values)))
        self._seen |= {tuple(row[:-1]): row.digest for row in self._connection.execute(asked)}

    def stands(self, row: Row) -> bool:
        """Whether exactly this row stands there already."""
        return self._seen.get(self._key(row)) == digest(row)

    def put(self, row: Row, **instead: object) -> Stored:
        """Write *row* unless it stands there already; *instead* are columns that are written otherwise than told."""
        key, named = self._key(row), digest(row)
        before = self._seen.get(key)
        if before == named:
            return Stored.SAME
        self._seen[key] = named
        self._pending.append({**row, **instead, "digest": named})
        return Stored.CREATED if before is None else Stored.CHANGED

    def forget(self, *key: str) -> None:
        """What stands under *key* was changed by others: whatever comes differs from it."""
        if key in self._seen:
            self._seen[key] = ""

    def _key(self, row: Row) -> tuple[Any, ...]:
        return tuple(row[column.name] for column in self._table.primary_key.columns)

    def write(self) -> list[Row]:
        """Write what was put since the last time, and give it back."""
        written, self._pending = self._pending, []
        if written:
            self._connection.execute(self._statement(self._connection.dialect.name, self._table), written)
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
