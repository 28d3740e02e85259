"""Who may come into a consultation: all of name, birth date and СНИЛС, and all of one person."""

from datetime import UTC, date, datetime
from typing import Any

import attrs
import pytest

from registratura.domain.identifiers import PatientId
from registratura.domain.identity import Child, Identity
from registratura.domain.joining import is_same_person, is_this_child, may_join
from registratura.domain.people import Patient, PersonName, Relation, Representation, Sex, Snils

DAY = date(2026, 11, 24)
MOTHERS, SONS = Snils("11223344595"), Snils("00100100101")
MOTHER = Patient(
    id=PatientId("mother"),
    name=PersonName("Берёзкина", "Мария", "Петровна"),
    born=date(1990, 3, 5),
    sex=Sex.FEMALE,
    snils=MOTHERS,
    united=frozenset({PatientId("mother-before")}),
)
SON = Patient(id=PatientId("son"), name=PersonName("Берёзкин", "Пётр"), born=date(2018, 1, 2), sex=Sex.MALE, snils=SONS)
HELD = Representation(representative=MOTHER.id, patient=SON.id, relation=Relation.EPGU_CHILD)


def identity(card: Patient = MOTHER, **changes: Any) -> Identity:
    known: dict[str, Any] = {
        "subject": "1",
        "name": card.name,
        "born": card.born,
        "snils": card.snils,
        "verified_at": datetime(2026, 11, 24, tzinfo=UTC),
    }
    return Identity(**known | changes)


@pytest.mark.req("CONS-03", "CONS-06")
@pytest.mark.parametrize(
    "name",
    [
        PersonName("БЕРЕЗКИНА", "мария", "Петровна"),
        PersonName(" Берёзкина ", "Мария", "Петровна  "),
    ],
)
def test_case_spaces_and_yo_do_not_count(name: PersonName) -> None:
    assert is_same_person(identity(name=name), MOTHER)


@pytest.mark.req("CONS-03")
@pytest.mark.parametrize(
    "name",
    [
        PersonName("Берёзкин", "Мария", "Петровна"),
        PersonName("Берёзкина", "Марья", "Петровна"),
        PersonName("Берёзкина", "Мария", "Павловна"),
        PersonName("Берёзкина", "Мария"),
    ],
    ids=lambda name: name.full,
)
def test_one_letter_of_the_name_is_enough_to_refuse(name: PersonName) -> None:
    assert not may_join(identity(name=name), MOTHER, (), (), DAY)


@pytest.mark.req("CONS-03")
def test_an_absent_patronymic_equals_an_absent_one() -> None:
    assert is_same_person(identity(SON), SON)
    assert not is_same_person(identity(SON, name=PersonName("Берёзкин", "Пётр", "Ильич")), SON)


@pytest.mark.req("CONS-04")
def test_another_birth_date_is_refused() -> None:
    assert not may_join(identity(born=date(1990, 3, 6)), MOTHER, (), (), DAY)


@pytest.mark.req("CONS-05")
@pytest.mark.parametrize(("told", "known"), [(SONS, MOTHERS), (None, MOTHERS), (MOTHERS, None), (None, None)])
def test_another_snils_or_none_is_refused(told: Snils | None, known: Snils | None) -> None:
    assert not may_join(identity(snils=told), attrs.evolve(MOTHER, snils=known), (), (), DAY)


@pytest.mark.req("CONS-07")
def test_a_representative_comes_in_for_the_child() -> None:
    assert may_join(identity(), SON, [HELD], [MOTHER], DAY)
    merged = attrs.evolve(HELD, representative=PatientId("mother-before"))
    assert may_join(identity(), SON, [merged], [MOTHER], DAY)


@pytest.mark.req("CONS-07")
def test_a_mix_of_two_people_is_nobody() -> None:
    assert not may_join(identity(snils=SONS), SON, [HELD], [MOTHER], DAY)
    assert not may_join(identity(SON, snils=MOTHERS), SON, [HELD], [MOTHER], DAY)


@pytest.mark.req("CONS-07")
@pytest.mark.parametrize(
    "held",
    [
        attrs.evolve(HELD, until=date(2026, 11, 23)),
        attrs.evolve(HELD, since=date(2026, 11, 25)),
        attrs.evolve(HELD, patient=PatientId("another")),
        attrs.evolve(HELD, representative=PatientId("another")),
    ],
)
def test_a_representation_that_is_not_in_force_opens_nothing(held: Representation) -> None:
    assert not may_join(identity(), SON, [held], [MOTHER], DAY)


def test_a_grown_up_child_is_not_represented_by_gosuslugi() -> None:
    grown = attrs.evolve(SON, born=date(2008, 11, 24))
    assert not may_join(identity(), grown, [HELD], [MOTHER], DAY)
    legal = attrs.evolve(HELD, relation=Relation.LEGAL)
    assert may_join(identity(), grown, [legal], [MOTHER], DAY)


@pytest.mark.parametrize(
    ("snils", "same"), [(SONS, True), (None, True), (MOTHERS, False)], ids=["the same", "not told", "another"]
)
def test_a_child_of_the_list_is_found_among_the_cards(snils: Snils | None, same: bool) -> None:
    child = Child(name=PersonName("березкин", "Петр"), born=SON.born, snils=snils)
    assert is_this_child(child, SON) is same
    assert not is_this_child(attrs.evolve(child, born=date(2018, 1, 3)), SON)
