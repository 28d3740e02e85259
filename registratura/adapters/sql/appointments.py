"""Bookings."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import attrs
from sqlalchemy import Connection, bindparam, select, union_all

from registratura.adapters.sql import facts, races
from registratura.adapters.sql.mapping import APPOINTMENT, appointment_of, in_force
from registratura.adapters.sql.prepared import Prepared
from registratura.adapters.sql.surroundings import Surroundings
from registratura.adapters.sql.tables import appointment
from registratura.adapters.sql.types import Moment
from registratura.domain.appointments import Appointment, ClosedAppointment, Facts
from registratura.domain.identifiers import AppointmentId, PatientId, PurposeId, SlotId
from registratura.domain.telemedicine import Consent

FIND = Prepared(select(*APPOINTMENT).where(appointment.c.id == bindparam("appointment")))
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
    return appointment_of(dict(zip(APPOINTMENT, row, strict=False))) if row else None


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
        asked = facts.asking(patient, slot, now=now, author=author, purpose=purpose)
        return facts.facts(self._connection, asked, self._surroundings, locking=self._locking)

    def take(self, appointment: Appointment, consent: Consent | None) -> bool:
        return races.take(self._connection, appointment, consent)

    def find(self, appointment: AppointmentId) -> Appointment | ClosedAppointment | None:
        return held_of(FIND.one(self._connection, {"appointment": appointment}))

    def release(self, closed: ClosedAppointment) -> bool:
        return races.release(self._connection, closed)

    def coming(self, patients: Collection[PatientId], author: PatientId | None, now: datetime) -> Sequence[Appointment]:
        asked = {"patients": list(patients), "author": author, "now": now}
        return in_force(self._connection.execute(_COMING, asked).mappings().all())
