"""Whom a person may book: themselves, children from Gosuslugi, and wards recorded by a clinic."""

from datetime import date, timedelta

import pytest

from registratura.domain import refusals
from registratura.domain.appointments import Appointment
from registratura.domain.identifiers import PatientId
from registratura.domain.people import Patient, PersonName, Relation, Representation, Snils, may_act_for, represented
from tests.unit.domain.builders import (
    CHILD,
    PATIENT,
    STRANGER,
    TODAY,
    Case,
    child,
    patient,
    representation,
    years_before,
)

YESTERDAY, TOMORROW = TODAY - timedelta(days=1), TODAY + timedelta(days=1)
WARD = PatientId("p-ward")


def ward(**changes: object) -> Patient:
    return patient(**{"id": WARD, "name": PersonName("Полевой", "Лев"), **changes})


def guardian_of(id: PatientId = WARD, **changes: object) -> Representation:
    return representation(**{"patient": id, "relation": Relation.LEGAL, **changes})


def offered(held: list[Representation], *people: Patient, day: date = TODAY) -> list[PatientId]:
    return [person.id for person in represented(PATIENT, held, {person.id: person for person in people}, day)]


@pytest.mark.req("AUTH-39")
def test_children_from_gosuslugi_are_offered_by_name() -> None:
    boris = child(id=PatientId("p-boris"), name=PersonName("Лесной", "Борис"))
    held = [representation(), representation(patient=boris.id)]
    assert offered(held, child(), boris) == [CHILD, boris.id]
    assert offered(held[::-1], child(), boris) == [CHILD, boris.id]


@pytest.mark.req("AUTH-40")
def test_a_ward_recorded_by_the_clinic_is_offered_at_any_age() -> None:
    assert offered([guardian_of()], ward()) == [WARD]
    assert offered([guardian_of()], ward(born=years_before(TODAY, 3))) == [WARD]


@pytest.mark.req("AUTH-40")
@pytest.mark.parametrize("relation", Relation)
@pytest.mark.parametrize(
    ("since", "until", "holds"),
    [
        (None, None, True),
        (TODAY, TODAY, True),
        (YESTERDAY, TOMORROW, True),
        (TOMORROW, None, False),
        (None, YESTERDAY, False),
    ],
)
def test_a_representation_counts_from_its_first_to_its_last_day(
    relation: Relation, since: date | None, until: date | None, holds: bool
) -> None:
    held = representation(relation=relation, since=since, until=until)
    assert offered([held], child()) == ([CHILD] if holds else [])
    assert may_act_for(PATIENT, child(), [held], TODAY) is holds


@pytest.mark.req("AUTH-41")
def test_a_person_on_both_lists_is_offered_once() -> None:
    assert offered([representation(), guardian_of(CHILD)], child()) == [CHILD]


@pytest.mark.req("AUTH-41")
@pytest.mark.parametrize("snils", [Snils.parse("112-233-445 95"), None], ids=["by-snils", "by-name"])
def test_a_person_with_two_cards_is_offered_once(snils: Snils | None) -> None:
    from_gosuslugi, in_the_clinic = child(snils=snils), child(id=WARD, snils=snils)
    assert len(offered([representation(), guardian_of()], from_gosuslugi, in_the_clinic)) == 1


@pytest.mark.req("AUTH-41")
def test_twins_stay_two_people() -> None:
    twin = child(id=WARD, name=PersonName("Лесная", "Майя"))
    assert offered([representation(), representation(patient=WARD)], child(), twin) == [CHILD, WARD]


@pytest.mark.req("AUTH-45")
@pytest.mark.parametrize(("born", "still"), [(years_before(TODAY, 18, days=1), True), (years_before(TODAY, 18), False)])
def test_a_child_from_gosuslugi_is_offered_until_the_day_before_turning_18(born: date, still: bool) -> None:
    assert offered([representation()], child(born=born)) == ([CHILD] if still else [])
    assert may_act_for(PATIENT, child(born=born), [representation()], TODAY) is still


@pytest.mark.req("AUTH-45")
def test_a_grown_up_child_is_still_offered_on_the_ground_of_a_clinics_record() -> None:
    adult = child(born=years_before(TODAY, 18))
    assert offered([representation(), guardian_of(CHILD)], adult) == [CHILD]


def test_nobody_is_offered_on_the_ground_of_somebody_elses_representation() -> None:
    assert (
        offered([guardian_of(representative=STRANGER), representation(representative=STRANGER)], ward(), child()) == []
    )


def test_a_representation_of_somebody_unknown_offers_nobody() -> None:
    assert offered([representation()]) == []


def test_everybody_acts_for_themselves() -> None:
    assert may_act_for(PATIENT, patient(), [], TODAY)


def test_a_representation_gives_no_right_the_other_way_round() -> None:
    assert not may_act_for(CHILD, patient(), [representation()], TODAY)


OF_A_CHILD = Case().asking(patient=CHILD).knowing(patient=child())


@pytest.mark.req("AUTH-44")
@pytest.mark.parametrize(
    "held",
    [
        (),
        (representation(patient=WARD),),
        (representation(representative=STRANGER),),
        (representation(until=YESTERDAY),),
        (representation(representative=CHILD, patient=PATIENT),),
    ],
    ids=["none", "of another person", "of another author", "expired", "the other way round"],
)
def test_a_person_outside_both_lists_cannot_be_booked(held: tuple[Representation, ...]) -> None:
    assert OF_A_CHILD.knowing(representations=held).answer() == refusals.NotRepresented()


@pytest.mark.parametrize("relation", Relation)
def test_a_person_on_a_list_is_booked_by_who_asks(relation: Relation) -> None:
    booked = OF_A_CHILD.knowing(representations=(representation(relation=relation),)).answer()
    assert isinstance(booked, Appointment)
    assert (booked.author, booked.patient) == (PATIENT, CHILD)


def test_staff_book_without_representing_anybody() -> None:
    booked = OF_A_CHILD.asking(author=None).answer()
    assert isinstance(booked, Appointment)
    assert booked.author is None
