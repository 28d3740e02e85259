"""A consultation that may be booked, and its parts: a test changes only what it is about."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import attrs
from returns.pipeline import is_successful
from returns.result import Result

from registratura.domain.appointments import (
    Application,
    Appointment,
    Channel,
    Checks,
    Facts,
    Rules,
    VisitKind,
)
from registratura.domain.booking import book
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
from registratura.domain.refusals import Refusal
from registratura.domain.schedule import ChannelTag, Opening, SlotStatus
from registratura.domain.telemedicine import Purpose

T = TypeVar("T")
E = TypeVar("E")

ZONE = ZoneInfo("Asia/Yekaterinburg")
TODAY = date(2026, 3, 10)
VISIT_DAY = date(2026, 3, 12)
PATIENT = PatientId("p-anna")
CHILD = PatientId("p-kira")
STRANGER = PatientId("p-stranger")
CLINIC = OrganisationId("mo-1")
OTHER_CLINIC = OrganisationId("mo-2")
DOCTOR = ResourceId("dr-1")
OTHER_DOCTOR = ResourceId("dr-2")
THERAPY = SpecialityId("49")
SURGERY = SpecialityId("56")
NEW = AppointmentId("new")


def at(day: date, clock: str, zone: ZoneInfo = ZONE) -> datetime:
    """«10:30» of *day* on the clocks of *zone*."""
    return datetime.combine(day, time.fromisoformat(clock), zone)


NOW = at(TODAY, "09:00")


def years_before(day: date, years: int, *, days: int = 0) -> date:
    """The birth date of somebody who turns *years* on *day*, moved by *days*."""
    return day.replace(year=day.year - years) + timedelta(days=days)


def patient(**changes: Any) -> Patient:
    anna = Patient(id=PATIENT, name=PersonName("Лесная", "Анна", "Ильинична"), born=date(1986, 5, 4), sex=Sex.FEMALE)
    return attrs.evolve(anna, **changes)


def child(**changes: Any) -> Patient:
    kira = Patient(id=CHILD, name=PersonName("Лесная", "Кира"), born=date(2016, 9, 1), sex=Sex.FEMALE)
    return attrs.evolve(kira, **changes)


def representation(**changes: Any) -> Representation:
    held = Representation(representative=PATIENT, patient=CHILD, relation=Relation.EPGU_CHILD)
    return attrs.evolve(held, **changes)


def attachment(**changes: Any) -> Attachment:
    return attrs.evolve(Attachment(patient=PATIENT, organisation=CLINIC, area="3"), **changes)


def organisation(**changes: Any) -> Organisation:
    clinic = Organisation(id=CLINIC, name="Поликлиника № 7", address="Берёзовая, 1", zone=ZONE)
    return attrs.evolve(clinic, **changes)


def doctor(**changes: Any) -> Resource:
    therapist = Resource(
        id=DOCTOR,
        organisation=CLINIC,
        speciality=THERAPY,
        name=PersonName("Речной", "Пётр"),
        messenger=MessengerId("501"),
    )
    return attrs.evolve(therapist, **changes)


def speciality(**changes: Any) -> Speciality:
    return attrs.evolve(Speciality(id=THERAPY, name="терапия"), **changes)


def purpose(**changes: Any) -> Purpose:
    return attrs.evolve(Purpose(id=PurposeId("first"), name="Первичная"), **changes)


def opening(**changes: Any) -> Opening:
    twenty_minutes = Opening(
        id=SlotId("slot"),
        organisation=CLINIC,
        resource=DOCTOR,
        starts=at(VISIT_DAY, "10:00"),
        minutes=20,
        channels=frozenset({ChannelTag.ONLINE, ChannelTag.EPGU}),
    )
    return attrs.evolve(twenty_minutes, **changes)


def appointment(**changes: Any) -> Appointment:
    """A booking that disturbs nothing: another day, doctor, speciality and clinic."""
    starts = changes.pop("starts", at(VISIT_DAY + timedelta(days=3), "15:00"))
    held = Appointment(
        id=AppointmentId("held"),
        patient=PATIENT,
        slot=SlotId("held-slot"),
        organisation=OTHER_CLINIC,
        resource=OTHER_DOCTOR,
        speciality=SURGERY,
        starts=starts,
        ends=starts + timedelta(minutes=20),
        kind=VisitKind.APPOINTMENT,
        channel=Channel.REGISTRY,
        booked_at=NOW - timedelta(days=1),
    )
    return attrs.evolve(held, **changes)


def application(**changes: Any) -> Application:
    """A consultation the patient asks for in the messenger."""
    wish = Application(
        patient=PATIENT,
        slot=SlotId("slot"),
        channel=Channel.MAX,
        kind=VisitKind.ONLINE_CONSULTING,
        author=PATIENT,
        purpose=PurposeId("first"),
        consent_version="1",
    )
    return attrs.evolve(wish, **changes)


def _facts() -> Facts:
    return Facts(
        patient=patient(),
        slot=SlotStatus.AVAILABLE.of(opening()),
        organisation=organisation(),
        resource=doctor(),
        speciality=speciality(),
        purpose=purpose(),
    )


@attrs.frozen(kw_only=True)
class Case:
    """Everything `book` looks at; as built, it may be booked."""

    asked: Application = attrs.field(factory=application)
    facts: Facts = attrs.field(factory=_facts)
    rules: Rules = attrs.field(factory=Rules)
    now: datetime = NOW

    def answer(self) -> Appointment | Refusal:
        return answered(book(self.asked, self.facts, self.rules, now=self.now, id=NEW))

    def code(self) -> int:
        """What the FER profile answers."""
        answer = self.answer()
        return 0 if isinstance(answer, Appointment) else answer.code

    def asking(self, **changes: Any) -> "Case":
        return attrs.evolve(self, asked=attrs.evolve(self.asked, **changes))

    def knowing(self, **changes: Any) -> "Case":
        return attrs.evolve(self, facts=attrs.evolve(self.facts, **changes))

    def patient(self, **changes: Any) -> "Case":
        known = self.facts.patient
        return self if known is None else self.knowing(patient=attrs.evolve(known, **changes))

    def opening(self, **changes: Any) -> "Case":
        slot = self.facts.slot
        if slot is None:
            return self
        return self.knowing(slot=attrs.evolve(slot, opening=attrs.evolve(slot.opening, **changes)))

    def slot(self, status: SlotStatus) -> "Case":
        slot = self.facts.slot
        return self if slot is None else self.knowing(slot=status.of(slot.opening))

    def organisation(self, **changes: Any) -> "Case":
        known = self.facts.organisation
        return self if known is None else self.knowing(organisation=attrs.evolve(known, **changes))

    def doctor(self, **changes: Any) -> "Case":
        known = self.facts.resource
        return self if known is None else self.knowing(resource=attrs.evolve(known, **changes))

    def speciality(self, **changes: Any) -> "Case":
        return self.knowing(speciality=speciality(**changes))

    def purpose(self, **changes: Any) -> "Case":
        return self.knowing(purpose=purpose(**changes))

    def also_booked(self, **changes: Any) -> "Case":
        return self.knowing(upcoming=(*self.facts.upcoming, appointment(**changes)))

    def days(self, **changes: Any) -> "Case":
        days = attrs.evolve(self.rules.days, **changes)
        return attrs.evolve(self, rules=attrs.evolve(self.rules, days=days))

    def checks(self, **changes: bool) -> "Case":
        checks: Checks = attrs.evolve(self.rules.checks, **changes)
        return attrs.evolve(self, rules=attrs.evolve(self.rules, checks=checks))

    def ruled(self, **changes: Any) -> "Case":
        return attrs.evolve(self, rules=attrs.evolve(self.rules, **changes))

    def on(self, now: datetime) -> "Case":
        return attrs.evolve(self, now=now)


Change = Callable[[Case], Case]


def in_person(**changes: Any) -> Case:
    """A visit asked for through the FER gateway, which has checked who asks."""
    gateway = application(
        channel=Channel.FER, kind=VisitKind.APPOINTMENT, author=None, purpose=None, consent_version=None
    )
    return Case(asked=attrs.evolve(gateway, **changes)).knowing(purpose=None)


def answered(result: Result[T, E]) -> T | E:
    """The booking or the reason, whichever it is."""
    return result.unwrap() if is_successful(result) else result.failure()
