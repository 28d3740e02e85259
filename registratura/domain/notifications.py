"""What is due for a consultation before it begins: two reminders and its chat; when, and who is told."""

from datetime import datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

import attrs

from registratura.domain.appointments import Appointment, VisitKind
from registratura.domain.chats import TRIES_AFTER_START
from registratura.domain.identifiers import PatientId
from registratura.domain.moments import aware, day_bounds
from registratura.domain.telemedicine import Platform


class Occasion(StrEnum):
    """What is done for a consultation at its time."""

    DAY_BEFORE = "day_before"
    """A reminder (TMK-87)."""
    CHAT = "chat"
    """The chat is opened (CONS-12)."""
    SOON = "soon"
    """A reminder with the link to the consultation (TMK-88)."""


_PATIENCE = {Occasion.DAY_BEFORE: timedelta(0), Occasion.CHAT: TRIES_AFTER_START, Occasion.SOON: timedelta(0)}
"""How long after the beginning each is still done."""


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
    """What the region decided about reminders (`tmk.reminders`)."""

    day_before: timedelta = timedelta(hours=24)
    soon: timedelta = timedelta(minutes=15)
    chat: timedelta | None = None
    """How long before the beginning the chat is opened; None where there are no chats."""
    quiet: QuietHours | None = None
    """None reminds of tomorrow at any hour; the reminder of a visit at hand is never moved."""


@attrs.frozen(kw_only=True)
class Item:
    """Something to be done for a booking, not before `due`."""

    occasion: Occasion
    due: datetime = attrs.field(validator=aware)


def is_to_come(booked: Appointment) -> bool:
    """Whether *booked* is a consultation that lay ahead when it was booked: for all others nothing is ever done."""
    return booked.kind is VisitKind.ONLINE_CONSULTING and booked.starts > booked.booked_at


def agenda(booked: Appointment, rules: ReminderRules, zone: ZoneInfo) -> tuple[Item, ...]:
    """Everything to be done for *booked*, by time; *zone* is the clinic's. Visits in person have nothing.

    Who books later than a day before is not reminded a day before, and who books in the last minutes is reminded at
    once (TMK-102).
    """
    since = booked.booked_at
    if not is_to_come(booked):
        return ()
    items = [Item(occasion=Occasion.SOON, due=max(booked.starts - rules.soon, since))]
    if rules.chat is not None and booked.platform is Platform.MAX:
        items.append(Item(occasion=Occasion.CHAT, due=max(booked.starts - rules.chat, since)))
    day_before = booked.starts - rules.day_before
    if day_before >= since:
        moved = rules.quiet.moved(day_before, zone) if rules.quiet is not None else day_before
        if moved >= since:
            items.append(Item(occasion=Occasion.DAY_BEFORE, due=moved))
    return tuple(sorted(items, key=lambda item: item.due))


def first_due(booked: Appointment, rules: ReminderRules, zone: ZoneInfo) -> datetime | None:
    """When something is first to be done for *booked*; None for never."""
    return next((item.due for item in agenda(booked, rules, zone)), None)


@attrs.frozen(kw_only=True)
class Turn:
    """What is to be done for a booking now, and when to look at it again; None for never."""

    now: tuple[Occasion, ...] = ()
    again: datetime | None = None


def turn(booked: Appointment, rules: ReminderRules, zone: ZoneInfo, *, now: datetime) -> Turn:
    """What is to be done for *booked* at *now*: once the visit has begun nobody is reminded of it.

    A chat that was missed is opened while it is still tried. Once something else is due, nobody is reminded of tomorrow
    any more. What was done before may be among it: the caller knows.
    """
    items = [item for item in agenda(booked, rules, zone) if now < booked.starts + _PATIENCE[item.occasion]]
    due = tuple(item.occasion for item in items if item.due <= now)
    if due and due[-1] is not Occasion.DAY_BEFORE:
        due = tuple(occasion for occasion in due if occasion is not Occasion.DAY_BEFORE)
    return Turn(now=due, again=next((item.due for item in items if item.due > now), None))


def day_before_until(booked: Appointment, rules: ReminderRules, zone: ZoneInfo, *, now: datetime) -> datetime:
    """Until when the reminder of tomorrow that is due at *now* may still be sent.

    «Завтра» is wrong after midnight on the clinic's clocks, and nobody needs two reminders of one visit at once.
    """
    _, midnight = day_bounds(now.astimezone(zone).date(), zone)
    return min(midnight, booked.starts - rules.soon)


def recipient(booked: Appointment) -> PatientId:
    """Who is told: whoever booked, for themselves, a child or a ward (TMK-96 to TMK-98)."""
    return booked.author or booked.patient
