"""Bookings."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import attrs
from sqlalchemy import ColumnElement, Connection, Select, bindparam, literal, select, union_all

from registratura.adapters.sql import facts, races
from registratura.adapters.sql.mapping import APPOINTMENT, appointment_of, in_force
from registratura.adapters.sql.prepared import Prepared
from registratura.adapters.sql.requests import under_key
from registratura.adapters.sql.surroundings import Surroundings
from registratura.adapters.sql.tables import appointment, request
from registratura.adapters.sql.types import Moment
from registratura.application.ports.deciding import ToBook
from registratura.domain.appointments import Appointment, ClosedAppointment, Facts
from registratura.domain.identifiers import AppointmentId, PatientId, PurposeId, SlotId
from registratura.domain.telemedicine import Consent


def _finding(*, with_key: bool) -> Select[Any]:
    """One row, even where nothing is found; with a key also the digest and the answer that stand under it."""
    one = select(literal(1).label("one")).subquery("one")
    always: ColumnElement[bool] = one.c.one == 1
    joined = one.outerjoin(appointment, always & (appointment.c.id == bindparam("appointment")))
    if not with_key:
        return select(*APPOINTMENT).select_from(joined)
    joined = joined.outerjoin(request, always & under_key())
    return select(*APPOINTMENT, request.c.digest, request.c.answer).select_from(joined)


FIND = Prepared(_finding(with_key=False))
FIND_WITH_KEY = Prepared(_finding(with_key=True))
_HELD = select(appointment.c.id).where(
    appointment.c.outcome.is_(None), appointment.c.ends > bindparam("now", type_=Moment)
)
_COMING = (
    select(*APPOINTMENT)
    .where(
        # Not one condition with «or»: SQLite would look at every booking in force.
        appointment.c.id.in_(
            union_all(
                _HELD.where(appointment.c.patient_id.in_(bindparam("patients", expanding=True))),
                _HELD.where(appointment.c.author_id == bindparam("author")),
            )
        )
    )
    .order_by(appointment.c.starts, appointment.c.id)
)


def held_of(row: Sequence[Any] | None) -> Appointment | ClosedAppointment | None:
    """The booking in a row of `FIND`."""
    return appointment_of(dict(zip(APPOINTMENT, row, strict=False))) if row and row[0] is not None else None


@attrs.frozen
class SqlAppointments:
    """`Appointments` over a connection."""

    _connection: Connection
    _surroundings: Surroundings
    _locking: bool = attrs.field(kw_only=True)

    def facts(
        self,
        patient: PatientId,
        slot: SlotId,
        *,
        now: datetime,
        author: PatientId | None = None,
        purpose: PurposeId | None = None,
    ) -> Facts:
        asked = facts.asking(ToBook(patient=patient, slot=slot, now=now, author=author, purpose=purpose))
        return facts.facts(self._connection, asked, self._surroundings, locking=self._locking)

    def take(self, appointment: Appointment, consent: Consent | None, *, agenda: datetime | None = None) -> bool:
        return races.take(self._connection, appointment, consent, agenda)

    def find(self, appointment: AppointmentId) -> Appointment | ClosedAppointment | None:
        return held_of(FIND.one(self._connection, {"appointment": appointment}))

    def release(self, closed: ClosedAppointment, *, agenda: datetime | None = None) -> bool:
        return races.release(self._connection, closed, agenda)

    def coming(self, patients: Collection[PatientId], author: PatientId | None, now: datetime) -> Sequence[Appointment]:
        asked = {"patients": list(patients), "author": author, "now": now}
        return in_force(self._connection.execute(_COMING, asked).mappings().all())
