"""Which days are open: today, tomorrow, lead and horizon, on the clocks of the clinic in every zone of the country."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from registratura.domain.appointments import Appointment, Channel
from registratura.domain.moments import day_bounds, local_day
from registratura.domain.refusals import BeyondHorizon, DayClosed, SlotInPast
from registratura.domain.schedule import DayLimits
from tests.unit.domain.builders import NOW, TODAY, ZONE, Case, at, in_person, organisation

UTC = ZoneInfo("UTC")
TOMORROW = TODAY + timedelta(days=1)
DAY_AFTER = TODAY + timedelta(days=2)
ZONES = [
    ZoneInfo(name)
    for name in (
        "Europe/Kaliningrad",
        "Europe/Moscow",
        "Europe/Samara",
        "Asia/Yekaterinburg",
        "Asia/Omsk",
        "Asia/Krasnoyarsk",
        "Asia/Irkutsk",
        "Asia/Yakutsk",
        "Asia/Vladivostok",
        "Asia/Magadan",
        "Asia/Kamchatka",
    )
]
EVERYWHERE = pytest.mark.parametrize("zone", ZONES, ids=str)


def shown(limits: DayLimits, zone: ZoneInfo, now: tuple[date, str], visit: tuple[date, str]) -> bool:
    """Whether the limits show the visit; the moments are handed over in UTC, as storage keeps them."""
    return limits.shows(at(*visit, zone).astimezone(UTC), at(*now, zone).astimezone(UTC), zone)


def test_the_zones_are_the_eleven_of_the_country() -> None:
    offsets = [NOW.astimezone(zone).utcoffset() for zone in ZONES]
    assert offsets == [timedelta(hours=hours) for hours in range(2, 13)]


@pytest.mark.req("TMK-48")
@EVERYWHERE
def test_today_is_shown_only_where_it_is_allowed(zone: ZoneInfo) -> None:
    now, visit = (TODAY, "08:00"), (TODAY, "23:59")
    assert shown(DayLimits(), zone, now, visit)
    assert not shown(DayLimits(same_day=False), zone, now, visit)


@pytest.mark.req("TMK-48")
@EVERYWHERE
def test_today_changes_at_the_clinics_midnight(zone: ZoneInfo) -> None:
    limits, visit = DayLimits(same_day=False), (TOMORROW, "00:10")
    assert shown(limits, zone, (TODAY, "23:59"), visit)
    assert not shown(limits, zone, (TOMORROW, "00:00"), visit)


@pytest.mark.req("TMK-50")
@EVERYWHERE
def test_tomorrow_closes_at_its_hour_on_the_clinics_clocks(zone: ZoneInfo) -> None:
    limits = DayLimits(tomorrow_closes_at=time(18))
    for visit in ((TOMORROW, "00:00"), (TOMORROW, "23:59")):
        assert shown(limits, zone, (TODAY, "17:59"), visit)
        assert not shown(limits, zone, (TODAY, "18:00"), visit)
        assert not shown(limits, zone, (TODAY, "23:59"), visit)
    assert shown(limits, zone, (TODAY, "23:59"), (DAY_AFTER, "00:00"))
    assert shown(limits, zone, (TOMORROW, "00:00"), (TOMORROW, "10:00"))


@pytest.mark.req("TMK-50")
@EVERYWHERE
def test_without_an_hour_tomorrow_never_closes(zone: ZoneInfo) -> None:
    assert shown(DayLimits(), zone, (TODAY, "23:59"), (TOMORROW, "00:00"))


@pytest.mark.req("TMK-49")
@EVERYWHERE
def test_a_visit_that_has_begun_is_not_shown(zone: ZoneInfo) -> None:
    assert not shown(DayLimits(), zone, (TODAY, "12:00"), (TODAY, "11:30"))
    assert not shown(DayLimits(), zone, (TODAY, "12:00"), (TODAY, "12:00"))
    assert shown(DayLimits(), zone, (TODAY, "12:00"), (TODAY, "12:30"))


@pytest.mark.req("TMK-49")
@pytest.mark.parametrize(("visit", "offered"), [("12:59", False), ("13:00", True), ("13:01", True)])
def test_a_lead_keeps_its_distance(visit: str, offered: bool) -> None:
    assert shown(DayLimits(lead=timedelta(hours=1)), UTC, (TODAY, "12:00"), (TODAY, visit)) is offered


@EVERYWHERE
def test_the_horizon_ends_with_its_last_day(zone: ZoneInfo) -> None:
    limits, last = DayLimits(horizon_days=14), TODAY + timedelta(days=14)
    assert shown(limits, zone, (TODAY, "00:00"), (last, "23:59"))
    assert not shown(limits, zone, (TODAY, "23:59"), (last + timedelta(days=1), "00:00"))
    assert shown(limits, zone, (TOMORROW, "00:00"), (last + timedelta(days=1), "00:00"))


def test_a_horizon_over_the_end_of_the_year_and_29_february() -> None:
    assert DayLimits(horizon_days=2).last_day(at(date(2026, 12, 31), "23:59"), ZONE) == date(2027, 1, 2)
    assert DayLimits(horizon_days=1).last_day(at(date(2028, 2, 28), "12:00"), ZONE) == date(2028, 2, 29)


@EVERYWHERE
def test_a_day_runs_from_midnight_to_midnight(zone: ZoneInfo) -> None:
    first, after = day_bounds(TODAY, zone)
    assert local_day(first.astimezone(UTC), zone) == TODAY
    assert local_day((first - timedelta(seconds=1)).astimezone(UTC), zone) == TODAY - timedelta(days=1)
    assert local_day(after.astimezone(UTC), zone) == TOMORROW
    assert after - first == timedelta(days=1)


@pytest.mark.req("TMK-51")
@pytest.mark.parametrize("channel", Channel)
def test_a_list_opened_before_the_hour_cannot_be_confirmed_after_it(channel: Channel) -> None:
    case = Case().asking(channel=channel).days(tomorrow_closes_at=time(18)).opening(starts=at(TOMORROW, "10:00"))
    assert isinstance(case.on(at(TODAY, "17:50")).answer(), Appointment)
    assert case.on(at(TODAY, "18:05")).answer() == DayClosed(TOMORROW, time(18))


@pytest.mark.req("TMK-51")
def test_a_list_opened_before_midnight_cannot_be_confirmed_after_it_where_today_is_closed() -> None:
    case = Case().days(same_day=False).opening(starts=at(TOMORROW, "10:00"))
    assert isinstance(case.on(at(TODAY, "23:59")).answer(), Appointment)
    assert isinstance(case.on(at(TOMORROW, "00:00")).answer(), DayClosed)


@EVERYWHERE
def test_confirming_goes_by_the_clocks_of_the_clinic(zone: ZoneInfo) -> None:
    case = Case().organisation(zone=zone).days(same_day=False).opening(starts=at(TOMORROW, "00:10", zone))
    assert isinstance(case.on(at(TODAY, "23:59", zone).astimezone(UTC)).answer(), Appointment)
    assert isinstance(case.on(at(TOMORROW, "00:00", zone).astimezone(UTC)).answer(), DayClosed)


@pytest.mark.parametrize(
    "moment", [at(TOMORROW, "09:59"), at(TOMORROW, "10:00"), at(TOMORROW, "10:20"), at(DAY_AFTER, "10:00")]
)
def test_what_has_begun_or_is_too_near_cannot_be_confirmed(moment: datetime) -> None:
    case = Case().days(lead=timedelta(minutes=5)).opening(starts=at(TOMORROW, "10:00"))
    assert case.on(moment).answer() == SlotInPast(at(TOMORROW, "10:00"))


@pytest.mark.parametrize("channel", Channel)
def test_the_horizon_binds_where_we_show_the_calendar(channel: Channel) -> None:
    last = TODAY + timedelta(days=14)
    case = in_person(channel=channel).opening(starts=at(last + timedelta(days=1), "00:00"))
    if channel in {Channel.MAX, Channel.PORTAL}:
        assert case.answer() == BeyondHorizon(last)
    else:
        assert isinstance(case.answer(), Appointment)


@pytest.mark.req("TMK-60")
def test_a_clinic_may_close_or_open_today_for_itself() -> None:
    today = Case().opening(starts=at(TODAY, "15:00"))
    assert isinstance(today.organisation(same_day=False).answer(), DayClosed)
    assert isinstance(today.days(same_day=False).organisation(same_day=True).answer(), Appointment)
    assert isinstance(today.days(same_day=False).organisation(same_day=None).answer(), DayClosed)


@pytest.mark.req("TMK-60")
def test_a_clinic_may_have_an_hour_of_its_own() -> None:
    case = Case().days(tomorrow_closes_at=time(18)).opening(starts=at(TOMORROW, "10:00")).on(at(TODAY, "19:00"))
    assert isinstance(case.answer(), DayClosed)
    assert isinstance(case.organisation(tomorrow_closes_at=time(20)).answer(), Appointment)


def test_limits_without_anything_of_the_clinics_own_are_the_regions() -> None:
    limits = DayLimits(same_day=False, tomorrow_closes_at=time(18), lead=timedelta(hours=2), horizon_days=5)
    assert limits.at(organisation()) == limits
