"""Booking: one function for every channel; cancelling; and what moving a booking needs."""

from collections.abc import Callable, Mapping
from datetime import date, datetime

import attrs
from returns.result import Failure, Result, Success

from registratura.domain import refusals, suitability
from registratura.domain.appointments import (
    FREEING,
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
from registratura.domain.suitability import Encounter

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
class _Case(Encounter):
    """An application whose slot is free and whose patient is known: what the rules look at."""

    asked: Application
    opening: Opening
    facts: Facts
    ends: datetime = attrs.field(init=False)
    """The first moment after the visit."""
    day: date = attrs.field(init=False)
    """The day of the visit on the organisation's clocks."""
    age: int = attrs.field(init=False)
    """The patient's, on that day."""
    days: DayLimits = attrs.field(init=False)
    """The day limits in force in the organisation."""

    @ends.default
    def _ends(self) -> datetime:
        return self.opening.ends

    @day.default
    def _day(self) -> date:
        return local_day(self.opening.starts, self.organisation.zone)

    @age.default
    def _age(self) -> int:
        return self.patient.age_on(self.day)

    @days.default
    def _days(self) -> DayLimits:
        return self.rules.days.at(self.organisation)


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
    case = _Case(
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
        asked=asked,
        opening=slot.opening,
        facts=facts,
    )
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
    return refusals.Deceased() if case.checks.deceased and case.patient.died is not None else None


def _permission(case: _Case) -> Refusal | None:
    author = case.asked.author
    if author is None or author == case.patient.id:
        return None
    today = local_day(case.now, case.rules.zone)
    allowed = may_act_for(author, case.patient, case.facts.representations, today)
    return None if allowed else refusals.NotRepresented()


def _channel(case: _Case) -> Refusal | None:
    tags = case.opening.channels
    unfit = tags.isdisjoint(serving_tags(case.asked.kind, case.channel))
    return refusals.WrongChannel(tags) if unfit else None


def _purpose_known(case: _Case) -> Refusal | None:
    missing = case.asked.purpose is not None and case.purpose is None
    return refusals.PurposeUnavailable() if missing else None


def _consent(case: _Case) -> Refusal | None:
    version = case.rules.consent_version
    given = case.asked.consent_version
    outdated = case.consultation and given is not None and given != version
    return refusals.ConsentOutdated(version) if outdated else None


def _open_day(case: _Case) -> Refusal | None:
    starts, days = case.opening.starts, case.days
    if days.too_soon(starts, case.now):
        return refusals.SlotInPast(starts)
    if case.day in days.closed_days(case.now, case.organisation.zone):
        return refusals.DayClosed(case.day, days.tomorrow_closes_at)
    # The gateway shows its own calendar and people at a desk may look further ahead.
    if case.channel in ASKED_BY_US and case.day > days.last_day_from(case.today):
        return refusals.BeyondHorizon(days.last_day_from(case.today))
    return None


def _age(case: _Case) -> Refusal | None:
    if not case.opening.age.admits(case.age):
        return refusals.AgeMismatch(case.opening.age, case.age)
    if not case.organisation.age.admits(case.age):
        return refusals.AgeMismatch("organisation", case.age)
    return None


def _notes(case: _Case) -> Refusal | None:
    if not case.checks.note_age:
        return None
    for whose, note in (("doctor's note", case.resource.note), ("slot's note", case.opening.note)):
        if note is not None and not note.ages.admit(case.age):
            return refusals.AgeMismatch(whose, case.age)
    return None


def _same_time(case: _Case) -> Refusal | None:
    for other in case.facts.upcoming:
        if case.opening.starts < other.ends and other.starts < case.ends:
            return refusals.BusyAtThatTime(other.id, other.starts)
    return None


def _same_doctor(case: _Case) -> Refusal | None:
    for other in case.facts.upcoming:
        if other.resource == case.resource.id and _that_day(case, other):
            return refusals.SameDoctorThatDay(other.id, other.starts)
    return None


def _same_speciality(case: _Case) -> Refusal | None:
    speciality = case.resource.speciality
    if speciality is None:
        return None
    for other in case.facts.upcoming:
        same = other.speciality == speciality and other.organisation == case.organisation.id
        if not same or other.starts < case.now:
            continue
        if case.checks.repeat_speciality_mo:
            return refusals.SpecialityBooked(other.id, other.starts)
        if case.checks.repeat_speciality_mo_day and _that_day(case, other):
            return refusals.SpecialityBookedThatDay(other.id, other.starts)
    return None


def _that_day(case: _Case, other: Appointment) -> bool:
    return local_day(other.starts, case.organisation.zone) == case.day


_RULES: tuple[_Rule, ...] = (
    _absence,
    # Before anything about the patient: a stranger must not learn it from a refusal.
    _permission,
    _card_closed,
    _channel,
    suitability.internet,
    suitability.acceptance,
    suitability.platform,
    suitability.district,
    _purpose_known,
    suitability.purpose,
    _consent,
    _open_day,
    suitability.sex,
    suitability.speciality_age,
    _age,
    _notes,
    _same_time,
    # The wider reason first: «another day» must not be advised where another day is refused too.
    _same_speciality,
    _same_doctor,
)


def _appointment(case: _Case, id: AppointmentId) -> Appointment:
    asked, opening = case.asked, case.opening
    return Appointment(
        id=id,
        patient=case.patient.id,
        slot=opening.id,
        organisation=case.organisation.id,
        resource=case.resource.id,
        speciality=case.resource.speciality,
        starts=opening.starts,
        ends=case.ends,
        kind=asked.kind,
        channel=asked.channel,
        author=asked.author,
        purpose=asked.purpose,
        platform=case.rules.platform if case.consultation else None,
        referral=asked.referral,
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
        return Failure(refusals.AlreadyCancelled() if held.outcome in FREEING else refusals.AlreadyOver())
    if held.starts <= now:
        return Failure(refusals.AlreadyOver())
    return Success(ClosedAppointment(appointment=held, outcome=outcome, closed_at=now))


def without(facts: Facts, appointment: Appointment) -> Facts:
    """The same facts as if *appointment* did not exist: how a booking is moved past itself."""
    return attrs.evolve(facts, upcoming=tuple(held for held in facts.upcoming if held.id != appointment.id))
