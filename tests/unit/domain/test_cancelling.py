"""Releasing a booking: who may, until when, and how often."""

from datetime import timedelta
from typing import Any

import pytest

from registratura.domain.appointments import Appointment, ClosedAppointment, Outcome
from registratura.domain.booking import cancel
from registratura.domain.identifiers import PatientId
from registratura.domain.refusals import AlreadyCancelled, AlreadyOver, AppointmentUnknown, NotYours
from tests.unit.domain.builders import CHILD, NOW, PATIENT, STRANGER, answered, appointment

HELD = appointment(patient=CHILD, author=PATIENT)


def asked(held: Appointment | ClosedAppointment | None, *by: PatientId, **changes: Any) -> Any:
    return answered(cancel(held, **{"by": frozenset(by), "now": NOW, **changes}))


def closed(outcome: Outcome) -> ClosedAppointment:
    return ClosedAppointment(appointment=HELD, outcome=outcome, closed_at=NOW - timedelta(hours=1))


@pytest.mark.parametrize("by", [(CHILD,), (PATIENT,), (STRANGER, CHILD)], ids=["patient", "author", "merged id"])
def test_the_patient_and_who_booked_may_cancel(by: tuple[PatientId, ...]) -> None:
    assert asked(HELD, *by) == ClosedAppointment(appointment=HELD, outcome=Outcome.CANCELLED, closed_at=NOW)


@pytest.mark.parametrize("outcome", Outcome)
def test_the_outcome_is_the_one_asked_for(outcome: Outcome) -> None:
    assert asked(HELD, CHILD, outcome=outcome).outcome is outcome


@pytest.mark.req("FER-243")
@pytest.mark.parametrize("by", [(STRANGER,), ()], ids=["stranger", "nobody"])
def test_a_strangers_booking_is_kept_with_18(by: tuple[PatientId, ...]) -> None:
    refusal = asked(HELD, *by)
    assert refusal == NotYours()
    assert refusal.code == 18


@pytest.mark.req("FER-243")
@pytest.mark.parametrize("held", [closed(Outcome.CANCELLED), closed(Outcome.SERVED), appointment(starts=NOW)])
def test_a_stranger_learns_nothing_about_the_state_of_a_booking(held: Appointment | ClosedAppointment) -> None:
    assert asked(held, STRANGER) == NotYours()


def test_a_booking_without_an_author_belongs_to_the_patient_alone() -> None:
    desk = appointment(patient=CHILD, author=None)
    assert isinstance(asked(desk, CHILD), ClosedAppointment)
    assert asked(desk, PATIENT) == NotYours()


def test_the_clinic_needs_no_permission() -> None:
    assert isinstance(asked(HELD, by=None), ClosedAppointment)


@pytest.mark.req("FER-250")
@pytest.mark.parametrize("by", [frozenset({PATIENT}), None], ids=["patient", "clinic"])
def test_an_unknown_booking_is_18(by: frozenset[PatientId] | None) -> None:
    refusal = asked(None, by=by)
    assert refusal == AppointmentUnknown()
    assert refusal.code == 18


@pytest.mark.req("FER-248")
@pytest.mark.parametrize("outcome", [Outcome.CANCELLED, Outcome.CANCELLED_BY_PATIENT])
def test_a_second_cancellation_is_1(outcome: Outcome) -> None:
    first = asked(HELD, CHILD, outcome=outcome)
    assert isinstance(first, ClosedAppointment)
    second = asked(first, CHILD)
    assert second == AlreadyCancelled()
    assert second.code == 1


@pytest.mark.parametrize("outcome", [Outcome.SERVED, Outcome.NOT_ARRIVED])
def test_a_visit_with_an_outcome_is_over(outcome: Outcome) -> None:
    refusal = asked(closed(outcome), CHILD)
    assert refusal == AlreadyOver()
    assert refusal.code == 18


@pytest.mark.parametrize("by", [frozenset({CHILD}), None], ids=["patient", "clinic"])
def test_a_visit_is_over_from_the_moment_it_begins(by: frozenset[PatientId] | None) -> None:
    assert asked(HELD, by=by, now=HELD.starts) == AlreadyOver()
    assert isinstance(asked(HELD, by=by, now=HELD.starts - timedelta(seconds=1)), ClosedAppointment)
