"""Chats that nobody was there to make in time, over the doubles: they are made late, or on demand."""

import pytest

from registratura.application.chats import MakeAnotherChat
from registratura.domain import chats
from registratura.domain.appointments import Appointment, ClosedAppointment, Outcome
from registratura.domain.chats import ChatState
from registratura.domain.identifiers import AppointmentId
from registratura.testing.chats import Way
from tests.unit.application.chats_clinic import MINUTE, STARTS, Clinic

pytestmark = pytest.mark.anyio


@pytest.fixture
async def clinic() -> Clinic:
    return await Clinic().settle()


@pytest.mark.req("CONS-12")
async def test_a_chat_that_nobody_was_there_to_make_is_made_after_the_beginning(clinic: Clinic) -> None:
    booking = await clinic.book()
    await clinic.at(STARTS + 9 * MINUTE)
    assert clinic.chat(booking).state is ChatState.READY
    assert clinic.alarms == []
    assert [words for _, words in clinic.told()] == [], "nobody is reminded of what has begun"


@pytest.mark.req("CONS-19")
async def test_when_it_fails_after_the_beginning_both_are_told_once(clinic: Clinic) -> None:
    booking = await clinic.book()
    clinic.chats.script(*[Way(heard=False)] * 60)
    for minutes in range(5, 12):
        await clinic.at(STARTS + minutes * MINUTE)
    assert clinic.chat(booking).state is ChatState.GIVEN_UP
    assert clinic.alarms == [ChatState.WANTED, ChatState.GIVEN_UP]
    assert sorted(user for user, _ in clinic.told()) == ["1001", "doctor-d1"]


@pytest.mark.req("CONS-12")
async def test_the_doctor_has_a_chat_made_that_was_missed(clinic: Clinic) -> None:
    booking = await clinic.book()
    clinic.clock.move(STARTS - 21 * MINUTE - clinic.clock.now())
    assert await clinic.make_another(booking) is None, "it is not due yet"
    await clinic.at(STARTS + 11 * MINUTE)
    assert clinic.storage.state.consultation_chats == {}
    assert await MakeAnotherChat(storage=clinic.storage, lead=None)(booking) is None, "where there are no chats"
    begun = await clinic.make_another(booking)
    assert begun is not None
    assert begun.state is ChatState.WANTED
    await clinic.at(STARTS + 12 * MINUTE)
    assert clinic.chat(booking).is_open


@pytest.mark.req("CONS-12")
async def test_no_chat_is_made_of_what_is_over_or_long_past(clinic: Clinic) -> None:
    booking = await clinic.book()
    await clinic.at(STARTS + chats.LATEST)
    assert await clinic.make_another(booking) is None
    clinic.clock.move(-chats.LATEST)
    held = clinic.storage.state.appointments[booking]
    assert isinstance(held, Appointment)
    closed = ClosedAppointment(appointment=held, outcome=Outcome.CANCELLED, closed_at=clinic.clock.now())
    await clinic.storage.transact(lambda tx: tx.appointments.release(closed))
    assert await clinic.make_another(booking) is None
    assert await clinic.make_another(AppointmentId("nobody")) is None
