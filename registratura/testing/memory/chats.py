"""Where the chats of consultations stand, in memory."""

from collections.abc import Collection, Mapping, Sequence

import attrs

from registratura.application.ports.time import Clock
from registratura.domain.chats import ConsultationChat
from registratura.domain.identifiers import AppointmentId
from registratura.testing.memory.state import State


@attrs.frozen
class MemoryConsultationChats:
    """`ConsultationChats` over a state."""

    _state: State
    _clock: Clock

    def find(self, appointment: AppointmentId) -> ConsultationChat | None:
        return self._state.consultation_chats.get(appointment)

    def of(self, appointments: Collection[AppointmentId]) -> Mapping[AppointmentId, ConsultationChat]:
        known = self._state.consultation_chats
        return {appointment: known[appointment] for appointment in appointments if appointment in known}

    def due(self, limit: int) -> Sequence[ConsultationChat]:
        now = self._clock.now()
        waiting = [(chat.due, chat.appointment, chat) for chat in self._state.consultation_chats.values() if chat.due]
        ready = sorted((due, name) for due, name, _ in waiting if due <= now)
        return tuple(self._state.consultation_chats[name] for _, name in ready[:limit])

    def save(self, chat: ConsultationChat) -> None:
        self._state.consultation_chats[chat.appointment] = chat
