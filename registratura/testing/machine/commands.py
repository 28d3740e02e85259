"""What people ask the use cases for, and what the storage shows afterwards."""

from collections.abc import Mapping
from datetime import timedelta

import attrs
from returns.pipeline import is_successful
from returns.result import Failure, Result, Success

from registratura.application.booking import BookAppointment, CancelAppointment, Desk, MoveAppointment
from registratura.application.ports.deciding import Fingerprint
from registratura.application.ports.storage import Storage, Transaction
from registratura.application.requests import BookOnce
from registratura.domain.appointments import Application, Appointment, ClosedAppointment
from registratura.domain.identifiers import AppointmentId, PatientId, SlotId
from registratura.testing.machine.clinic import BEGINNING, DOCTORS, PEOPLE, SLOTS


@attrs.frozen
class Book:
    """Take a slot, perhaps under an idempotency key; the answer is the id of the booking."""

    asked: Application
    key: Fingerprint | None = None

    async def ask(self, storage: Storage, desk: Desk) -> Result[str, object]:
        """Call the use case."""
        if self.key is None:
            return heard(await BookAppointment(storage=storage, desk=desk)(self.asked))
        return heard(await BookOnce(storage=storage, desk=desk)(self.asked, self.key, lambda booked: booked.id))


@attrs.frozen
class Cancel:
    """Give a slot back; the answer is the id of the booking."""

    booking: AppointmentId
    by: frozenset[PatientId] | None

    async def ask(self, storage: Storage, desk: Desk) -> Result[str, object]:
        """Call the use case."""
        return heard(await CancelAppointment(storage=storage, desk=desk)(self.booking, by=self.by))


@attrs.frozen
class Move:
    """Exchange a slot for another; the answer is the id of the new booking."""

    booking: AppointmentId
    to: SlotId
    by: frozenset[PatientId] | None

    async def ask(self, storage: Storage, desk: Desk) -> Result[str, object]:
        """Call the use case."""
        move = MoveAppointment(storage=storage, desk=desk)
        return heard(await move(self.booking, self.to, by=self.by, consent_version=desk.rules.consent_version))


Command = Book | Cancel | Move


def heard(answer: object) -> Result[str, object]:
    """An answer of whatever use case, with the id of the booking for a yes."""
    assert isinstance(answer, Result)
    if not is_successful(answer):
        return Failure(answer.failure())
    told = answer.unwrap()
    booked = told.appointment if isinstance(told, ClosedAppointment) else told
    return Success(booked.id if isinstance(booked, Appointment) else booked)


@attrs.frozen
class Seen:
    """What the storage shows: bookings in force by id, and slots on offer."""

    bookings: Mapping[AppointmentId, Appointment]
    offered: frozenset[SlotId]


def look(tx: Transaction) -> Seen:
    """Everything that may be seen of bookings and slots."""
    coming = tx.appointments.coming([person.id for person in PEOPLE], None, BEGINNING)
    end = max(slot.visit for slot in SLOTS.values()) + timedelta(minutes=1)
    openings = [one for doctor in DOCTORS for one in tx.schedule.openings(doctor.id, BEGINNING, end)]
    return Seen({booked.id: booked for booked in coming}, frozenset(one.id for one in openings))
