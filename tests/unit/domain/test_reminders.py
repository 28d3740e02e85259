"""Reminders: when each is due, on every clock of the country, and to whom."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registratura.domain.appointments import Appointment, VisitKind
from registratura.domain.notifications import (
    QuietHours,
    ReminderKind,
    ReminderRules,
    is_in_time,
    recipient,
    reminders,
)
from tests.unit.domain.builders import CHILD, PATIENT, VISIT_DAY, ZONE, appointment, at
from tests.unit.domain.test_days import ZONES

DAY, SOON = ReminderKind.DAY_BEFORE, ReminderKind.SOON
USUAL = ReminderRules()
QUIET = ReminderRules(quiet=QuietHours())
MINUTE = timedelta(minutes=1)


def consultation(starts: datetime, **changes: Any) -> Appointment:
    visit = {"starts": starts, "kind": VisitKind.ONLINE_CONSULTING, "patient": PATIENT}
    return appointment(**visit | changes)


def due(
    starts: datetime, *, ahead: timedelta, rules: ReminderRules = USUAL, zone: ZoneInfo = ZONE
) -> dict[ReminderKind, datetime]:
    """When the reminders are due of what starts at *starts* and is booked so long *ahead*."""
    planned = reminders(consultation(starts), rules, zone, now=starts - ahead)
    return {one.kind: one.due for one in planned}


@pytest.mark.parametrize("zone", ZONES, ids=str)
@pytest.mark.parametrize("clock", ["00:00", "00:10", "08:00", "14:30", "23:59"])
@pytest.mark.parametrize("day", [date(2028, 2, 29), date(2028, 3, 1), date(2026, 12, 31), date(2027, 1, 1)], ids=str)
def test_one_a_day_before_and_one_a_quarter_of_an_hour_before(zone: ZoneInfo, clock: str, day: date) -> None:
    starts = at(day, clock, zone)
    assert due(starts, ahead=timedelta(days=3), zone=zone) == {
        DAY: starts - timedelta(hours=24),
        SOON: starts - 15 * MINUTE,
    }


@pytest.mark.parametrize(
    ("ahead", "expected"),
    [
        (timedelta(hours=24), {DAY: timedelta(0), SOON: timedelta(hours=23, minutes=45)}),
        (timedelta(hours=24) - MINUTE, {SOON: timedelta(hours=23, minutes=44)}),
        (timedelta(hours=3), {SOON: timedelta(hours=2, minutes=45)}),
        (15 * MINUTE, {SOON: timedelta(0)}),
        (5 * MINUTE, {SOON: timedelta(0)}),
        (timedelta(0), {}),
        (-MINUTE, {}),
    ],
)
def test_who_books_late_is_reminded_of_what_is_still_ahead(
    ahead: timedelta, expected: dict[ReminderKind, timedelta]
) -> None:
    starts = at(VISIT_DAY, "14:30")
    assert due(starts, ahead=ahead) == {kind: starts - ahead + wait for kind, wait in expected.items()}


@pytest.mark.parametrize("zone", ZONES, ids=str)
@pytest.mark.parametrize(
    ("visit", "goes"),
    [
        ("00:00", "08:00"),
        ("07:59", "08:00"),
        ("08:00", "08:00"),
        ("12:00", "12:00"),
        ("22:00", "22:00"),
        ("22:01", "21:00"),
        ("23:40", "21:00"),
    ],
)
def test_nobody_is_reminded_of_tomorrow_at_night(zone: ZoneInfo, visit: str, goes: str) -> None:
    starts = at(VISIT_DAY, visit, zone)
    planned = due(starts, ahead=timedelta(days=5), rules=QUIET, zone=zone)
    assert planned == {DAY: at(VISIT_DAY - timedelta(days=1), goes, zone), SOON: starts - 15 * MINUTE}


def test_own_hours_of_the_region() -> None:
    hours = QuietHours(begins=time(20), ends=time(10), evening=time(19, 30))
    rules = ReminderRules(day_before=timedelta(hours=48), soon=timedelta(hours=1), quiet=hours)
    starts = at(VISIT_DAY, "20:30")
    planned = due(starts, ahead=timedelta(days=5), rules=rules)
    assert planned == {DAY: at(VISIT_DAY - timedelta(days=2), "19:30"), SOON: starts - timedelta(hours=1)}


def test_visits_in_person_have_no_reminders() -> None:
    visit = consultation(at(VISIT_DAY, "14:30"), kind=VisitKind.APPOINTMENT)
    assert reminders(visit, USUAL, ZONE, now=visit.starts - timedelta(days=2)) == ()


def test_who_booked_is_reminded() -> None:
    starts = at(VISIT_DAY, "14:30")
    assert recipient(consultation(starts)) == PATIENT
    assert recipient(consultation(starts, patient=CHILD, author=PATIENT)) == PATIENT


def test_nobody_is_reminded_of_what_has_begun() -> None:
    visit = consultation(at(VISIT_DAY, "14:30"))
    assert is_in_time(visit, visit.starts - timedelta(microseconds=1))
    assert not is_in_time(visit, visit.starts)


@given(
    starts=st.datetimes(datetime(2026, 1, 1), datetime(2028, 12, 31)),  # noqa: DTZ001  # a zone is given below
    ahead=st.timedeltas(timedelta(0), timedelta(days=30)),
    zone=st.sampled_from(ZONES),
    rules=st.sampled_from([USUAL, QUIET]),
)
def test_every_reminder_is_ahead_and_before_the_visit(
    starts: datetime, ahead: timedelta, zone: ZoneInfo, rules: ReminderRules
) -> None:
    visit = consultation(starts.replace(tzinfo=UTC))
    now = visit.starts - ahead
    planned = reminders(visit, rules, zone, now=now)
    assert [one.kind for one in planned] == [kind for kind in ReminderKind if kind in {one.kind for one in planned}]
    for one in planned:
        assert now <= one.due < visit.starts
        local = one.due.astimezone(zone).time()
        if one.kind is DAY and rules.quiet and one.due > now:
            assert rules.quiet.ends <= local <= rules.quiet.begins
