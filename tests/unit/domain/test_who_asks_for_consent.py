"""Purpose and consent are asked for where we talk with the person ourselves; a gateway or a desk has its own way."""

from datetime import date

import pytest

from registratura.domain import refusals
from registratura.domain.appointments import Appointment, Channel, VisitKind
from registratura.domain.schedule import ChannelTag
from tests.unit.domain.builders import STRANGER, Case, in_person


@pytest.mark.parametrize("channel", [Channel.FER, Channel.CALL_CENTRE, Channel.REGISTRY])
def test_a_consultation_through_a_gateway_or_a_desk_needs_neither(channel: Channel) -> None:
    case = in_person(kind=VisitKind.ONLINE_CONSULTING, channel=channel)
    assert isinstance(case.answer(), Appointment)


@pytest.mark.parametrize("channel", [Channel.MAX, Channel.PORTAL])
@pytest.mark.parametrize("missing", ["purpose", "consent_version"])
def test_a_consultation_asked_of_us_needs_both(channel: Channel, missing: str) -> None:
    assert Case().asking(channel=channel, **{missing: None}).answer() == refusals.DataMismatch(missing)


def test_a_consent_to_an_old_text_is_refused_wherever_it_comes_from() -> None:
    case = in_person(kind=VisitKind.ONLINE_CONSULTING, consent_version="old")
    assert isinstance(case.answer(), refusals.ConsentOutdated)


@pytest.mark.parametrize("kind", [VisitKind.APPOINTMENT, VisitKind.ONLINE_CONSULTING])
def test_a_referral_nobody_has_looked_at_opens_nothing(kind: VisitKind) -> None:
    case = in_person(kind=kind, referral="nonsense").opening(channels=frozenset({ChannelTag.ORDINARY}))
    assert isinstance(case.answer(), refusals.WrongChannel)


def test_a_stranger_learns_nothing_about_the_patient() -> None:
    assert Case().asking(author=STRANGER).patient(died=date(2026, 1, 1)).answer() == refusals.NotRepresented()


def test_a_check_nobody_knows_is_passed_over() -> None:
    assert isinstance(Case().organisation(checks={"sex": False, "note_age": False}).answer(), Appointment)
