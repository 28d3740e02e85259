"""What holds for all people: who is who, how old, and whom they may book."""

from datetime import date, timedelta

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registratura.domain.identifiers import PatientId
from registratura.domain.people import (
    ADULT_FROM,
    Patient,
    PersonName,
    Relation,
    Representation,
    Snils,
    age_on,
    is_valid_enp,
    may_act_for,
    represented,
    same_person,
)
from registratura.testing import strategies as any_
from tests.unit.domain.builders import TODAY, patient

AUTHOR, SOMEBODY = PatientId("p-author"), PatientId("p-somebody")
IDS = [PatientId(f"p-{number}") for number in range(5)]
dates = st.dates(date(1900, 1, 1), date(2100, 1, 1))
near_today = st.none() | st.integers(-2, 2).map(lambda days: TODAY + timedelta(days=days))


@st.composite
def cards(draw: st.DrawFn) -> dict[PatientId, Patient]:
    """Few names, birthdays and numbers, so that cards meet; about half are children, some turn 18 these days."""
    known = {}
    for number in draw(st.lists(st.sampled_from(IDS), unique=True)):
        known[number] = patient(
            id=number,
            name=PersonName("Лесная", draw(st.sampled_from(["Алёна", "Алена", "Ия"]))),
            born=draw(st.sampled_from([date(1986, 5, 4), date(2016, 9, 1), date(2008, 3, 10), date(2008, 3, 11)])),
            snils=draw(st.sampled_from([None, Snils("11223344595"), Snils("08765430300")])),
        )
    return known


@st.composite
def representations(draw: st.DrawFn) -> Representation:
    return Representation(
        representative=draw(st.sampled_from([AUTHOR, AUTHOR, SOMEBODY])),
        patient=draw(st.sampled_from(IDS)),
        relation=draw(st.sampled_from(Relation)),
        since=draw(near_today),
        until=draw(near_today),
    )


held_by_some = st.lists(representations(), max_size=8)


@pytest.mark.req("AUTH-44", "AUTH-45")
@given(known=cards(), held=held_by_some)
def test_nobody_is_offered_without_a_representation_of_ones_own_in_force(
    known: dict[PatientId, Patient], held: list[Representation]
) -> None:
    for offered in represented(AUTHOR, held, known, TODAY):
        assert known[offered.id] == offered
        grounds = {
            ground.relation
            for ground in held
            if (ground.representative, ground.patient) == (AUTHOR, offered.id) and ground.holds_on(TODAY)
        }
        assert grounds
        assert Relation.LEGAL in grounds or offered.age_on(TODAY) < ADULT_FROM


@given(known=cards(), held=held_by_some)
def test_who_is_offered_is_who_may_be_booked(known: dict[PatientId, Patient], held: list[Representation]) -> None:
    offered = represented(AUTHOR, held, known, TODAY)
    assert all(may_act_for(AUTHOR, person, held, TODAY) for person in offered)
    for person in known.values():
        if may_act_for(AUTHOR, person, held, TODAY):
            assert any(same_person(person, shown) for shown in offered)


@pytest.mark.req("AUTH-41")
@given(known=cards(), held=held_by_some)
def test_no_two_offered_are_one_person(known: dict[PatientId, Patient], held: list[Representation]) -> None:
    offered = represented(AUTHOR, held, known, TODAY)
    assert not any(same_person(one, other) for place, one in enumerate(offered) for other in offered[place + 1 :])


@given(held=held_by_some, person=st.sampled_from(IDS), day=st.integers(-3, 3))
def test_a_stranger_never_acts_for_anybody(held: list[Representation], person: PatientId, day: int) -> None:
    assert not may_act_for(PatientId("p-stranger"), patient(id=person), held, TODAY + timedelta(days=day))


@given(one=any_.patients(), other=any_.patients())
def test_being_one_person_goes_both_ways(one: Patient, other: Patient) -> None:
    assert same_person(one, one)
    assert same_person(one, other) == same_person(other, one)
    assert same_person(one, attrs.evolve(one, id=other.id))


@given(born=dates, day=dates)
def test_an_age_grows_by_one_a_year_on_a_birthday_and_on_no_other_day(born: date, day: date) -> None:
    grown = age_on(born, day) - age_on(born, day - timedelta(days=1))
    leap_birthday = (born.month, born.day) == (2, 29) and (day.month, day.day) == (3, 1)
    on_birthday = (born.month, born.day) == (day.month, day.day)
    celebrated = on_birthday or (leap_birthday and not _is_leap(day.year))
    assert grown == int(celebrated)


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


@given(born=dates)
def test_on_the_day_of_birth_one_is_nothing_old(born: date) -> None:
    assert age_on(born, born) == 0
    assert age_on(born, born - timedelta(days=1)) < 0


@given(number=any_.snils())
def test_an_issued_snils_is_read_back_from_its_form(number: Snils) -> None:
    assert number.is_issuable
    assert Snils.parse(number.formatted) == number


@given(text=st.text())
def test_any_text_is_a_snils_or_none(text: str) -> None:
    read = Snils.parse(text)
    assert read is None or (len(read.digits) == 11 and read.digits in text.replace("-", "").replace(" ", ""))


@given(number=any_.enp(), place=st.integers(0, 15), digit=st.sampled_from("0123456789"))
def test_one_wrong_digit_of_a_policy_number_is_noticed(number: str, place: int, digit: str) -> None:
    mistyped = number[:place] + digit + number[place + 1 :]
    assert is_valid_enp(mistyped) == (mistyped == number)


@given(text=st.text())
def test_any_text_is_judged_as_a_policy_number(text: str) -> None:
    assert not is_valid_enp(text) or len(text) == 16


@given(name=any_.names())
def test_a_name_is_the_same_in_capitals_with_spaces_and_without_yo(name: PersonName) -> None:
    shouted = PersonName(
        f" {name.last.upper()}  ",
        name.first.upper().replace("Ё", "Е"),
        None if name.middle is None else name.middle.replace(" ", "   "),
    )
    assert shouted.compared == name.compared


@given(person=any_.patients())
def test_a_repr_tells_nothing_about_a_person_but_the_ids(person: Patient) -> None:
    expected = f"Patient(id={person.id!r}, name=***, born=***, sex=***, snils=***, policy=***, phone=***, email=***, "
    assert repr(person).startswith(expected)
