"""Ends of consultations and offers in memory."""

from collections.abc import Sequence
from datetime import datetime

import attrs

from registratura.application.ports.consultations import LeaveOffer, Planned
from registratura.domain.appointments import Appointment, ClosedAppointment, VisitKind
from registratura.domain.consultations import End
from registratura.domain.identifiers import AppointmentId, ResourceId
from registratura.testing.memory.state import State


@attrs.frozen
class MemoryConsultations:
    """`Consultations` over a state."""

    _state: State

    def end_of(self, appointment: AppointmentId) -> End | None:
        return self._state.ends.get(appointment)

    def save_end(self, end: End) -> None:
        self._state.ends[end.appointment] = end

    def of_doctor(self, doctor: ResourceId, begins: datetime, ends: datetime) -> Sequence[Planned]:
        planned = map(self._planned, self._state.appointments.values())
        wanted = [
            (booked.starts, booked.booked_at, booked.id, one)
            for booked, one in planned
            if booked.resource == doctor
            and booked.kind is VisitKind.ONLINE_CONSULTING
            and begins <= booked.starts < ends
        ]
        return tuple(one for *_, one in sorted(wanted, key=lambda found: found[:3]))

    def _planned(self, held: Appointment | ClosedAppointment) -> tuple[Appointment, Planned]:
        booked = held.appointment if isinstance(held, ClosedAppointment) else held
        patient = self._state.card(booked.patient)
        assert patient is not None  # nobody is booked without a card
        purpose = self._state.purposes.get(booked.purpose or "")
        return booked, Planned(held=held, patient=patient, purpose=purpose, end=self._state.ends.get(booked.id))

    def save_offer(self, offer: LeaveOffer) -> LeaveOffer:
        key = (offer.patient, offer.doctor, offer.number)
        kept = attrs.evolve(offer, id=self._state.offers[key].id) if key in self._state.offers else offer
        self._state.offers[key] = kept
        return kept

    def offer(self, id: str) -> LeaveOffer | None:
        return next((offer for offer in self._state.offers.values() if offer.id == id), None)
