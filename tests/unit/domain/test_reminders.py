"""Reminders: when each is due, on every clock of the country, and to whom."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from registratura.domain.appointments import Appointment, VisitKind
from registratura.domain.notifications import (
    Occasion,
    QuietHours,
    ReminderRules,
    Turn,
    agenda,
    first_due,
    recipient,
    turn,
)
from registratura.domain.telemedicine import Platform
from tests.unit.domain.builders import CHILD, PATIENT, VISIT_DAY, ZONE, appointment, at
from tests.unit.domain.test_days import ZONES

DAY, SOON = Occasion.DAY_BEFORE, Occasion.SOON
USUAL = ReminderRules()
QUIET = ReminderRules(quiet=QuietHours())
MINUTE = timedelta(minutes=1)


def consultation(starts: datetime, **changes: Any) -> Appointment:
    visit = {"starts": starts, "kind": VisitKind.ONLINE_CONSULTING, "patient": PATIENT}
    return appointment(**visit | {"booked_at": starts - timedelta(days=5)} | changes)


def due(
    starts: datetime, *, ahead: timedelta, rules: ReminderRules = USUAL, zone: ZoneInfo = ZONE
) -> dict[Occasion, datetime]:
    """When the reminders are due of what starts at *starts* and is booked so long *ahead*."""
    visit = consultation(starts, booked_at=starts - ahead)
    planned = {item.occasion: item.due for item in agenda(visit, rules, zone)}
    assert first_due(visit, rules, zone) == min(planned.values(), default=None)
    return planned


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
    ahead: timedelta, expected: dict[Occasion, timedelta]
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


def test_a_reminder_moved_to_before_the_booking_is_left_out() -> None:
    starts = at(VISIT_DAY, "22:30")
    assert due(starts, ahead=timedelta(hours=25), rules=QUIET) == {SOON: starts - 15 * MINUTE}
    assert set(due(starts, ahead=timedelta(hours=25, minutes=30), rules=QUIET)) == {DAY, SOON}, "booked at 21:00"


def test_own_hours_of_the_region() -> None:
    hours = QuietHours(begins=time(20), ends=time(10), evening=time(19, 30))
    rules = ReminderRules(day_before=timedelta(hours=48), soon=timedelta(hours=1), quiet=hours)
    starts = at(VISIT_DAY, "20:30")
    planned = due(starts, ahead=timedelta(days=5), rules=rules)
    assert planned == {DAY: at(VISIT_DAY - timedelta(days=2), "19:30"), SOON: starts - timedelta(hours=1)}


def test_visits_in_person_have_no_reminders() -> None:
    visit = consultation(at(VISIT_DAY, "14:30"), kind=VisitKind.APPOINTMENT)
    assert agenda(visit, USUAL, ZONE) == ()
    assert turn(visit, USUAL, ZONE, now=visit.starts - MINUTE) == Turn()


def test_who_booked_is_reminded() -> None:
    starts = at(VISIT_DAY, "14:30")
    assert recipient(consultation(starts)) == PATIENT
    assert recipient(consultation(starts, patient=CHILD, author=PATIENT)) == PATIENT


@pytest.mark.parametrize("rules", [USUAL, QUIET], ids=["usual", "quiet"])
def test_what_is_done_as_the_time_comes(rules: ReminderRules) -> None:
    visit = consultation(at(VISIT_DAY, "14:30"))
    day_before, soon = visit.starts - timedelta(hours=24), visit.starts - 15 * MINUTE

    def at_moment(now: datetime) -> Turn:
        return turn(visit, rules, ZONE, now=now)

    assert at_moment(day_before - MINUTE) == Turn(again=day_before)
    assert at_moment(day_before) == Turn(now=(DAY,), again=soon)
    assert at_moment(soon - MINUTE) == Turn(now=(DAY,), again=soon)
    assert at_moment(soon) == Turn(now=(SOON,))


def test_nobody_is_reminded_of_what_has_begun() -> None:
    visit = consultation(at(VISIT_DAY, "14:30"))
    assert turn(visit, USUAL, ZONE, now=visit.starts - timedelta(microseconds=1)) == Turn(now=(SOON,))
    assert turn(visit, USUAL, ZONE, now=visit.starts) == Turn()


@pytest.mark.req("CONS-12")
def test_a_chat_that_was_missed_is_opened_after_the_beginning_too() -> None:
    visit = consultation(at(VISIT_DAY, "14:30"), platform=Platform.MAX)
    rules = ReminderRules(chat=20 * MINUTE)
    just_before, begun = visit.starts - timedelta(microseconds=1), Turn(now=(Occasion.CHAT,))
    assert set(turn(visit, rules, ZONE, now=just_before).now) == {Occasion.CHAT, SOON}
    assert turn(visit, rules, ZONE, now=visit.starts) == begun, "and nobody is reminded any more"
    assert turn(visit, rules, ZONE, now=visit.starts + 10 * MINUTE - timedelta(microseconds=1)) == begun
    assert turn(visit, rules, ZONE, now=visit.starts + 10 * MINUTE) == Turn()


@given(
    starts=st.datetimes(datetime(2026, 1, 1), datetime(2028, 12, 31)),  # noqa: DTZ001  # a zone is given below
    ahead=st.timedeltas(timedelta(0), timedelta(days=30)),
    zone=st.sampled_from(ZONES),
    rules=st.sampled_from([USUAL, QUIET]),
)
@example(starts=datetime(2026, 11, 24, 22, 30), ahead=timedelta(hours=25), zone=ZoneInfo("UTC"), rules=QUIET)  # noqa: DTZ001
def test_every_reminder_is_ahead_and_before_the_visit(
    starts: datetime, ahead: timedelta, zone: ZoneInfo, rules: ReminderRules
) -> None:
    begins = starts.replace(tzinfo=UTC)
    visit = consultation(begins, booked_at=begins - ahead)
    planned = agenda(visit, rules, zone)
    assert [item.due for item in planned] == sorted(item.due for item in planned)
    for item in planned:
        assert visit.booked_at <= item.due < visit.starts
        local = item.due.astimezone(zone).time()
        if item.occasion is DAY and rules.quiet and item.due > visit.booked_at:
            assert rules.quiet.ends <= local <= rules.quiet.begins


@given(
    ahead=st.timedeltas(timedelta(seconds=1), timedelta(days=3)),
    late=st.timedeltas(timedelta(0), timedelta(hours=1)),
    rules=st.sampled_from([USUAL, QUIET]),
)
def test_whoever_looks_again_when_told_misses_nothing(ahead: timedelta, late: timedelta, rules: ReminderRules) -> None:
    starts = at(VISIT_DAY, "14:30")
    visit = consultation(starts, booked_at=starts - ahead)
    done: set[Occasion] = set()
    look: datetime | None = first_due(visit, rules, ZONE)
    while look is not None:
        told = turn(visit, rules, ZONE, now=look + late)
        assert told.again is None or told.again > look + late
        done |= set(told.now)
        look = told.again
    missed = {item.occasion for item in agenda(visit, rules, ZONE)} - done
    assert SOON not in missed or late >= 15 * MINUTE or late >= ahead
