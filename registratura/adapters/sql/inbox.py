"""What came in and waits for its work."""

from datetime import timedelta
from enum import Enum
from functools import cache
from typing import Any

import attrs
import orjson
from sqlalchemy import (
    JSON,
    ColumnElement,
    Connection,
    Select,
    Text,
    Update,
    and_,
    any_,
    bindparam,
    cast,
    delete,
    exists,
    func,
    literal,
    literal_column,
    select,
    text,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.sql.dml import ReturningInsert

from registratura.adapters.sql.codec import read_incoming, write_incoming
from registratura.adapters.sql.engines import POSTGRESQL
from registratura.adapters.sql.prepared import Parameters, Prepared
from registratura.adapters.sql.questions import Asked, Batch, rows_of
from registratura.adapters.sql.tables import inbox, marker
from registratura.adapters.sql.types import database_moment
from registratura.adapters.sql.upsert import Insert, insert, upsert
from registratura.adapters.sql.waking import ringing
from registratura.application.ports.messenger import Incoming
from registratura.application.ports.queues import Received
from registratura.application.ports.waking import Queue


class _State(Enum):
    NEW = "new"
    DONE = "done"
    PARKED = "parked"


_NOW = database_moment(literal_column("0"))
_NEW: ColumnElement[str] = literal_column("'new'")
_AT_ONCE = 30_000
"""The most updates of one line that are moved behind by one transaction."""


@cache
def _put(dialect: str) -> ReturningInsert[Any]:
    at_once = {"received_at": _NOW, "not_before": _NOW}
    adding = insert(dialect, inbox).values(at_once).on_conflict_do_nothing(index_elements=[inbox.c.key])
    return adding.returning(inbox.c.number, *ringing(dialect, Queue.INBOX))


def _put_together() -> Batch:
    """Several at once; tells of each whether it was new.

    Line by line, so that repeats in two processes do not wait for each other in a circle, and in each line in the order
    in which they came.
    """
    kinds: Asked = {"key": Text(), "line": Text(), "payload": Text()}
    asked = select(rows_of(kinds, "unpacked")).cte("asked")
    first = select(asked).ext(distinct_on(asked.c.key)).order_by(asked.c.key, asked.c.place).cte("first")
    columns = ["key", "line", "payload", "state", "attempts", "received_at", "not_before"]
    values = select(first.c.key, first.c.line, cast(first.c.payload, JSON), _NEW, literal_column("0"), _NOW, _NOW)
    put = (
        insert(POSTGRESQL, inbox)
        .from_select(columns, values.order_by(first.c.line, first.c.place))
        .on_conflict_do_nothing(index_elements=[inbox.c.key])
        .returning(inbox.c.key)
        .cte("put")
    )
    rung = select(*ringing(POSTGRESQL, Queue.INBOX)).select_from(put).limit(1).scalar_subquery()
    found = asked.outerjoin(first, first.c.place == asked.c.place).outerjoin(put, put.c.key == first.c.key)
    told = select(put.c.key.is_not(None), cast(rung, Text)).select_from(found).order_by(asked.c.place)
    return Batch(Prepared(told), kinds)  # type: ignore[arg-type]  # a selection of just these is a Select too


def receiving(key: str, line: str, incoming: Incoming) -> Parameters:
    """What `PUT_TOGETHER` is told of one update."""
    return {"key": key, "line": line, "payload": orjson.dumps(write_incoming(incoming)).decode()}


def _near(name: str) -> ColumnElement[bool]:
    """The words of the partial indexes."""
    return and_(text(f"NOT {name}.behind"))


@cache
def _next(dialect: str) -> Select[Any]:
    """The oldest due update with nothing before it in its line, that no other worker has locked.

    `followed` tells whether others wait behind it. On PostgreSQL the line is locked too: an update with a smaller
    number may be committed while a later one of the same line is already being worked on, and would be the head of the
    line then.
    """
    other = inbox.alias("other")
    # A value and not EXISTS: PostgreSQL would join the whole queue for that while it has not looked at the table yet.
    first = select(func.min(other.c.number)).where(other.c.line == inbox.c.line, other.c.state == _NEW)
    later = inbox.alias("later")
    head = (
        select(inbox.c.number, inbox.c.line, inbox.c.payload, inbox.c.attempts)
        .where(
            inbox.c.state == _NEW,
            _near("inbox"),
            inbox.c.not_before <= _NOW,
            inbox.c.number == first.correlate(inbox).scalar_subquery(),
        )
        .order_by(inbox.c.number)
        .limit(1)
        .with_for_update(skip_locked=True, of=inbox)
    )
    found = head.cte("head").prefix_with("MATERIALIZED")
    alone = _alone(found.c.line) if dialect == POSTGRESQL else literal(value=True)
    followed = exists().where(later.c.line == found.c.line, later.c.state == _NEW, later.c.number > found.c.number)
    return select(found, alone.label("alone"), followed.label("followed"))


def _alone(line: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether nobody else works on the line, or may until the transaction ends."""
    return func.pg_try_advisory_xact_lock(func.hashtextextended(line, 0))


@cache
def _line_up(dialect: str) -> Update:
    """Let the first of a line be near after number :after, and everybody behind that one far behind.

    Done by those alone who hold the line. A long line is then as cheap to pass over as a short one.
    """
    first, next_one, other = inbox.alias("first"), inbox.alias("next_one"), inbox.alias("other")
    of_line = bindparam("of_line", type_=inbox.c.line.type)
    nearest = (
        select(func.min(first.c.number))
        .where(first.c.line == of_line, first.c.state == _NEW, first.c.number > bindparam("after"))
        .scalar_subquery()
    )
    too_far = select(next_one.c.number).where(next_one.c.number == nearest, next_one.c.behind)
    too_near = (
        select(other.c.number)
        .where(other.c.line == of_line, other.c.state == _NEW, _near("other"), other.c.number > nearest)
        .order_by(other.c.number)
        .limit(_AT_ONCE)
        .subquery()
    )
    wrong = union_all(too_far, select(too_near.c.number))
    moved = update(inbox).values(behind=~inbox.c.behind)
    if dialect == POSTGRESQL:
        # An array, so that it is looked up by number whatever PostgreSQL thinks of the size of the table.
        return moved.where(inbox.c.number == any_(func.array(wrong.scalar_subquery())))
    return moved.where(inbox.c.number.in_(wrong))


PUT_TOGETHER = _put_together()
_SETTLE = (
    update(inbox)
    .where(inbox.c.number == bindparam("which"))
    .values(
        state=bindparam("state"),
        reason=bindparam("reason"),
        attempts=inbox.c.attempts + 1,
        done_at=_NOW,
    )
)
_LINE = select(inbox.c.line).where(inbox.c.number == bindparam("which"))
_UNTOUCHED = (inbox.c.state == _State.NEW.value, inbox.c.attempts == bindparam("attempts_before"))
_PARK = _SETTLE.where(*_UNTOUCHED)
_PUT_BACK = (
    update(inbox)
    .where(inbox.c.number == bindparam("which"), *_UNTOUCHED)
    .values(not_before=database_moment(bindparam("wait")), reason=bindparam("reason"), attempts=inbox.c.attempts + 1)
)
_OLD = (
    select(inbox.c.number)
    .where(inbox.c.state == literal_column("'done'"), inbox.c.done_at <= database_moment(bindparam("ago")))
    .order_by(inbox.c.done_at)
    .limit(bindparam("most"))
)
_FORGET = delete(inbox).where(inbox.c.number.in_(_OLD.scalar_subquery())).execution_options(preserve_rowcount=True)
_HOLD = select(func.pg_advisory_xact_lock(func.hashtextextended(bindparam("of_line"), 0)))
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
        if row.followed:
            self._connection.execute(
                _line_up(self._connection.dialect.name), {"of_line": row.line, "after": row.number}
            )
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
        line = self._connection.scalars(_LINE, {"which": received.number}).one()
        if self._connection.dialect.name == POSTGRESQL:
            self._connection.execute(_HOLD, {"of_line": line})
        asked = {"which": received.number, "attempts_before": received.attempts, "reason": reason}
        parked = self._connection.execute(_PARK, asked | {"state": _State.PARKED.value}).rowcount == 1
        if parked:
            self._connection.execute(_line_up(self._connection.dialect.name), {"of_line": line, "after": 0})
        return parked

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
