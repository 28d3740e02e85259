"""When bookings are next looked at."""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import attrs
from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    bindparam,
    func,
    literal_column,
    or_,
    select,
    update,
)

from registratura.adapters.sql import tables as t
from registratura.adapters.sql.engines import POSTGRESQL
from registratura.adapters.sql.mapping import (
    APPOINTMENT,
    ORGANISATION,
    PATIENT,
    PURPOSE,
    RESOURCE,
    SPECIALITY,
    appointment_of,
    organisation_of,
    patient_of,
    purpose_of,
    resource_of,
    speciality_of,
)
from registratura.adapters.sql.patients import card_id, latest_card_id
from registratura.adapters.sql.types import Moment, database_moment, database_now
from registratura.application.ports.agenda import Due
from registratura.domain.appointments import Appointment
from registratura.domain.chats import TRIES_AFTER_START
from registratura.domain.identifiers import AppointmentId, MessengerId

log = logging.getLogger(__name__)

_LATER = timedelta(minutes=5)
"""When a row is looked at again that cannot be read."""
_NOW = select(database_now())
_COLUMNS = (*APPOINTMENT, *PATIENT, *RESOURCE, *ORGANISATION, *SPECIALITY, *PURPOSE)
_AT_ONCE = database_moment(literal_column("0"))
_MISSED = database_moment(literal_column(str(-TRIES_AFTER_START.total_seconds())))
"""For what began before this nothing is done any more."""
_AHEAD = or_(t.appointment.c.outcome.is_not(None), t.appointment.c.starts > _MISSED)
_OLD = (
    select(t.appointment.c.id)
    .where(
        t.appointment.c.agenda.is_not(None),
        t.appointment.c.outcome.is_(None),
        t.appointment.c.starts <= database_moment(bindparam("ago")),
    )
    .order_by(t.appointment.c.agenda)
    .limit(bindparam("most"))
    .scalar_subquery()
)
_FORGET = (
    update(t.appointment)
    .where(t.appointment.c.id.in_(_OLD))
    .values(agenda=None)
    .execution_options(preserve_rowcount=True)
)
_PUT = (
    update(t.appointment)
    .where(t.appointment.c.id == bindparam("which"))
    .values(agenda=bindparam("moment", type_=Moment))
)


@cache
def _due(dialect: str) -> Select[Any]:
    """The bookings that are due, locked, with what is said about each."""
    heads = (
        select(t.appointment)
        .where(t.appointment.c.agenda <= _AT_ONCE, _AHEAD)
        .order_by(t.appointment.c.agenda)
        .limit(bindparam("most"))
        .with_for_update(skip_locked=True)
        .cte("heads")
    )
    if dialect == POSTGRESQL:
        heads = heads.prefix_with("MATERIALIZED")
    # Not joined with the table once more: that would be the row as it was before it was locked.
    return _described(heads).order_by(heads.c.agenda, heads.c.id)


def _who(booked: FromClause) -> ColumnElement[str]:
    return func.coalesce(booked.c.author_id, booked.c.patient_id)


def _messenger(booked: FromClause, told: FromClause) -> ColumnElement[str | None]:
    own = t.patient.alias("own_told")
    # Whoever is told may have got a new card since; which of both has the messenger, the loads decide.
    return func.coalesce(told.c.messenger, select(own.c.messenger).where(own.c.id == _who(booked)).scalar_subquery())


def _described(booked: FromClause) -> Select[Any]:
    """*booked* with what is said about each, who is told, and the booking that took its place."""
    moved, told = t.appointment.alias("moved"), t.patient.alias("told")
    around = (*PATIENT, *RESOURCE, *ORGANISATION, *SPECIALITY, *PURPOSE)
    columns = (
        *(booked.c[column.name] for column in APPOINTMENT),
        *around,
        _messenger(booked, told),
        *(moved.c[column.name] for column in APPOINTMENT),
    )
    return select(*(column.label(f"c{place}") for place, column in enumerate(columns))).select_from(
        booked.join(t.patient, t.patient.c.id == card_id(booked.c.patient_id))
        .join(t.resource, t.resource.c.id == booked.c.resource_id)
        .join(t.organisation, t.organisation.c.id == booked.c.organisation_id)
        .outerjoin(t.speciality, t.speciality.c.id == booked.c.speciality_id)
        .outerjoin(t.purpose, t.purpose.c.id == booked.c.purpose_id)
        .outerjoin(told, told.c.id == latest_card_id(_who(booked)))
        .outerjoin(moved, moved.c.id == booked.c.moved_to)
    )


_TOLD = t.patient.alias("told")
_NEXT = (
    select(t.appointment.c.agenda)
    .outerjoin_from(t.appointment, _TOLD, _TOLD.c.id == latest_card_id(_who(t.appointment)))
    .where(t.appointment.c.agenda.is_not(None), _AHEAD, _messenger(t.appointment, _TOLD).is_not(None))
    .order_by(t.appointment.c.agenda)
    .limit(1)
)
_DESCRIBE = _described(t.appointment).where(t.appointment.c.id == bindparam("appointment"))


@attrs.frozen
class SqlAgenda:
    """`Agenda` over a connection."""

    _connection: Connection

    def now(self) -> datetime:
        return self._connection.execute(_NOW).scalar_one()

    def due(self, limit: int) -> Sequence[Due]:
        rows = self._connection.execute(_due(self._connection.dialect.name), {"most": limit}).all()
        return tuple(due for row in rows if (due := self._readable(row)) is not None)

    def _readable(self, row: Sequence[Any]) -> Due | None:
        try:
            return _due_of(row)
        except Exception as fault:  # noqa: BLE001  # written by another version: it must not stop everybody behind it
            # Without the traceback: it would quote the row.
            log.warning("agenda.unreadable", extra={"booking": row[0], "reason": type(fault).__name__})
            self.put({AppointmentId(row[0]): self.now() + _LATER})
            return None

    def forget(self, age: timedelta, limit: int) -> int:
        return self._connection.execute(_FORGET, {"ago": -age.total_seconds(), "most": limit}).rowcount

    def next(self) -> datetime | None:
        moment: datetime | None = self._connection.execute(_NEXT).scalar_one_or_none()
        return moment

    def describe(self, appointment: AppointmentId) -> Due | None:
        row = self._connection.execute(_DESCRIBE, {"appointment": appointment}).one_or_none()
        return _due_of(row) if row is not None else None

    def put(self, moments: Mapping[AppointmentId, datetime | None]) -> None:
        if moments:
            asked = [{"which": appointment, "moment": moment} for appointment, moment in moments.items()]
            self._connection.execute(_PUT, asked)


def _due_of(row: Sequence[Any]) -> Due:
    values = dict(zip(_COLUMNS, row, strict=False))
    user, *moved = row[len(_COLUMNS) :]
    return Due(
        held=appointment_of(values),
        patient=patient_of(values),
        resource=resource_of(values),
        organisation=organisation_of(values),
        speciality=speciality_of(values) if values[t.speciality.c.id] is not None else None,
        purpose=purpose_of(values) if values[t.purpose.c.id] is not None else None,
        user=MessengerId(user) if user is not None else None,
        moved_to=_moved_to(moved),
    )


def _moved_to(row: Sequence[Any]) -> Appointment | None:
    values = dict(zip(APPOINTMENT, row, strict=True))
    if values[t.appointment.c.id] is None:
        return None
    held = appointment_of(values)
    return held if isinstance(held, Appointment) else None
