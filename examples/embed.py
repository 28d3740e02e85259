"""The registry inside another program: two people ask for one visit, and the first one gets it."""
# ruff: noqa: INP001, T201  # a script, and it speaks to whoever runs it

import asyncio
import tempfile
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from returns.pipeline import is_successful

from registratura import Application, BookAppointment, Channel, Desk, Rules
from registratura.adapters.sql import migrate, open_storage
from registratura.adapters.system import SystemClock, SystemIds
from registratura.application.ports.storage import Transaction
from registratura.application.records import SlotRecord
from registratura.domain.identifiers import OrganisationId, PatientId, ResourceId, SlotId
from registratura.domain.organisations import Organisation, Resource
from registratura.domain.people import Patient, PersonName, Sex
from registratura.domain.schedule import AgeTag, ChannelTag, SlotStatus

CLINIC, DOCTOR, VISIT = OrganisationId("clinic"), ResourceId("doctor"), SlotId("visit")
ANNA = Patient(id=PatientId("anna"), name=PersonName("Летова", "Анна"), born=date(1990, 5, 1), sex=Sex.FEMALE)
BORIS = Patient(id=PatientId("boris"), name=PersonName("Зимин", "Борис"), born=date(1985, 2, 3), sex=Sex.MALE)
DESK = Desk(rules=Rules(), clock=SystemClock(), ids=SystemIds())


def fill(tx: Transaction) -> None:
    """One clinic, one doctor, two people, and one free visit tomorrow."""
    tx.register.store([Organisation(id=CLINIC, name="Поликлиника", address="—", zone=ZoneInfo("Europe/Moscow"))])
    tx.register.store([Resource(id=DOCTOR, organisation=CLINIC, name=PersonName("Осенний", "Яков"))])
    tx.register.store([ANNA, BORIS])
    slot = SlotRecord(
        id=VISIT,
        organisation=CLINIC,
        resource=DOCTOR,
        visit=DESK.clock.now() + timedelta(days=1),
        minutes=20,
        channels=frozenset({ChannelTag.EPGU}),
        age=AgeTag.ALL,
        status=SlotStatus.AVAILABLE,
    )
    tx.register.store([slot])


async def main(url: str) -> None:
    """Book the visit for Anna, then for Boris."""
    migrate(url)
    async with open_storage(url) as storage:
        await storage.transact(fill)
        book = BookAppointment(storage=storage, desk=DESK)
        for patient in (ANNA, BORIS):
            verdict = await book(Application(patient=patient.id, slot=VISIT, channel=Channel.PORTAL))
            print(patient.name.first, "booked" if is_successful(verdict) else verdict.failure())


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(main(f"sqlite:///{folder}/registry.db"))
