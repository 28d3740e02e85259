"""Ends of consultations, offers to close a sick leave, and a doctor's day."""

from datetime import date, timedelta

import attrs
import pytest

from registratura.application.ports.consultations import LeaveOffer, Planned
from registratura.application.ports.storage import Storage
from registratura.domain.appointments import ClosedAppointment, Outcome, VisitKind
from registratura.domain.consultations import End
from registratura.domain.identifiers import AppointmentId
from registratura.testing.contracts.storage.region import (
    CHILD,
    COLLEAGUE,
    COLLEAGUES_SLOTS,
    CONTROL,
    DAY,
    DOCTOR,
    MINUTE,
    MOTHER,
    NOW,
    REGION,
    SLOTS,
    STRANGER,
    TOMORROW,
    booking,
    cancelled,
    is_free,
    load,
    take,
)

OFFER = LeaveOffer(
    id="offer-1",
    patient=MOTHER.id,
    doctor=DOCTOR.id,
    number="910123456789",
    opened_on=date(2026, 2, 20),
    until=date(2026, 3, 3),
    comment="Анализы в норме",
    offered_at=NOW,
)


@pytest.mark.anyio
class ConsultationPromises:
    """What `Consultations` promises, and what `release` does with a visit that took place."""

    async def test_the_end_recorded_last_counts(self, storage: Storage) -> None:
        await load(storage, *REGION)
        held = booking("1", SLOTS[0])
        await take(storage, held)
        assert await storage.read(lambda tx: tx.consultations.end_of(held.id)) is None
        first = End(appointment=held.id, ended_at=NOW)
        second = End(appointment=held.id, ended_at=NOW + MINUTE, held_by=COLLEAGUE.id)
        for end in (first, second):
            await storage.transact(lambda tx, end=end: tx.consultations.save_end(end))  # type: ignore[misc]
            assert await storage.read(lambda tx: tx.consultations.end_of(held.id)) == end

    async def test_a_visit_that_took_place_leaves_its_slot_taken(self, storage: Storage) -> None:
        await load(storage, *REGION)
        held = booking("1", SLOTS[0])
        await take(storage, held)
        served = ClosedAppointment(appointment=held, outcome=Outcome.SERVED, closed_at=NOW)
        assert await storage.transact(lambda tx: tx.appointments.release(served))
        assert await storage.read(lambda tx: tx.appointments.find(held.id)) == served
        assert not await is_free(storage, SLOTS[0])

    async def test_a_doctor_sees_the_consultations_of_a_day(self, storage: Storage) -> None:
        await load(storage, *REGION)
        own, childs, gone = booking("own", SLOTS[2]), booking("child", SLOTS[0], CHILD), booking("gone", SLOTS[4])
        in_person = attrs.evolve(booking("visit", SLOTS[5], STRANGER), kind=VisitKind.APPOINTMENT, purpose=None)
        for held in (own, childs, gone, in_person, booking("foreign", COLLEAGUES_SLOTS[1], STRANGER)):
            assert await take(storage, held)
        await storage.transact(lambda tx: tx.appointments.release(cancelled(gone)))
        end = End(appointment=own.id, ended_at=NOW)
        await storage.transact(lambda tx: tx.consultations.save_end(end))
        seen = await storage.read(lambda tx: tx.consultations.of_doctor(DOCTOR.id, TOMORROW, TOMORROW + DAY))
        assert seen == (
            Planned(held=childs, patient=CHILD, purpose=CONTROL, end=None),
            Planned(held=own, patient=MOTHER, purpose=CONTROL, end=end),
            Planned(held=cancelled(gone), patient=MOTHER, purpose=CONTROL, end=None),
        )
        after_first = SLOTS[0].visit + timedelta(seconds=1)
        later = await storage.read(lambda tx: tx.consultations.of_doctor(DOCTOR.id, after_first, SLOTS[4].visit))
        assert [one.patient for one in later] == [MOTHER]

    async def test_the_same_offer_keeps_its_id(self, storage: Storage) -> None:
        await load(storage, *REGION)
        assert await storage.transact(lambda tx: tx.consultations.save_offer(OFFER)) == OFFER
        again = attrs.evolve(OFFER, id="offer-2", until=date(2026, 3, 5), comment="", offered_at=NOW + MINUTE)
        kept = attrs.evolve(again, id=OFFER.id)
        assert await storage.transact(lambda tx: tx.consultations.save_offer(again)) == kept
        assert await storage.read(lambda tx: tx.consultations.offer(OFFER.id)) == kept
        assert await storage.read(lambda tx: tx.consultations.offer("offer-2")) is None
        other = attrs.evolve(OFFER, id="offer-3", number="2")
        assert await storage.transact(lambda tx: tx.consultations.save_offer(other)) == other

    async def test_a_booking_is_described_with_who_is_told(self, storage: Storage) -> None:
        await load(storage, *REGION)
        await take(storage, booking("1", SLOTS[2]))
        described = await storage.read(lambda tx: tx.agenda.describe(AppointmentId("1")))
        assert described is not None
        assert (described.booked.id, described.patient, described.user) == ("1", MOTHER, MOTHER.messenger)
        assert await storage.read(lambda tx: tx.agenda.describe(AppointmentId("nobody"))) is None
