"""Storages that are broken, each in its own way."""

import asyncio
from collections.abc import Callable, Sequence
from typing import TypeVar

import attrs
from returns.pipeline import is_successful
from returns.result import Failure, Result

from registratura.application.ports.deciding import (
    BookingJudge,
    Fingerprint,
    KeyReused,
    Known,
    NewBooking,
    Overtaken,
    ToBook,
)
from registratura.application.ports.storage import Storage, Transaction
from registratura.application.records import Record, SlotRecord, Verdict
from registratura.domain.appointments import Facts
from registratura.domain.schedule import FreeSlot, TakenSlot
from registratura.testing.memory import MemoryStorage, State
from registratura.testing.memory.booking import MemoryAppointments
from registratura.testing.memory.queues import MemoryRequests
from registratura.testing.memory.register import MemoryRegister
from registratura.testing.memory.storage import MemoryTransaction

T = TypeVar("T")
R = TypeVar("R")


class Broken(MemoryStorage):
    """A storage to break: another transaction, or another state in place of the one that is to be kept."""

    transaction: type[MemoryTransaction] = MemoryTransaction

    async def transact(self, work: Callable[[Transaction], T]) -> T:
        changed = self.state.copy()
        value = work(self.transaction(changed, self.clock))
        if not isinstance(value, Failure):
            self.state = self.kept(self.state, changed)
        return value

    def kept(self, before: State, after: State) -> State:
        return after

    def opened(self) -> Storage:
        return self


class SellsTwice(Broken):
    """A slot stays on offer when it is taken."""

    def kept(self, before: State, after: State) -> State:
        for booked in after.in_force():
            after.slots[booked.slot] = FreeSlot(after.slots[booked.slot].opening)
        return after


class LooksAndLeaps(Broken):
    """Between the look and the commit nobody guards the slot."""

    async def book(self, asked: ToBook, judge: BookingJudge[T, R]) -> Result[T, R | Overtaken]:
        tx = MemoryTransaction(self.state, self.clock)
        known = tx.requests.remembered(asked.key) if asked.key is not None else None
        facts = tx.appointments.facts(
            asked.patient, asked.slot, now=asked.now, author=asked.author, purpose=asked.purpose
        )
        verdict = judge(Known(facts, known))
        await asyncio.sleep(0)
        if is_successful(verdict):
            decision = verdict.unwrap()
            if isinstance(decision.change, NewBooking):
                booked = decision.change.appointment
                self.state.appointments[booked.id] = booked
                self.state.slots[booked.slot] = TakenSlot(self.state.slots[booked.slot].opening)
            if decision.answer is not None:
                MemoryRequests(self.state).remember(decision.answer.asked, decision.answer.words, decision.answer.at)
        return verdict.map(lambda decision: decision.value).alt(lambda reason: reason)


class ForgetsCancellations(Broken):
    """Who cancelled is still booked."""

    def kept(self, before: State, after: State) -> State:
        after.appointments |= {booked.id: booked for booked in before.in_force()}
        after.slots |= {booked.slot: before.slots[booked.slot] for booked in before.in_force()}
        return after


class KeepsSlots(Broken):
    """A slot that was given back is lost to everybody."""

    def kept(self, before: State, after: State) -> State:
        after.slots |= {key: slot for key, slot in before.slots.items() if isinstance(slot, TakenSlot)}
        return after


class ForgetsKeys(Broken):
    """Answers are not kept."""

    def kept(self, before: State, after: State) -> State:
        return attrs.evolve(after, requests=before.requests)


class KeepsWhatFailed(Broken):
    """What broke off is kept."""

    async def transact(self, work: Callable[[Transaction], T]) -> T:
        return work(MemoryTransaction(self.state, self.clock))


class KeepsWhatWasRefused(Broken):
    """What ended in a no is kept."""

    async def transact(self, work: Callable[[Transaction], T]) -> T:
        changed = self.state.copy()
        value = work(MemoryTransaction(changed, self.clock))
        self.state = changed
        return value


class LosesBookings(Broken):
    """The third booking is lost; its slot stays taken."""

    def kept(self, before: State, after: State) -> State:
        third = len(before.appointments) == 2 < len(after.appointments)
        return attrs.evolve(after, appointments=before.appointments) if third else after


class AnyBody(MemoryRequests):
    def remembered(self, asked: Fingerprint) -> str | KeyReused | None:
        found = self._state.requests.get((asked.scope, asked.key))
        return found.answer if found is not None else None


class AnyBodyTransaction(MemoryTransaction):
    @property
    def requests(self) -> MemoryRequests:
        return AnyBody(self._state)


class ComparesNoBodies(Broken):
    """A key gives its answer to whatever is asked."""

    transaction = AnyBodyTransaction


class NothingUpcoming(MemoryAppointments):
    def facts(self, *asked: object, **more: object) -> Facts:
        return attrs.evolve(super().facts(*asked, **more), upcoming=())  # type: ignore[arg-type]  # handed on as they came


class NothingUpcomingTransaction(MemoryTransaction):
    @property
    def appointments(self) -> MemoryAppointments:
        return NothingUpcoming(self._state)


class ForgetsWhoAsked(Broken):
    """Nobody is known to have a booking already."""

    transaction = NothingUpcomingTransaction


class Believing(MemoryRegister):
    def store(self, records: Sequence[Record]) -> Sequence[Verdict]:
        verdicts = super().store(records)
        for record in records:
            if isinstance(record, SlotRecord):
                self._state.slots[record.id] = record.status.of(self._state.slots[record.id].opening)
        return verdicts


class BelievingTransaction(MemoryTransaction):
    @property
    def register(self) -> MemoryRegister:
        return Believing(self._state, self._clock)


class BelievesStaleFiles(Broken):
    """A slot that is booked is put on offer by the file that published it."""

    transaction = BelievingTransaction


class Withdrawing(MemoryRegister):
    def store(self, records: Sequence[Record]) -> Sequence[Verdict]:
        held = self._state.in_force()
        verdicts = super().store(records)
        withdrawn = {record.id for record in records if isinstance(record, SlotRecord)}
        self._state.appointments |= {booked.id: booked for booked in held if booked.slot in withdrawn}
        return verdicts


class WithdrawingTransaction(MemoryTransaction):
    @property
    def register(self) -> MemoryRegister:
        return Withdrawing(self._state, self._clock)


class WithdrawsSlotsAlone(Broken):
    """A slot that is withdrawn keeps its booking."""

    transaction = WithdrawingTransaction


class ForgetsAtRestart(Broken):
    """The booking made last has not reached the disk."""

    def __init__(self) -> None:
        super().__init__()
        self.disk = self.state

    def kept(self, before: State, after: State) -> State:
        self.disk = before if len(before.appointments) < len(after.appointments) else after
        return after

    def opened(self) -> Storage:
        self.state = self.disk
        return self
