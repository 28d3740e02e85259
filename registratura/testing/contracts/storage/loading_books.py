"""Bookings made elsewhere take their slots, and end once."""

import attrs
import pytest

from registratura.application.ports.storage import Storage
from registratura.application.records import BookStatus, Clash, Stored
from registratura.domain.appointments import Appointment, ClosedAppointment, Outcome
from registratura.domain.identifiers import AppointmentId, PatientId
from registratura.domain.schedule import SlotStatus
from registratura.testing.contracts.storage.region import (
    CHILD,
    COLLEAGUES_SLOTS,
    DOCTOR,
    MOTHER,
    NOW,
    REGION,
    SLOTS,
    STRANGER,
    book,
    booking,
    is_free,
    load,
    slot,
    take,
)


@pytest.mark.anyio
class LoadingBookPromises:
    """What `Register` promises of bookings."""

    async def test_booking_made_elsewhere_takes_its_slot(self, storage: Storage) -> None:
        await load(storage, *REGION)
        record = attrs.evolve(book("b", SLOTS[0]), referral="направление-7")
        assert await load(storage, [record, record], [record]) == [Stored.CREATED, Stored.SAME, Stored.SAME]
        assert not await is_free(storage, SLOTS[0])
        (held,) = await storage.read(lambda tx: tx.appointments.coming([STRANGER.id], None, NOW))
        assert (held.id, held.slot, held.starts, held.resource) == ("b", SLOTS[0].id, SLOTS[0].visit, DOCTOR.id)
        assert (held.speciality, held.referral, held.channel) == (DOCTOR.speciality, "направление-7", record.channel)

    async def test_slot_of_ours_is_not_given_away(self, storage: Storage) -> None:
        await load(storage, *REGION)
        await take(storage, held := booking("1", SLOTS[0]))
        assert await load(storage, [book("b", SLOTS[0])]) == [Clash(("slot_id",), held.id)]
        assert await load(storage, [book("b", SLOTS[1]), book("c", SLOTS[1], CHILD)]) == [
            Stored.CREATED,
            Clash(("slot_id",), "b"),
        ]

    async def test_patient_is_not_in_two_places_at_once(self, storage: Storage) -> None:
        await load(storage, *REGION)
        assert await load(storage, [book("b", SLOTS[0]), book("c", COLLEAGUES_SLOTS[0])]) == [
            Stored.CREATED,
            Clash(("patient_id", "visit_time"), "b"),
        ]

    async def test_clinic_tells_us_of_our_own_booking(self, storage: Storage) -> None:
        await load(storage, *REGION)
        await take(storage, held := booking("1", SLOTS[0]))
        assert await load(storage, [book("1", SLOTS[0], MOTHER)]) == [Stored.SAME]
        assert await storage.read(lambda tx: tx.appointments.find(held.id)) == held
        assert await load(storage, [book("1", SLOTS[1], MOTHER)]) == [Clash(("id",), "1")]
        assert await load(storage, [book("1", SLOTS[0], STRANGER)]) == [Clash(("id",), "1")]

    @pytest.mark.parametrize(
        ("status", "outcome", "frees"),
        [
            (BookStatus.CANCELLED, Outcome.CANCELLED, True),
            (BookStatus.CANCELLED_BY_PATIENT, Outcome.CANCELLED_BY_PATIENT, True),
            (BookStatus.SERVED, Outcome.SERVED, False),
            (BookStatus.NOT_ARRIVED, Outcome.NOT_ARRIVED, False),
        ],
    )
    async def test_clinic_ends_our_booking_once(
        self, storage: Storage, status: BookStatus, outcome: Outcome, *, frees: bool
    ) -> None:
        await load(storage, *REGION)
        await take(storage, held := booking("1", SLOTS[0]))
        ending = book("1", SLOTS[0], MOTHER, status)
        assert await load(storage, [ending, ending], [ending]) == [Stored.CHANGED, Stored.SAME, Stored.SAME]
        closed = await storage.read(lambda tx: tx.appointments.find(held.id))
        assert isinstance(closed, ClosedAppointment)
        assert (closed.appointment, closed.outcome) == (held, outcome)
        assert await is_free(storage, SLOTS[0]) is frees

    async def test_closed_booking_stays_closed(self, storage: Storage) -> None:
        await load(storage, *REGION)
        await load(storage, [book("b", SLOTS[0])], [book("b", SLOTS[0], status=BookStatus.CANCELLED)])
        assert await load(storage, [book("b", SLOTS[0])]) == [Stored.SAME]
        assert await is_free(storage, SLOTS[0])
        assert await take(storage, booking("1", SLOTS[0]))
        assert await load(storage, [book("b", SLOTS[0], status=BookStatus.SERVED)]) == [Stored.SAME]
        assert isinstance(await storage.read(lambda tx: tx.appointments.find(AppointmentId("1"))), Appointment)

    async def test_booking_that_is_over_leaves_the_slot_as_it_is(self, storage: Storage) -> None:
        await load(storage, *REGION)
        assert await load(storage, [book("b", SLOTS[0], status=BookStatus.SERVED)]) == [Stored.CREATED]
        assert await is_free(storage, SLOTS[0])
        assert await storage.read(lambda tx: tx.appointments.coming([STRANGER.id], None, NOW)) == ()

    async def test_booking_outlives_the_stale_state_of_its_slot(self, storage: Storage) -> None:
        await load(storage, *REGION, [slot(9, status=SlotStatus.BLOCKED)], [book("b", slot(9))])
        assert await load(storage, [slot(9)]) == [Stored.SAME]
        assert not await is_free(storage, slot(9))

    async def test_booking_under_a_merged_id_is_the_cards(self, storage: Storage) -> None:
        await load(storage, *REGION)
        merged = attrs.evolve(book("b", SLOTS[0]), patient=PatientId("mother-before-marriage"))
        await load(storage, [merged])
        (held,) = await storage.read(lambda tx: tx.appointments.coming([MOTHER.id], None, NOW))
        assert held.id == "b"
