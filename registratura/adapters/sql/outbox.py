"""Effects that leave with the commit and are sent afterwards, in order by line."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import attrs
from sqlalchemy import ColumnElement, Connection, Row, and_, bindparam, exists, func, insert, or_, select, text, update

from registratura.adapters.sql.codec import read_outgoing, write_outgoing
from registratura.adapters.sql.tables import outbox
from registratura.adapters.sql.types import Moment
from registratura.application.ports.messenger import Outgoing
from registratura.application.ports.storage import Leased, SendState

_WAITING, _SENDING = SendState.WAITING.value, SendState.SENDING.value
_NOW = bindparam("now", type_=Moment)
_other = outbox.alias("other")


def _unsent(name: str) -> ColumnElement[bool]:
    """The words of the partial indexes."""
    return and_(text(f"{name}.state IN ('waiting', 'sending')"))


_IS_HEAD = ~exists().where(_other.c.line == outbox.c.line, _unsent("other"), _other.c.number < outbox.c.number)
# Commits do not come in the order of numbers: a late one may become the head while its follower is being sent.
_LINE_IS_SENDING = exists().where(
    _other.c.line == outbox.c.line,
    _unsent("other"),
    _other.c.state == _SENDING,
    _other.c.number > outbox.c.number,
    _other.c.lease_until > _NOW,
)
_HEADS: Any = (
    select(outbox)
    .where(
        _unsent("outbox"),
        # What is being sent was due when it was taken, so reminders of next week are not even looked at.
        outbox.c.due <= _NOW,
        or_(outbox.c.state == _WAITING, outbox.c.lease_until <= _NOW),
        _IS_HEAD,
        ~_LINE_IS_SENDING,
    )
    .order_by(outbox.c.due, outbox.c.number)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True, of=outbox)
)
_LEASE = (
    update(outbox)
    .where(outbox.c.number.in_(bindparam("numbers", expanding=True)))
    .values(
        # Who holds a lease that ran out may still be sending: nobody knows.
        in_doubt=or_(outbox.c.in_doubt, outbox.c.state == _SENDING),
        state=_SENDING,
        lease_until=bindparam("until", type_=Moment),
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
_POSTPONE = (
    update(outbox)
    .where(outbox.c.id == bindparam("which"))
    .values(
        state=_WAITING,
        due=bindparam("until", type_=Moment),
        reason=bindparam("new_reason"),
        in_doubt=bindparam("new_in_doubt", type_=outbox.c.in_doubt.type),
        lease_until=None,
    )
)
_NEXT_WAITING = (
    select(outbox.c.due)
    .where(_unsent("outbox"), outbox.c.state == _WAITING, _IS_HEAD)
    .order_by(outbox.c.due, outbox.c.number)
    .limit(1)
)
_NEXT_LEASE = select(func.min(outbox.c.lease_until)).where(text("outbox.state = 'sending'"))


@attrs.frozen
class SqlOutbox:
    """`Outbox` over a connection."""

    _connection: Connection

    def put(self, line: str, outgoing: Outgoing, *, id: str, due: datetime) -> None:
        self._connection.execute(
            insert(outbox),
            {
                "id": id,
                "line": line,
                "payload": write_outgoing(outgoing),
                "state": _WAITING,
                "due": due,
                "attempts": 0,
                "in_doubt": False,
            },
        )

    def lease(self, now: datetime, limit: int, term: timedelta) -> Sequence[Leased]:
        rows = self._connection.execute(_HEADS, {"now": now, "most": limit}).all()
        if not rows:
            return ()
        numbers = [row.number for row in rows]
        self._connection.execute(_LEASE, {"numbers": numbers, "now": now, "until": now + term})
        leased = ((row, self._readable(row, now)) for row in rows)
        return tuple(
            Leased(
                id=row.id,
                line=row.line,
                outgoing=outgoing,
                attempts=row.attempts,
                first_attempt_at=row.first_attempt_at,
                in_doubt=row.in_doubt or row.state == _SENDING,
            )
            for row, outgoing in leased
            if outgoing is not None
        )

    def _readable(self, row: Row[Any], now: datetime) -> Outgoing | None:
        try:
            return read_outgoing(row.payload)
        except Exception as fault:  # noqa: BLE001  # written by another version: it must not stop everybody behind it
            self.settle(row.id, SendState.PARKED, f"unreadable: {type(fault).__name__}", now)
            return None

    def settle(self, id: str, state: SendState, reason: str | None, now: datetime) -> None:
        statement = _SETTLE if state is SendState.PARKED else _SETTLE_AND_FORGET
        self._connection.execute(statement, {"which": id, "new_state": state.value, "new_reason": reason, "now": now})

    def postpone(self, id: str, until: datetime, reason: str | None, *, in_doubt: bool) -> None:
        self._connection.execute(
            _POSTPONE, {"which": id, "until": until, "new_reason": reason, "new_in_doubt": in_doubt}
        )

    def next_due(self) -> datetime | None:
        moments = [self._connection.scalar(_NEXT_WAITING), self._connection.scalar(_NEXT_LEASE)]
        return min((moment for moment in moments if moment is not None), default=None)
