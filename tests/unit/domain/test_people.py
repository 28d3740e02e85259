"""Who a person is: СНИЛС, ЕНП and names, and what of it may be seen."""

from datetime import date

import attrs
import pytest

from registratura.domain.identifiers import MessengerId, PatientId
from registratura.domain.people import Patient, PersonName, Snils, is_valid_enp, phone_digits, same_person
from tests.unit.domain.builders import PATIENT, STRANGER, patient

WHOLE_SNILS = "112-233-445 95"
OTHER_SNILS = "087-654-303 00"


def numbered(text: str) -> Snils:
    parsed = Snils.parse(text)
    assert parsed is not None
    return parsed


@pytest.mark.parametrize("text", ["112-233-445 95", "11223344595", "112 233 445 95", "112-233-445-95"])
def test_a_snils_is_read_with_and_without_its_signs(text: str) -> None:
    assert numbered(text).formatted == WHOLE_SNILS


@pytest.mark.parametrize("text", ["", "1122334459", "112233445955", "112-233-445 9O", "1122334459²", "١١٢٢٣٣٤٤٥٩٥"])
def test_what_is_not_eleven_digits_is_no_snils(text: str) -> None:
    assert Snils.parse(text) is None


@pytest.mark.parametrize(
    ("text", "issuable"),
    [
        (WHOLE_SNILS, True),
        ("112-233-445 94", False),
        ("112-233-445 59", False),
        (OTHER_SNILS, True),
        ("001-001-998 77", True),
        ("001-001-999 77", False),
    ],
)
def test_the_control_number_is_judged_apart_from_the_form(text: str, issuable: bool) -> None:
    assert numbered(text).is_issuable is issuable


@pytest.mark.parametrize("weighted_sum", [99, 100, 101, 102, 201, 202])
def test_the_control_number_is_the_weighted_sum_by_the_rules_of_the_pension_fund(weighted_sum: int) -> None:
    body = body_with_sum(weighted_sum)
    control = weighted_sum if weighted_sum < 100 else 0 if weighted_sum in {100, 101} else weighted_sum - 101
    control = 0 if control in {100, 101} else control
    assert numbered(f"{body}{control:02}").is_issuable
    assert not numbered(f"{body}{(control + 1) % 100:02}").is_issuable


