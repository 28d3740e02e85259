"""Booking: one function for every channel, cancelling, and moving a booking to another slot."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from enum import Enum

import attrs
from returns.result import Failure, Result, Success

from registratura.domain import refusals
from registratura.domain.identifiers import (
    AppointmentId,
    OrganisationId,
    PatientId,
    PurposeId,
    ResourceId,
    SlotId,
    SpecialityId,
)
from registratura.domain.moments import aware, local_day
from registratura.domain.organisations import Accepts, Organisation, Resource, Speciality
from registratura.domain.people import Attachment, Patient, Representation, may_act_for
from registratura.domain.refusals import CancelRefusal, Refusal
from registratura.domain.schedule import (
    Absence,
    AnnulledSlot,
    ChannelTag,
    DayLimits,
    FreeSlot,
    Opening,
    Slot,
)
from registratura.domain.telemedicine import Platform, Purpose


class Channel(Enum):
    """Where a booking comes from."""

    MAX = "max"
    PORTAL = "portal"
    FER = "fer"
    CALL_CENTRE = "call_centre"
    REGISTRY = "registry"


class VisitKind(Enum):
    """What the visit is (`booking_type`, FER profile, 3.1, and Book.type, table 7)."""

    APPOINTMENT = "APPOINTMENT"
    VACCINATION = "VACCINATION"
    COVID_VACCINATION = "COVID_VACCINATION"
    DISPENSARY = "DISPENSARY"
    UDVN_DISPENSARY = "UDVN_DISPENSARY"
    PROPHYLACTIC = "PROPHYLACTIC"
    PROPHYLACTIC_ADULT = "PROPHYLACTIC_ADULT"
    PROPHYLACTIC_CHILD = "PROPHYLACTIC_CHILD"
    D_OBSERVATION = "D_OBSERVATION"
    ONLINE_CONSULTING = "ONLINE_CONSULTING"
    PAID_APPOINTMENT = "PAID_APPOINTMENT"


_T = ChannelTag
_BY_KIND: Mapping[VisitKind, frozenset[ChannelTag]] = {
    VisitKind.ONLINE_CONSULTING: frozenset({_T.ONLINE}),
    VisitKind.PAID_APPOINTMENT: frozenset({_T.PAID}),
    VisitKind.D_OBSERVATION: frozenset({_T.D_OBSERVATION, _T.EPGU}),
}
_BY_CHANNEL: Mapping[Channel, frozenset[ChannelTag]] = {
    Channel.MAX: frozenset({_T.EPGU}),
    Channel.PORTAL: frozenset({_T.EPGU}),
    Channel.FER: frozenset({_T.EPGU}),
    Channel.CALL_CENTRE: frozenset({_T.CENTER, _T.ORDINARY, _T.EPGU}),
    Channel.REGISTRY: frozenset(ChannelTag) - {_T.ONLINE},
}


def serving_tags(kind: VisitKind, channel: Channel) -> frozenset[ChannelTag]:
    """The slot tags that may be booked for *kind* through *channel*; one of them suffices.

    The FER profile does not print the mapping; this is the reading of OQ-51.
    """
    return _BY_KIND.get(kind) or _BY_CHANNEL[channel]


@attrs.frozen(kw_only=True)
class Checks:
    """Checks that a region, or one organisation, may switch off (`tmk.checks.*`, TMK-60)."""

    internet_booking: bool = True
    sex_age: bool = True
    district: bool = True
    deceased: bool = True
    repeat_speciality_mo: bool = True
    repeat_speciality_mo_day: bool = True
    note_age: bool = True

    def at(self, organisation: Organisation) -> "Checks":
        """The same switches with what *organisation* sets for itself."""
        return attrs.evolve(self, **dict(organisation.checks))


@attrs.frozen(kw_only=True)
class Rules:
    """What the region decided about booking."""

    checks: Checks = attrs.field(factory=Checks)
    days: DayLimits = attrs.field(factory=DayLimits)
    platform: Platform = Platform.MAX
    consent_version: str = "1"


@attrs.frozen(kw_only=True)
class Application:
    """What is asked for: who wants whom on which slot, through which channel.

    `author` is the person who asks and must be allowed to act for the patient; None is a clinic's own employee or a
    gateway that has checked it. A consultation needs `purpose` and the version of the text consented to.
    """

    patient: PatientId
    slot: SlotId
    channel: Channel
    kind: VisitKind = VisitKind.APPOINTMENT
    author: PatientId | None = None
    purpose: PurposeId | None = None
    consent_version: str | None = None
    referral: str | None = None

    @property
    def is_consultation(self) -> bool:
        """Whether a telemedicine consultation is asked for."""
        return self.kind is VisitKind.ONLINE_CONSULTING


@attrs.frozen(kw_only=True)
class Appointment:
    """A booking in force (RECORDED, Book.status_code 5000)."""

    id: AppointmentId
    patient: PatientId
    slot: SlotId
    organisation: OrganisationId
    resource: ResourceId
    speciality: SpecialityId | None
    starts: datetime = attrs.field(validator=aware)
    ends: datetime = attrs.field(validator=aware)
    kind: VisitKind
    channel: Channel
    author: PatientId | None = None
    purpose: PurposeId | None = None
    platform: Platform | None = None
    referral: str | None = None
    booked_at: datetime = attrs.field(validator=aware)


class Outcome(Enum):
    """How a booking ended, with the profile's code (Book.status_code, FER profile, table 7)."""

    CANCELLED = 5010
    SERVED = 5020
    NOT_ARRIVED = 5030
    CANCELLED_BY_PATIENT = 5040


