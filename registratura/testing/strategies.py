"""Hypothesis strategies for people, clinics and schedules; everybody is invented."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

import attrs
from hypothesis import strategies as st

from registratura.application.records import AbsenceRecord, Record, SlotRecord
from registratura.domain.identifiers import (
    MessengerId,
    OrganisationId,
    PatientId,
    PurposeId,
    ResourceId,
    SlotId,
    SpecialityId,
)
from registratura.domain.organisations import (
    Accepts,
    AgeLimits,
    ControllingNote,
    Organisation,
    OrganisationAge,
    Resource,
    ResourceKind,
    Speciality,
)
from registratura.domain.people import (
    Attachment,
    Patient,
    PersonName,
    Relation,
    Representation,
    Sex,
    Snils,
    is_valid_enp,
)
from registratura.domain.schedule import AbsenceReason, AgeTag, ChannelTag, DayLimits, Opening, Slot, SlotStatus
from registratura.domain.telemedicine import Purpose

_LETTERS = "абвгдеёжзийклмнопрстуфхцчшщъыьэюя"
_LAST_WITHOUT_CONTROL = 1_001_998
ZONES = tuple(map(ZoneInfo, ("Europe/Kaliningrad", "Europe/Moscow", "Asia/Yekaterinburg", "Asia/Kamchatka")))
"""Zones of Russian regions, west to east."""

ids = st.uuids(version=4).map(str)
# Offsets, not zones: in the hour when clocks are set, Python finds a moment unequal to itself in another zone.
moments = st.datetimes(
    datetime(2000, 1, 1),  # noqa: DTZ001 - hypothesis wants naive bounds and adds the zone
    datetime(2100, 1, 1),  # noqa: DTZ001 - as above
    timezones=st.integers(2, 12).map(lambda hours: timezone(timedelta(hours=hours))),
)
days = st.dates(date(2000, 1, 1), date(2100, 1, 1))
words = st.text(_LETTERS, min_size=1, max_size=20).map(str.capitalize)
texts = st.text(_LETTERS + _LETTERS.upper() + " .,-№«»0123456789", min_size=1, max_size=60)
phones = st.integers(9_000_000_000, 9_999_999_999).map("+7{}".format)
messenger_ids = st.integers(1, 2**53).map(str).map(MessengerId)


@st.composite
def snils(draw: st.DrawFn) -> Snils:
    """СНИЛС with a fitting control number."""
    number = draw(st.integers(_LAST_WITHOUT_CONTROL + 1, 999_999_999))
    body = f"{number:09}"
    weighted = sum(int(digit) * weight for digit, weight in zip(body, range(9, 0, -1), strict=True))
    return Snils(f"{body}{weighted % 101 % 100:02}")


@st.composite
def enp(draw: st.DrawFn) -> str:
    """A whole policy number (ЕНП) with a fitting control digit."""
    body = draw(st.text("0123456789", min_size=15, max_size=15))
    return next(number for number in map(f"{body}{{}}".format, range(10)) if is_valid_enp(number))


def names() -> st.SearchStrategy[PersonName]:
    """Russian names: double surnames, «ё», foreign patronymics, and people who have none."""
    last = words | st.builds("{}-{}".format, words, words)
    middle = st.none() | words | st.builds("{} Оглы".format, words)
    return st.builds(PersonName, last, words, middle)


def patients() -> st.SearchStrategy[Patient]:
    """Cards of people of any age; most have СНИЛС and policy, some have died or were merged from others."""
    return st.builds(
        Patient,
        id=ids.map(PatientId),
        name=names(),
        born=st.dates(date(1915, 1, 1), date(2026, 1, 1)),
        sex=st.sampled_from(Sex),
        snils=st.none() | snils(),
        policy=st.none() | enp(),
        phone=st.none() | phones,
        email=st.none() | st.just("somebody@example.org"),
        died=st.none() | days,
        united=st.frozensets(ids.map(PatientId), max_size=2),
        messenger=st.none() | messenger_ids,
        messenger_phone=st.none() | phones,
        esia=st.none() | st.integers(1, 10**10).map(str),
    )


@st.composite
def age_limits(draw: st.DrawFn) -> AgeLimits:
    """From one age to another, either of which may be open."""
    bounds = sorted(draw(st.lists(st.integers(0, 120), min_size=2, max_size=2)))
    youngest, oldest = (draw(st.none() | st.just(bound)) for bound in bounds)
    return AgeLimits(youngest=youngest, oldest=oldest)


def controlling_notes() -> st.SearchStrategy[ControllingNote]:
    """Notes that say something."""
    return st.builds(ControllingNote, ages=age_limits(), text=texts)


def organisations() -> st.SearchStrategy[Organisation]:
    """Subdivisions in zones from Kaliningrad to Kamchatka, with and without settings of their own."""
    return st.builds(
        Organisation,
        id=ids.map(OrganisationId),
        name=st.builds("{} {}".format, texts.map(str.strip).filter(bool), ids),
        address=texts,
        zone=st.sampled_from(ZONES),
        parent_oid=st.none() | st.just("1.2.643.5.1.13.13.12.2.99.1"),
        branch_oid=st.none() | st.just("1.2.643.5.1.13.13.12.2.99.1.0.1"),
        phone=st.none() | phones,
        licence=st.none() | texts,
        accepts=st.sampled_from(Accepts),
        age=st.sampled_from(OrganisationAge),
        same_day=st.none() | st.booleans(),
        tomorrow_closes_at=st.none() | st.times().map(lambda moment: moment.replace(second=0, microsecond=0)),
        conditions=st.none() | texts,
        checks=st.dictionaries(st.sampled_from(("district", "sex_age", "note_age")), st.booleans()),
    )


def specialities() -> st.SearchStrategy[Speciality]:
    """Specialities, some of them for one sex or some ages."""
    return st.builds(
        Speciality,
        id=st.integers(1, 999).map(str).map(SpecialityId),
        name=words,
        sex=st.none() | st.sampled_from(Sex),
        ages=age_limits(),
    )


def resources(
    organisation: OrganisationId | None = None, speciality: SpecialityId | None = None
) -> st.SearchStrategy[Resource]:
    """Doctors, rooms and devices: of *organisation* and *speciality*, or of any."""
    return st.builds(
        Resource,
        id=ids.map(ResourceId),
        organisation=st.just(organisation) if organisation else ids.map(OrganisationId),
        kind=st.sampled_from(ResourceKind),
        accepts=st.sampled_from(Accepts),
        speciality=st.just(speciality) if speciality else st.none() | st.just(SpecialityId("76")),
        post=st.none() | st.just("109"),
        name=st.none() | names(),
        title=st.none() | texts,
        room_number=st.none() | st.integers(1, 999).map(str),
        description=st.none() | texts,
        areas=st.frozensets(st.integers(1, 30).map(str), max_size=3),
        internet_booking=st.booleans(),
        messenger=st.none() | messenger_ids,
        messenger_phone=st.none() | phones,
        note=st.none() | controlling_notes(),
    )


def purposes() -> st.SearchStrategy[Purpose]:
    """Purposes of consultation, some for few."""
    return st.builds(
        Purpose,
        id=words.map(PurposeId),
        name=texts,
        active=st.booleans(),
        order=st.integers(0, 99),
        ages=age_limits(),
        sex=st.none() | st.sampled_from(Sex),
        specialities=st.frozensets(st.integers(1, 999).map(str).map(SpecialityId), max_size=2),
        organisations=st.frozensets(ids.map(OrganisationId), max_size=2),
    )


@st.composite
def representations(draw: st.DrawFn, representative: PatientId, patient: PatientId) -> Representation:
    """*representative* acts for *patient*, perhaps for a time."""
    since, until = sorted(draw(st.lists(days, min_size=2, max_size=2)))
    return Representation(
        representative=representative,
        patient=patient,
        relation=draw(st.sampled_from(Relation)),
        since=draw(st.none() | st.just(since)),
        until=draw(st.none() | st.just(until)),
    )


@st.composite
def attachments(draw: st.DrawFn, patient: PatientId, organisation: OrganisationId) -> Attachment:
    """*patient* is attached to *organisation*, perhaps to an area, perhaps for a time."""
    since, until = sorted(draw(st.lists(days, min_size=2, max_size=2)))
    return Attachment(
        patient=patient,
        organisation=organisation,
        area=draw(st.none() | st.integers(1, 30).map(str)),
        since=draw(st.none() | st.just(since)),
        until=draw(st.none() | st.just(until)),
    )


def openings() -> st.SearchStrategy[Opening]:
    """Places in a schedule."""
    return st.builds(
        Opening,
        id=ids.map(SlotId),
        organisation=ids.map(OrganisationId),
        resource=ids.map(ResourceId),
        starts=moments,
        minutes=st.integers(1, 240),
        channels=st.frozensets(st.sampled_from(ChannelTag), min_size=1),
        age=st.sampled_from(AgeTag),
        note=st.none() | controlling_notes(),
    )


def slots() -> st.SearchStrategy[Slot]:
    """Slots in every state."""
    return st.builds(lambda opening, status: status.of(opening), openings(), st.sampled_from(SlotStatus))


def day_limits() -> st.SearchStrategy[DayLimits]:
    """What a region may decide about days."""
    return st.builds(
        DayLimits,
        same_day=st.booleans(),
        tomorrow_closes_at=st.none() | st.integers(0, 23).map(time),
        lead=st.integers(0, 180).map(lambda minutes: timedelta(minutes=minutes)),
        horizon_days=st.integers(0, 4),
    )


@attrs.frozen
class Region:
    """Clinics with their doctors, slots and absences around the moment `now`, ready to be loaded."""

    now: datetime
    organisations: tuple[Organisation, ...]
    resources: tuple[Resource, ...]
    slots: tuple[SlotRecord, ...]
    absences: tuple[AbsenceRecord, ...]

    @property
    def batches(self) -> tuple[tuple[Record, ...], ...]:
        """Records of one kind each, those referred to first."""
        return (self.organisations, self.resources, self.slots, self.absences)


@st.composite
def regions(draw: st.DrawFn) -> Region:
    """Few clinics in many zones, with slots near every edge: the hour, midnight, the lead, the horizon."""
    now = draw(st.datetimes(datetime(2026, 3, 1), datetime(2026, 3, 2), timezones=st.just(UTC)))  # noqa: DTZ001 - hypothesis wants naive bounds and adds the zone
    now = now.replace(minute=now.minute // 30 * 30, second=0, microsecond=0)
    # Only what decides about days is drawn: everything else would make the examples slow and hard to read.
    clinics = tuple(
        Organisation(
            id=OrganisationId(f"clinic-{number}"),
            name=f"Поликлиника № {number}",
            address="ул. Садовая, 1",
            zone=zone,
            same_day=draw(st.none() | st.booleans()),
            tomorrow_closes_at=draw(st.none() | st.integers(0, 23).map(time)),
        )
        for number, zone in enumerate(draw(st.lists(st.sampled_from(ZONES), min_size=1, max_size=3)))
    )
    doctors = tuple(
        Resource(id=ResourceId(f"{clinic.id}-doctor-{number}"), organisation=clinic.id)
        for clinic in clinics
        for number in range(draw(st.integers(0, 2)))
    )
    half_hours = st.integers(-2, 8) | st.integers(-4, 48 * 5)
    places = [(doctor, steps) for doctor in doctors for steps in draw(st.lists(half_hours, max_size=8, unique=True))]
    records = tuple(
        SlotRecord(
            id=SlotId(f"{doctor.id}-slot{steps:+}"),
            organisation=doctor.organisation,
            resource=doctor.id,
            visit=now + timedelta(minutes=30 * steps),
            minutes=30,
            channels=draw(
                st.sampled_from(({ChannelTag.ONLINE}, {ChannelTag.ONLINE, ChannelTag.EPGU}, {ChannelTag.EPGU})).map(
                    frozenset
                )
            ),
            age=draw(st.sampled_from(AgeTag)),
            status=draw(st.sampled_from((*(SlotStatus.AVAILABLE,) * 9, *SlotStatus))),
        )
        for doctor, steps in places
    )
    absences = tuple(
        AbsenceRecord(
            id=f"absence-{number}",
            resource=draw(st.sampled_from(doctors)).id,
            reason=draw(st.sampled_from(AbsenceReason)),
            begins=now + timedelta(minutes=30 * first),
            ends=now + timedelta(minutes=30 * (first + draw(st.integers(0, 48)))),
        )
        for number, first in enumerate(draw(st.lists(half_hours, max_size=2)) if doctors else ())
    )
    return Region(now, clinics, doctors, records, absences)
