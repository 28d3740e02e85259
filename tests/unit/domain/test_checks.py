"""Checks that a region or one clinic may switch off, each apart from the others, in every channel."""

import attrs
import pytest

from registratura.domain import refusals
from registratura.domain.appointments import Appointment, Channel, Checks
from registratura.domain.suitability import FROM_INTERNET
from tests.unit.domain.builders import Case
from tests.unit.domain.causes import CAUSES, Cause

BY_NAME = {cause.name: cause for cause in CAUSES}
GUARDED_BY = {
    "not by internet": "internet_booking",
    "speciality of the other sex": "sex_age",
    "speciality for children": "sex_age",
    "other district": "district",
    "no attachment": "district",
    "dead": "deceased",
    "same speciality": "repeat_speciality_mo",
    "same speciality that day": "repeat_speciality_mo_day",
    "doctor's note": "note_age",
    "slot's note": "note_age",
}
EVERY_CHECK = pytest.mark.parametrize(
    ("cause", "check"), [pytest.param(BY_NAME[name], check, id=name) for name, check in GUARDED_BY.items()]
)


def spoiled(cause: Cause) -> Case:
    """The case that only its own check refuses: the wider check of repeats covers the narrower one."""
    case = cause.spoil(Case())
    return case.checks(repeat_speciality_mo=False) if cause.name == "same speciality that day" else case


def test_every_check_is_in_the_table() -> None:
    assert set(GUARDED_BY.values()) == {field.name for field in attrs.fields(Checks)}


@pytest.mark.req("TMK-60")
def test_every_check_is_on_unless_the_region_says_otherwise() -> None:
    assert all(attrs.astuple(Checks()))


@pytest.mark.req("TMK-56", "TMK-59", "TMK-60")
@EVERY_CHECK
def test_a_check_refuses_while_it_is_on_and_lets_pass_when_it_is_off(cause: Cause, check: str) -> None:
    case = spoiled(cause)
    assert type(case.answer()) is cause.reason
    assert isinstance(case.checks(**{check: False}).answer(), Appointment)


@pytest.mark.req("TMK-60")
@EVERY_CHECK
def test_switching_off_the_others_leaves_a_check_in_force(cause: Cause, check: str) -> None:
    others = {field.name: field.name == check for field in attrs.fields(Checks)}
    assert type(cause.spoil(Case()).checks(**others).answer()) is cause.reason


@pytest.mark.req("TMK-60")
@EVERY_CHECK
def test_a_clinic_may_switch_a_check_off_that_its_region_has_on(cause: Cause, check: str) -> None:
    assert isinstance(spoiled(cause).organisation(checks={check: False}).answer(), Appointment)


@pytest.mark.req("TMK-60")
@EVERY_CHECK
def test_a_clinic_may_switch_a_check_on_that_its_region_has_off(cause: Cause, check: str) -> None:
    case = spoiled(cause).checks(**{check: False})
    assert type(case.organisation(checks={check: True}).answer()) is cause.reason


@pytest.mark.parametrize("channel", Channel)
@EVERY_CHECK
def test_a_check_holds_whatever_the_channel(cause: Cause, check: str, channel: Channel) -> None:
    answer = spoiled(cause).asking(channel=channel).answer()
    if cause.reason is refusals.InternetBookingClosed and channel not in FROM_INTERNET:
        assert isinstance(answer, Appointment)
    else:
        assert type(answer) is cause.reason


def test_people_book_by_themselves_in_the_messenger_the_portal_and_the_gateway() -> None:
    assert {Channel.MAX, Channel.PORTAL, Channel.FER} == FROM_INTERNET
