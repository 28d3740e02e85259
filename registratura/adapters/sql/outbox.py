"""Effects that leave with the commit and are sent afterwards, in order by line."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import attrs
from sqlalchemy import (
    Boolean,
    ColumnElement,
    Connection,
    Row,
    Select,
    Update,
    and_,
    any_,
    bindparam,
    case,
    delete,
    exists,
    func,
    literal,
    literal_column,
    or_,
    select,
    text,
    union_all,
    update,
)
from sqlalchemy.sql.dml import ReturningInsert

from registratura.adapters.sql.codec import read_outgoing, write_outgoing
from registratura.adapters.sql.engines import POSTGRESQL
from registratura.adapters.sql.tables import dialogue, outbox
from registratura.adapters.sql.types import Moment, database_moment
from registratura.adapters.sql.upsert import insert
from registratura.adapters.sql.waking import ringing
from registratura.application.ports.messenger import Outgoing
from registratura.application.ports.queues import Leased, SendState
from registratura.application.ports.waking import Queue

_WAITING, _SENDING = SendState.WAITING.value, SendState.SENDING.value
_NOW = database_moment(literal_column("0"))
_AT_ONCE = 30_000
"""The most effects of one line that are moved behind by one transaction."""
_other = outbox.alias("other")


@cache
def _put(dialect: str) -> ReturningInsert[Any]:
    due = func.coalesce(bindparam("wanted_due", type_=Moment), _NOW)
    return insert(dialect, outbox).values(due=due).returning(outbox.c.number, *ringing(dialect, Queue.OUTBOX))


@cache
def _put_once(dialect: str) -> ReturningInsert[Any]:
    """One statement for what is to be sent and for what is not: the latter is settled at once."""
    once = insert(dialect, outbox).values(due=_NOW, settled_at=case((bindparam("gone", type_=Boolean), _NOW)))
    return once.on_conflict_do_nothing(index_elements=["id"]).returning(
        outbox.c.number, *ringing(dialect, Queue.OUTBOX)
    )


def _unsent(name: str) -> ColumnElement[bool]:
    """The words of the partial indexes."""
    return and_(text(f"{name}.state IN ('waiting', 'sending')"))


def _near(name: str) -> ColumnElement[bool]:
    return and_(text(f"NOT {name}.behind"))


# Values and not EXISTS: PostgreSQL would join the whole queue for those while it has not looked at the table yet.
_HEAD = select(func.min(_other.c.number)).where(_other.c.line == outbox.c.line, _unsent("other"))
_IS_HEAD = outbox.c.number == _HEAD.correlate(outbox).scalar_subquery()
# Commits do not come in the order of numbers: a late one may become the head while its follower is being sent.
_SENT_NOW = select(func.count()).where(
    _other.c.line == outbox.c.line,
    _unsent("other"),
    _near("other"),
    _other.c.state == _SENDING,
    _other.c.number > outbox.c.number,
    _other.c.lease_until > _NOW,
)


@cache
def _heads(dialect: str) -> Select[Any]:
    """The due heads of lines that nobody else takes at this moment, and whether their people may be written to.

    `followed` tells whether others wait behind a head.
    """
    due = (
        select(outbox)
        .where(
            _unsent("outbox"),
            _near("outbox"),
            # What is being sent was due when it was taken, so reminders of next week are not even looked at.
            outbox.c.due <= _NOW,
            or_(outbox.c.state == _WAITING, outbox.c.lease_until <= _NOW),
            _IS_HEAD,
            _SENT_NOW.correlate(outbox).scalar_subquery() == 0,
        )
        .order_by(outbox.c.due, outbox.c.number)
        .limit(bindparam("most"))
        .with_for_update(skip_locked=True, of=outbox)
    )
    heads = due.cte("heads")
    alone: ColumnElement[bool] = literal(value=True)
    if dialect == POSTGRESQL:
        heads = heads.prefix_with("MATERIALIZED")
        alone = func.pg_try_advisory_xact_lock(func.hashtextextended(heads.c.line, 1))
    person = heads.outerjoin(dialogue, dialogue.c.user_id == heads.c.payload["user"].as_string())
    later = outbox.alias("later")
    followed = exists().where(later.c.line == heads.c.line, _unsent("later"), later.c.number > heads.c.number)
    return (
        select(heads, dialogue.c.reachable, dialogue.c.chat, alone.label("alone"), followed.label("followed"))
        .select_from(person)
        .order_by(heads.c.due, heads.c.number)
    )


@cache
def _line_up(dialect: str) -> Update:
    """Let the first of a line be near after number :after, and everybody behind that one far behind.

    Done by those alone who hold the line. A long line is then as cheap to pass over as a short one.
    """
    first, next_one = outbox.alias("first"), outbox.alias("next_one")
    of_line = bindparam("of_line", type_=outbox.c.line.type)
    nearest = (
        select(func.min(first.c.number))
        .where(first.c.line == of_line, _unsent("first"), first.c.number > bindparam("after"))
        .scalar_subquery()
    )
    too_far = select(next_one.c.number).where(next_one.c.number == nearest, next_one.c.behind)
    too_near = (
        select(_other.c.number)
        .where(_other.c.line == of_line, _unsent("other"), _near("other"), _other.c.number > nearest)
        .order_by(_other.c.number)
        .limit(_AT_ONCE)
        .subquery()
    )
    wrong = union_all(too_far, select(too_near.c.number))
    moved = update(outbox).values(behind=~outbox.c.behind)
    if dialect == POSTGRESQL:
        # An array, so that it is looked up by number whatever PostgreSQL thinks of the size of the table.
        return moved.where(outbox.c.number == any_(func.array(wrong.scalar_subquery())))
    return moved.where(outbox.c.number.in_(wrong))


_LEASE = (
    update(outbox)
    .where(outbox.c.number.in_(bindparam("numbers", expanding=True)))
    .values(
        # Who holds a lease that ran out may still be sending: nobody knows.
        in_doubt=or_(outbox.c.in_doubt, outbox.c.state == _SENDING),
        state=_SENDING,
        lease_until=database_moment(bindparam("term")),
        attempts=outbox.c.attempts + 1,
        first_attempt_at=func.coalesce(outbox.c.first_attempt_at, _NOW),
    )
)
_SETTLE = (
    update(outbox)
    .where(outbox.c.id == bindparam("which"))
    .values(
        state=bindparam("new_state"),
        reason=bindparam("new_reason"),
        settled_at=_NOW,
        lease_until=None,
    )
)
# What was said is nobody's business once it is said; what could not be sent is kept for people to look at.
_SETTLE_AND_FORGET = _SETTLE.values(payload={})
_HELD = (
    outbox.c.id == bindparam("which"),
    outbox.c.state == _SENDING,
    # Each lease counts one attempt: another number is somebody else's lease.
    outbox.c.attempts == bindparam("own_attempt"),
)
_POSTPONE = (
    update(outbox)
    .where(*_HELD)
    .values(
        state=_WAITING,
        due=database_moment(bindparam("wait")),
        reason=bindparam("new_reason"),
        in_doubt=bindparam("new_in_doubt", type_=outbox.c.in_doubt.type),
        lease_until=None,
    )
)
_GIVE_BACK = (
    update(outbox)
    .where(*_HELD)
    .values(
        state=_WAITING,
        attempts=bindparam("attempts_before"),
        first_attempt_at=bindparam("first_before", type_=Moment),
        lease_until=None,
    )
)
_OLD = (
    select(outbox.c.number)
    .where(text("outbox.state IN ('sent', 'skipped')"), outbox.c.settled_at <= database_moment(bindparam("ago")))
    .order_by(outbox.c.settled_at)
    .limit(bindparam("most"))
)
_FORGET = delete(outbox).where(outbox.c.number.in_(_OLD.scalar_subquery())).execution_options(preserve_rowcount=True)


@attrs.frozen
class SqlOutbox:
    """`Outbox` over a connection."""

    _connection: Connection

    def put(self, line: str, outgoing: Outgoing, *, id: str, due: datetime | None = None) -> None:
        self._connection.execute(
            _put(self._connection.dialect.name),
            {
                "id": id,
                "line": line,
                "payload": write_outgoing(outgoing),
                "state": _WAITING,
                "wanted_due": due,
                "attempts": 0,
                "in_doubt": False,
            },
        )

    def put_once(self, line: str, outgoing: Outgoing, *, id: str) -> bool:
        return self._put_once(id, line, write_outgoing(outgoing), _WAITING, None)

    def leave_out(self, line: str, *, id: str, reason: str) -> bool:
        return self._put_once(id, line, {}, SendState.SKIPPED.value, reason)

    def _put_once(self, id: str, line: str, payload: object, state: str, reason: str | None) -> bool:
        asked = {
            "id": id,
            "line": line,
            "payload": payload,
            "state": state,
            "attempts": 0,
            "in_doubt": False,
            "reason": reason,
            "gone": state != _WAITING,
        }
        return self._connection.execute(_put_once(self._connection.dialect.name), asked).first() is not None

    def lease(self, limit: int, term: timedelta) -> Sequence[Leased]:
        found = self._connection.execute(_heads(self._connection.dialect.name), {"most": limit}).all()
        rows = [row for row in found if row.alone]
        if not rows:
            return ()
        for row in rows:
            if row.followed:
                self._connection.execute(
                    _line_up(self._connection.dialect.name), {"of_line": row.line, "after": row.number}
                )
        numbers = [row.number for row in rows]
        self._connection.execute(_LEASE, {"numbers": numbers, "term": term.total_seconds()})
        return tuple(leased for row in rows if (leased := self._leased(row)) is not None)

    def _leased(self, row: Row[Any]) -> Leased | None:
        try:
            outgoing = read_outgoing(row.payload)
        except Exception as fault:  # noqa: BLE001  # written by another version: it must not stop everybody behind it
            self.settle(row.id, SendState.PARKED, f"unreadable: {type(fault).__name__}")
            return None
        return Leased(
            id=row.id,
            line=row.line,
            outgoing=outgoing,
            attempts=row.attempts,
            first_attempt_at=row.first_attempt_at,
            in_doubt=row.in_doubt or row.state == _SENDING,
            reachable=row.reachable is not False,
            chat=row.chat,
        )

    def settle(self, id: str, state: SendState, reason: str | None) -> None:
        statement = _SETTLE if state is SendState.PARKED else _SETTLE_AND_FORGET
        self._connection.execute(statement, {"which": id, "new_state": state.value, "new_reason": reason})

    def postpone(self, leased: Leased, wait: timedelta, reason: str | None, *, in_doubt: bool) -> bool:
        asked = {"wait": wait.total_seconds(), "new_reason": reason, "new_in_doubt": in_doubt}
        return self._connection.execute(_POSTPONE, asked | _held(leased)).rowcount == 1

    def give_back(self, leased: Leased) -> bool:
        asked = {"attempts_before": leased.attempts, "first_before": leased.first_attempt_at}
        return self._connection.execute(_GIVE_BACK, asked | _held(leased)).rowcount == 1

    def forget(self, age: timedelta, limit: int) -> int:
        return self._connection.execute(_FORGET, {"ago": -age.total_seconds(), "most": limit}).rowcount


def _held(leased: Leased) -> dict[str, object]:
    return {"which": leased.id, "own_attempt": leased.attempts + 1}
