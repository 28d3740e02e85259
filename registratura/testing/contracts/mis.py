"""What every adapter of a clinic's system promises (`registratura.application.ports.mis`)."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Protocol

import attrs
import pytest

from registratura.application.ports.failures import OutcomeUnknown, Unavailable
from registratura.application.ports.mis import Confirmed, Declined, Kept, Mis, NotThere
from registratura.domain.appointments import Appointment, Channel, VisitKind
from registratura.domain.identifiers import AppointmentId, OrganisationId, PatientId, ResourceId, SlotId
from registratura.domain.refusals import BookingCode

NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)
BOOKED = Appointment(
    id=AppointmentId("0b8f5a52-6d0c-4e0e-9a55-1f2b4cf1c001"),
    patient=PatientId("patient-1"),
    slot=SlotId("3f2504e0-4f89-41d3-9a0c-0305e82c3301"),
    organisation=OrganisationId("5c1d4a3e-1b7f-4c52-8f3e-7c2a9d1e4b01"),
    resource=ResourceId("7d2e5b4f-2c8a-4d63-9a4f-8d3bae2f5c01"),
    speciality=None,
    starts=NOW + timedelta(days=1),
    ends=NOW + timedelta(days=1, minutes=15),
    kind=VisitKind.ONLINE_CONSULTING,
    channel=Channel.MAX,
    booked_at=NOW,
)
OTHER = attrs.evolve(BOOKED, id=AppointmentId("0b8f5a52-6d0c-4e0e-9a55-1f2b4cf1c002"), patient=PatientId("patient-2"))
"""Another patient on the same slot."""


class Clinic(Protocol):
    """The other side: what the clinic holds, and switches for trouble on the way."""

    async def holds(self, appointment: AppointmentId) -> bool:
        """Whether a booking under our id stands."""
        ...

    async def occupy(self, slot: SlotId) -> None:
        """Somebody else books *slot*, past us."""
        ...

    async def keep_bookings(self) -> None:
        """From now on no cancellation is accepted."""
        ...

    async def disconnect(self) -> None:
        """From now on no connection comes about."""
        ...

    async def lose_answer(self) -> None:
        """The next call has its effect and its answer is lost."""
        ...


@pytest.mark.anyio
class MisContract:
    """Subclass it and give the fixtures `mis` and `clinic`; `booked` may be replaced by what your test clinic knows.

    The tests run under the pytest plug-in of anyio; its fixture `anyio_backend` says on which loop.
    """

    @pytest.fixture
    def mis(self) -> Mis:
        """The adapter under test."""
        raise NotImplementedError

    @pytest.fixture
    def clinic(self) -> Clinic:
        """Its other side."""
        raise NotImplementedError

    @pytest.fixture
    def booked(self) -> Appointment:
        """A booking on a slot that is free at the clinic."""
        return BOOKED

    @pytest.fixture
    def other(self) -> Appointment:
        """A booking of another patient on the same slot."""
        return OTHER

    async def test_a_booking_stands_and_is_found(self, mis: Mis, clinic: Clinic, booked: Appointment) -> None:
        assert await mis.find(booked) == NotThere()
        yes = await mis.book(booked)
        assert isinstance(yes, Confirmed)
        assert await mis.find(booked) == yes
        assert await clinic.holds(booked.id)

    async def test_asked_twice_it_books_once_and_says_the_same(
        self, mis: Mis, clinic: Clinic, booked: Appointment
    ) -> None:
        assert await mis.book(booked) == await mis.book(booked)
        await mis.cancel(booked)
        assert not await clinic.holds(booked.id)

    async def test_asked_twice_at_once_it_says_the_same(self, mis: Mis, clinic: Clinic, booked: Appointment) -> None:
        one, two = await asyncio.gather(mis.book(booked), mis.book(booked))
        assert one == two
        assert isinstance(one, Confirmed)
        assert await clinic.holds(booked.id)

    async def test_a_slot_that_is_occupied_is_declined_and_stays_declined(
        self, mis: Mis, clinic: Clinic, booked: Appointment
    ) -> None:
        await clinic.occupy(booked.slot)
        no = await mis.book(booked)
        assert no == Declined(BookingCode.TAKEN)
        assert await mis.book(booked) == no
        assert not isinstance(await mis.find(booked), Confirmed)
        assert not await clinic.holds(booked.id)

    async def test_one_of_two_gets_the_slot(
        self, mis: Mis, clinic: Clinic, booked: Appointment, other: Appointment
    ) -> None:
        answers = await asyncio.gather(mis.book(booked), mis.book(other))
        assert sorted(type(answer).__name__ for answer in answers) == ["Confirmed", "Declined"]
        assert await clinic.holds(booked.id) is not await clinic.holds(other.id)

    async def test_a_cancelled_booking_is_gone_however_often_one_cancels(
        self, mis: Mis, clinic: Clinic, booked: Appointment, other: Appointment
    ) -> None:
        await mis.book(booked)
        assert await mis.cancel(booked) == NotThere()
        assert not await clinic.holds(booked.id)
        assert isinstance(await mis.book(other), Confirmed)
        assert await mis.cancel(booked) == NotThere()
        assert await clinic.holds(other.id)

    async def test_what_was_never_booked_is_not_there(self, mis: Mis, clinic: Clinic, booked: Appointment) -> None:
        assert await mis.cancel(booked) == NotThere()
        assert await mis.find(booked) == NotThere()
        assert not await clinic.holds(booked.id)

    async def test_a_cancelled_id_is_never_booked_again(self, mis: Mis, clinic: Clinic, booked: Appointment) -> None:
        await mis.book(booked)
        await mis.cancel(booked)
        assert isinstance(await mis.book(booked), Declined)
        assert not isinstance(await mis.find(booked), Confirmed)
        assert not await clinic.holds(booked.id)

    async def test_a_cancellation_that_is_not_accepted_leaves_the_booking(
        self, mis: Mis, clinic: Clinic, booked: Appointment
    ) -> None:
        await mis.book(booked)
        await clinic.keep_bookings()
        assert await mis.cancel(booked) == Kept()
        assert isinstance(await mis.find(booked), Confirmed)
        assert await clinic.holds(booked.id)

    async def test_without_a_connection_nothing_happened_and_it_says_so(
        self, mis: Mis, clinic: Clinic, booked: Appointment
    ) -> None:
        await clinic.disconnect()
        for call in (mis.book, mis.find, mis.cancel):
            with pytest.raises(Unavailable):
                await call(booked)
        assert not await clinic.holds(booked.id)

    async def test_a_lost_answer_is_told_as_such_and_can_be_asked_for_again(
        self, mis: Mis, clinic: Clinic, booked: Appointment
    ) -> None:
        await clinic.lose_answer()
        with pytest.raises(OutcomeUnknown):
            await mis.book(booked)
        assert await clinic.holds(booked.id)
        assert isinstance(await mis.find(booked), Confirmed)
        assert isinstance(await mis.book(booked), Confirmed)
        await clinic.lose_answer()
        with pytest.raises(OutcomeUnknown):
            await mis.cancel(booked)
        assert not await clinic.holds(booked.id)
        assert await mis.cancel(booked) == NotThere()
