"""Age groups on their edges: whole years on the day of the visit, on the clocks of the clinic."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from registratura.domain.appointments import Appointment
from registratura.domain.organisations import AgeLimits, ControllingNote, OrganisationAge
from registratura.domain.people import age_on
from registratura.domain.refusals import AgeMismatch
from registratura.domain.schedule import AgeTag
from tests.unit.domain.builders import TODAY, VISIT_DAY, at, in_person, years_before

ADMITTED = {AgeTag.BABY: {0}, AgeTag.CHILD: {1, 17}, AgeTag.ADULT: {18, 40}, AgeTag.ALL: {0, 1, 17, 18, 40}}
AGES = [0, 1, 17, 18, 40]


@pytest.mark.req("FER-231")
@pytest.mark.parametrize("age", AGES)
@pytest.mark.parametrize("tag", AgeTag)
def test_a_tag_admits_its_ages_and_answers_14_to_the_others(tag: AgeTag, age: int) -> None:
    case = in_person().opening(age=tag).patient(born=years_before(VISIT_DAY, age))
    assert case.code() == (0 if age in ADMITTED[tag] else 14)


@pytest.mark.req("FER-231")
@pytest.mark.parametrize(
    ("birthday", "before", "after"), [(1, AgeTag.BABY, AgeTag.CHILD), (18, AgeTag.CHILD, AgeTag.ADULT)]
)
def test_the_group_changes_on_the_birthday_itself(birthday: int, before: AgeTag, after: AgeTag) -> None:
    on_the_day = in_person().patient(born=years_before(VISIT_DAY, birthday))
    day_before = in_person().patient(born=years_before(VISIT_DAY, birthday, days=1))
    assert [on_the_day.opening(age=before).code(), on_the_day.opening(age=after).code()] == [14, 0]
    assert [day_before.opening(age=before).code(), day_before.opening(age=after).code()] == [0, 14]


@pytest.mark.req("FER-231")
def test_the_age_counts_on_the_day_of_the_visit_and_not_on_the_day_of_booking() -> None:
    grows_up_in_between = in_person().patient(born=years_before(VISIT_DAY, 18, days=-1))
    assert grows_up_in_between.facts.patient is not None
    assert grows_up_in_between.facts.patient.age_on(TODAY) == 17
    assert grows_up_in_between.opening(age=AgeTag.ADULT).code() == 0


def test_the_day_of_the_visit_is_the_clinics_own() -> None:
    # Half past midnight in Kamchatka is still the day before in Moscow and in UTC.
    kamchatka = ZoneInfo("Asia/Kamchatka")
    case = in_person().organisation(zone=kamchatka).opening(starts=at(VISIT_DAY, "00:30", kamchatka))
    adult = case.opening(age=AgeTag.ADULT)
    assert adult.patient(born=years_before(VISIT_DAY, 18)).code() == 0
    assert adult.patient(born=years_before(VISIT_DAY, 18, days=1)).code() == 14


def test_nobody_is_booked_before_being_born() -> None:
    assert in_person().patient(born=years_before(VISIT_DAY, 0, days=1)).code() == 14


@pytest.mark.parametrize(
    ("day", "age"),
    [
        (date(2009, 2, 28), 0),
        (date(2009, 3, 1), 1),
        (date(2012, 2, 28), 3),
        (date(2012, 2, 29), 4),
        (date(2026, 2, 28), 17),
        (date(2026, 3, 1), 18),
    ],
)
def test_a_person_born_on_29_february_gets_older_on_1_march_of_common_years(day: date, age: int) -> None:
    assert age_on(date(2008, 2, 29), day) == age


def test_29_february_decides_the_group_of_a_slot() -> None:
    leap_child = (
        in_person().patient(born=date(2008, 2, 29)).opening(age=AgeTag.ADULT).on(at(date(2026, 2, 20), "09:00"))
    )
    assert leap_child.opening(starts=at(date(2026, 2, 28), "10:00")).code() == 14
    assert leap_child.opening(starts=at(date(2026, 3, 1), "10:00")).code() == 0


@pytest.mark.parametrize("age", AGES)
@pytest.mark.parametrize("group", OrganisationAge)
def test_a_clinics_group_has_its_edge_at_18_and_children_begin_at_birth(group: OrganisationAge, age: int) -> None:
    admitted = {OrganisationAge.CHILD: age < 18, OrganisationAge.ADULT: age >= 18, OrganisationAge.ALL: True}
    case = in_person().organisation(age=group).patient(born=years_before(VISIT_DAY, age))
    assert case.code() == (0 if admitted[group] else 14)


@pytest.mark.req("TMK-59")
@pytest.mark.parametrize(("age", "expected"), [(2, 14), (3, 0), (17, 0), (18, 14)])
@pytest.mark.parametrize("whose", ["doctor", "opening"])
def test_the_limits_of_a_note_belong_to_the_admitted_ages(whose: str, age: int, expected: int) -> None:
    note = ControllingNote(ages=AgeLimits(youngest=3, oldest=17), text="с 3 до 17 лет")
    case = in_person().patient(born=years_before(VISIT_DAY, age))
    assert (case.doctor(note=note) if whose == "doctor" else case.opening(note=note)).code() == expected


@pytest.mark.req("TMK-59")
@pytest.mark.parametrize(
    ("age", "expected"), [(4, AgeMismatch("slot's note", 4)), (7, None), (11, AgeMismatch("doctor's note", 11))]
)
def test_where_both_have_a_note_both_must_be_met(age: int, expected: AgeMismatch | None) -> None:
    case = (
        in_person()
        .doctor(note=ControllingNote(ages=AgeLimits(oldest=10)))
        .opening(note=ControllingNote(ages=AgeLimits(youngest=5)))
        .patient(born=years_before(VISIT_DAY, age))
    )
    answer = case.answer()
    assert answer == expected if expected else isinstance(answer, Appointment)


@pytest.mark.req("TMK-59")
def test_a_note_looks_at_the_day_of_the_visit() -> None:
    turns_18_on_the_day = in_person().patient(born=years_before(VISIT_DAY, 18))
    assert turns_18_on_the_day.doctor(note=ControllingNote(ages=AgeLimits(oldest=17))).code() == 14


def test_a_note_without_limits_only_informs() -> None:
    assert in_person().doctor(note=ControllingNote(text="Возьмите полис")).code() == 0


@pytest.mark.req("TMK-29")
@pytest.mark.parametrize(("age", "expected"), [(17, 0), (18, 14)])
def test_a_speciality_looks_at_the_age_today(age: int, expected: int) -> None:
    children_only = in_person().speciality(ages=AgeLimits(oldest=17))
    assert children_only.patient(born=years_before(TODAY, age)).code() == expected


@pytest.mark.req("TMK-29")
def test_a_speciality_still_suits_on_the_last_day_of_being_a_child() -> None:
    turns_18_before_the_visit = in_person().patient(born=years_before(TODAY, 18, days=1))
    assert turns_18_before_the_visit.speciality(ages=AgeLimits(oldest=17)).code() == 0
