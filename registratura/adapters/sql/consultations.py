"""Ends of consultations and offers to close a sick leave."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

import attrs
from sqlalchemy import Connection, bindparam, select, text
from sqlalchemy.sql.dml import ReturningInsert

from registratura.adapters.sql import tables as t
from registratura.adapters.sql.mapping import APPOINTMENT, PATIENT, PURPOSE, appointment_of, patient_of, purpose_of
from registratura.adapters.sql.patients import card_id
from registratura.adapters.sql.types import Moment, Values
from registratura.adapters.sql.upsert import Insert, insert, upsert
from registratura.application.ports.consultations import LeaveOffer, Planned
from registratura.domain.consultations import End
from registratura.domain.identifiers import AppointmentId, PatientId, ResourceId

_END = t.consultation_end
_OFFER = t.leave_offer
_END_OF = select(_END).where(_END.c.appointment_id == bindparam("appointment"))
_OF_DOCTOR = (
    select(*APPOINTMENT, *PATIENT, *PURPOSE, *_END.c)
    .select_from(
        t.appointment.join(t.patient, t.patient.c.id == card_id(t.appointment.c.patient_id))
        .outerjoin(t.purpose, t.purpose.c.id == t.appointment.c.purpose_id)
        .outerjoin(_END, _END.c.appointment_id == t.appointment.c.id)
    )
    .where(
        t.appointment.c.resource_id == bindparam("doctor"),
        # The words of the partial index.
        text("appointment.kind = 'ONLINE_CONSULTING'"),
        t.appointment.c.starts >= bindparam("begins", type_=Moment),
        t.appointment.c.starts < bindparam("ends", type_=Moment),
    )
    .order_by(t.appointment.c.starts, t.appointment.c.booked_at, t.appointment.c.id)
)

_FIND_OFFER = select(_OFFER).where(_OFFER.c.id == bindparam("which"))


@cache
def _save_end(dialect: str) -> Insert:
    return upsert(dialect, _END)


@cache
def _save_offer(dialect: str) -> ReturningInsert[Any]:
    """Whoever offers the same again keeps the id of before."""
    adding = insert(dialect, _OFFER)
    renewed = {name: adding.excluded[name] for name in ("opened_on", "until", "comment", "offered_at")}
    return adding.on_conflict_do_update(index_elements=list(_OFFER.primary_key.columns), set_=renewed).returning(
        _OFFER.c.id
    )


@attrs.frozen
class SqlConsultations:
    """`Consultations` over a connection."""

    _connection: Connection

    def end_of(self, appointment: AppointmentId) -> End | None:
        row = self._connection.execute(_END_OF, {"appointment": appointment}).mappings().one_or_none()
        return _end_in(row) if row is not None else None

    def save_end(self, end: End) -> None:
        row = {"appointment_id": end.appointment, "ended_at": end.ended_at, "held_by": end.held_by}
        self._connection.execute(_save_end(self._connection.dialect.name), row)

    def of_doctor(self, doctor: ResourceId, begins: datetime, ends: datetime) -> Sequence[Planned]:
        rows = self._connection.execute(_OF_DOCTOR, {"doctor": doctor, "begins": begins, "ends": ends}).mappings()
        return tuple(map(_planned_in, rows))

    def save_offer(self, offer: LeaveOffer) -> LeaveOffer:
        row = {
            "patient_id": offer.patient,
            "resource_id": offer.doctor,
            "number": offer.number,
            "id": offer.id,
            "opened_on": offer.opened_on,
            "until": offer.until,
            "comment": offer.comment,
            "offered_at": offer.offered_at,
        }
        kept: str = self._connection.execute(_save_offer(self._connection.dialect.name), row).scalar_one()
        return attrs.evolve(offer, id=kept)

    def offer(self, id: str) -> LeaveOffer | None:
        row = self._connection.execute(_FIND_OFFER, {"which": id}).one_or_none()
        if row is None:
            return None
        return LeaveOffer(
            id=row.id,
            patient=PatientId(row.patient_id),
            doctor=ResourceId(row.resource_id),
            number=row.number,
            opened_on=row.opened_on,
            until=row.until,
            comment=row.comment,
            offered_at=row.offered_at,
        )


def _end_in(row: Values) -> End:
    held_by = row[_END.c.held_by]
    return End(
        appointment=AppointmentId(row[_END.c.appointment_id]),
        ended_at=row[_END.c.ended_at],
        held_by=ResourceId(held_by) if held_by is not None else None,
    )


def _planned_in(row: Values) -> Planned:
    return Planned(
        held=appointment_of(row),
        patient=patient_of(row),
        purpose=purpose_of(row) if row[t.purpose.c.id] is not None else None,
        end=_end_in(row) if row[_END.c.appointment_id] is not None else None,
    )