def body_with_sum(wanted: int) -> str:
    """Nine digits, first as large as possible, whose sum by places 9 to 1 is *wanted*."""
    digits = []
    for weight in range(9, 0, -1):
        digits.append(min(9, wanted // weight))
        wanted -= digits[-1] * weight
    assert wanted == 0
    return "".join(map(str, digits))


def luhn(body: str) -> int:
    """The control digit by adding digits two by two, another way to the same number."""
    doubled = [int(digit) * (2 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(body))]
    return -sum(number // 10 + number % 10 for number in doubled) % 10


@pytest.mark.parametrize(
    "body", ["000000000000001", "000000000000005", "770000000000006", "555555555555555", "999999999999999", "0" * 15]
)
def test_exactly_one_control_digit_makes_a_policy_number_whole(body: str) -> None:
    whole = [digit for digit in "0123456789" if is_valid_enp(body + digit)]
    assert whole == [str(luhn(body))]


@pytest.mark.parametrize("text", ["", "000000000000001", "00000000000000180", "000000000000001O", "٠" * 16])
def test_what_is_not_sixteen_digits_is_no_whole_policy_number(text: str) -> None:
    assert not is_valid_enp(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (PersonName("Семёнова", "Алёна", "Петровна"), PersonName("СЕМЕНОВА", "алена", "петровна")),
        (PersonName("Сёмин", "Пётр"), PersonName("  Семин ", "Петр", "")),
        (PersonName("Римская  Корсакова", "Ия", None), PersonName("римская корсакова", "ия", " ")),
    ],
)
def test_names_are_compared_without_case_spare_spaces_and_yo(one: PersonName, other: PersonName) -> None:
    assert one.compared == other.compared


@pytest.mark.parametrize(
    "other",
    [
        PersonName("Сёмин", "Пётр", "Ильич"),
        PersonName("Сёмина", "Пётр"),
        PersonName("Пётр", "Сёмин"),
        PersonName("Се мин", "Пётр"),
        PersonName("Сёмин", "Пeтр"),  # a Latin letter
    ],
)
def test_another_letter_or_a_patronymic_more_is_another_name(other: PersonName) -> None:
    assert PersonName("Сёмин", "Пётр").compared != other.compared


def test_a_name_is_written_in_full_short_and_discreetly() -> None:
    whole, short = PersonName("Лесная", "Анна", "Ильинична"), PersonName("Лесная", "Анна")
    assert (whole.full, whole.initials, whole.discreet) == ("Лесная Анна Ильинична", "Лесная А. И.", "Анна Л.")
    assert (short.full, short.initials, short.discreet) == ("Лесная Анна", "Лесная А.", "Анна Л.")


def card(**changes: object) -> Patient:
    return patient(**{"id": STRANGER, **changes})


@pytest.mark.req("AUTH-41")
def test_two_cards_with_one_snils_are_of_one_person_whatever_else_differs() -> None:
    one, other = patient(snils=numbered(WHOLE_SNILS)), card(snils=numbered("11223344595"), born=date(2000, 1, 1))
    assert same_person(one, other)
    assert not same_person(one, attrs.evolve(other, snils=numbered(OTHER_SNILS), born=one.born))


@pytest.mark.req("AUTH-41")
@pytest.mark.parametrize("known_to", ["neither", "one", "other"])
def test_without_two_snils_a_person_is_known_by_name_and_birth_date(known_to: str) -> None:
    one = patient(snils=numbered(WHOLE_SNILS) if known_to == "one" else None)
    other = card(
        snils=numbered(WHOLE_SNILS) if known_to == "other" else None, name=PersonName("ЛЕСНАЯ", "Анна ", "Ильинична")
    )
    assert same_person(one, other)
    assert not same_person(one, attrs.evolve(other, born=date(1986, 5, 5)))
    assert not same_person(one, attrs.evolve(other, name=PersonName("Лесная", "Анна")))


def test_one_id_is_one_person() -> None:
    renamed = patient(name=PersonName("Полевая", "Анна"), snils=numbered(OTHER_SNILS))
    assert same_person(patient(snils=numbered(WHOLE_SNILS)), renamed)


def test_nothing_that_tells_who_a_person_is_stands_in_a_repr() -> None:
    secrets = {
        "name": PersonName("Лесная", "Анна", "Ильинична"),
        "born": date(1986, 5, 4),
        "snils": numbered(WHOLE_SNILS),
        "policy": "7700000000000069",
        "phone": "+79000000001",
        "email": "anna@example.org",
        "died": date(2026, 1, 2),
        "messenger": MessengerId("777001"),
        "messenger_phone": "+79000000002",
        "esia": "esia-1000",
    }
    shown = repr(patient(**secrets)) + repr(secrets["name"]) + repr(secrets["snils"])
    for telling in (
        *("Лесная", "Анна", "1986", "11223344595", "7700000000000069", "+7900", "anna@"),
        *("2026", "777001", "esia-1000", "FEMALE"),
    ):
        assert telling not in shown
    assert PATIENT in shown


def test_merged_ids_stay_with_the_patient() -> None:
    assert patient(united=frozenset({PatientId("old")})).united == {"old"}


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("8 (912) 345-67-89", "79123456789"),
        ("+7 912 345-67-89", "79123456789"),
        ("79123456789", "79123456789"),
        ("912 345 67 89", "79123456789"),
        ("+84 912 345 678", None),
        ("+852 5123 4567", None),
        ("+95 123 45678", None),
        ("+375 29 123-45-67", None),
        ("2-22-22", None),
        ("", None),
        (None, None),
    ],
)
def test_a_foreign_telephone_is_never_taken_for_a_russian_one(text: str | None, digits: str | None) -> None:
    assert phone_digits(text) == digits
