"""The small invented clinic in which the machine lives."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from registratura.application.records import BookRecord, BookStatus, Record, SlotRecord
from registratura.domain.appointments import Application, Channel, VisitKind
from registratura.domain.identifiers import (
    AppointmentId,
    MessengerId,
    OrganisationId,
    PatientId,
    PurposeId,
    ResourceId,
    SlotId,
)
from registratura.domain.organisations import Organisation, Resource
from registratura.domain.people import Patient, PersonName, Relation, Representation, Sex
from registratura.domain.schedule import AgeTag, ChannelTag, SlotStatus
from registratura.domain.telemedicine import Purpose

BEGINNING = datetime(2026, 3, 2, 6, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Yekaterinburg")
CLINIC = Organisation(id=OrganisationId("clinic"), name="Поликлиника № 7", address="ул. Садовая, 1", zone=ZONE)
DOCTORS = tuple(
    Resource(id=ResourceId(key), organisation=CLINIC.id, name=PersonName(last, "Вера"), messenger=MessengerId(user))
    for key, last, user in (("doctor", "Осенняя", "501"), ("colleague", "Зимняя", "502"))
)
PURPOSE = Purpose(id=PurposeId("control"), name="Контроль лечения")


def _person(id: str, first: str, born: date, sex: Sex, *united: str) -> Patient:
    name = PersonName("Летний" if sex is Sex.MALE else "Летняя", first)
    return Patient(id=PatientId(id), name=name, born=born, sex=sex, united=frozenset(map(PatientId, united)))


MOTHER = _person("mother", "Анна", date(1990, 5, 17), Sex.FEMALE, "mother-before-marriage")
CHILD = _person("child", "Пётр", date(2020, 1, 9), Sex.MALE)
NEIGHBOUR = _person("neighbour", "Олег", date(1971, 11, 30), Sex.MALE)
STRANGER = _person("stranger", "Зоя", date(1958, 2, 3), Sex.FEMALE)
PEOPLE = (MOTHER, CHILD, NEIGHBOUR, STRANGER)
CARDS = {known_by: person for person in PEOPLE for known_by in person.ids}
"""Every id a person is known by → the card."""
ACTS_FOR = Representation(representative=MOTHER.id, patient=CHILD.id, relation=Relation.EPGU_CHILD)


def _slot(doctor: Resource, day: int, minutes: int) -> SlotRecord:
    starts = datetime(2026, 3, 2, 9, tzinfo=ZONE) + timedelta(days=day, minutes=minutes)
    return SlotRecord(
        id=SlotId(f"{doctor.id}-{day}-{minutes}"),
        organisation=CLINIC.id,
        resource=doctor.id,
        visit=starts,
        minutes=30,
        channels=frozenset({ChannelTag.ONLINE}),
        age=AgeTag.ALL,
        status=SlotStatus.AVAILABLE,
    )


SLOTS = {
    slot.id: slot for slot in (_slot(doctor, day, start) for doctor in DOCTORS for day in (1, 2) for start in (0, 15))
}
"""Places of both doctors on two days: some begin together, some overlap, some follow each other."""
BEFORE: tuple[tuple[Record, ...], ...] = ((CLINIC,), DOCTORS, (PURPOSE,), PEOPLE, (ACTS_FOR,))
"""What stands in the storage before anything is published."""
ASKERS = (
    (MOTHER.id, MOTHER.id),
    (PatientId("mother-before-marriage"), MOTHER.id),
    (CHILD.id, MOTHER.id),
    (NEIGHBOUR.id, NEIGHBOUR.id),
    (STRANGER.id, STRANGER.id),
    (CHILD.id, STRANGER.id),
    (PatientId("nobody"), None),
)
"""Whom a booking is asked for, and by whom; the last two in vain."""


def application(patient: PatientId, author: PatientId | None, slot: SlotId) -> Application:
    """*author* asks in the messenger for a consultation of *patient*."""
    return Application(
        patient=patient,
        slot=slot,
        channel=Channel.MAX,
        kind=VisitKind.ONLINE_CONSULTING,
        author=author,
        purpose=PURPOSE.id,
        consent_version="1",
    )


def book_record(id: AppointmentId, patient: PatientId, slot: SlotId, status: BookStatus) -> BookRecord:
    """A booking as the clinic's own system tells of it."""
    return BookRecord(
        id=id,
        patient=patient,
        slot=slot,
        status=status,
        channel=Channel.REGISTRY,
        kind=VisitKind.ONLINE_CONSULTING,
    )
