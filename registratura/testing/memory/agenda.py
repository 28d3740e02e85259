"""When bookings are next looked at, in memory."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import attrs

from registratura.application.ports.agenda import Due
from registratura.application.ports.time import Clock
from registratura.domain.appointments import Appointment, ClosedAppointment
from registratura.domain.chats import TRIES_AFTER_START
from registratura.domain.identifiers import AppointmentId, PatientId
from registratura.domain.notifications import recipient
from registratura.testing.memory.state import State


@attrs.frozen
class MemoryAgenda:
    """`Agenda` over a state."""

    _state: State
    _clock: Clock

    def now(self) -> datetime:
        return self._clock.now()

    def due(self, limit: int) -> Sequence[Due]:
        now = self._clock.now()
        ready = sorted((moment, name) for name, moment in self._state.agenda.items() if moment <= now)
        found = [self._state.appointments[name] for _, name in ready]
        missed = now - TRIES_AFTER_START
        ahead = [held for held in found if isinstance(held, ClosedAppointment) or held.starts > missed]
        return tuple(map(self._due, ahead[:limit]))

    def forget(self, age: timedelta, limit: int) -> int:
        since, held = self._clock.now() - age, self._state.in_force()
        begun = {booked.id for booked in held if booked.starts <= since}
        old = sorted((moment, name) for name, moment in self._state.agenda.items() if name in begun)[:limit]
        for _, name in old:
            del self._state.agenda[name]
        return len(old)

    def next(self) -> datetime | None:
        since = self._clock.now() - TRIES_AFTER_START
        missed = {booked.id for booked in self._state.in_force() if booked.starts <= since}
        ahead = [(moment, name) for name, moment in self._state.agenda.items() if name not in missed]
        heard = [moment for moment, name in ahead if self._due(self._state.appointments[name]).user is not None]
        return min(heard, default=None)

    def describe(self, appointment: AppointmentId) -> Due | None:
        held = self._state.appointments.get(appointment)
        return self._due(held) if held is not None else None

    def put(self, moments: Mapping[AppointmentId, datetime | None]) -> None:
        for appointment, moment in moments.items():
            self._state.agenda.pop(appointment, None)
            if moment is not None:
                self._state.agenda[appointment] = moment

    def _due(self, held: Appointment | ClosedAppointment) -> Due:
        state = self._state
        booked = held.appointment if isinstance(held, ClosedAppointment) else held
        patient, who = state.card(booked.patient), recipient(booked)
        # Whoever is told may have got a new card since; which of both has the messenger, the loads decide.
        cards = (state.patients.get(PatientId(state.united.get(who, ""))), state.card(who))
        assert patient is not None  # nobody is booked without a card
        moved = state.appointments.get(held.moved_to or "") if isinstance(held, ClosedAppointment) else None
        return Due(
            held=held,
            patient=patient,
            resource=state.resources[booked.resource],
            organisation=state.organisations[booked.organisation],
            speciality=state.specialities.get(booked.speciality or ""),
            purpose=state.purposes.get(booked.purpose or ""),
            user=next((card.messenger for card in cards if card is not None and card.messenger is not None), None),
            moved_to=moved if isinstance(moved, Appointment) else None,
        )
