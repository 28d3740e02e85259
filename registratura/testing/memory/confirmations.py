"""Where bookings at a remote MIS stand, in memory."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import attrs

from registratura.application.ports.time import Clock
from registratura.domain.confirmation import Confirmation, State
from registratura.domain.identifiers import AppointmentId
from registratura.testing.memory.state import State as Kept


@attrs.frozen
class MemoryConfirmations:
    """`Confirmations` over a state; the lock on the storage is the lock on the booking."""

    _state: Kept
    _clock: Clock

    def now(self) -> datetime:
        return self._clock.now()

    def find(self, appointment: AppointmentId) -> Confirmation | None:
        return self._state.confirmations.get(appointment)

    def due(self, now: datetime, limit: int) -> Sequence[Confirmation]:
        waiting = [(held.due, held.appointment, held) for held in self._state.confirmations.values() if held.due]
        return tuple(held for due, _, held in sorted(waiting, key=lambda one: one[:2]) if due <= now)[:limit]

    def save(self, held: Confirmation) -> None:
        if held.appointment not in self._state.appointments:
            raise ValueError("no such booking")
        self._state.confirmations[held.appointment] = held

    def states(self, appointments: Collection[AppointmentId]) -> Mapping[AppointmentId, State]:
        known = self._state.confirmations
        return {appointment: known[appointment].state for appointment in appointments if appointment in known}
