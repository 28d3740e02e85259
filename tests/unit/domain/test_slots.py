"""States of a slot as the profile spells them, and periods in which a doctor is away."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import attrs
import pytest

from registratura.domain.refusals import SlotTaken
from registratura.domain.schedule import SlotStatus, status_of
from tests.unit.domain.builders import VISIT_DAY, appointment, at, in_person, opening
from tests.unit.domain.causes import ABSENT


@pytest.mark.req("FER-228", "FER-232")
@pytest.mark.parametrize(
    ("status", "code"),
    [
        (SlotStatus.RECORDED, 11),
        (SlotStatus.RESERVED, 11),
        (SlotStatus.BLOCKED, 11),
        (SlotStatus.CANCELED, 15),
    ],
)
def test_a_slot_that_is_not_free_is_refused_by_its_state(status: SlotStatus, code: int) -> None:
    assert in_person().slot(status).code() == code


@pytest.mark.req("FER-228")
def test_a_taken_slot_is_named_in_the_refusal() -> None:
    assert in_person().slot(SlotStatus.RECORDED).answer() == SlotTaken(opening().id)


@pytest.mark.req("FER-233")
def test_an_unknown_patient_is_17() -> None:
    assert in_person().knowing(patient=None).code() == 17


@pytest.mark.parametrize("status", SlotStatus)
def test_a_state_is_read_and_written_as_the_same_word(status: SlotStatus) -> None:
    slot = status.of(opening())
    assert status_of(slot) is status
    assert slot.opening == opening()


def test_a_visit_ends_after_its_minutes() -> None:
    assert opening(starts=at(VISIT_DAY, "23:50"), minutes=20).ends == at(VISIT_DAY + timedelta(days=1), "00:10")


@pytest.mark.parametrize("minutes", [0, -20])
def test_a_visit_takes_time(minutes: int) -> None:
    with pytest.raises(ValueError, match="minutes"):
        opening(minutes=minutes)


def test_a_moment_without_a_zone_is_a_mistake_of_the_caller() -> None:
    local = at(VISIT_DAY, "10:00").replace(tzinfo=None)
    for build in (
        lambda: opening(starts=local),
        lambda: attrs.evolve(ABSENT, begins=local),
        lambda: attrs.evolve(ABSENT, ends=local),
        lambda: appointment(booked_at=local),
    ):
        with pytest.raises(ValueError, match="has no time zone"):
            build()


@pytest.mark.parametrize(
    ("moment", "away"),
    [
        (ABSENT.begins - timedelta(seconds=1), False),
        (ABSENT.begins, True),
        (ABSENT.begins.astimezone(ZoneInfo("UTC")), True),
        (ABSENT.ends, True),
        (ABSENT.ends + timedelta(seconds=1), False),
    ],
)
def test_both_ends_of_an_absence_belong_to_it(moment: datetime, away: bool) -> None:
    assert ABSENT.covers(moment) is away
