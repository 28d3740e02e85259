"""Where the chats of consultations stand."""

import logging
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from functools import cache
from typing import Any

import attrs
from sqlalchemy import Connection, Row, bindparam, literal_column, select, update

from registratura.adapters.sql.tables import consultation_chat as table
from registratura.adapters.sql.types import database_moment
from registratura.adapters.sql.upsert import Insert, upsert
from registratura.domain.chats import ChatState, ConsultationChat, Guest, Side
from registratura.domain.identifiers import AppointmentId

log = logging.getLogger(__name__)

_LATER = timedelta(minutes=5)
"""When a row is looked at again that cannot be read."""
_FIND = select(table).where(table.c.appointment_id == bindparam("appointment"))
_FIND_LOCKED = _FIND.with_for_update()
_OF = select(table).where(table.c.appointment_id.in_(bindparam("appointments", expanding=True)))
_DUE = (
    select(table)
    .where(table.c.due <= database_moment(literal_column("0")))
    .order_by(table.c.due, table.c.appointment_id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_PUT_ASIDE = (
    update(table)
    .where(table.c.appointment_id == bindparam("which"))
    .values(due=database_moment(literal_column(str(_LATER.total_seconds()))))
)


@cache
def _save(dialect: str) -> Insert:
    return upsert(dialect, table)


@attrs.frozen
class SqlConsultationChats:
    """`ConsultationChats` over a connection."""

    _connection: Connection
    _locking: bool = attrs.field(kw_only=True)

    def find(self, appointment: AppointmentId) -> ConsultationChat | None:
        statement = _FIND_LOCKED if self._locking else _FIND
        row = self._connection.execute(statement, {"appointment": appointment}).one_or_none()
        return _chat_of(row) if row is not None else None

    def of(self, appointments: Collection[AppointmentId]) -> Mapping[AppointmentId, ConsultationChat]:
        rows = self._connection.execute(_OF, {"appointments": list(appointments)})
        return {chat.appointment: chat for chat in map(_chat_of, rows)}

    def due(self, limit: int) -> Sequence[ConsultationChat]:
        rows = self._connection.execute(_DUE, {"most": limit}).all()
        return tuple(chat for row in rows if (chat := self._readable(row)) is not None)

    def _readable(self, row: Row[Any]) -> ConsultationChat | None:
        try:
            return _chat_of(row)
        except Exception as fault:  # noqa: BLE001  # written by another version: it must not stop everybody behind it
            # Without the traceback: it would quote the row.
            log.warning("chat.unreadable", extra={"booking": row.appointment_id, "reason": type(fault).__name__})
            self._connection.execute(_PUT_ASIDE, {"which": row.appointment_id})
            return None

    def save(self, chat: ConsultationChat) -> None:
        row = {
            "appointment_id": chat.appointment,
            "state": chat.state.value,
            "starts": chat.starts,
            "due": chat.due,
            "guests": [[guest.phone, guest.side.value] for guest in chat.guests],
            "missing": sorted(chat.missing),
            "chat": chat.chat,
            "link": chat.link,
            "attempts": chat.attempts,
            "reason": chat.reason,
            "told": chat.told,
        }
        self._connection.execute(_save(self._connection.dialect.name), row)


def _chat_of(row: Row[Any]) -> ConsultationChat:
    known = row._asdict()
    return ConsultationChat(
        appointment=AppointmentId(known.pop("appointment_id")),
        state=ChatState(known.pop("state")),
        guests=tuple(Guest(phone, Side(side)) for phone, side in known.pop("guests")),
        missing=frozenset(known.pop("missing")),
        **known,
    )
