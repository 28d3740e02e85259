"""Booking: one function for every channel; cancelling; and what moving a booking needs."""

from collections.abc import Callable, Mapping
from datetime import date, datetime

import attrs
from returns.result import Failure, Result, Success

from registratura.domain import refusals, suitability
from registratura.domain.appointments import (
    Application,
    Appointment,
    Channel,
    ClosedAppointment,
    Facts,
    Outcome,
    Rules,
    VisitKind,
)
from registratura.domain.identifiers import AppointmentId, PatientId
from registratura.domain.moments import local_day
from registratura.domain.people import may_act_for
from registratura.domain.refusals import CancelRefusal, Refusal
from registratura.domain.schedule import AnnulledSlot, ChannelTag, DayLimits, FreeSlot, Opening, Slot
from registratura.domain.suitability import DoctorRule, Encounter

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
class _Case:
    """An application whose slot is free and whose patient is known: what the rules look at."""

    asked: Application
    opening: Opening
    meeting: Encounter
    facts: Facts
    days: DayLimits

    @property
    def now(self) -> datetime:
        return self.meeting.now

    @property
    def day(self) -> date:
        """The day of the visit on the organisation's clocks."""
        return local_day(self.opening.starts, self.meeting.organisation.zone)

    @property
    def age_at_visit(self) -> int:
        return self.meeting.patient.age_on(self.day)


_Rule = Callable[[_Case], Refusal | None]


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
    meeting = Encounter(
        patient=facts.patient,
        organisation=facts.organisation,
        resource=facts.resource,
        speciality=facts.speciality,
        purpose=facts.purpose,
        attachments=facts.attachments,
        channel=asked.channel,
        consultation=asked.is_consultation,
        rules=rules,
        now=now,
    )
    days = rules.days.at(facts.organisation)
    case = _Case(asked=asked, opening=slot.opening, meeting=meeting, facts=facts, days=days)
    for rule in _RULES:
        refusal = rule(case)
        if refusal is not None:
            return Failure(refusal)
    return Success(_appointment(case, id))


ASKED_BY_US = frozenset({Channel.MAX, Channel.PORTAL})
"""Channels in which we ask the person for purpose and consent; a gateway or a desk has its own way."""


def _contradiction(asked: Application) -> Refusal | None:
    if not asked.is_consultation or asked.channel not in ASKED_BY_US:
        return None
    if asked.purpose is None:
        return refusals.DataMismatch("purpose")
    return refusals.DataMismatch("consent_version") if asked.consent_version is None else None


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
    closed = case.meeting.checks.deceased and case.meeting.patient.died is not None
    return refusals.Deceased() if closed else None


def _permission(case: _Case) -> Refusal | None:
    author, meeting = case.asked.author, case.meeting
    today = local_day(case.now, meeting.rules.zone)
    if author is None or may_act_for(author, meeting.patient, case.facts.representations, today):
        return None
    return refusals.NotRepresented()


def _channel(case: _Case) -> Refusal | None:
    wanted = serving_tags(case.asked.kind, case.asked.channel)
    return None if wanted & case.opening.channels else refusals.WrongChannel(case.opening.channels)


def _purpose_known(case: _Case) -> Refusal | None:
    missing = case.asked.purpose is not None and case.facts.purpose is None
    return refusals.PurposeUnavailable() if missing else None


def _consent(case: _Case) -> Refusal | None:
    version = case.meeting.rules.consent_version
    given = case.asked.consent_version
    outdated = case.asked.is_consultation and given is not None and given != version
    return refusals.ConsentOutdated(version) if outdated else None


def _open_day(case: _Case) -> Refusal | None:
    starts, zone = case.opening.starts, case.meeting.organisation.zone
    if case.days.too_soon(starts, case.now):
        return refusals.SlotInPast(starts)
    if case.days.day_is_closed(starts, case.now, zone):
        return refusals.DayClosed(case.day, case.days.tomorrow_closes_at)
    last_day = case.days.last_day(case.now, zone)
    # The gateway shows its own calendar and people at a desk may look further ahead.
    if case.asked.channel in ASKED_BY_US and case.day > last_day:
        return refusals.BeyondHorizon(last_day)
    return None


def _age(case: _Case) -> Refusal | None:
    age = case.age_at_visit
    if not case.opening.age.admits(age):
        return refusals.AgeMismatch(case.opening.age, age)
    if not case.meeting.organisation.age.admits(age):
        return refusals.AgeMismatch("organisation", age)
    return None


def _notes(case: _Case) -> Refusal | None:
    if not case.meeting.checks.note_age:
        return None
    age = case.age_at_visit
    for whose, note in (("doctor's note", case.meeting.resource.note), ("slot's note", case.opening.note)):
        if note is not None and not note.ages.admit(age):
            return refusals.AgeMismatch(whose, age)
    return None


def _same_time(case: _Case) -> Refusal | None:
    for other in case.facts.upcoming:
        if case.opening.overlaps(other.starts, other.ends):
            return refusals.BusyAtThatTime(other.id, other.starts)
    return None


def _same_doctor(case: _Case) -> Refusal | None:
    for other in case.facts.upcoming:
        that_day = local_day(other.starts, case.meeting.organisation.zone) == case.day
        if other.resource == case.meeting.resource.id and that_day:
            return refusals.SameDoctorThatDay(other.id, other.starts)
    return None


def _same_speciality(case: _Case) -> Refusal | None:
    speciality, checks = case.meeting.resource.speciality, case.meeting.checks
    for other in case.facts.upcoming:
        same = other.organisation == case.meeting.organisation.id and other.speciality == speciality
        if speciality is None or not same or other.starts < case.now:
            continue
        if checks.repeat_speciality_mo:
            return refusals.SpecialityBooked(other.id, other.starts)
        that_day = local_day(other.starts, case.meeting.organisation.zone) == case.day
        if checks.repeat_speciality_mo_day and that_day:
            return refusals.SpecialityBookedThatDay(other.id, other.starts)
    return None


def _about_doctor(rule: DoctorRule) -> _Rule:
    return lambda case: rule(case.meeting)


_RULES: tuple[_Rule, ...] = (
    _absence,
    # Before anything about the patient: a stranger must not learn it from a refusal.
    _permission,
    _card_closed,
    _channel,
    _about_doctor(suitability.internet),
    _about_doctor(suitability.acceptance),
    _about_doctor(suitability.platform),
    _about_doctor(suitability.district),
    _purpose_known,
    _about_doctor(suitability.purpose),
    _consent,
    _open_day,
    _about_doctor(suitability.sex),
    _about_doctor(suitability.speciality_age),
    _age,
    _notes,
    _same_time,
    # The wider reason first: «another day» must not be advised where another day is refused too.
    _same_speciality,
    _same_doctor,
)


def _appointment(case: _Case, id: AppointmentId) -> Appointment:
    asked, meeting = case.asked, case.meeting
    return Appointment(
        id=id,
        patient=meeting.patient.id,
        slot=case.opening.id,
        organisation=meeting.organisation.id,
        resource=meeting.resource.id,
        speciality=meeting.resource.speciality,
        starts=case.opening.starts,
        ends=case.opening.ends,
        kind=asked.kind,
        channel=asked.channel,
        author=asked.author,
        purpose=asked.purpose,
        platform=meeting.rules.platform if asked.is_consultation else None,
        referral=asked.referral,
        booked_at=meeting.now,
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
