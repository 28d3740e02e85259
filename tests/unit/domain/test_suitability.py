"""Whether a doctor is offered to a patient at all: Internet, acceptance, platform, district, purpose, sex."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import attrs
import pytest

from registratura.domain import refusals
from registratura.domain.appointments import Appointment, Channel, Rules
from registratura.domain.identifiers import OrganisationId, PurposeId
from registratura.domain.organisations import Accepts, AgeLimits
from registratura.domain.people import Attachment, Sex
from registratura.domain.suitability import Encounter, unsuitable
from registratura.domain.telemedicine import Platform, Purpose, purposes_for
from tests.unit.domain.builders import (
    CHILD,
    CLINIC,
    NOW,
    OTHER_CLINIC,
    PATIENT,
    SURGERY,
    THERAPY,
    TODAY,
    Case,
    attachment,
    child,
    doctor,
    organisation,
    patient,
    purpose,
    representation,
    speciality,
    years_before,
)


def meeting(**changes: Any) -> Encounter:
    suitable = Encounter(
        patient=patient(),
        organisation=organisation(),
        resource=doctor(),
        speciality=speciality(),
        purpose=purpose(),
        attachments=(),
        channel=Channel.MAX,
        consultation=True,
        rules=Rules(),
        now=NOW,
    )
    return attrs.evolve(suitable, **changes)


def rules(**checks: bool) -> Rules:
    return attrs.evolve(Rules(), checks=attrs.evolve(Rules().checks, **checks))


def test_a_suitable_doctor_is_offered() -> None:
    assert unsuitable(meeting()) is None


@pytest.mark.req("TMK-27")
@pytest.mark.parametrize("channel", Channel)
def test_a_doctor_closed_for_the_internet_is_hidden_from_people_and_not_from_staff(channel: Channel) -> None:
    closed = meeting(resource=doctor(internet_booking=False), channel=channel)
    by_staff = channel in {Channel.CALL_CENTRE, Channel.REGISTRY}
    assert unsuitable(closed) == (None if by_staff else refusals.InternetBookingClosed())
    assert unsuitable(attrs.evolve(closed, rules=rules(internet_booking=False))) is None


HERE, ELSEWHERE = attachment(), attachment(organisation=OTHER_CLINIC)


@pytest.mark.parametrize("setting", ["organisation", "resource"])
@pytest.mark.parametrize(
    ("accepts", "nowhere", "elsewhere", "here"),
    [
        (Accepts.EVERYBODY, True, True, True),
        (Accepts.ATTACHED_IN_REGION, False, True, True),
        (Accepts.ATTACHED_HERE, False, False, True),
        (Accepts.NOBODY, False, False, False),
    ],
)
def test_acceptance_goes_by_attachment(
    setting: str, accepts: Accepts, nowhere: bool, elsewhere: bool, here: bool
) -> None:
    build: Callable[..., Any] = organisation if setting == "organisation" else doctor
    asked = meeting(**{setting: build(accepts=accepts)})
    held: list[tuple[Attachment, ...]] = [(), (ELSEWHERE,), (HERE,)]
    answers = [unsuitable(attrs.evolve(asked, attachments=attachments)) for attachments in held]
    assert [answer is None for answer in answers] == [nowhere, elsewhere, here]
    assert {answer for answer in answers if answer} <= {refusals.NotAccepting(CLINIC)}


def test_the_stricter_of_clinic_and_doctor_decides() -> None:
    open_doctor = meeting(organisation=organisation(accepts=Accepts.ATTACHED_HERE), attachments=(ELSEWHERE,))
    open_clinic = meeting(resource=doctor(accepts=Accepts.ATTACHED_HERE), attachments=(ELSEWHERE,))
    assert unsuitable(open_doctor) == unsuitable(open_clinic) == refusals.NotAccepting(CLINIC)


@pytest.mark.parametrize(
    ("held", "accepted"),
    [
        (attachment(since=TODAY, until=TODAY), True),
        (attachment(since=TODAY + timedelta(days=1)), False),
        (attachment(until=TODAY - timedelta(days=1)), False),
    ],
)
def test_an_attachment_counts_from_its_first_to_its_last_day(held: Attachment, accepted: bool) -> None:
    asked = meeting(organisation=organisation(accepts=Accepts.ATTACHED_HERE), attachments=(held,))
    assert (unsuitable(asked) is None) is accepted


@pytest.mark.req("TMK-36")
def test_in_the_messenger_only_doctors_with_an_id_there_are_offered() -> None:
    hidden = meeting(resource=doctor(messenger=None))
    assert unsuitable(hidden) == refusals.DoctorNotInMessenger()
    assert unsuitable(attrs.evolve(hidden, resource=doctor())) is None


@pytest.mark.req("TMK-37")
def test_on_another_platform_doctors_need_no_id_in_the_messenger() -> None:
    assert unsuitable(meeting(resource=doctor(messenger=None), rules=Rules(platform=Platform.OTHER))) is None


def test_a_visit_in_person_needs_no_id_in_the_messenger() -> None:
    assert unsuitable(meeting(resource=doctor(messenger=None), consultation=False)) is None


@pytest.mark.req("TMK-41")
def test_a_district_doctor_serves_the_districts_of_the_doctor() -> None:
    district = meeting(resource=doctor(areas=frozenset({"3", "4"})))
    for area in ("3", "4"):
        assert unsuitable(attrs.evolve(district, attachments=(attachment(area=area),))) is None
    refused = attrs.evolve(district, attachments=(attachment(area="5"),))
    assert unsuitable(refused) == refusals.OtherDistrict(frozenset({"3", "4"}))
    assert unsuitable(attrs.evolve(refused, rules=rules(district=False))) is None


@pytest.mark.req("TMK-41")
def test_the_same_number_of_a_district_elsewhere_is_another_district() -> None:
    district = meeting(resource=doctor(areas=frozenset({"3"})))
    assert isinstance(unsuitable(attrs.evolve(district, attachments=(ELSEWHERE,))), refusals.OtherDistrict)
    assert unsuitable(attrs.evolve(district, attachments=(ELSEWHERE, HERE))) is None


@pytest.mark.req("TMK-42")
@pytest.mark.parametrize("attachments", [(), (ELSEWHERE,), (attachment(area="99"),)])
def test_a_doctor_without_districts_serves_everybody(attachments: tuple[Attachment, ...]) -> None:
    assert unsuitable(meeting(attachments=attachments)) is None


@pytest.mark.req("TMK-43")
@pytest.mark.parametrize("attachments", [(), (attachment(until=TODAY - timedelta(days=1)),), (attachment(area=None),)])
def test_without_a_district_of_ones_own_there_is_no_district_doctor(attachments: tuple[Attachment, ...]) -> None:
    asked = meeting(resource=doctor(areas=frozenset({"3"})), attachments=attachments)
    assert unsuitable(asked) == refusals.NoAttachment()


@pytest.mark.req("TMK-28")
@pytest.mark.parametrize("meant_for", Sex)
def test_a_speciality_for_one_sex_is_hidden_from_the_other(meant_for: Sex) -> None:
    for sex in Sex:
        asked = meeting(patient=patient(sex=sex), speciality=speciality(sex=meant_for))
        assert unsuitable(asked) == (None if sex is meant_for else refusals.SexMismatch(meant_for))
        assert unsuitable(attrs.evolve(asked, rules=rules(sex_age=False))) is None


@pytest.mark.req("TMK-29")
def test_a_speciality_for_an_age_is_hidden_from_other_ages() -> None:
    paediatrics, therapy = speciality(ages=AgeLimits(oldest=17)), speciality(ages=AgeLimits(youngest=18))
    for age, suits, not_suits in ((17, paediatrics, therapy), (18, therapy, paediatrics)):
        of_age = meeting(patient=patient(born=years_before(TODAY, age)))
        assert unsuitable(attrs.evolve(of_age, speciality=suits)) is None
        hidden = attrs.evolve(of_age, speciality=not_suits)
        assert unsuitable(hidden) == refusals.AgeMismatch("speciality", age)
        assert unsuitable(attrs.evolve(hidden, rules=rules(sex_age=False))) is None


@pytest.mark.req("TMK-30")
def test_sex_and_age_are_those_of_the_patient_and_not_of_who_books() -> None:
    mother_books_a_son = (
        Case()
        .asking(patient=CHILD, author=PATIENT)
        .knowing(patient=child(sex=Sex.MALE), representations=(representation(),))
    )
    children = mother_books_a_son.speciality(ages=AgeLimits(oldest=17), sex=Sex.MALE)
    women = mother_books_a_son.speciality(sex=Sex.FEMALE)
    assert isinstance(children.answer(), Appointment)
    assert women.answer() == refusals.SexMismatch(Sex.FEMALE)


@pytest.mark.req("TMK-19")
@pytest.mark.parametrize(
    ("setting", "offered"),
    [
        ({}, True),
        ({"active": False}, False),
        ({"sex": Sex.FEMALE}, True),
        ({"sex": Sex.MALE}, False),
        ({"ages": AgeLimits(youngest=39, oldest=39)}, True),
        ({"ages": AgeLimits(youngest=40)}, False),
        ({"ages": AgeLimits(oldest=38)}, False),
    ],
)
def test_a_purpose_is_offered_as_its_settings_say(setting: dict[str, Any], offered: bool) -> None:
    configured = purpose(**setting)
    assert purposes_for(patient(), [configured], TODAY) == ((configured,) if offered else ())
    assert (unsuitable(meeting(purpose=configured)) is None) is offered


@pytest.mark.req("TMK-19")
@pytest.mark.parametrize(
    ("setting", "allowed"),
    [
        ({"specialities": frozenset({THERAPY, SURGERY})}, True),
        ({"specialities": frozenset({SURGERY})}, False),
        ({"organisations": frozenset({CLINIC})}, True),
        ({"organisations": frozenset({OTHER_CLINIC})}, False),
        ({"specialities": frozenset({THERAPY}), "organisations": frozenset({OrganisationId("mo-3")})}, False),
    ],
)
def test_a_purpose_may_be_tied_to_specialities_and_clinics(setting: dict[str, Any], allowed: bool) -> None:
    answer = unsuitable(meeting(purpose=purpose(**setting)))
    assert answer == (None if allowed else refusals.PurposeUnavailable())


def test_a_purpose_tied_to_a_speciality_is_not_for_a_doctor_without_one() -> None:
    tied = purpose(specialities=frozenset({THERAPY}))
    assert unsuitable(meeting(purpose=tied, resource=doctor(speciality=None))) == refusals.PurposeUnavailable()


@pytest.mark.req("TMK-19")
def test_purposes_stand_in_the_order_of_the_region() -> None:
    def named(id: str, order: int, name: str) -> Purpose:
        return purpose(id=PurposeId(id), order=order, name=name)

    listed = [named("c", 2, "Анализы"), named("b", 1, "Повторная"), named("a", 1, "Первичная")]
    assert [shown.id for shown in purposes_for(patient(), listed, TODAY)] == ["a", "b", "c"]
    swapped = [attrs.evolve(listed[0], order=0), *listed[1:]]
    assert [shown.id for shown in purposes_for(patient(), swapped, TODAY)] == ["c", "a", "b"]
