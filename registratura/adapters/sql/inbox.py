"""What came in and waits for its work."""

from datetime import timedelta
from enum import Enum
from functools import cache
from typing import Any

import attrs
from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    bindparam,
    delete,
    exists,
    func,
    literal,
    literal_column,
    select,
    update,
)

from registratura.adapters.sql.codec import read_incoming, write_incoming
from registratura.adapters.sql.engines import POSTGRESQL
from registratura.adapters.sql.tables import inbox, marker
from registratura.adapters.sql.types import database_moment
from registratura.adapters.sql.upsert import Insert, insert, upsert
from registratura.adapters.sql.waking import ringing
from registratura.application.ports.messenger import Incoming
from registratura.application.ports.storage import Received
from registratura.application.ports.waking import Queue


class _State(Enum):
    NEW = "new"
    DONE = "done"
    PARKED = "parked"


_NOW = database_moment(literal_column("0"))


@cache
def _put(dialect: str) -> Insert:
    at_once = {"received_at": _NOW, "not_before": _NOW}
    adding = insert(dialect, inbox).values(at_once).on_conflict_do_nothing(index_elements=[inbox.c.key])
    return adding.returning(inbox.c.number, *ringing(dialect, Queue.INBOX))


@cache
def _next(dialect: str) -> Select[Any]:
    """The oldest due update with nothing before it in its line, that no other worker has locked.

    On PostgreSQL the line is locked too: an update with a smaller number may be committed while a later one of the
    same line is already being worked on, and would be the head of the line then.
    """
    earlier = inbox.alias("earlier")
    new: ColumnElement[str] = literal_column("'new'")
    head = (
        select(inbox.c.number, inbox.c.line, inbox.c.payload, inbox.c.attempts)
        .where(
            inbox.c.state == new,
            inbox.c.not_before <= _NOW,
            ~exists().where(earlier.c.line == inbox.c.line, earlier.c.state == new, earlier.c.number < inbox.c.number),
        )
        .order_by(inbox.c.number)
        .limit(1)
        .with_for_update(skip_locked=True, of=inbox)
    )
    if dialect != POSTGRESQL:
        return head.add_columns(literal(value=True).label("alone"))
    locked = head.cte("head").prefix_with("MATERIALIZED")
    alone = func.pg_try_advisory_xact_lock(func.hashtextextended(locked.c.line, 0))
    return select(locked.c.number, locked.c.payload, locked.c.attempts, alone.label("alone"))


_SETTLE = (
    update(inbox)
    .where(inbox.c.number == bindparam("which"))
    .values(state=bindparam("state"), reason=bindparam("reason"), attempts=inbox.c.attempts + 1)
)
_UNTOUCHED = (inbox.c.state == _State.NEW.value, inbox.c.attempts == bindparam("attempts_before"))
_PARK = _SETTLE.where(*_UNTOUCHED)
_PUT_BACK = (
    update(inbox)
    .where(inbox.c.number == bindparam("which"), *_UNTOUCHED)
    .values(not_before=database_moment(bindparam("wait")), reason=bindparam("reason"), attempts=inbox.c.attempts + 1)
)
_OLD = (
    select(inbox.c.number)
    .where(inbox.c.state == literal_column("'done'"), inbox.c.received_at <= database_moment(bindparam("ago")))
    .order_by(inbox.c.received_at)
    .limit(bindparam("most"))
)
_FORGET = delete(inbox).where(inbox.c.number.in_(_OLD.scalar_subquery())).execution_options(preserve_rowcount=True)
_MARKER = select(marker.c.marker).where(marker.c.source == bindparam("source"))


@attrs.frozen
class SqlInbox:
    """`Inbox` over a connection."""

    _connection: Connection

    def put(self, key: str, line: str, incoming: Incoming) -> bool:
        row = {
            "key": key,
            "line": line,
            "payload": write_incoming(incoming),
            "state": _State.NEW.value,
            "attempts": 0,
        }
        return self._connection.execute(_put(self._connection.dialect.name), row).one_or_none() is not None

    def next(self) -> Received | None:
        row = self._connection.execute(_next(self._connection.dialect.name)).one_or_none()
        if row is None or not row.alone:
            return None
        try:
            incoming = read_incoming(row.payload)
        except Exception as fault:  # noqa: BLE001  # written by another version: it must not stop everybody behind it
            self._settle(row.number, _State.PARKED, f"unreadable: {type(fault).__name__}")
            return None
        return Received(number=row.number, incoming=incoming, attempts=row.attempts)

    def done(self, number: int) -> None:
        self._settle(number, _State.DONE, None)

    def put_back(self, received: Received, wait: timedelta, reason: str) -> bool:
        seconds = wait.total_seconds()
        asked = {"which": received.number, "attempts_before": received.attempts, "wait": seconds, "reason": reason}
        return self._connection.execute(_PUT_BACK, asked).rowcount == 1

    def park(self, received: Received, reason: str) -> bool:
        asked = {"which": received.number, "attempts_before": received.attempts, "reason": reason}
        return self._connection.execute(_PARK, asked | {"state": _State.PARKED.value}).rowcount == 1

    def forget(self, age: timedelta, limit: int) -> int:
        return self._connection.execute(_FORGET, {"ago": -age.total_seconds(), "most": limit}).rowcount

    def marker(self, source: str) -> str | None:
        return self._connection.scalar(_MARKER, {"source": source})

    def move_marker(self, source: str, marker: str) -> None:
        self._connection.execute(_move_marker(self._connection.dialect.name), {"source": source, "marker": marker})

    def _settle(self, number: int, state: _State, reason: str | None) -> None:
        self._connection.execute(_SETTLE, {"which": number, "state": state.value, "reason": reason})


@cache
def _move_marker(dialect: str) -> Insert:
    return upsert(dialect, marker)
