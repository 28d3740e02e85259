"""The double of the storage: one lock, and a snapshot to go back to."""

from collections.abc import Callable
from datetime import UTC, datetime
from threading import Lock
from typing import TypeVar

import attrs
from returns.result import Failure

from registratura.application.ports.storage import Storage, Transaction
from registratura.application.ports.time import Clock
from registratura.testing.memory.accounts import MemoryAccounts
from registratura.testing.memory.agenda import MemoryAgenda
from registratura.testing.memory.booking import MemoryAppointments, MemoryPatients, MemorySchedule
from registratura.testing.memory.chats import MemoryConsultationChats
from registratura.testing.memory.confirmations import MemoryConfirmations
from registratura.testing.memory.consultations import MemoryConsultations
from registratura.testing.memory.queues import (
    MemoryAudit,
    MemoryDialogues,
    MemoryFeedback,
    MemoryInbox,
    MemoryOutbox,
    MemoryRequests,
)
from registratura.testing.memory.register import MemoryRegister
from registratura.testing.memory.state import State
from registratura.testing.time import FixedClock

T = TypeVar("T")

_BEGINNING = FixedClock(datetime(2026, 1, 12, 9, tzinfo=UTC))


@attrs.frozen
class MemoryTransaction:
    """One unit of work over a state."""

    _state: State
    _clock: Clock

    @property
    def patients(self) -> MemoryPatients:
        return MemoryPatients(self._state)

    @property
    def schedule(self) -> MemorySchedule:
        return MemorySchedule(self._state)

    @property
    def appointments(self) -> MemoryAppointments:
        return MemoryAppointments(self._state)

    @property
    def agenda(self) -> MemoryAgenda:
        return MemoryAgenda(self._state, self._clock)

    @property
    def confirmations(self) -> MemoryConfirmations:
        return MemoryConfirmations(self._state, self._clock)

    @property
    def consultations(self) -> MemoryConsultations:
        return MemoryConsultations(self._state)

    @property
    def chats(self) -> MemoryConsultationChats:
        return MemoryConsultationChats(self._state, self._clock)

    @property
    def accounts(self) -> MemoryAccounts:
        return MemoryAccounts(self._state)

    @property
    def dialogues(self) -> MemoryDialogues:
        return MemoryDialogues(self._state)

    @property
    def inbox(self) -> MemoryInbox:
        return MemoryInbox(self._state, self._clock)

    @property
    def outbox(self) -> MemoryOutbox:
        return MemoryOutbox(self._state, self._clock)

    @property
    def requests(self) -> MemoryRequests:
        return MemoryRequests(self._state)

    @property
    def audit(self) -> MemoryAudit:
        return MemoryAudit(self._state)

    @property
    def feedback(self) -> MemoryFeedback:
        return MemoryFeedback(self._state)

    @property
    def register(self) -> MemoryRegister:
        return MemoryRegister(self._state, self._clock)


@attrs.define(eq=False)
class MemoryStorage(Storage):
    """Implements `Storage` and `Throttle`; what is kept can be looked at in `state`.

    `clock` gives the moments that the databases take from their own clock: places in a line, what is due and how long
    a lease lasts, and when a booking was made or closed by loading.
    """

    clock: Clock = _BEGINNING
    state: State = attrs.field(factory=State)
    _lock: Lock = attrs.field(factory=Lock, init=False, repr=False)

    async def transact(self, work: Callable[[Transaction], T]) -> T:
        """Run *work* in one transaction; see the port."""
        with self._lock:
            changed = self.state.copy()
            value = work(MemoryTransaction(changed, self.clock))
            if not isinstance(value, Failure):
                self.state = changed
            return value

    async def read(self, work: Callable[[Transaction], T]) -> T:
        """Run *work* on a copy; see the port."""
        return work(MemoryTransaction(self.state.copy(), self.clock))

    async def ping(self) -> None:
        """Memory is always there."""

    async def reserve(self, lines: dict[str, float]) -> float:
        """Take the next place in each line, by `clock`; see the port `Throttle`."""
        now = self.clock.now().timestamp()
        places = {name: max(now, self.state.throttle.get(name, now)) for name in lines}
        self.state.throttle |= {name: place + lines[name] for name, place in places.items()}
        return max(places.values(), default=now) - now
