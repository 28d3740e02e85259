"""Bookings come and go, the clock runs and jumps, workers and the messenger fail: reminders stay right all the same.

No notice without a live booking, none late, none twice, and none missing where anybody could have sent it.
"""

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from returns.pipeline import is_successful

from registratura.adapters.max.notice_phrases import MaxNotices
from registratura.application.agenda import Remind
from registratura.application.booking import BookAppointment, CancelAppointment, Desk, MoveAppointment
from registratura.application.mailroom import Relay
from registratura.application.ports.messenger import Delivery, Receipt
from registratura.domain.appointments import Application, Appointment, Channel, Checks, Rules, VisitKind
from registratura.domain.identifiers import AppointmentId, PatientId, PurposeId, SlotId
from registratura.domain.notifications import ReminderRules
from registratura.domain.schedule import DayLimits
from registratura.testing.memory import MemoryStorage
from registratura.testing.messenger import RecordingMessenger
from registratura.testing.time import MovableClock, SequentialIds
from tests.dialogue.clinic import MAN, MAN_IN_MAX, MOTHER, MOTHER_IN_MAX, NOW, PLAIN, THERAPIST, load, slot

T = TypeVar("T")
MINUTE = timedelta(minutes=1)
PEOPLE = {MOTHER: MOTHER_IN_MAX, MAN: MAN_IN_MAX}
RULES = Rules(
    checks=Checks(repeat_speciality_mo=False, repeat_speciality_mo_day=False), days=DayLimits(horizon_days=60)
)
REMINDERS = ReminderRules()
BUSY = Receipt(delivery=Delivery.LATER, reason="too.many.requests")


class Reminding(RuleBasedStateMachine):
    """One clinic, two people, slots each half an hour for three days."""

    @initialize()
    def settle(self) -> None:
        self.clock = MovableClock(NOW)
        self.storage = MemoryStorage(self.clock)
        self.messenger = RecordingMessenger(clock=self.clock)
        self.desk = Desk(rules=RULES, clock=self.clock, ids=SequentialIds(), reminders=REMINDERS)
        self.slots = [f"n{number}" for number in range(150)]
        times = (NOW + timedelta(minutes=30 * number) for number in range(1, 151))
        self.run(load(self.storage, *PLAIN))
        records = [slot(name, THERAPIST, moment) for name, moment in zip(self.slots, times, strict=True)]
        self.run(load(self.storage, records))
        self.near: set[AppointmentId] = set()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run(work)

    def in_force(self) -> list[Appointment]:
        return self.storage.state.in_force()

    @rule(who=st.sampled_from(sorted(PEOPLE)), where=st.integers(0, 149))
    def book(self, who: PatientId, where: int) -> None:
        asked = Application(
            patient=who,
            slot=SlotId(self.slots[where]),
            channel=Channel.MAX,
            kind=VisitKind.ONLINE_CONSULTING,
            author=who,
            purpose=PurposeId("first"),
            consent_version="1",
        )
        self.run(BookAppointment(storage=self.storage, desk=self.desk)(asked))

    @precondition(lambda self: self.in_force())
    @rule(which=st.integers(0, 100), by_clinic=st.booleans())
    def cancel(self, which: int, by_clinic: bool) -> None:
        held = self.in_force()[which % len(self.in_force())]
        by = None if by_clinic else frozenset({held.patient})
        self.run(CancelAppointment(storage=self.storage, desk=self.desk)(held.id, by=by))

    @precondition(lambda self: self.in_force())
    @rule(which=st.integers(0, 100), where=st.integers(0, 149))
    def move(self, which: int, where: int) -> None:
        held = self.in_force()[which % len(self.in_force())]
        move = MoveAppointment(storage=self.storage, desk=self.desk)
        moved = self.run(move(held.id, SlotId(self.slots[where]), consent_version="1"))
        assert is_successful(moved) or held.id in {one.id for one in self.in_force()}

    @rule(minutes=st.sampled_from([1, 5, 14, 30, 60, 6 * 60, 24 * 60]))
    def pass_time(self, minutes: int) -> None:
        self.clock.move(minutes * MINUTE)

    @rule(minutes=st.sampled_from([-60, -10, 60]))
    def jump(self, minutes: int) -> None:
        self.clock.move(minutes * MINUTE)

    @rule(times=st.integers(1, 3))
    def messenger_is_busy(self, times: int) -> None:
        self.messenger.script(BUSY, times=times)

    @rule()
    def work(self) -> None:
        """A worker does what is due, and sends what it can."""
        remind = Remind(
            storage=self.storage,
            rules=REMINDERS,
            words=MaxNotices(),
            link=lambda booking: f"https://r.example/{booking}",
        )
        relay = Relay(storage=self.storage, messenger=self.messenger, clock=self.clock, chance=lambda: 0.5)
        while self.run(remind()):
            pass
        for _ in range(50):
            before = len(self.messenger.attempts)
            for leased in self.run(relay.lease(8)):
                self.run(relay.send(leased))
            self.judge(before)
            if len(self.messenger.attempts) == before:
                break
        now = self.clock.now()
        for held in self.in_force():
            if held.starts - REMINDERS.soon <= now < held.starts:
                self.near.add(held.id)

    def judge(self, before: int) -> None:
        """What has just left is about a booking in force that has not begun."""
        now = self.clock.now()
        for outgoing in self.messenger.attempts[before:]:
            timely = getattr(outgoing, "timely", None)
            if timely is None:
                continue
            booked = self.storage.state.appointments[timely.appointment]
            assert isinstance(booked, Appointment), "a reminder of what was cancelled"
            assert now < booked.starts, "a reminder that comes too late"
            assert booked.starts - now <= REMINDERS.day_before, "a reminder that comes too early"
            assert outgoing.user == PEOPLE[booked.patient]

    @invariant()
    def nobody_is_told_twice(self) -> None:
        if hasattr(self, "messenger"):
            texts = [
                (user, shown.message.text.split("\n", 1))
                for user, screen in self.messenger.screens.items()
                for shown in screen
            ]
            soon = [(user, rest) for user, (head, rest) in texts if head.startswith("Консультация через")]
            assert len(soon) == len(set(soon))

    @invariant()
    def nobody_is_forgotten(self) -> None:
        """Whoever's visit was near while a worker worked has a reminder that left, or waits to leave."""
        for booking in getattr(self, "near", ()):
            assert f"notice:soon:{booking}" in self.storage.state.outbox


TestReminding = Reminding.TestCase
TestReminding.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
