"""A small invented region for the contract of the storage."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from threading import Barrier, BrokenBarrierError
from zoneinfo import ZoneInfo

from registratura.application.ports.storage import Storage, Transaction
from registratura.application.records import (
    AbsenceRecord,
    BookRecord,
    BookStatus,
    Record,
    SlotRecord,
    Verdict,
)
from registratura.domain.appointments import Appointment, Channel, ClosedAppointment, Outcome, VisitKind
from registratura.domain.identifiers import (
    AppointmentId,
    MessengerId,
    OrganisationId,
    PatientId,
    PurposeId,
    ResourceId,
    SlotId,
    SpecialityId,
)
from registratura.domain.organisations import Organisation, Resource, Speciality
from registratura.domain.people import Attachment, Patient, PersonName, Relation, Representation, Sex
from registratura.domain.schedule import AbsenceReason, AgeTag, ChannelTag, SlotStatus
from registratura.domain.telemedicine import Consent, Platform, Purpose

NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)
"""Monday, 11:00 in Yekaterinburg."""
ZONE = ZoneInfo("Asia/Yekaterinburg")
TOMORROW = datetime(2026, 3, 3, 9, tzinfo=ZONE)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)

CLINIC = Organisation(
    id=OrganisationId("clinic"),
    name="Поликлиника № 7",
    address="ул. Садовая, 1",
    zone=ZONE,
    tomorrow_closes_at=time(23),
)
THERAPIST = Speciality(id=SpecialityId("76"), name="Терапевт")
DOCTOR = Resource(
    id=ResourceId("doctor"),
    organisation=CLINIC.id,
    speciality=THERAPIST.id,
    name=PersonName("Осенний", "Артём", "Борисович"),
    areas=frozenset({"3", "12"}),
    messenger=MessengerId("501"),
)
COLLEAGUE = Resource(
    id=ResourceId("colleague"),
    organisation=CLINIC.id,
    name=PersonName("Зимняя", "Вера"),
    messenger=MessengerId("502"),
)
CONTROL = Purpose(id=PurposeId("control"), name="Контроль лечения", order=3)
MOTHER = Patient(
    id=PatientId("mother"),
    name=PersonName("Летняя", "Анна", "Игоревна"),
    born=date(1990, 5, 17),
    sex=Sex.FEMALE,
    united=frozenset({PatientId("mother-before-marriage")}),
    messenger=MessengerId("1001"),
)
CHILD = Patient(
    id=PatientId("child"), name=PersonName("Летний", "Пётр", "Олегович"), born=date(2020, 1, 9), sex=Sex.MALE
)
STRANGER = Patient(id=PatientId("stranger"), name=PersonName("Вешний", "Олег"), born=date(1971, 11, 30), sex=Sex.MALE)
ATTACHED = Attachment(patient=MOTHER.id, organisation=CLINIC.id, area="3", since=date(2020, 1, 1))
ACTS_FOR = Representation(representative=MOTHER.id, patient=CHILD.id, relation=Relation.EPGU_CHILD)


def slot(
    number: int,
    *,
    doctor: Resource = DOCTOR,
    status: SlotStatus = SlotStatus.AVAILABLE,
    channels: frozenset[ChannelTag] = frozenset({ChannelTag.ONLINE}),
    minutes: int = 30,
) -> SlotRecord:
    """The slot *number* of *doctor*: each begins a quarter of an hour after the one before, tomorrow from 09:00."""
    return SlotRecord(
        id=SlotId(f"{doctor.id}-{number}"),
        organisation=doctor.organisation,
        resource=doctor.id,
        visit=TOMORROW + 15 * MINUTE * number,
        minutes=minutes,
        channels=channels,
        age=AgeTag.ALL,
        status=status,
    )


SLOTS = tuple(slot(number) for number in range(6))
COLLEAGUES_SLOTS = tuple(slot(number, doctor=COLLEAGUE) for number in range(6))
REGION: tuple[tuple[Record, ...], ...] = (
    (CLINIC,),
    (THERAPIST,),
    (DOCTOR, COLLEAGUE),
    (CONTROL,),
    (MOTHER, CHILD, STRANGER),
    (ATTACHED,),
    (ACTS_FOR,),
    (*SLOTS, *COLLEAGUES_SLOTS),
)


async def load(storage: Storage, *batches: Sequence[Record]) -> list[Verdict]:
    """Store *batches* one after the other; all verdicts in order."""

    def work(tx: Transaction) -> list[Verdict]:
        return [verdict for batch in batches for verdict in tx.register.store(batch)]

    return await storage.transact(work)


def booking(id: str, at: SlotRecord, patient: Patient = MOTHER, author: Patient | None = None) -> Appointment:
    """A booking of *patient* on the slot *at*."""
    return Appointment(
        id=AppointmentId(id),
        patient=patient.id,
        slot=at.id,
        organisation=at.organisation,
        resource=at.resource,
        speciality=DOCTOR.speciality if at.resource == DOCTOR.id else COLLEAGUE.speciality,
        starts=at.visit,
        ends=at.visit + at.minutes * MINUTE,
        kind=VisitKind.ONLINE_CONSULTING,
        channel=Channel.MAX,
        author=author.id if author else None,
        purpose=CONTROL.id,
        platform=Platform.MAX,
        booked_at=NOW,
    )


def consent(held: Appointment) -> Consent:
    """What the author agreed to with *held*."""
    return Consent(
        appointment=held.id,
        author=held.author or held.patient,
        patient=held.patient,
        version="1",
        given_at=NOW,
        channel="MAX",
    )


def cancelled(held: Appointment) -> ClosedAppointment:
    """*held* as the patient cancelled it."""
    return ClosedAppointment(appointment=held, outcome=Outcome.CANCELLED_BY_PATIENT, closed_at=NOW + MINUTE)


def taking(held: Appointment) -> Callable[[Transaction], bool]:
    """The unit of work that takes a slot."""
    return lambda tx: tx.appointments.take(held, consent(held))


async def take(storage: Storage, held: Appointment) -> bool:
    """Take a slot in a transaction of its own."""
    return await storage.transact(taking(held))


async def is_free(storage: Storage, at: SlotRecord) -> bool:
    """Whether the slot *at* is on offer."""
    return await storage.read(
        lambda tx: any(one.id == at.id for one in tx.schedule.openings(at.resource, NOW, NOW + 30 * DAY))
    )


def absence(id: str, begins: datetime, ends: datetime, doctor: Resource = DOCTOR) -> AbsenceRecord:
    """A doctor's holiday."""
    return AbsenceRecord(id=id, resource=doctor.id, reason=AbsenceReason.VACATION, begins=begins, ends=ends)


def book(id: str, at: SlotRecord, patient: Patient = STRANGER, status: BookStatus = BookStatus.RECORDED) -> BookRecord:
    """A booking as the clinic tells of it."""
    return BookRecord(
        id=AppointmentId(id),
        patient=patient.id,
        slot=at.id,
        status=status,
        channel=Channel.REGISTRY,
        kind=VisitKind.APPOINTMENT,
    )


def rendezvous(parties: int = 2, seconds: float = 0.3) -> Callable[[], None]:
    """Wait for the others to come to the same point, but not for ever: who is kept out cannot come.

    A race that a lock forbids is thereby lost for certain where the lock is missing.
    """
    barrier = Barrier(parties)

    def wait() -> None:
        try:
            barrier.wait(seconds)
        except BrokenBarrierError:
            return

    return wait
