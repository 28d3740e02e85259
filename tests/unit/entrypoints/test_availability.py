"""What may be asked about availability, and what is told of every mistake at once."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from registratura.application.availability import AvailabilityQuery
from registratura.domain.identifiers import OrganisationId, SpecialityId
from registratura.entrypoints.http.availability import read_query
from registratura.entrypoints.http.problems import Problem

NOW = datetime(2026, 3, 2, 20, 30, tzinfo=UTC)
KAMCHATKA, KALININGRAD = ZoneInfo("Asia/Kamchatka"), ZoneInfo("Europe/Kaliningrad")
NAMED = {"mo_id": "clinic", "speciality_id": "76"}


def read(**given: str) -> AvailabilityQuery:
    return read_query({**NAMED, **{name.rstrip("_"): value for name, value in given.items()}}, NOW, KALININGRAD)


def faults(**given: str) -> set[str]:
    with pytest.raises(Problem) as refused:
        read(**given)
    assert (refused.value.status, refused.value.code) == (400, "query.fields")
    return {error["field"] for error in refused.value.errors}


def test_only_organisation_and_speciality_have_to_be_named() -> None:
    assert read() == AvailabilityQuery(
        organisation=OrganisationId("clinic"), speciality=SpecialityId("76"), now=NOW, online_only=False
    )


def test_days_and_telemedicine_may_be_named() -> None:
    asked = read(from_="2026-03-05", to="2026-03-06", online="true")
    assert (asked.since, asked.until, asked.online_only) == (date(2026, 3, 5), date(2026, 3, 6), True)


def test_every_mistake_is_told_at_once() -> None:
    given = {"mo_id": " ", "from": "5.03.2026", "to": "2026-02-30", "online": "yes", "day": "2026-03-05"}
    with pytest.raises(Problem) as refused:
        read_query(given, NOW, KALININGRAD)
    told = {error["field"] for error in refused.value.errors}
    assert told == {"mo_id", "speciality_id", "from", "to", "online", "day"}


@pytest.mark.parametrize(("first", "last"), [("2026-03-05", "2026-03-04"), ("2026-03-01", "2026-05-02")])
def test_days_must_follow_each_other_and_be_no_more_than_62(first: str, last: str) -> None:
    assert faults(from_=first, to=last) == {"to"}


@pytest.mark.parametrize("day", ["20260305", "2026-W10-4", "2026-3-5", "+2026-03-05", ""])
def test_days_have_one_form(day: str) -> None:
    assert faults(from_=day) == {"from"}


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_days_at_the_ends_of_the_calendar_are_days(day: str) -> None:
    asked = read(from_=day, to=day)
    assert asked.days(KALININGRAD) == asked.widest() == (date.fromisoformat(day), date.fromisoformat(day))


def test_two_months_are_allowed() -> None:
    assert read(from_="2026-03-01", to="2026-05-01").until == date(2026, 5, 1)


def test_a_last_day_before_today_needs_a_first_one() -> None:
    assert faults(to="2026-03-01") == {"to"}


def test_a_first_day_without_fourteen_after_it_is_told() -> None:
    assert faults(from_="9999-12-31") == {"to"}


def test_today_is_that_of_the_organisation() -> None:
    asked = read()
    assert asked.days(KALININGRAD) == (date(2026, 3, 2), date(2026, 3, 15))
    assert asked.days(KAMCHATKA) == (date(2026, 3, 3), date(2026, 3, 16))
    assert asked.widest()[0] <= date(2026, 3, 2)
    assert asked.widest()[1] >= date(2026, 3, 16)
