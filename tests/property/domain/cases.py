"""Cases for `book`: mostly good parts, each sometimes replaced by whatever there may be."""

from datetime import UTC, date, datetime, timedelta
from typing import TypeVar

import attrs
from hypothesis import strategies as st

from registratura.domain.appointments import Application, Appointment, Channel, Checks, Facts, Rules, VisitKind
from registratura.domain.identifiers import AppointmentId, OrganisationId, PatientId
from registratura.domain.schedule import Absence, AbsenceReason, DayLimits, SlotStatus
from registratura.domain.telemedicine import Platform
from registratura.testing import strategies as any_
from tests.unit.domain.builders import (
    CHILD,
    CLINIC,
    DOCTOR,
    NOW,
    OTHER_CLINIC,
    OTHER_DOCTOR,
    PATIENT,
    STRANGER,
    SURGERY,
    THERAPY,
    Case,
    application,
    appointment,
    attachment,
    child,
    doctor,
    opening,
    organisation,
    patient,
    purpose,
    representation,
    speciality,
)

T = TypeVar("T")

# Visits, absences and bookings stand on a grid of ten minutes, so that edges meet.
near = st.integers(-12, 6 * 24 * 3).map(lambda steps: NOW + timedelta(hours=1, minutes=10 * steps))


_CHANCE = st.integers(1, 20)


def mostly(draw: st.DrawFn, good: T, other: st.SearchStrategy[T]) -> T:
    """*good* nineteen times out of twenty, so that a whole case still has a chance to be booked."""
    return draw(other) if draw(_CHANCE) == 20 else good


@st.composite
def absences(draw: st.DrawFn) -> Absence:
    begins, ends = sorted([draw(near), draw(near)])
    return Absence(
        id=draw(any_.ids), resource=DOCTOR, reason=draw(st.sampled_from(AbsenceReason)), begins=begins, ends=ends
    )


@st.composite
def visits(draw: st.DrawFn, around: datetime = NOW) -> Appointment:
    """Bookings in force, often near *around* and with the same doctor, speciality or clinic."""
    starts = draw(near) if draw(st.booleans()) else around + timedelta(minutes=10 * draw(st.integers(-12, 12)))
    return appointment(
        id=AppointmentId(draw(any_.ids)),
        starts=starts,
        ends=starts + timedelta(minutes=10 * draw(st.integers(1, 12))),
        organisation=draw(st.sampled_from([CLINIC, OTHER_CLINIC])),
        resource=draw(st.sampled_from([DOCTOR, OTHER_DOCTOR])),
        speciality=draw(st.sampled_from([THERAPY, SURGERY, None])),
        kind=draw(st.sampled_from(VisitKind)),
    )


@st.composite
def applications(draw: st.DrawFn, of: PatientId) -> Application:
    return application(
        patient=of,
        kind=mostly(draw, VisitKind.ONLINE_CONSULTING, st.sampled_from(VisitKind)),
        channel=draw(st.sampled_from(Channel)),
        author=mostly(draw, PATIENT, st.sampled_from([CHILD, STRANGER, None])),
        purpose=mostly(draw, application().purpose, st.none()),
        consent_version=mostly(draw, "1", st.sampled_from(["2", None])),
        referral=mostly(draw, None, any_.ids),
    )


@st.composite
def rules(draw: st.DrawFn) -> Rules:
    return Rules(
        checks=mostly(draw, Checks(), _CHECKS),
        days=draw(_DAYS),
        platform=draw(st.sampled_from(Platform)),
        consent_version=mostly(draw, "1", st.just("2")),
    )


# Built once: to build a strategy takes longer than to draw from it.
_CHECKS = st.builds(Checks, **{field.name: st.booleans() for field in attrs.fields(Checks)})
_DAYS = st.just(DayLimits()) | st.just(DayLimits()) | any_.day_limits()
_PATIENTS = any_.patients()
_CLINICS = any_.organisations().map(lambda strange: attrs.evolve(strange, id=CLINIC))
_DOCTORS = any_.resources(CLINIC, THERAPY).map(lambda strange: attrs.evolve(strange, id=DOCTOR))
_OPENINGS = any_.openings().map(lambda strange: attrs.evolve(strange, organisation=CLINIC, resource=DOCTOR))
_SPECIALITIES = any_.specialities()
_PURPOSES = any_.purposes()
_ABSENCES = st.lists(absences(), max_size=2).map(tuple)
_HELD = (representation(), representation(representative=STRANGER), representation(patient=STRANGER))
_REPRESENTATIONS = st.lists(st.sampled_from(_HELD), max_size=3).map(tuple)
_AREAS = st.sampled_from([frozenset[str](), frozenset({"4"})])


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """A case that hangs together: one clinic, one doctor, and things that nearly fit."""
    who = draw(st.sampled_from([patient(), patient(), child()]))
    born = mostly(draw, who.born, st.dates(date(2007, 1, 1), date(2026, 3, 20)))
    place = opening(starts=draw(near), minutes=10 * draw(st.integers(1, 6)))
    place = mostly(draw, place, _OPENINGS)
    therapist = doctor(areas=mostly(draw, frozenset({"3"}), _AREAS))
    facts = Facts(
        patient=mostly(draw, attrs.evolve(who, born=born), _PATIENTS),
        slot=mostly(draw, SlotStatus.AVAILABLE, st.sampled_from(SlotStatus)).of(place),
        organisation=mostly(draw, organisation(), _CLINICS),
        resource=mostly(draw, therapist, _DOCTORS),
        speciality=mostly(draw, speciality(), _SPECIALITIES),
        purpose=mostly(draw, purpose(), _PURPOSES),
        representations=mostly(draw, _HELD[:1], _REPRESENTATIONS),
        attachments=(mostly(draw, attachment(), any_.attachments(who.id, CLINIC)),),
        absences=mostly(draw, (), _ABSENCES),
        upcoming=tuple(draw(visits(place.starts)) for _ in range(draw(st.integers(0, 2)))),
    )
    return Case(asked=draw(applications(of=who.id)), facts=facts, rules=draw(rules()), now=mostly(draw, NOW, near))


_ANY_SLOT = st.none() | any_.slots()
_ANY_CLINIC = st.none() | any_.organisations()
_ANY_DOCTOR = st.none() | any_.resources()
_MOMENTS = st.sampled_from([NOW, NOW.astimezone(UTC), datetime(2028, 2, 29, tzinfo=UTC)]) | any_.moments


@st.composite
def unconnected(draw: st.DrawFn) -> Case:
    """Anything at all: parts that are missing or have nothing to do with each other, at any moment."""
    known = draw(st.none() | _PATIENTS)
    of = known.id if known else PATIENT
    elsewhere = OrganisationId(draw(any_.ids))
    facts = Facts(
        patient=known,
        slot=draw(_ANY_SLOT),
        organisation=draw(_ANY_CLINIC),
        resource=draw(_ANY_DOCTOR),
        speciality=draw(st.none() | _SPECIALITIES),
        purpose=draw(st.none() | _PURPOSES),
        representations=(draw(any_.representations(PATIENT, of)),),
        attachments=(draw(any_.attachments(of, elsewhere)),),
        absences=draw(_ABSENCES),
        upcoming=(draw(visits()),),
    )
    return Case(asked=draw(applications(of=of)), facts=facts, rules=draw(rules()), now=draw(_MOMENTS))
