"""What holds for every booking: nothing raises, nothing impossible is booked, and no part decides alone."""

from collections import Counter
from datetime import UTC, datetime
from typing import get_args

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registratura.domain.appointments import Appointment, Channel, Checks, ClosedAppointment, Outcome
from registratura.domain.booking import cancel
from registratura.domain.identifiers import PatientId
from registratura.domain.moments import local_day
from registratura.domain.refusals import AlreadyCancelled, CancelRefusal, Refusal
from registratura.domain.schedule import FreeSlot
from registratura.domain.suitability import Encounter, unsuitable
from tests.property.domain.cases import cases, near, unconnected, visits
from tests.unit.domain.builders import CHILD, PATIENT, STRANGER, Case, answered

CODES = {0, 11, 12, 13, 14, 15, 17, 18}


def booked(case: Case) -> bool:
    return isinstance(case.answer(), Appointment)


@pytest.mark.req("FER-236")
@given(case=cases() | unconnected())
def test_every_case_is_answered_by_a_code_of_the_profile(case: Case) -> None:
    answer = case.answer()
    assert isinstance(answer, (Appointment, *get_args(Refusal)))
    assert case.code() in CODES


def test_the_cases_are_booked_often_enough_to_mean_something() -> None:
    answers: Counter[type] = Counter()

    @settings(max_examples=200)
    @given(case=cases())
    def look(case: Case) -> None:
        answers[type(case.answer())] += 1

    look()
    assert answers[Appointment] >= 25
    assert len(answers) >= 10


@given(case=cases())
def test_what_is_booked_is_the_free_slot_that_was_asked_for(case: Case) -> None:
    made = case.answer()
    if not isinstance(made, Appointment):
        return
    slot, who = case.facts.slot, case.facts.patient
    assert isinstance(slot, FreeSlot)
    assert who is not None
    place = slot.opening
    assert (made.slot, made.starts, made.ends) == (place.id, place.starts, place.ends)
    asked = case.asked
    assert (made.patient, made.author, made.channel) == (who.id, asked.author, asked.channel)
    assert (made.kind, made.purpose, made.referral) == (asked.kind, asked.purpose, asked.referral)
    assert made.booked_at == case.now


@given(case=cases())
def test_nothing_is_booked_in_the_past_on_a_closed_day_or_in_an_absence(case: Case) -> None:
    made, clinic = case.answer(), case.facts.organisation
    if not isinstance(made, Appointment):
        return
    assert clinic is not None
    days = case.rules.days.at(clinic)
    assert made.starts > case.now
    assert made.starts - case.now >= days.lead
    assert days.same_day or local_day(made.starts, clinic.zone) != local_day(case.now, clinic.zone)
    assert not any(absence.begins <= made.starts <= absence.ends for absence in case.facts.absences)
    if case.asked.channel in {Channel.MAX, Channel.PORTAL}:
        assert days.shows(made.starts, case.now, clinic.zone)


@given(case=cases())
def test_nobody_is_booked_at_an_age_the_slot_the_clinic_or_a_note_does_not_admit(case: Case) -> None:
    made, clinic, who, resource = case.answer(), case.facts.organisation, case.facts.patient, case.facts.resource
    if not isinstance(made, Appointment):
        return
    assert clinic is not None
    assert who is not None
    assert resource is not None
    assert case.facts.slot is not None
    place = case.facts.slot.opening
    age = who.age_on(local_day(made.starts, clinic.zone))
    assert age >= 0
    assert place.age.admits(age)
    assert clinic.age.admits(age)
    if case.rules.checks.at(clinic).note_age:
        assert all(note.ages.admit(age) for note in (place.note, resource.note) if note is not None)


@given(case=cases())
def test_nobody_is_booked_twice_at_a_time_or_twice_a_day_with_a_doctor(case: Case) -> None:
    made, clinic = case.answer(), case.facts.organisation
    if not isinstance(made, Appointment):
        return
    assert clinic is not None
    for other in case.facts.upcoming:
        assert other.ends <= made.starts or made.ends <= other.starts
        same_day = local_day(other.starts, clinic.zone) == local_day(made.starts, clinic.zone)
        assert not (same_day and other.resource == made.resource)


@given(case=cases())
def test_nobody_is_booked_by_a_stranger(case: Case) -> None:
    made = case.answer()
    if not isinstance(made, Appointment) or made.author in {None, made.patient}:
        return
    assert any(
        (held.representative, held.patient) == (made.author, made.patient) for held in case.facts.representations
    )


@given(case=cases())
def test_nobody_is_booked_after_death_while_the_check_is_on(case: Case) -> None:
    who, clinic = case.facts.patient, case.facts.organisation
    if booked(case) and clinic is not None and case.rules.checks.at(clinic).deceased:
        assert who is not None
        assert who.died is None


@given(case=cases(), other=visits())
def test_one_visit_more_never_makes_a_booking_possible(case: Case, other: Appointment) -> None:
    if not booked(case):
        assert not booked(case.knowing(upcoming=(*case.facts.upcoming, other)))


@given(case=cases())
def test_switching_the_checks_off_never_forbids_a_booking(case: Case) -> None:
    unchecked = {field.name: False for field in attrs.fields(Checks)}
    if booked(case):
        assert booked(case.checks(**unchecked).organisation(checks={}))


def in_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


@given(case=cases())
def test_the_answer_does_not_depend_on_the_zone_moments_are_kept_in(case: Case) -> None:
    slot = case.facts.slot
    assert slot is not None
    kept = case.opening(starts=in_utc(slot.opening.starts)).on(in_utc(case.now))
    kept = kept.knowing(
        absences=tuple(
            attrs.evolve(absence, begins=in_utc(absence.begins), ends=in_utc(absence.ends))
            for absence in case.facts.absences
        ),
        upcoming=tuple(
            attrs.evolve(other, starts=in_utc(other.starts), ends=in_utc(other.ends)) for other in case.facts.upcoming
        ),
    )
    assert kept.answer() == case.answer()


@given(case=cases())
def test_no_doctor_is_booked_whom_the_lists_would_hide(case: Case) -> None:
    facts = case.facts
    if not booked(case) or facts.patient is None or facts.organisation is None or facts.resource is None:
        return
    meeting = Encounter(
        patient=facts.patient,
        organisation=facts.organisation,
        resource=facts.resource,
        speciality=facts.speciality,
        purpose=facts.purpose,
        attachments=facts.attachments,
        channel=case.asked.channel,
        consultation=case.asked.is_consultation,
        rules=case.rules,
        now=case.now,
    )
    assert unsuitable(meeting) is None


people = st.sampled_from([PATIENT, CHILD, STRANGER])


@given(held=visits(), author=st.none() | people, by=st.none() | st.frozensets(people), now=near)
def test_cancelling_releases_a_coming_visit_of_ones_own_once(
    held: Appointment, author: PatientId | None, by: frozenset[PatientId] | None, now: datetime
) -> None:
    held = attrs.evolve(held, author=author)
    answer = answered(cancel(held, by=by, now=now))
    allowed = by is None or held.patient in by or (author is not None and author in by)
    if not allowed or held.starts <= now:
        assert isinstance(answer, get_args(CancelRefusal))
        return
    assert answer == ClosedAppointment(appointment=held, outcome=Outcome.CANCELLED, closed_at=now)
    again = answered(cancel(answer, by=by, now=now))
    assert again == AlreadyCancelled()
