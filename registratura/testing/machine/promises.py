"""What people and clinics were told so far, and what must be answered next: plain dictionaries beside the storage."""

from datetime import datetime, timedelta

import attrs

from registratura.application.ports.deciding import Fingerprint
from registratura.application.records import BookRecord, BookStatus, SlotRecord, Stored
from registratura.domain.appointments import FREEING, Application, Appointment, Outcome
from registratura.domain.identifiers import AppointmentId, PatientId, SlotId
from registratura.domain.moments import local_day
from registratura.domain.schedule import SlotStatus
from registratura.testing.machine.clinic import ACTS_FOR, CARDS, SLOTS, ZONE

CLASH = "clash"
"""Another record stands in its place."""


@attrs.define
class Promises:
    """Everything that was told, and to whom it is owed."""

    slots: dict[SlotId, SlotStatus] = attrs.field(factory=dict)
    """Published slots, as they must stand now."""
    bookings: dict[AppointmentId, Appointment] = attrs.field(factory=dict)
    """Every yes."""
    ended: dict[AppointmentId, Outcome] = attrs.field(factory=dict)
    """Bookings that are not in force any more, and why."""
    answers: dict[str, tuple[Fingerprint, str]] = attrs.field(factory=dict)
    """What was answered under each idempotency key."""

    def copy(self) -> "Promises":
        """The same promises, whatever happens to these."""
        return Promises(self.slots.copy(), self.bookings.copy(), self.ended.copy(), self.answers.copy())

    @property
    def in_force(self) -> list[Appointment]:
        """Bookings whose people will come."""
        return [booked for key, booked in self.bookings.items() if key not in self.ended]

    def holder(self, slot: SlotId) -> Appointment | None:
        """Who was promised the slot."""
        return next((booked for booked in self.in_force if booked.slot == slot), None)

    def again(self, asked: Application, now: datetime) -> Appointment | None:
        """The booking that this very application got before, if it is still to come."""
        card = CARDS.get(asked.patient)
        wanted = (card and card.id, asked.slot, asked.author, asked.kind, asked.purpose)
        return next(
            (
                held
                for held in self.in_force
                if held.ends > now and (held.patient, held.slot, held.author, held.kind, held.purpose) == wanted
            ),
            None,
        )

    def can_be_had(self, asked: Application, now: datetime, besides: Appointment | None = None) -> bool:
        """Whether the slot asked for is to be had, as if the booking *besides* did not exist."""
        card, record = CARDS.get(asked.patient), SLOTS[asked.slot]
        if card is None or self.slots.get(asked.slot) is not SlotStatus.AVAILABLE or record.visit <= now:
            return False
        if asked.author not in {None, card.id} and (asked.author, card.id) != (
            ACTS_FOR.representative,
            ACTS_FOR.patient,
        ):
            return False
        others = [held for held in self.in_force if held.patient == card.id and held.ends > now and held != besides]
        return not any(_in_the_way(held, record) for held in others)

    def can_be_cancelled(self, booking: AppointmentId, by: frozenset[PatientId] | None, now: datetime) -> bool:
        """Whether those who ask may cancel, and there is something to cancel."""
        held = self.bookings.get(booking)
        if held is None or booking in self.ended or held.starts <= now:
            return False
        return by is None or bool(by & {held.patient, held.author})

    def book(self, booked: Appointment) -> None:
        """Somebody was told yes."""
        self.bookings[booked.id] = booked
        self.slots[booked.slot] = SlotStatus.RECORDED

    def end(self, booking: AppointmentId, outcome: Outcome) -> None:
        """Somebody was told that a booking is over; a cancelled one gives its slot back."""
        slot = self.bookings[booking].slot
        self.ended[booking] = outcome
        cancelled = outcome in FREEING
        if cancelled and self.slots[slot] is SlotStatus.RECORDED:
            self.slots[slot] = SlotStatus.AVAILABLE

    def load_slot(self, record: SlotRecord) -> Stored:
        """A clinic tells of a slot: what it must be answered."""
        before, holder = self.slots.get(record.id), self.holder(record.id)
        after = record.status
        if holder is not None and after is SlotStatus.CANCELED:
            self.ended[holder.id] = Outcome.CANCELLED
        elif holder is not None:
            after = SlotStatus.RECORDED
        self.slots[record.id] = after
        if before is None:
            return Stored.CREATED
        return Stored.SAME if before is after else Stored.CHANGED

    def load_booking(self, record: BookRecord) -> Stored | str:
        """A clinic tells of a booking: what it must be answered; a new one is put down by `book` when it is seen."""
        known = self.bookings.get(record.id)
        if known is None:
            return self._load_new_booking(record)
        if (known.patient, known.slot) != (CARDS[record.patient].id, record.slot):
            return CLASH
        if record.id in self.ended or record.status is BookStatus.RECORDED:
            return Stored.SAME
        self.end(record.id, Outcome(record.status.value))
        return Stored.CHANGED

    def _load_new_booking(self, record: BookRecord) -> Stored | str:
        patient, starts = CARDS[record.patient].id, SLOTS[record.slot].visit
        if self.holder(record.slot) is not None:
            return CLASH
        elsewhere = any((held.patient, held.starts) == (patient, starts) for held in self.in_force)
        return CLASH if elsewhere else Stored.CREATED


def _in_the_way(held: Appointment, record: SlotRecord) -> bool:
    """Whether who holds *held* may not have *record*: the times overlap, or it is the same doctor on one day."""
    overlap = held.starts < record.visit + timedelta(minutes=record.minutes) and record.visit < held.ends
    same_day = local_day(held.starts, ZONE) == local_day(record.visit, ZONE)
    return overlap or (held.resource == record.resource and same_day)