@attrs.frozen(kw_only=True)
class ClosedAppointment:
    """A booking that is no longer in force; final."""

    appointment: Appointment
    outcome: Outcome
    closed_at: datetime = attrs.field(validator=aware)


@attrs.frozen(kw_only=True)
class Facts:
    """Everything the rules need to know about one application, read in one transaction."""

    patient: Patient | None
    slot: Slot | None
    organisation: Organisation | None = None
    resource: Resource | None = None
    speciality: Speciality | None = None
    purpose: Purpose | None = None
    representations: tuple[Representation, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    absences: tuple[Absence, ...] = ()
    upcoming: tuple[Appointment, ...] = ()
    """The patient's bookings in force that have not ended yet."""


@attrs.frozen(kw_only=True)
class _Case:
    """An application whose slot is free and whose patient is known: what the later rules look at."""

    asked: Application
    patient: Patient
    opening: Opening
    organisation: Organisation
    resource: Resource
    facts: Facts
    rules: Rules
    checks: Checks
    days: DayLimits
    now: datetime

    @property
    def today(self) -> datetime:
        return self.now.astimezone(self.organisation.zone)

    @property
    def age_at_visit(self) -> int:
        return self.patient.age_on(local_day(self.opening.starts, self.organisation.zone))


Rule = Callable[[_Case], Refusal | None]


def book(
    asked: Application, facts: Facts, rules: Rules, *, now: datetime, id: AppointmentId
) -> Result[Appointment, Refusal]:
    """Take the slot for the patient, or give the first reason why not.

    The order of reasons is that of the FER profile as FER-237 reads it: data, slot, patient, permission and type,
    age, same time, same doctor. Whether somebody else was faster is settled afterwards by the storage.
    """
    contradiction = _contradiction(asked)
    if contradiction is not None:
        return Failure(contradiction)
    slot = facts.slot
    if slot is None or facts.organisation is None or facts.resource is None:
        return Failure(refusals.SlotUnknown())
    reason = why_not_free(slot)
    if reason is not None:
        return Failure(reason)
    if facts.patient is None:
        return Failure(refusals.PatientUnknown())
    case = _Case(
        asked=asked,
        patient=facts.patient,
        opening=slot.opening,
        organisation=facts.organisation,
        resource=facts.resource,
        facts=facts,
        rules=rules,
        checks=rules.checks.at(facts.organisation),
        days=rules.days.at(facts.organisation),
        now=now,
    )
    for rule in _RULES:
        refusal = rule(case)
        if refusal is not None:
            return Failure(refusal)
    return Success(_appointment(case, id))


def _contradiction(asked: Application) -> Refusal | None:
    if asked.is_consultation and asked.purpose is None:
        return refusals.DataMismatch("purpose")
    if asked.is_consultation and asked.consent_version is None:
        return refusals.DataMismatch("consent_version")
    return None


def why_not_free(slot: Slot) -> Refusal | None:
    """Why *slot* cannot be taken by anybody, or None when it is free."""
    match slot:
        case FreeSlot():
            return None
        case AnnulledSlot():
            return refusals.SlotAnnulled()
        case _:
            return refusals.SlotTaken(slot.opening.id)


def _absence(case: _Case) -> Refusal | None:
    covering = [absence.ends for absence in case.facts.absences if absence.covers(case.opening.starts)]
    return refusals.DoctorAbsent(max(covering)) if covering else None


def _card_closed(case: _Case) -> Refusal | None:
    return refusals.Deceased() if case.checks.deceased and case.patient.died is not None else None


def _permission(case: _Case) -> Refusal | None:
    author = case.asked.author
    if author is None or may_act_for(author, case.patient, case.facts.representations, case.today.date()):
        return None
    return refusals.NotRepresented()


def _channel(case: _Case) -> Refusal | None:
    wanted = serving_tags(case.asked.kind, case.asked.channel)
    if case.asked.referral is not None:
        wanted |= {ChannelTag.REFERRAL, ChannelTag.ORDINARY}
    return None if wanted & case.opening.channels else refusals.WrongChannel(case.opening.channels)


def _internet(case: _Case) -> Refusal | None:
    from_internet = case.asked.channel in {Channel.MAX, Channel.PORTAL, Channel.FER}
    closed = case.checks.internet_booking and from_internet and not case.resource.internet_booking
    return refusals.InternetBookingClosed() if closed else None


def _acceptance(case: _Case) -> Refusal | None:
    for accepts in (case.organisation.accepts, case.resource.accepts):
        if not accepts_patient(accepts, case.organisation, case.facts.attachments, case.now):
            return refusals.NotAccepting(case.organisation.id)
    return None


def accepts_patient(
    accepts: Accepts, organisation: Organisation, attachments: Iterable[Attachment], now: datetime
) -> bool:
    """Whether the setting *accepts* of *organisation* lets in a patient with these *attachments* at *now*."""
    held = {held.organisation for held in attachments if held.holds_on(local_day(now, organisation.zone))}
    match accepts:
        case Accepts.EVERYBODY:
            return True
        case Accepts.NOBODY:
            return False
        case Accepts.ATTACHED_HERE:
            return organisation.id in held
        case Accepts.ATTACHED_IN_REGION:
            return bool(held)


def _platform(case: _Case) -> Refusal | None:
    unreachable = case.asked.is_consultation and case.rules.platform is Platform.MAX and case.resource.messenger is None
    return refusals.DoctorNotInMessenger() if unreachable else None


def _district(case: _Case) -> Refusal | None:
    if not case.checks.district or not case.resource.areas:
        return None
    return district_refusal(case.resource, case.organisation, case.facts.attachments, case.now)


def district_refusal(
    resource: Resource, organisation: Organisation, attachments: Iterable[Attachment], now: datetime
) -> Refusal | None:
    """Why a district doctor may not serve a patient with these *attachments*; None for everybody else (TMK-42)."""
    if not resource.areas:
        return None
    today = local_day(now, organisation.zone)
    own = [held for held in attachments if held.holds_on(today) and held.area is not None]
    if not own:
        return refusals.NoAttachment()
    served = any(held.organisation == organisation.id and held.area in resource.areas for held in own)
    return None if served else refusals.OtherDistrict(resource.areas)


def _purpose(case: _Case) -> Refusal | None:
    if case.asked.purpose is None:
        return None
    purpose = case.facts.purpose
    if (
        purpose is None
        or not purpose.suits(case.patient, case.today.date())
        or not purpose.allows(case.resource.speciality, case.organisation.id)
    ):
        return refusals.PurposeUnavailable()
    return None


def _consent(case: _Case) -> Refusal | None:
    if case.asked.is_consultation and case.asked.consent_version != case.rules.consent_version:
        return refusals.ConsentOutdated(case.rules.consent_version)
    return None


def _day(case: _Case) -> Refusal | None:
    starts, zone = case.opening.starts, case.organisation.zone
    if case.days.too_soon(starts, case.now):
        return refusals.SlotInPast(starts)
    day = local_day(starts, zone)
    if case.days.day_is_closed(starts, case.now, zone):
        return refusals.DayClosed(day, case.days.tomorrow_closes_at)
    from_internet = case.asked.channel in {Channel.MAX, Channel.PORTAL}
    if from_internet and day > case.days.last_day(case.now, zone):
        return refusals.BeyondHorizon(case.days.last_day(case.now, zone))
    return None


def _sex(case: _Case) -> Refusal | None:
    speciality = case.facts.speciality
    if case.checks.sex_age and speciality is not None and speciality.sex and not speciality.suits_sex(case.patient):
        return refusals.SexMismatch(speciality.sex)
    return None


def _age(case: _Case) -> Refusal | None:
    age = case.age_at_visit
    if not case.opening.age.admits(age):
        return refusals.AgeMismatch(case.opening.age, age)
    if not case.organisation.age.admits(age):
        return refusals.AgeMismatch("organisation", age)
    speciality = case.facts.speciality
    age_today = case.patient.age_on(case.today.date())
    if case.checks.sex_age and speciality is not None and not speciality.ages.admit(age_today):
        return refusals.AgeMismatch("speciality", age_today)
    return None


def _notes(case: _Case) -> Refusal | None:
    if not case.checks.note_age:
        return None
    age = case.age_at_visit
    for whose, note in (("doctor's note", case.resource.note), ("slot's note", case.opening.note)):
        if note is not None and not note.ages.admit(age):
            return refusals.AgeMismatch(whose, age)
    return None


def _same_time(case: _Case) -> Refusal | None:
    for other in case.facts.upcoming:
        if case.opening.overlaps(other.starts, other.ends):
            return refusals.BusyAtThatTime(other.id, other.starts)
    return None


def _same_doctor(case: _Case) -> Refusal | None:
    zone = case.organisation.zone
    day = local_day(case.opening.starts, zone)
    for other in case.facts.upcoming:
        if other.resource == case.resource.id and local_day(other.starts, zone) == day:
            return refusals.SameDoctorThatDay(other.id, other.starts)
    return None


def _same_speciality(case: _Case) -> Refusal | None:
    zone = case.organisation.zone
    day = local_day(case.opening.starts, zone)
    for other in case.facts.upcoming:
        same = other.organisation == case.organisation.id and other.speciality == case.resource.speciality
        if not same or case.resource.speciality is None or other.starts < case.now:
            continue
        if case.checks.repeat_speciality_mo_day and local_day(other.starts, zone) == day:
            return refusals.SpecialityBookedThatDay(other.id, other.starts)
        if case.checks.repeat_speciality_mo:
            return refusals.SpecialityBooked(other.id, other.starts)
    return None


_RULES: tuple[Rule, ...] = (
    _absence,
    _card_closed,
    _permission,
    _channel,
    _internet,
    _acceptance,
    _platform,
    _district,
    _purpose,
    _consent,
    _day,
    _sex,
    _age,
    _notes,
    _same_time,
    _same_doctor,
    _same_speciality,
)


def _appointment(case: _Case, id: AppointmentId) -> Appointment:
    return Appointment(
        id=id,
        patient=case.patient.id,
        slot=case.opening.id,
        organisation=case.organisation.id,
        resource=case.resource.id,
        speciality=case.resource.speciality,
        starts=case.opening.starts,
        ends=case.opening.ends,
        kind=case.asked.kind,
        channel=case.asked.channel,
        author=case.asked.author,
        purpose=case.asked.purpose,
        platform=case.rules.platform if case.asked.is_consultation else None,
        referral=case.asked.referral,
        booked_at=case.now,
    )


def cancel(
    held: Appointment | ClosedAppointment | None,
    *,
    by: frozenset[PatientId] | None,
    now: datetime,
    outcome: Outcome = Outcome.CANCELLED,
) -> Result[ClosedAppointment, CancelRefusal]:
    """Release a booking, or say why not.

    *by* are the ids of the persons who ask: the patient's own (with merged ones), or the author's; None is the
    clinic itself. A cancelled booking stays cancelled: a second cancellation is refused with 1, not repeated.
    """
    if held is None:
        return Failure(refusals.AppointmentUnknown())
    appointment = held.appointment if isinstance(held, ClosedAppointment) else held
    if by is not None and not by & {appointment.patient, appointment.author}:
        return Failure(refusals.NotYours())
    if isinstance(held, ClosedAppointment):
        cancelled = held.outcome in {Outcome.CANCELLED, Outcome.CANCELLED_BY_PATIENT}
        return Failure(refusals.AlreadyCancelled() if cancelled else refusals.AlreadyOver())
    if held.starts <= now:
        return Failure(refusals.AlreadyOver())
    return Success(ClosedAppointment(appointment=held, outcome=outcome, closed_at=now))


def without(facts: Facts, appointment: Appointment) -> Facts:
    """The same facts as if *appointment* did not exist: how a booking is moved past itself."""
    return attrs.evolve(facts, upcoming=tuple(held for held in facts.upcoming if held.id != appointment.id))
