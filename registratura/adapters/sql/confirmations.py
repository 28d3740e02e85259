"""Where bookings at a remote MIS stand."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

import attrs
from sqlalchemy import Connection, Row, bindparam, select

from registratura.adapters.sql.tables import confirmation as table
from registratura.adapters.sql.types import Moment, database_now
from registratura.adapters.sql.upsert import Insert, upsert
from registratura.domain.confirmation import Confirmation, State
from registratura.domain.identifiers import AppointmentId, MessengerId
from registratura.domain.refusals import BookingCode

_NOW = select(database_now())
_FIND = select(table).where(table.c.appointment_id == bindparam("appointment"))
_FIND_LOCKED = _FIND.with_for_update()
_DUE = (
    select(table)
    .where(table.c.due <= bindparam("now", type_=Moment))
    .order_by(table.c.due, table.c.appointment_id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_STATES = select(table.c.appointment_id, table.c.state).where(
    table.c.appointment_id.in_(bindparam("appointments", expanding=True))
)


@cache
def _save(dialect: str) -> Insert:
    return upsert(dialect, table)


@attrs.frozen
class SqlConfirmations:
    """`Confirmations` over a connection."""

    _connection: Connection
    _locking: bool = attrs.field(kw_only=True)

    def now(self) -> datetime:
        return self._connection.execute(_NOW).scalar_one()

    def find(self, appointment: AppointmentId) -> Confirmation | None:
        statement = _FIND_LOCKED if self._locking else _FIND
        row = self._connection.execute(statement, {"appointment": appointment}).one_or_none()
        return _confirmation_of(row) if row else None

    def due(self, now: datetime, limit: int) -> Sequence[Confirmation]:
        return tuple(map(_confirmation_of, self._connection.execute(_DUE, {"now": now, "most": limit})))

    def save(self, held: Confirmation) -> None:
        row = attrs.asdict(held, filter=lambda field, _: field.name not in {"appointment", "user"})
        row |= {"appointment_id": held.appointment, "user_id": held.user, "state": held.state.value}
        self._connection.execute(_save(self._connection.dialect.name), row)

    def states(self, appointments: Collection[AppointmentId]) -> Mapping[AppointmentId, State]:
        rows = self._connection.execute(_STATES, {"appointments": list(appointments)})
        return {AppointmentId(row.appointment_id): State(row.state) for row in rows}


def _confirmation_of(row: Row[Any]) -> Confirmation:
    known = row._asdict()
    return Confirmation(
        appointment=AppointmentId(known.pop("appointment_id")),
        state=State(known.pop("state")),
        user=_user(known.pop("user_id")),
        code=_code(known.pop("code")),
        **known,
    )


def _user(text: str | None) -> MessengerId | None:
    return MessengerId(text) if text is not None else None


def _code(number: int | None) -> BookingCode | None:
    return BookingCode(number) if number is not None else None
