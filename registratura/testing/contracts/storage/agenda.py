"""What is due for a booking comes once, with all that is said about it, and goes with the booking."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import attrs
import pytest
from returns.pipeline import is_successful
from returns.result import Result, Success

from registratura.application.ports.agenda import Due
from registratura.application.ports.deciding import Decision, Known, NewBooking, Overtaken, ToBook, ToCancel
from registratura.application.ports.storage import Storage, Transaction
from registratura.application.records import BookStatus, SlotRecord
from registratura.domain.appointments import Appointment, ClosedAppointment, Facts, Outcome, VisitKind
from registratura.domain.identifiers import AppointmentId, PatientId, SlotId
from registratura.domain.schedule import SlotStatus
from registratura.testing.contracts.storage.region import (
    CHILD,
    CLINIC,
    CONTROL,
    DAY,
    DOCTOR,
    MINUTE,
    MOTHER,
    NOW,
    REGION,
    SLOTS,
    STRANGER,
    THERAPIST,
    book,
    booking,
    cancelled,
    consent,
    load,
    rendezvous,
)

LONG_DUE = NOW - 365 * DAY
FAR = NOW + 300 * 365 * DAY
"""Whatever the clock of a database says."""
AHEAD = tuple(
    attrs.evolve(at, id=SlotId(f"ahead-{number}"), visit=FAR + 15 * MINUTE * number) for number, at in enumerate(SLOTS)
)
"""Slots that have not begun yet."""


async def take(storage: Storage, held: Appointment, agenda: datetime | None) -> None:
    """Book a slot in a transaction of its own."""
    assert await storage.transact(lambda tx: tx.appointments.take(held, consent(held), agenda=agenda))


async def due(storage: Storage, limit: int = 10) -> Sequence[Due]:
    """What is due, and stays so."""
    return await storage.transact(lambda tx: tx.agenda.due(limit))


async def names(storage: Storage) -> list[AppointmentId]:
    """The bookings that are due, in order."""
    return [one.booked.id for one in await due(storage)]


@pytest.mark.anyio
class AgendaPromises:
    """What `Agenda` promises."""

    async def test_everything_that_is_said_comes_with_what_is_due(self, storage: Storage) -> None:
        await load(storage, *REGION, AHEAD)
        held = booking("1", AHEAD[0], CHILD, author=MOTHER)
        await take(storage, held, LONG_DUE)
        assert await due(storage) == (
            Due(
                held=held,
                patient=CHILD,
                resource=DOCTOR,
                organisation=CLINIC,
                speciality=THERAPIST,
                purpose=CONTROL,
                user=MOTHER.messenger,
            ),
        )

    async def test_whoever_booked_is_told(self, storage: Storage) -> None:
        await load(storage, *REGION, AHEAD)
        before_marriage = attrs.evolve(MOTHER, id=next(iter(MOTHER.united)))
        await take(storage, booking("own", AHEAD[0], before_marriage), LONG_DUE)
        await take(storage, booking("unknown", AHEAD[2], STRANGER), LONG_DUE - MINUTE)
        assert await storage.read(lambda tx: tx.agenda.next()) == LONG_DUE, "of those whom the messenger reaches"
        told = [(one.booked.id, one.patient, one.user) for one in await due(storage)]
        assert told == [("unknown", STRANGER, None), ("own", MOTHER, MOTHER.messenger)]

    async def test_longest_due_first_and_no_more_than_asked(self, storage: Storage) -> None:
        await load(storage, *REGION, AHEAD)
        assert await storage.read(lambda tx: tx.agenda.next()) is None
        await take(storage, booking("later", AHEAD[0]), LONG_DUE + MINUTE)
        await take(storage, booking("first", AHEAD[2]), LONG_DUE)
        await take(storage, booking("far", AHEAD[4]), FAR)
        await take(storage, booking("never", AHEAD[1], CHILD), None)
        assert await names(storage) == ["first", "later"]
        assert [one.booked.id for one in await due(storage, 1)] == ["first"]

    async def test_comes_again_when_it_was_said(self, storage: Storage) -> None:
        await load(storage, *REGION, AHEAD)
        for number in (0, 2, 4):
            await take(storage, booking(f"{number}", AHEAD[number]), LONG_DUE)
        moments = {AppointmentId("0"): None, AppointmentId("2"): FAR, AppointmentId("4"): LONG_DUE + MINUTE}
        await storage.transact(lambda tx: tx.agenda.put(moments))
        assert await names(storage) == ["4"]

    async def test_goes_with_the_booking(self, storage: Storage) -> None:
        await load(storage, *REGION, AHEAD)
        held = booking("1", AHEAD[0])
        await take(storage, held, LONG_DUE)
        await storage.transact(lambda tx: tx.appointments.release(cancelled(held)))
        assert await names(storage) == []

    async def test_a_closed_booking_may_be_due(self, storage: Storage) -> None:
        await load(storage, *REGION, AHEAD)
        old, new = booking("old", AHEAD[0]), booking("new", AHEAD[2])
        closed = ClosedAppointment(
            appointment=old, outcome=Outcome.CANCELLED, closed_at=NOW + MINUTE, moved_to=AppointmentId("new")
        )
        await take(storage, old, FAR)
        await storage.transact(lambda tx: tx.appointments.release(closed, agenda=LONG_DUE))
        await take(storage, new, FAR)
        assert [(one.held, one.moved_to) for one in await due(storage)] == [(closed, new)]

    @pytest.mark.parametrize(
        ("withdrawn", "told"),
        [
            (attrs.evolve(AHEAD[0], status=SlotStatus.CANCELED), True),
            (attrs.evolve(AHEAD[0], status=SlotStatus.BLOCKED), False),
        ],
        ids=["cancelled", "blocked"],
    )
    async def test_a_slot_that_the_clinic_withdrew(self, storage: Storage, withdrawn: SlotRecord, told: bool) -> None:  # noqa: FBT001  # a table of cases
        await load(storage, *REGION, AHEAD)
        await take(storage, booking("1", AHEAD[0]), FAR)
        await load(storage, [withdrawn])
        assert await names(storage) == (["1"] if told else [])

    @pytest.mark.parametrize(
        ("status", "told"), [("CANCELLED", True), ("CANCELLED_BY_PATIENT", False), ("SERVED", False)]
    )
    async def test_an_end_that_the_clinic_told(self, storage: Storage, status: str, told: bool) -> None:  # noqa: FBT001  # a table of cases
        await load(storage, *REGION, AHEAD)
        await take(storage, booking("1", AHEAD[0]), LONG_DUE)
        over = book("1", AHEAD[0], MOTHER)
        await load(storage, [attrs.evolve(over, status=type(over.status)[status])])
        assert await names(storage) == (["1"] if told else [])

    async def test_the_hot_path_keeps_it_with_the_booking(self, storage: Storage) -> None:
        await load(storage, *REGION, AHEAD)
        held = booking("1", AHEAD[0])

        def booked(_: Known[Facts]) -> Result[Decision[None], Overtaken]:
            return Success(Decision(value=None, change=NewBooking(held, consent(held)), agenda=LONG_DUE))

        assert is_successful(await storage.book(ToBook(patient=MOTHER.id, slot=AHEAD[0].id, now=NOW), booked))
        assert await names(storage) == ["1"]

        def closed(_: object) -> Result[Decision[None], Overtaken]:
            return Success(Decision(value=None, change=cancelled(held)))

        assert is_successful(await storage.cancel(ToCancel(appointment=held.id), closed))
        assert await names(storage) == []

    async def test_nobody_else_gets_it_meanwhile(self, storage: Storage) -> None:
        await load(storage, *REGION, AHEAD)
        await take(storage, booking("1", AHEAD[0]), LONG_DUE)
        meet = rendezvous()

        def serve(tx: Transaction) -> int:
            found = tx.agenda.due(10)
            meet()
            tx.agenda.put({one.booked.id: None for one in found})
            return len(found)

        assert sorted(await asyncio.gather(storage.transact(serve), storage.transact(serve))) == [0, 1]

    async def test_what_has_begun_stays_as_it_is(self, storage: Storage) -> None:
        past = attrs.evolve(SLOTS[0], id=SlotId("past"), visit=LONG_DUE)
        await load(storage, *REGION, (*AHEAD, past))
        begun = booking("begun", past)
        await take(storage, begun, LONG_DUE)
        await take(storage, booking("ahead", AHEAD[0]), LONG_DUE + MINUTE)
        assert await names(storage) == ["ahead"]
        assert await storage.read(lambda tx: tx.agenda.next()) == LONG_DUE + MINUTE
        # News of a closed one comes all the same.
        await storage.transact(lambda tx: tx.appointments.release(cancelled(begun), agenda=LONG_DUE))
        assert await names(storage) == ["begun", "ahead"]

    async def test_what_began_a_moment_ago_is_still_looked_at(self, storage: Storage) -> None:
        now = await storage.read(lambda tx: tx.agenda.now())
        begun = [
            attrs.evolve(SLOTS[0], id=SlotId(name), visit=now.replace(microsecond=0) - minutes * MINUTE)
            for name, minutes in (("just", 5), ("long ago", 11))
        ]
        await load(storage, *REGION, begun)
        for at in begun:
            await take(storage, booking(at.id, at), LONG_DUE)
        assert await names(storage) == ["just"]
        await storage.transact(lambda tx: tx.agenda.put({AppointmentId("just"): None}))
        assert await storage.read(lambda tx: tx.agenda.next()) is None

    async def test_a_consultation_booked_elsewhere_is_looked_at_once(self, storage: Storage) -> None:
        past = attrs.evolve(SLOTS[0], id=SlotId("past"), visit=LONG_DUE)
        await load(storage, *REGION, (*AHEAD, past))
        records = [
            attrs.evolve(book("online", AHEAD[0]), kind=VisitKind.ONLINE_CONSULTING),
            book("in person", AHEAD[1], MOTHER),
            attrs.evolve(book("over", AHEAD[2]), kind=VisitKind.ONLINE_CONSULTING, status=BookStatus.CANCELLED),
            attrs.evolve(book("begun", past), kind=VisitKind.ONLINE_CONSULTING),
        ]
        await load(storage, records)
        assert await names(storage) == ["online"]
        await storage.transact(lambda tx: tx.agenda.put({AppointmentId("online"): None}))
        await load(storage, records)
        assert await storage.read(lambda tx: tx.agenda.next()) is None

    async def test_what_nobody_looked_at_in_time_is_forgotten(self, storage: Storage) -> None:
        past = [
            attrs.evolve(SLOTS[0], id=SlotId(f"past-{number}"), visit=LONG_DUE + number * DAY) for number in range(4)
        ]
        await load(storage, *REGION, (*AHEAD, *past))
        for number in range(4):
            await take(storage, booking(f"{number}", past[number]), LONG_DUE)
        closed = booking("3", past[3])
        await storage.transact(lambda tx: tx.appointments.release(cancelled(closed), agenda=LONG_DUE))
        await take(storage, booking("ahead", AHEAD[0]), LONG_DUE + MINUTE)
        forgotten = [await storage.transact(lambda tx: tx.agenda.forget(DAY, 2)) for _ in range(3)]
        assert forgotten == [2, 1, 0]
        # News of what was closed, and what is still ahead, wait however long nobody looked.
        assert await names(storage) == ["3", "ahead"]

    async def test_whoever_got_a_new_card_is_told(self, storage: Storage) -> None:
        await load(storage, *REGION, AHEAD)
        await take(storage, booking("1", AHEAD[0], CHILD, author=MOTHER), LONG_DUE)
        new = attrs.evolve(MOTHER, id=PatientId("new-card"), united=frozenset({MOTHER.id, *MOTHER.united}))
        await load(storage, [new])
        assert [one.user for one in await due(storage)] == [MOTHER.messenger]

    async def test_whoever_got_a_new_card_without_a_messenger_is_told_where_they_are(self, storage: Storage) -> None:
        await load(storage, *REGION, AHEAD)
        await take(storage, booking("1", AHEAD[0], CHILD, author=MOTHER), LONG_DUE)
        new = attrs.evolve(MOTHER, id=PatientId("new-card"), united=frozenset({MOTHER.id}), messenger=None)
        await load(storage, [new])
        assert [one.user for one in await due(storage)] == [MOTHER.messenger]

    async def test_its_clock_goes_on(self, storage: Storage) -> None:
        before = await storage.transact(lambda tx: tx.agenda.now())
        after = await storage.transact(lambda tx: tx.agenda.now())
        assert timedelta(0) <= after - before < timedelta(minutes=1)
