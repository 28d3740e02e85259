"""For whom a slot is meant: comma lists, and which tags serve which visit through which channel."""

import pytest

from registratura.domain.appointments import Appointment, Channel, VisitKind
from registratura.domain.refusals import WrongChannel
from registratura.domain.schedule import ChannelTag, parse_channels, write_channels
from tests.unit.domain.builders import Case, in_person

EPGU = {"EPGU"}
# OQ-51: the profile does not print the mapping; this is how the region reads it.
SERVED_THROUGH_THE_GATEWAY = {
    VisitKind.APPOINTMENT: EPGU,
    VisitKind.VACCINATION: EPGU,
    VisitKind.COVID_VACCINATION: EPGU,
    VisitKind.DISPENSARY: EPGU,
    VisitKind.UDVN_DISPENSARY: EPGU,
    VisitKind.PROPHYLACTIC: EPGU,
    VisitKind.PROPHYLACTIC_ADULT: EPGU,
    VisitKind.PROPHYLACTIC_CHILD: EPGU,
    VisitKind.D_OBSERVATION: {"D_OBSERVATION", "EPGU"},
    VisitKind.PAID_APPOINTMENT: {"PAID"},
}
SERVED_IN_PERSON = {
    Channel.MAX: EPGU,
    Channel.PORTAL: EPGU,
    Channel.FER: EPGU,
    Channel.CALL_CENTRE: {"CENTER", "ORDINARY", "EPGU"},
    Channel.REGISTRY: {tag.value for tag in ChannelTag} - {"ONLINE"},
}


def serving(case: Case) -> set[str]:
    """The tags that, each alone on the slot, let the case be booked."""
    return {
        tag.value for tag in ChannelTag if isinstance(case.opening(channels=frozenset({tag})).answer(), Appointment)
    }


@pytest.mark.req("FER-235")
@pytest.mark.parametrize(("kind", "tags"), SERVED_THROUGH_THE_GATEWAY.items())
def test_the_gateway_books_the_tags_of_the_kind_of_visit(kind: VisitKind, tags: set[str]) -> None:
    assert serving(in_person(kind=kind)) == tags


@pytest.mark.req("FER-235")
@pytest.mark.parametrize("channel", Channel)
def test_a_consultation_takes_an_online_slot_in_every_channel(channel: Channel) -> None:
    assert serving(Case().asking(channel=channel)) == {"ONLINE"}


def test_every_kind_of_visit_is_in_the_table() -> None:
    assert set(SERVED_THROUGH_THE_GATEWAY) | {VisitKind.ONLINE_CONSULTING} == set(VisitKind)


@pytest.mark.parametrize(("channel", "tags"), SERVED_IN_PERSON.items())
def test_each_channel_has_its_tags_for_ordinary_visits(channel: Channel, tags: set[str]) -> None:
    assert serving(in_person(channel=channel)) == tags


@pytest.mark.req("FER-111")
@pytest.mark.parametrize("text", ["EPGU,REFERRAL", "REFERRAL,EPGU", "EPGU, REFERRAL", " EPGU , REFERRAL ", "EPGU"])
def test_one_fitting_tag_of_a_comma_list_is_enough(text: str) -> None:
    assert isinstance(in_person().opening(channels=parse_channels(text)).answer(), Appointment)


@pytest.mark.req("FER-111")
def test_a_list_is_sent_without_spaces_in_the_order_of_the_profile() -> None:
    assert write_channels(parse_channels("ONLINE, EPGU ,REFERRAL,EPGU")) == "EPGU,REFERRAL,ONLINE"


@pytest.mark.req("FER-111")
@pytest.mark.parametrize("text", ["", "EPGU;REFERRAL", "EPGU,", "epgu", "EPGU REFERRAL", "EPGU,INTERNET"])
def test_what_is_no_tag_is_not_read(text: str) -> None:
    with pytest.raises(ValueError, match="is not a valid ChannelTag"):
        parse_channels(text)


def test_a_wrong_tag_is_refused_with_the_tags_the_slot_serves() -> None:
    channels = frozenset({ChannelTag.PAID, ChannelTag.RESERVE})
    assert in_person().opening(channels=channels).answer() == WrongChannel(channels)


def test_a_slot_without_tags_serves_nobody() -> None:
    assert isinstance(in_person().opening(channels=frozenset()).answer(), WrongChannel)
