"""Who asks, hears what is answered and compares it with what was promised."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import cast

import attrs
from returns.pipeline import is_successful
from returns.result import Failure, Result, Success

from registratura.application.booking import Desk
from registratura.application.ports.deciding import Fingerprint, KeyReused
from registratura.application.ports.storage import Storage, Transaction
from registratura.application.records import BookRecord, Clash, Record, SlotRecord, Stored, Verdict
from registratura.domain.appointments import Appointment, ClosedAppointment, Outcome, Rules
from registratura.domain.identifiers import AppointmentId, SlotId
from registratura.testing.machine.clinic import BEFORE, BEGINNING, PEOPLE, application
from registratura.testing.machine.commands import Book, Cancel, Command, Move, Seen, heard, look
from registratura.testing.machine.crashing import Crash, CrashingStorage, Fate
from registratura.testing.machine.promises import CLASH, Promises
from registratura.testing.time import MovableClock, SequentialIds

ONE_PERSON = "one slot, one person"
YES_STAYS = "a yes is never lost"
NO_STAYS = "a no never turns into a booking"
ONCE = "pressing twice changes nothing"
FREE = "a free slot goes to who asks for it"


@attrs.define
class _Ids:
    """Identities, and which of them were given."""

    source: SequentialIds = attrs.field(factory=SequentialIds)
    given: list[str] = attrs.field(factory=list)

    def new(self) -> str:
        fresh = self.source.new()
        self.given.append(fresh)
        return fresh

    def secret(self) -> str:
        return self.source.secret()


class Witness:
    """Asks the use cases over a storage that *opening* opens, and remembers every promise.

    An `AssertionError` names the promise that was broken, in the words of those who rely on it.
    """

    def __init__(self, opening: Callable[[], AbstractAsyncContextManager[Storage]]) -> None:
        self.clock = MovableClock(BEGINNING)
        self.promises = Promises()
        self.sent: dict[str, Book] = {}
        """What was asked first under each idempotency key and answered."""
        self.file: Sequence[SlotRecord] = ()
        """The slots a clinic sent last."""
        self._ids = _Ids()
        self._owed_nothing: set[str] = set()
        """Ids that were thought of for bookings which nobody was promised."""
        self._desk = Desk(rules=Rules(), clock=self.clock, ids=self._ids)
        self._opening = opening
        self._runner = asyncio.Runner()
        self._opened = AsyncExitStack()
        self._open()
        for batch in BEFORE:
            self._load(batch, Fate.NONE)
        self.see()

    def press(self, command: Command, pressed: int, fate: Fate) -> None:
        """Ask, and press again at once when told to: then nothing may change any more."""
        heard = self._ask_and_judge(command, fate)
        self.see()
        if pressed > 1:
            before = self.seen
            self._ask_and_judge(command, Fate.NONE)
            self.see()
            # What failed before its commit was not done, so the second pressing may do it.
            assert not heard or self.seen == before, f"{ONCE}: {command}"

    def rush(self, slot: SlotId) -> None:
        """Everybody asks for *slot* at once."""
        now, promises = self.clock.now(), self.promises
        asked = [application(person.id, person.id, slot) for person in PEOPLE]
        again = {one.patient: held.id for one in asked if (held := promises.again(one, now)) is not None}
        able = {one.patient for one in asked if promises.can_be_had(one, now)}
        answers = self._ask_at_once([Book(one) for one in asked])
        told = {
            one.patient: answer.unwrap() for one, answer in zip(asked, answers, strict=True) if is_successful(answer)
        }
        assert again.items() <= told.items(), f"{ONCE}: {again} asked again and were told {told}"
        new = told.keys() - again.keys()
        assert len(new) <= 1, f"{ONE_PERSON}: {sorted(new)} were all told yes for {slot}"
        assert new <= able, f"{ONE_PERSON}: {slot} is not to be had for {sorted(new)}, who were told yes"
        assert new or not able, f"{FREE}: {slot} is free, and none of {sorted(able)} got it"
        for patient in new:
            self._owe(told[patient])
        self.see()

    def load_slots(self, records: Sequence[SlotRecord], fate: Fate) -> None:
        """A clinic sends slots."""
        promises = self.promises.copy()
        expected = [promises.load_slot(record) for record in records]
        verdicts = self._load(records, fate)
        if verdicts is not None:
            assert list(verdicts) == expected, f"{ONCE}: {records} were answered {verdicts}, not {expected}"
            self.promises, self.file = promises, records
        self.see()

    def load_booking(self, record: BookRecord, fate: Fate) -> None:
        """A clinic sends a booking; it stands twice in its file."""
        promises = self.promises.copy()
        expected = [promises.load_booking(record)]
        is_new = expected == [Stored.CREATED]
        expected += [Stored.SAME if is_new else promises.load_booking(record)]
        verdicts = self._load([record, record], fate)
        if verdicts is not None:
            heard = [CLASH if isinstance(verdict, Clash) else verdict for verdict in verdicts]
            assert heard == expected, f"{ONE_PERSON}: {record} was answered {heard}, not {expected}"
            self.promises = promises
            if is_new:
                self._owe(record.id)
        self.see()

    def see(self) -> None:
        """Look at the storage."""
        self.seen: Seen = self._runner.run(self._storage.read(look))

    def known(self, number: int) -> Appointment | None:
        """One of the bookings that were promised: 0 is the last of those in force, the ended ones come after them."""
        ended = [self.promises.bookings[key] for key in self.promises.ended]
        bookings = [*ended, *self.promises.in_force]
        return bookings[-1 - number % len(bookings)] if bookings else None

    def restart(self) -> None:
        """Close the storage, open it again, and look up everything that ever was promised, or was not."""
        self._runner.run(self._opened.aclose())
        self._open()
        self.see()
        found = self._runner.run(self._storage.read(self._look_up))
        for booked in self.promises.bookings.values():
            kept, ended = found[booked.id], self.promises.ended.get(booked.id)
            if ended is None:
                assert kept == booked, f"{YES_STAYS}: {booked} was promised, {kept} is kept"
            else:
                told = (kept.appointment, kept.outcome) if isinstance(kept, ClosedAppointment) else kept
                assert told == (booked, ended), f"{YES_STAYS}: {booked} ended as {ended}, {kept} is kept"
        surplus = [found[key] for key in self._owed_nothing if found[key] is not None]
        assert not surplus, f"{NO_STAYS}: {surplus} are kept, and nobody was told so"

    def close(self) -> None:
        """Close the storage for good."""
        self._runner.run(self._opened.aclose())
        self._runner.close()

    def _look_up(self, tx: Transaction) -> dict[str, Appointment | ClosedAppointment | None]:
        wanted = {*self.promises.bookings, *self._owed_nothing}
        return {key: tx.appointments.find(AppointmentId(key)) for key in sorted(wanted)}

    def _ask_and_judge(self, command: Command, fate: Fate) -> bool:
        """Ask, compare the answer with what was promised, and put down new promises; False when nothing may be kept."""
        answer = self._ask(command, fate)
        if answer is None:
            return False
        match command:
            case Book(key=Fingerprint() as key) if key.key in self.promises.answers:
                self._judge_repeat(key, answer)
            case Book():
                self._judge_booking(command, answer)
            case Cancel():
                self._judge_cancelling(command, answer)
            case Move():
                self._judge_moving(command, answer)
        return True

    def _judge_repeat(self, key: Fingerprint, answer: Result[str, object]) -> None:
        first, words = self.promises.answers[key.key]
        expected: Result[str, object] = Success(words) if key == first else Failure(KeyReused())
        assert answer == expected, f"{ONCE}: {first} was answered {words}; {key} is answered {answer}"

    def _judge_booking(self, command: Book, answer: Result[str, object]) -> None:
        now, asked = self.clock.now(), command.asked
        again, free = self.promises.again(asked, now), self.promises.can_be_had(asked, now)
        if not is_successful(answer):
            assert again is None, f"{ONCE}: {again} was told yes, and now {answer}"
            assert not free, f"{FREE}: {asked.slot} is free for {asked.patient}, and {answer}"
            return
        told = answer.unwrap()
        if again is None:
            assert free, f"{ONE_PERSON}: {asked.slot} is not to be had for {asked.patient}, and {answer}"
            self._owe(told)
        else:
            assert told == again.id, f"{ONCE}: {again} was told yes, and now {answer}"
        if command.key is not None:
            self.promises.answers[command.key.key] = (command.key, told)
            self.sent[command.key.key] = command

    def _judge_cancelling(self, command: Cancel, answer: Result[str, object]) -> None:
        if self.promises.can_be_cancelled(command.booking, command.by, self.clock.now()):
            assert is_successful(answer), f"{YES_STAYS}: {command.booking} was promised, and {answer}"
            self.promises.end(command.booking, Outcome.CANCELLED)
        else:
            assert not is_successful(answer), f"{ONCE}: {command} cannot be done (any more), and {answer}"

    def _judge_moving(self, command: Move, answer: Result[str, object]) -> None:
        now, old = self.clock.now(), self.promises.bookings[command.booking]
        asked = application(old.patient, old.author, command.to)
        able = self.promises.can_be_cancelled(old.id, command.by, now)
        able = able and self.promises.can_be_had(asked, now, besides=old)
        assert is_successful(answer) or not able, f"{FREE}: {command} can be done, and {answer}"
        if is_successful(answer):
            assert able, f"{ONE_PERSON}: {command} cannot be done, and {answer}"
            self.promises.end(old.id, Outcome.CANCELLED)
            self._owe(answer.unwrap())

    def _owe(self, told: str) -> None:
        """Somebody was told of the booking *told*: from now on it is owed to them."""
        found = self._runner.run(self._storage.read(lambda tx: tx.appointments.find(AppointmentId(told))))
        assert isinstance(found, Appointment), f"{YES_STAYS}: {told} was promised, {found} is kept"
        self.promises.book(found)
        self._owed_nothing.discard(told)

    def _ask(self, command: Command, fate: Fate) -> Result[str, object] | None:
        """What was answered, heard or not; None when nothing may have been kept."""
        given = len(self._ids.given)
        failing = CrashingStorage(self._storage, fate)
        try:
            answer = self._runner.run(command.ask(failing, self._desk))
        except Crash:
            return heard(failing.lost) if fate is Fate.LOST_AFTER else None
        else:
            return answer if fate is not Fate.REFUSED else None
        finally:
            self._owed_nothing |= set(self._ids.given[given:])

    def _ask_at_once(self, commands: Sequence[Book]) -> list[Result[str, object]]:
        async def together() -> list[Result[str, object]]:
            return await asyncio.gather(*(command.ask(self._storage, self._desk) for command in commands))

        given = len(self._ids.given)
        answers = self._runner.run(together())
        self._owed_nothing |= set(self._ids.given[given:])
        return answers

    def _load(self, records: Sequence[Record], fate: Fate) -> Sequence[Verdict] | None:
        failing = CrashingStorage(self._storage, fate)
        try:
            verdicts = self._runner.run(failing.transact(lambda tx: tx.register.store(records)))
        except Crash:
            return cast("Sequence[Verdict]", failing.lost) if fate is Fate.LOST_AFTER else None
        else:
            return verdicts if fate is not Fate.REFUSED else None

    def _open(self) -> None:
        self._storage = self._runner.run(self._opened.enter_async_context(self._opening()))
