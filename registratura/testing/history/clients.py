"""Clients who book and cancel the same slots at once, and write down what they are told."""

import asyncio
from collections.abc import Callable
from datetime import date

import attrs
from returns.pipeline import is_successful

from registratura.application.booking import BookAppointment, CancelAppointment, Desk
from registratura.application.ports.failures import Unavailable
from registratura.application.ports.storage import Storage, Transaction
from registratura.domain import refusals
from registratura.domain.appointments import Appointment, Rules
from registratura.domain.identifiers import PatientId, SlotId
from registratura.domain.people import Patient, PersonName, Sex
from registratura.testing.history.journal import Asking, Journal, operations
from registratura.testing.history.operations import Kind, Operation
from registratura.testing.machine.clinic import BEFORE, BEGINNING, SLOTS, application
from registratura.testing.time import FixedClock, SequentialIds

CONTESTED = tuple(map(SlotId, ("doctor-1-0", "doctor-2-0", "colleague-2-0")))
"""Slots that everybody wants; the last two begin together, so nobody may have both."""
SHOWN = 20
"""How many of the bookings last told of a client may cancel."""


async def contend(
    storage: Storage, chance: Callable[[int], int], *, clients: int = 20, each: int = 30
) -> tuple[Operation, ...]:
    """Let *clients* at once do *each* so many bookings and cancellations in *storage*, which is empty before.

    *chance* gives a whole number from 0 to below its argument, as `Random(7).randrange` does. The history ends with a
    look at each slot.
    """
    people = [_person(number) for number in range(clients)]
    await storage.transact(lambda tx: [tx.register.store(batch) for batch in (*BEFORE, people)])
    await storage.transact(lambda tx: tx.register.store([SLOTS[slot] for slot in CONTESTED]))
    desk = Desk(rules=Rules(), clock=FixedClock(BEGINNING), ids=SequentialIds())
    lines: list[bytes] = []
    told: list[Appointment] = []
    crowd = [_Client(person, Journal(person.id, lines.append), storage, desk, told) for person in people]
    await asyncio.gather(*(client.run(chance, each) for client in crowd))
    await _look(storage, people, Journal("the end", lines.append))
    return operations(lines)


@attrs.frozen
class _Client:
    """Somebody who wants every slot, and may cancel what anybody was told of."""

    person: Patient
    journal: Journal
    storage: Storage
    desk: Desk
    told: list[Appointment]

    async def run(self, chance: Callable[[int], int], times: int) -> None:
        for _ in range(times):
            if self.told and chance(3) == 0:
                await self._cancel(self.told[-1 - chance(min(SHOWN, len(self.told)))])
            else:
                await self._book(CONTESTED[chance(len(CONTESTED))])

    async def _book(self, slot: SlotId) -> None:
        asked = application(self.person.id, self.person.id, slot)
        with self.journal.asking(Kind.BOOK, slot, person=self.person.id) as asking:
            try:
                verdict = await BookAppointment(storage=self.storage, desk=self.desk)(asked)
            except Unavailable:
                return
            if is_successful(verdict):
                asking.yes(verdict.unwrap().id)
                self.told.append(verdict.unwrap())
            else:
                _refuse(asking, verdict.failure(), refusals.SlotTaken)

    async def _cancel(self, booked: Appointment) -> None:
        with self.journal.asking(Kind.CANCEL, booked.slot, person=booked.patient, booking=booked.id) as asking:
            try:
                verdict = await CancelAppointment(storage=self.storage, desk=self.desk)(booked.id)
            except Unavailable:
                return
            if is_successful(verdict):
                asking.yes()
            else:
                _refuse(asking, verdict.failure(), refusals.AlreadyCancelled)


def _refuse(asking: Asking, reason: object, telling: type[object]) -> None:
    """Only a reason of the kind *telling* tells how the slot stands."""
    if isinstance(reason, telling):
        asking.no()
    else:
        asking.refused()


async def _look(storage: Storage, people: list[Patient], journal: Journal) -> None:
    """How each slot stands in the end."""

    def holders(tx: Transaction) -> dict[SlotId, Appointment]:
        return {held.slot: held for held in tx.appointments.coming([one.id for one in people], None, BEGINNING)}

    for slot in CONTESTED:
        with journal.asking(Kind.LOOK, slot) as asking:
            held = (await storage.read(holders)).get(slot)
            if held is None:
                asking.no()
            else:
                asking.yes(held.id, person=held.patient)


def _person(number: int) -> Patient:
    return Patient(
        id=PatientId(f"client-{number}"), name=PersonName("Летний", "Олег"), born=date(1980, 1, 1), sex=Sex.MALE
    )
