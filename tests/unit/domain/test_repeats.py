"""One patient, several visits: the same time, the same doctor, the same speciality."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import attrs
import pytest

from registratura.domain import refusals
from registratura.domain.appointments import Appointment, VisitKind
from registratura.domain.booking import without
from tests.unit.domain.builders import (
    CLINIC,
    DOCTOR,
    NOW,
    OTHER_CLINIC,
    OTHER_DOCTOR,
    SURGERY,
    THERAPY,
    VISIT_DAY,
    Case,
    appointment,
    at,
)

NEXT_DAY = VISIT_DAY + timedelta(days=1)


@pytest.mark.req("FER-229")
@pytest.mark.parametrize(
    ("starts", "minutes"),
    [("10:00", 20), ("09:50", 20), ("10:10", 60), ("09:00", 240), ("10:05", 5), ("10:19", 1), ("09:00", 61)],
)
def test_a_visit_that_shares_any_minute_is_at_the_same_time(starts: str, minutes: int) -> None:
    moment = at(VISIT_DAY, starts)
    answer = Case().also_booked(starts=moment, ends=moment + timedelta(minutes=minutes)).answer()
    assert isinstance(answer, refusals.BusyAtThatTime)
    assert answer.starts == moment


@pytest.mark.req("FER-229")
@pytest.mark.parametrize("starts", ["09:40", "10:20"])
def test_visits_that_only_touch_do_not_disturb_each_other(starts: str) -> None:
    assert isinstance(Case().also_booked(starts=at(VISIT_DAY, starts)).answer(), Appointment)


def test_the_same_time_is_the_same_moment_on_clocks_of_another_zone() -> None:
    elsewhere = at(VISIT_DAY, "10:00").astimezone(ZoneInfo("Asia/Kamchatka"))
    assert isinstance(Case().also_booked(starts=elsewhere).answer(), refusals.BusyAtThatTime)


@pytest.mark.req("FER-230")
def test_the_same_doctor_is_refused_that_day() -> None:
    case = Case().also_booked(organisation=CLINIC, resource=DOCTOR, speciality=None, starts=at(VISIT_DAY, "17:00"))
    assert isinstance(case.answer(), refusals.SameDoctorThatDay)


def test_without_a_speciality_the_same_doctor_may_be_booked_another_day() -> None:
    case = Case().doctor(speciality=None).knowing(speciality=None)
    booked = case.also_booked(organisation=CLINIC, resource=DOCTOR, speciality=None, starts=at(NEXT_DAY, "10:00"))
    assert isinstance(booked.answer(), Appointment)


def test_that_day_is_the_day_on_the_clocks_of_the_clinic() -> None:
    # 00:10 and 23:50 of one local day are two days in Moscow and two days in UTC.
    case = Case().opening(starts=at(VISIT_DAY, "00:10"))
    same = case.also_booked(organisation=CLINIC, resource=DOCTOR, starts=at(VISIT_DAY, "23:50"))
    assert isinstance(same.answer(), refusals.SameDoctorThatDay)
    before = at(VISIT_DAY - timedelta(days=1), "23:50")
    other = case.also_booked(organisation=CLINIC, resource=DOCTOR, speciality=SURGERY, starts=before)
    assert isinstance(other.answer(), Appointment)


@pytest.mark.req("TMK-57", "FER-230")
@pytest.mark.parametrize("kind", [VisitKind.APPOINTMENT, VisitKind.ONLINE_CONSULTING, VisitKind.PAID_APPOINTMENT])
def test_a_coming_visit_of_any_kind_to_the_speciality_in_the_clinic_is_enough(kind: VisitKind) -> None:
    held = appointment(organisation=CLINIC, speciality=THERAPY, kind=kind)
    answer = Case().knowing(upcoming=(held,)).answer()
    assert answer == refusals.SpecialityBooked(held.id, held.starts)


@pytest.mark.req("TMK-57")
@pytest.mark.parametrize(
    "elsewhere",
    [{"organisation": OTHER_CLINIC, "speciality": THERAPY}, {"organisation": CLINIC, "speciality": SURGERY}],
)
def test_another_clinic_or_another_speciality_is_no_repeat(elsewhere: dict[str, str]) -> None:
    assert isinstance(Case().also_booked(**elsewhere).answer(), Appointment)


@pytest.mark.req("TMK-57")
def test_after_the_cancellation_the_speciality_is_free_again() -> None:
    held = appointment(organisation=CLINIC, speciality=THERAPY)
    case = Case().knowing(upcoming=(held,))
    assert isinstance(case.answer(), refusals.SpecialityBooked)
    assert isinstance(attrs.evolve(case, facts=without(case.facts, held)).answer(), Appointment)


def test_moving_a_visit_past_itself_leaves_the_other_visits_in_the_way() -> None:
    moved = appointment(organisation=CLINIC, speciality=THERAPY)
    other = appointment(id="other", starts=at(VISIT_DAY, "10:00"))
    case = Case().knowing(upcoming=(moved, other))
    assert isinstance(attrs.evolve(case, facts=without(case.facts, moved)).answer(), refusals.BusyAtThatTime)


@pytest.mark.req("TMK-57")
def test_a_visit_that_has_begun_is_not_coming_any_more() -> None:
    begun = NOW - timedelta(minutes=5)
    assert isinstance(Case().also_booked(organisation=CLINIC, speciality=THERAPY, starts=begun).answer(), Appointment)
    due = Case().also_booked(organisation=CLINIC, speciality=THERAPY, starts=NOW)
    assert isinstance(due.answer(), refusals.SpecialityBooked)


@pytest.mark.req("TMK-58")
def test_a_region_may_refuse_repeats_of_the_same_day_only() -> None:
    case = Case().checks(repeat_speciality_mo=False)
    same_day = case.also_booked(organisation=CLINIC, speciality=THERAPY, starts=at(VISIT_DAY, "17:00"))
    next_day = case.also_booked(organisation=CLINIC, speciality=THERAPY, starts=at(NEXT_DAY, "17:00"))
    assert isinstance(same_day.answer(), refusals.SpecialityBookedThatDay)
    assert isinstance(next_day.answer(), Appointment)


@pytest.mark.req("TMK-58")
def test_a_repeat_of_that_day_is_found_behind_one_of_another_day() -> None:
    case = (
        Case()
        .checks(repeat_speciality_mo=False)
        .also_booked(organisation=CLINIC, speciality=THERAPY, starts=at(NEXT_DAY, "17:00"))
        .also_booked(organisation=CLINIC, speciality=THERAPY, starts=at(VISIT_DAY, "17:00"))
    )
    assert isinstance(case.answer(), refusals.SpecialityBookedThatDay)


@pytest.mark.req("TMK-57")
def test_the_wider_check_alone_refuses_the_same_day_too() -> None:
    case = Case().checks(repeat_speciality_mo_day=False)
    same_day = case.also_booked(
        organisation=CLINIC, speciality=THERAPY, resource=OTHER_DOCTOR, starts=at(VISIT_DAY, "17:00")
    )
    assert isinstance(same_day.answer(), refusals.SpecialityBooked)


def test_the_doctor_of_the_day_is_refused_even_without_any_check_of_repeats() -> None:
    case = Case().checks(repeat_speciality_mo=False, repeat_speciality_mo_day=False)
    repeated = case.also_booked(organisation=CLINIC, resource=DOCTOR, speciality=THERAPY, starts=at(VISIT_DAY, "17:00"))
    assert isinstance(repeated.answer(), refusals.SameDoctorThatDay)
