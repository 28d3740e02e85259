"""A small invented clinic: everything valid, so that a test says only what matters to it."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from registratura.application.ports.storage import Storage
from registratura.application.records import BookRecord, BookStatus, Record, SlotRecord
from registratura.domain.appointments import Channel, VisitKind
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
from registratura.domain.organisations import AgeLimits, Organisation, Resource, Speciality
from registratura.domain.people import Attachment, Patient, PersonName, Relation, Representation, Sex, Snils
from registratura.domain.schedule import AgeTag, ChannelTag, SlotStatus
from registratura.domain.telemedicine import Purpose

MOSCOW = ZoneInfo("Europe/Moscow")
NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
"""A Friday, noon in Moscow."""
TODAY = date(2026, 11, 20)

MOTHER, SON, STRANGER, MAN = (PatientId(name) for name in ("mother", "son", "stranger", "man"))
MOTHER_IN_MAX, MAN_IN_MAX = MessengerId("1001"), MessengerId("1002")
CLINIC, HOSPITAL = OrganisationId("clinic"), OrganisationId("hospital")
THERAPY, PAEDIATRICS, GYNAECOLOGY = (SpecialityId(code) for code in ("27", "22", "8"))


def patient(id: PatientId, last: str, first: str, born: date, sex: Sex, **more: object) -> Patient:
    return Patient(id=id, name=PersonName(last, first, "Петровна"), born=born, sex=sex, **more)  # type: ignore[arg-type]


def organisation(id: OrganisationId = CLINIC, name: str = "Городская поликлиника", **more: object) -> Organisation:
    known: dict[str, object] = {"address": "ул. Выдуманная, 1", "zone": MOSCOW, "phone": "+7 555 000-00-01"}
    return Organisation(id=id, name=name, **(known | more))  # type: ignore[arg-type]


def doctor(id: str, last: str, speciality: SpecialityId = THERAPY, **more: object) -> Resource:
    known: dict[str, object] = {
        "organisation": CLINIC,
        "name": PersonName(last, "Вера", "Ильинична"),
        "messenger": MessengerId(f"doctor-{id}"),
    }
    return Resource(id=ResourceId(id), speciality=speciality, **(known | more))  # type: ignore[arg-type]


def slot(id: str, resource: str, visit: datetime, **more: object) -> SlotRecord:
    known: dict[str, object] = {
        "organisation": CLINIC,
        "minutes": 20,
        "channels": frozenset({ChannelTag.ONLINE}),
        "age": AgeTag.ALL,
        "status": SlotStatus.AVAILABLE,
    }
    return SlotRecord(id=SlotId(id), resource=ResourceId(resource), visit=visit, **(known | more))  # type: ignore[arg-type]


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """A time of November 2026 on the clinic's clocks."""
    return datetime(2026, 11, day, hour, minute)  # noqa: DTZ001  # slots are loaded in local time


def purpose(id: str, name: str, order: int = 0, **more: object) -> Purpose:
    return Purpose(id=PurposeId(id), name=name, order=order, **more)  # type: ignore[arg-type]


def child_of(representative: PatientId, child: PatientId, **more: object) -> Representation:
    known: dict[str, object] = {"relation": Relation.EPGU_CHILD}
    return Representation(representative=representative, patient=child, **(known | more))  # type: ignore[arg-type]


def book(id: str, who: PatientId, slot_id: str, **more: object) -> BookRecord:
    known: dict[str, object] = {
        "status": BookStatus.RECORDED,
        "channel": Channel.REGISTRY,
        "kind": VisitKind.APPOINTMENT,
    }
    return BookRecord(id=AppointmentId(id), patient=who, slot=SlotId(slot_id), **(known | more))  # type: ignore[arg-type]


THERAPIST, SECOND_THERAPIST, PAEDIATRICIAN, GYNAECOLOGIST = "d1", "d2", "d3", "d4"

PLAIN: tuple[Sequence[Record], ...] = (
    [organisation(), organisation(HOSPITAL, "Районная больница")],
    [
        Speciality(id=THERAPY, name="Терапия", ages=AgeLimits(youngest=18)),
        Speciality(id=PAEDIATRICS, name="Педиатрия", ages=AgeLimits(oldest=17)),
        Speciality(id=GYNAECOLOGY, name="Акушерство и гинекология", sex=Sex.FEMALE),
    ],
    [
        doctor(THERAPIST, "Терапевтова"),
        doctor(SECOND_THERAPIST, "Вторая", organisation=HOSPITAL),
        doctor(PAEDIATRICIAN, "Детская", PAEDIATRICS),
        doctor(GYNAECOLOGIST, "Женская", GYNAECOLOGY),
    ],
    [
        patient(MOTHER, "Каноева", "Мария", date(1990, 3, 5), Sex.FEMALE, messenger=MOTHER_IN_MAX),
        patient(MAN, "Мужев", "Денис", date(1985, 6, 7), Sex.MALE, messenger=MAN_IN_MAX),
        patient(SON, "Каноев", "Пётр", date(2018, 1, 2), Sex.MALE, snils=Snils("00100100101")),
        patient(STRANGER, "Чужая", "Анна", date(2015, 1, 2), Sex.FEMALE),
    ],
    [Attachment(patient=MOTHER, organisation=CLINIC, area="1")],
    [child_of(MOTHER, SON)],
    [
        purpose("first", "Первичная", 1),
        purpose("again", "Повторная", 2),
        purpose("leave", "Закрытие листа нетрудоспособности", 3, ages=AgeLimits(youngest=18)),
    ],
    [
        slot("s1", THERAPIST, at(24, 14, 30)),
        slot("s2", THERAPIST, at(24, 15)),
        slot("s3", THERAPIST, at(25, 10)),
        slot("s4", SECOND_THERAPIST, at(24, 16), organisation=HOSPITAL),
        slot("s5", PAEDIATRICIAN, at(24, 11)),
        slot("s6", GYNAECOLOGIST, at(26, 9)),
    ],
)
"""The records of a clinic in which everybody can be booked."""


async def load(storage: Storage, *batches: Sequence[Record]) -> None:
    """Store batches of records, one kind each."""
    for batch in batches:
        await storage.transact(lambda tx, batch=batch: tx.register.store(batch))  # type: ignore[misc]
