"""Reminders of a consultation: which a booking brings with it, when each is due, and who gets them."""

from datetime import datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

import attrs

from registratura.domain.appointments import Appointment, VisitKind
from registratura.domain.identifiers import AppointmentId, PatientId
from registratura.domain.moments import aware


class ReminderKind(StrEnum):
    """What a person is reminded of before a consultation (TMK-87, TMK-88)."""

    DAY_BEFORE = "day_before"
    SOON = "soon"
    """With the link to the consultation."""


@attrs.frozen(kw_only=True)
class QuietHours:
    """The hours of the clinic's clocks in which nobody is reminded of tomorrow."""

    begins: time = time(22)
    ends: time = time(8)
    evening: time = time(21)
    """When a reminder goes instead that would be due after `begins`, on the same evening."""

    def moved(self, due: datetime, zone: ZoneInfo) -> datetime:
        """*due*, or the moment outside of the quiet hours at which the reminder goes instead."""
        local = due.astimezone(zone)
        if local.time() < self.ends:
            return datetime.combine(local.date(), self.ends, zone)
        if local.time() > self.begins:
            return datetime.combine(local.date(), self.evening, zone)
        return due


@attrs.frozen(kw_only=True)
class ReminderRules:
    """What the region decided about reminders."""

    day_before: timedelta = timedelta(hours=24)
    soon: timedelta = timedelta(minutes=15)
    quiet: QuietHours | None = None
    """None reminds of tomorrow at any hour; the reminder of a visit at hand is never moved."""


@attrs.frozen(kw_only=True)
class Reminder:
    """One reminder of one booking."""

    appointment: AppointmentId
    kind: ReminderKind
    due: datetime = attrs.field(validator=aware)
    """Not before; and never after the visit has begun, see `is_in_time`."""


def reminders(booked: Appointment, rules: ReminderRules, zone: ZoneInfo, *, now: datetime) -> tuple[Reminder, ...]:
    """The reminders of a consultation *booked* at *now*; *zone* is the clinic's. Other visits have none.

    Who books later than a day before is not reminded a day before, and who books in the last minutes is reminded at
    once (TMK-102).
    """
    if booked.kind is not VisitKind.ONLINE_CONSULTING or booked.starts <= now:
        return ()
    planned = [(ReminderKind.SOON, booked.starts - rules.soon)]
    day_before = booked.starts - rules.day_before
    if day_before >= now:
        moved = rules.quiet.moved(day_before, zone) if rules.quiet is not None else day_before
        planned.insert(0, (ReminderKind.DAY_BEFORE, moved))
    return tuple(Reminder(appointment=booked.id, kind=kind, due=max(due, now)) for kind, due in planned)


def recipient(booked: Appointment) -> PatientId:
    """Who is reminded: whoever booked, for themselves, a child or a ward (TMK-96 to TMK-98)."""
    return booked.author or booked.patient


def is_in_time(booked: Appointment, now: datetime) -> bool:
    """Whether a reminder still makes sense at *now*."""
    return now < booked.starts
