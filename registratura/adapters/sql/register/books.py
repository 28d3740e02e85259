"""Loading bookings made elsewhere (FER profile, table 7), and what the clinic says of ours."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

import attrs
from sqlalchemy import ARRAY, Connection, Text, bindparam, func, insert, literal, select, update

from registratura.adapters.sql import races, upsert
from registratura.adapters.sql import tables as t
from registratura.adapters.sql.engines import POSTGRESQL
from registratura.adapters.sql.mapping import APPOINTMENT, appointment_of, appointment_row
from registratura.adapters.sql.register.rows import Owners, among, cards, orphan
from registratura.adapters.sql.types import Values, database_now
from registratura.application.records import BookRecord, BookStatus, Clash, Stored, Verdict
from registratura.domain.appointments import Appointment, ClosedAppointment, Outcome
from registratura.domain.identifiers import OrganisationId, PatientId, ResourceId
from registratura.domain.notifications import is_to_come
from registratura.domain.schedule import SlotStatus

_RECORD = update(t.slot).where(t.slot.c.id == bindparam("which")).values(status=SlotStatus.RECORDED.value)


def store_books(connection: Connection, records: Sequence[BookRecord]) -> list[Verdict]:
    """A booking keeps its patient and slot for ever; what may come is its end, once."""
    patients = cards(connection, {record.patient for record in records})
    # Turns, then slots, then bookings, as everywhere: nobody waits for somebody who waits for them.
    _take_turns(connection, set(patients.values()))
    slots = _slots(connection, {record.slot for record in records})
    books = _Books.read(connection, records)

    def verdict(record: BookRecord) -> Verdict:
        lost = orphan(("patient_id", record.patient, patients), ("slot_id", record.slot, slots))
        return lost or books.put(record, PatientId(patients[record.patient]), slots[record.slot])

    return list(map(verdict, records))


@attrs.define
class _Books:
    """Bookings as the records before left them."""

    _connection: Connection
    _now: datetime
    _known: dict[str, Appointment | ClosedAppointment] = attrs.field(factory=dict)
    _slots: Owners = attrs.field(factory=Owners)
    _hours: Owners = attrs.field(factory=Owners)

    @classmethod
    def read(cls, connection: Connection, records: Sequence[BookRecord]) -> "_Books":
        books = cls(connection, connection.execute(select(database_now())).scalar_one())
        c = t.appointment.c
        for column, values in (
            (c.id, {record.id for record in records}),
            (c.slot_id, {record.slot for record in records}),
            (c.patient_id, set(cards(connection, {record.patient for record in records}).values())),
        ):
            asked = select(*APPOINTMENT).where(among(connection, column, values))
            if column is not c.id:
                asked = asked.where(c.outcome.is_(None))
            for row in connection.execute(asked).mappings():
                books._keep(appointment_of(row))
        return books

    def put(self, record: BookRecord, patient: PatientId, slot: Values) -> Verdict:
        known = self._known.get(record.id)
        if known is None:
            return self._create(record, patient, slot)
        held = known.appointment if isinstance(known, ClosedAppointment) else known
        if held.patient != patient or held.slot != record.slot:
            return Clash(("id",), record.id)
        if isinstance(known, ClosedAppointment) or record.status is BookStatus.RECORDED:
            return Stored.SAME
        self._close(known, Outcome(record.status.value))
        return Stored.CHANGED

    def _create(self, record: BookRecord, patient: PatientId, slot: Values) -> Verdict:
        held = _appointment(record, patient, slot, self._now)
        if record.status is not BookStatus.RECORDED:
            over = {"outcome": record.status.value, "closed_at": self._now}
            self._connection.execute(insert(t.appointment), appointment_row(held) | over)
            self._keep(ClosedAppointment(appointment=held, outcome=Outcome(record.status.value), closed_at=self._now))
            return Stored.CREATED
        if (other := self._slots.of(held.slot)) is not None:
            return Clash(("slot_id",), other)
        if (other := self._hours.of((patient, held.starts))) is not None:
            return Clash(("patient_id", "visit_time"), other)
        # A worker finds out what is to be done and when: a load knows nothing of the rules of reminders.
        agenda = {"agenda": self._now if is_to_come(held) else None}
        self._connection.execute(insert(t.appointment), appointment_row(held) | agenda)
        self._connection.execute(_RECORD, {"which": held.slot})
        self._keep(held)
        return Stored.CREATED

    def _close(self, held: Appointment, outcome: Outcome) -> None:
        closed = ClosedAppointment(appointment=held, outcome=outcome, closed_at=self._now)
        by_clinic = outcome is Outcome.CANCELLED
        races.release(self._connection, closed, agenda=self._now if by_clinic else None)
        self._keep(closed)

    def _keep(self, known: Appointment | ClosedAppointment) -> None:
        held = known.appointment if isinstance(known, ClosedAppointment) else known
        in_force = isinstance(known, Appointment)
        self._known[held.id] = known
        self._slots.give(held.id, held.slot if in_force else None)
        self._hours.give(held.id, (held.patient, held.starts) if in_force else None)


def _take_turns(connection: Connection, patients: Collection[str]) -> None:
    """Let nobody decide about *patients* until we are done, nor afterwards on what was seen before."""
    if connection.dialect.name != POSTGRESQL:
        return
    asked = func.unnest(literal(list(patients), ARRAY(Text))).table_valued("id").render_derived(name="asked")
    turns = upsert.insert(POSTGRESQL, t.booking_turn).from_select(
        ["patient_id", "turn"], select(asked.c.id, literal(1)).order_by(asked.c.id)
    )
    raised = {"turn": t.booking_turn.c.turn + 1}
    connection.execute(turns.on_conflict_do_update(index_elements=["patient_id"], set_=raised))


def _slots(connection: Connection, ids: set[str]) -> dict[str, Values]:
    c, doctor = t.slot.c, t.resource.c
    asked = (
        select(c.id, c.organisation_id, c.resource_id, doctor.speciality_id, c.starts, c.minutes)
        .join_from(t.slot, t.resource, doctor.id == c.resource_id)
        .where(among(connection, c.id, ids))
        .order_by(c.id)
        .with_for_update(of=t.slot)
    )
    return {row[c.id]: row for row in connection.execute(asked).mappings()}


def _appointment(record: BookRecord, patient: PatientId, slot: Values, now: datetime) -> Appointment:
    c = t.slot.c
    speciality: Any = slot[t.resource.c.speciality_id]
    return Appointment(
        id=record.id,
        patient=patient,
        slot=record.slot,
        organisation=OrganisationId(slot[c.organisation_id]),
        resource=ResourceId(slot[c.resource_id]),
        speciality=speciality,
        starts=slot[c.starts],
        ends=slot[c.starts] + timedelta(minutes=slot[c.minutes]),
        kind=record.kind,
        channel=record.channel,
        referral=record.referral,
        booked_at=now,
    )
