"""The machine: people book, cancel, move and press twice; clinics load; the storage crashes and is opened again."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta

import attrs
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from registratura.application.ports.deciding import Fingerprint
from registratura.application.ports.storage import Storage
from registratura.application.records import BookStatus
from registratura.domain.appointments import Appointment
from registratura.domain.identifiers import AppointmentId, PatientId, SlotId
from registratura.domain.schedule import SlotStatus
from registratura.testing.machine.clinic import ASKERS, CARDS, SLOTS, application, book_record
from registratura.testing.machine.commands import Book, Cancel, Move
from registratura.testing.machine.crashing import Fate
from registratura.testing.machine.witness import FREE, NO_STAYS, ONE_PERSON, YES_STAYS, Witness

Asker = tuple[PatientId, PatientId | None]

_slots = st.sampled_from(sorted(SLOTS))
_askers = st.sampled_from(ASKERS)
_keys = st.sampled_from("abc")
_whose = st.sampled_from(("own", "own", "clinic", "stranger"))
_numbers = st.sampled_from((0, 0, 0, 1, 1, 2, 3, 5, 8))
_presses = st.sampled_from((1, 1, 1, 2))
_fates = st.sampled_from((*[Fate.NONE] * 6, Fate.REFUSED, Fate.LOST_BEFORE, Fate.LOST_AFTER))
_times = st.sampled_from([timedelta(minutes=minutes) for minutes in (1, 1, 60, 60, 12 * 60, -5)])


class StorageMachine(RuleBasedStateMachine):
    """Subclass it, give `open_storage`, and run its `TestCase`, or hand it to `run_state_machine_as_test`.

    Everything goes through the use cases; beside the storage stand plain dictionaries of what was promised. An error
    names the promise that was broken, in the words of those who rely on it.

    No rule has a precondition: who wins a rush differs from run to run, and what is drawn must not depend on it. A rule
    that finds nothing to do does nothing.
    """

    def open_storage(self) -> Callable[[], AbstractAsyncContextManager[Storage]]:
        """Make a fresh, empty storage, and return how to open it: once now, and again after each restart."""
        raise NotImplementedError

    def __init__(self) -> None:
        super().__init__()
        self._witness = Witness(self.open_storage())

    @initialize(slots=st.lists(_slots, min_size=4, unique=True))
    def open_the_schedule(self, slots: list[SlotId]) -> None:
        """A clinic puts its first slots on offer."""
        self._witness.load_slots([SLOTS[slot] for slot in slots], Fate.NONE)

    @rule(slots=st.lists(_slots, min_size=1, max_size=4), fate=_fates)
    def publish(self, slots: list[SlotId], fate: Fate) -> None:
        """A clinic puts slots on offer; some may stand twice in its file."""
        self._witness.load_slots([SLOTS[slot] for slot in slots], fate)

    @rule(slot=_slots, status=st.sampled_from((SlotStatus.RECORDED, SlotStatus.RESERVED)), fate=_fates)
    def hold(self, slot: SlotId, status: SlotStatus, fate: Fate) -> None:
        """The slot was given away elsewhere, or is kept back."""
        self._witness.load_slots([attrs.evolve(SLOTS[slot], status=status)], fate)

    @rule(slot=_slots, fate=_fates)
    def withdraw(self, slot: SlotId, fate: Fate) -> None:
        """The clinic takes the slot out of its schedule, and with it whoever is booked on it."""
        self._witness.load_slots([attrs.evolve(SLOTS[slot], status=SlotStatus.CANCELED)], fate)

    @rule(fate=_fates)
    def load_again(self, fate: Fate) -> None:
        """A clinic sends its last file once more."""
        self._witness.load_slots(self._witness.file, fate)

    @rule(number=_numbers, patient=st.sampled_from(sorted(CARDS)), fate=_fates)
    def book_elsewhere(self, number: int, patient: PatientId, fate: Fate) -> None:
        """A clinic booked somebody itself and tells of it."""
        slots = sorted(self._witness.promises.slots)
        key = AppointmentId(f"elsewhere-{len(self._witness.promises.bookings)}")
        record = book_record(key, patient, slots[number % len(slots)], BookStatus.RECORDED)
        self._witness.load_booking(record, fate)

    @rule(number=_numbers, status=st.sampled_from(BookStatus), fate=_fates)
    def tell_of_booking(self, number: int, status: BookStatus, fate: Fate) -> None:
        """A clinic tells how a booking stands that is known here."""
        known = self._witness.known(number)
        if known is not None:
            self._witness.load_booking(book_record(known.id, known.patient, known.slot, status), fate)

    @rule(asker=_askers, slot=_slots, pressed=_presses, fate=_fates)
    def book(self, asker: Asker, slot: SlotId, pressed: int, fate: Fate) -> None:
        """Somebody asks for a slot."""
        self._witness.press(Book(application(*asker, slot)), pressed, fate)

    @rule(asker=_askers, slot=_slots, key=_keys, pressed=_presses, fate=_fates)
    def book_once(self, asker: Asker, slot: SlotId, key: str, pressed: int, fate: Fate) -> None:
        """A program asks under an idempotency key, which it may have used before, for this or for something else."""
        asked = Fingerprint("machine", key, f"{asker} {slot}")
        self._witness.press(Book(application(*asker, slot), asked), pressed, fate)

    @rule(number=_numbers, pressed=_presses, fate=_fates)
    def repeat(self, number: int, pressed: int, fate: Fate) -> None:
        """A program did not hear an answer and asks the same under the same key."""
        sent = [self._witness.sent[key] for key in sorted(self._witness.sent)]
        if sent:
            self._witness.press(sent[number % len(sent)], pressed, fate)

    @rule(number=_numbers, whose=_whose, pressed=_presses, fate=_fates)
    def cancel(self, number: int, whose: str, pressed: int, fate: Fate) -> None:
        """Somebody gives a booking back: who holds it, the clinic, or a stranger."""
        known = self._witness.known(number)
        if known is not None:
            self._witness.press(Cancel(known.id, _asking(known, whose)), pressed, fate)

    @rule(number=_numbers, to=_slots, whose=_whose, pressed=_presses, fate=_fates)
    def move(self, number: int, to: SlotId, whose: str, pressed: int, fate: Fate) -> None:
        """Somebody exchanges a booking for another slot."""
        known = self._witness.known(number)
        if known is not None:
            self._witness.press(Move(known.id, to, _asking(known, whose)), pressed, fate)

    @rule(slot=_slots)
    def rush(self, slot: SlotId) -> None:
        """Everybody asks for one slot at once."""
        self._witness.rush(slot)

    @rule()
    def restart(self) -> None:
        """The storage is closed and opened again; everything that ever was promised is looked up."""
        self._witness.restart()

    @rule(by=_times)
    def wait(self, by: timedelta) -> None:
        """Time passes, or the clock is set back a little."""
        self._witness.clock.move(by)

    def teardown(self) -> None:
        """Close the storage."""
        self._witness.close()

    @invariant()
    def one_slot_one_person(self) -> None:
        """Nobody shares a slot, nobody is in two places at once, and what is held is not on offer."""
        seen = self._witness.seen
        held: dict[object, Appointment] = {}
        for booked in seen.bookings.values():
            for place in (booked.slot, (booked.patient, booked.starts)):
                other = held.setdefault(place, booked)
                assert other is booked, f"{ONE_PERSON}: {other.id} and {booked.id} both have {place}"
        twice = seen.offered.intersection(booked.slot for booked in seen.bookings.values())
        assert not twice, f"{ONE_PERSON}: {sorted(twice)} are on offer while somebody holds them"

    @invariant()
    def a_yes_is_never_lost(self) -> None:
        """Every booking that was promised and did not end is there as it was promised; what ended has ended."""
        promises, seen = self._witness.promises, self._witness.seen
        for owed in promises.in_force:
            kept = seen.bookings.get(owed.id)
            assert kept == owed, f"{YES_STAYS}: {owed} was promised, {kept} is in force"
        undead = seen.bookings.keys() & promises.ended
        assert not undead, f"{YES_STAYS}: {sorted(undead)} have ended, and are in force"

    @invariant()
    def a_no_never_turns_into_a_booking(self) -> None:
        """Nothing is in force but what was promised."""
        surplus = self._witness.seen.bookings.keys() - self._witness.promises.bookings
        assert not surplus, f"{NO_STAYS}: {sorted(surplus)} are in force, and nobody was told so"

    @invariant()
    def what_is_free_is_on_offer(self) -> None:
        """Slots that were published, given back or freed are on offer, and no others."""
        free = {slot for slot, status in self._witness.promises.slots.items() if status is SlotStatus.AVAILABLE}
        offered = self._witness.seen.offered
        assert offered == free, f"{FREE}: {sorted(free)} are free, {sorted(offered)} on offer"


def _asking(known: Appointment, whose: str) -> frozenset[PatientId] | None:
    """The ids of those who ask; None is the clinic."""
    match whose:
        case "own":
            return frozenset({known.author or known.patient})
        case "clinic":
            return None
        case _:
            return frozenset({PatientId("passer-by")})
