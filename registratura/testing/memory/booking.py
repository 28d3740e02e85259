"""Patients, schedule and bookings in memory."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime

import attrs

from registratura.application.availability import Availability, AvailabilityQuery, DayCount, shown
from registratura.application.ports.storage import DoctorOpening, Each, Window
from registratura.domain.appointments import FREEING, Appointment, ClosedAppointment, Facts
from registratura.domain.identifiers import (
    AppointmentId,
    MessengerId,
    OrganisationId,
    PatientId,
    PurposeId,
    ResourceId,
    SlotId,
    SpecialityId,
)
from registratura.domain.moments import local_day
from registratura.domain.organisations import Organisation, Resource, Speciality
from registratura.domain.people import Attachment, Patient, Relation, Representation, Snils
from registratura.domain.schedule import AgeTag, ChannelTag, FreeSlot, Opening, TakenSlot
from registratura.domain.telemedicine import Consent, Purpose
from registratura.testing.memory.state import State


@attrs.frozen
class MemoryPatients:
    """`Patients` over a state."""

    _state: State

    def find(self, patient: PatientId) -> Patient | None:
        return self._state.card(patient)

    def by_messenger(self, user: MessengerId) -> Patient | None:
        return next((card for card in self._state.patients.values() if card.messenger == user), None)

    def represented_by(self, author: PatientId) -> tuple[Sequence[Representation], Sequence[Patient]]:
        held = [one for one in self._state.representations.values() if one.representative == author]
        people = {one.patient: self._state.patients[one.patient] for one in held}
        return tuple(held), tuple(people.values())

    def representing(self, patient: Patient) -> tuple[Sequence[Representation], Sequence[Patient]]:
        held = [one for one in self._state.representations.values() if one.patient == patient.id]
        people = {one.representative: self._state.patients[one.representative] for one in held}
        return tuple(held), tuple(people.values())

    def by_snils(self, snils: Snils) -> Sequence[Patient]:
        found = (card for card in self._state.patients.values() if card.snils == snils)
        return tuple(sorted(found, key=lambda card: card.id))

    def born_on(self, day: date) -> Sequence[Patient]:
        found = (card for card in self._state.patients.values() if card.born == day)
        return tuple(sorted(found, key=lambda card: card.id))

    def link(self, patient: PatientId, user: MessengerId, subject: str) -> None:
        self.unlink(user)
        card = self._state.patients.get(patient)
        if card is not None:
            self._state.patients[card.id] = attrs.evolve(card, messenger=user, esia=subject)
            self._state.tied.add(card.id)

    def unlink(self, user: MessengerId) -> None:
        for card in list(self._state.patients.values()):
            if card.messenger == user:
                self._state.patients[card.id] = attrs.evolve(card, messenger=None)
                self._state.tied.discard(card.id)

    def add_child(self, parent: PatientId, child: PatientId, since: date) -> None:
        held = Representation(representative=parent, patient=child, relation=Relation.EPGU_CHILD, since=since)
        self._state.representations.setdefault((parent, child, Relation.EPGU_CHILD.value), held)

    def attachments(self, patient: PatientId) -> Sequence[Attachment]:
        return tuple(held for held in self._state.attachments.values() if held.patient == patient)


@attrs.frozen
class MemorySchedule:
    """`Schedule` over a state."""

    _state: State

    def purposes(self) -> Sequence[Purpose]:
        return tuple(self._state.purposes.values())

    def specialities(self) -> Sequence[Speciality]:
        return tuple(self._state.specialities.values())

    def consultants(
        self, window: Window, *, speciality: SpecialityId | None = None, organisation: OrganisationId | None = None
    ) -> Sequence[DoctorOpening]:
        nearest: dict[ResourceId, datetime] = {}
        for opening in self._free():
            doctor = self._state.resources[opening.resource]
            place = self._state.organisations[doctor.organisation]
            if speciality is not None and doctor.speciality != speciality:
                continue
            if organisation is not None and doctor.organisation != organisation:
                continue
            if opening.age in window.ages and window.days.at(place).shows(opening.starts, window.now, place.zone):
                nearest.setdefault(doctor.id, opening.starts)
        return tuple(DoctorOpening(*self._doctor(doctor), moment) for doctor, moment in nearest.items())

    def first_of(
        self,
        each: Each,
        window: Window,
        suits: Callable[[DoctorOpening], bool],
        *,
        speciality: SpecialityId | None = None,
    ) -> Sequence[DoctorOpening]:
        found: dict[str, DoctorOpening] = {}
        for one in self.consultants(window, speciality=speciality):
            key = one.resource.speciality if each is Each.SPECIALITY else one.organisation.id
            if key is not None and key not in found and suits(one):
                found[key] = one
        return tuple(found.values())

    def openings(self, resource: ResourceId, begins: datetime, ends: datetime) -> Sequence[Opening]:
        return tuple(one for one in self._free() if one.resource == resource and begins <= one.starts < ends)

    def doctors(self, resources: Collection[ResourceId]) -> Mapping[ResourceId, tuple[Resource, Organisation]]:
        return {resource: self._doctor(resource) for resource in resources if resource in self._state.resources}

    def speciality(self, speciality: SpecialityId) -> Speciality | None:
        return self._state.specialities.get(speciality)

    def purpose(self, purpose: PurposeId) -> Purpose | None:
        return self._state.purposes.get(purpose)

    def opening(self, slot: SlotId) -> Opening | None:
        found = self._state.slots.get(slot)
        return found.opening if found else None

    def availability(self, asked: AvailabilityQuery) -> Availability | None:
        place = self._state.organisations.get(asked.organisation)
        if place is None:
            return None
        doctors = {
            doctor.id
            for doctor in self._state.resources.values()
            if (doctor.organisation, doctor.speciality) == (asked.organisation, asked.speciality)
        }
        slots = [slot for slot in self._state.slots.values() if slot.opening.resource in doctors]
        if asked.online_only:
            slots = [slot for slot in slots if ChannelTag.ONLINE in slot.opening.channels]
        free = Counter(
            self._group(slot.opening)
            for slot in slots
            if isinstance(slot, FreeSlot) and slot.opening.starts > asked.now and not self._is_away(slot.opening)
        )
        taken = Counter(self._group(slot.opening) for slot in slots if isinstance(slot, TakenSlot))
        counts = (DayCount(*group, free[group], taken[group]) for group in free.keys() | taken.keys())
        return shown(asked, place.zone, counts)

    def _group(self, opening: Opening) -> tuple[date, ResourceId, AgeTag]:
        zone = self._state.organisations[opening.organisation].zone
        return local_day(opening.starts, zone), opening.resource, opening.age

    def _is_away(self, opening: Opening) -> bool:
        absences = self._state.absences.values()
        return any(one.resource == opening.resource and one.covers(opening.starts) for one in absences)

    def _doctor(self, resource: ResourceId) -> tuple[Resource, Organisation]:
        doctor = self._state.resources[resource]
        return doctor, self._state.organisations[doctor.organisation]

    def _free(self) -> list[Opening]:
        """Free telemedicine slots without absences, by time."""
        free = [
            slot.opening
            for slot in self._state.slots.values()
            if isinstance(slot, FreeSlot) and ChannelTag.ONLINE in slot.opening.channels
        ]
        present = [one for one in free if not self._is_away(one)]
        return sorted(present, key=lambda opening: opening.starts)


@attrs.frozen
class MemoryAppointments:
    """`Appointments` over a state; the lock on the storage is the lock on the patient."""

    _state: State

    def facts(
        self,
        patient: PatientId,
        slot: SlotId,
        *,
        now: datetime,
        author: PatientId | None = None,
        purpose: PurposeId | None = None,
    ) -> Facts:
        state = self._state
        card, found = state.card(patient), state.slots.get(slot)
        doctor = state.resources[found.opening.resource] if found else None
        return Facts(
            patient=card,
            slot=found,
            organisation=state.organisations[found.opening.organisation] if found else None,
            resource=doctor,
            speciality=state.specialities.get(doctor.speciality) if doctor and doctor.speciality else None,
            purpose=state.purposes.get(purpose) if purpose else None,
            representations=tuple(one for one in state.representations.values() if one.representative == author),
            attachments=tuple(one for one in state.attachments.values() if card and one.patient in card.ids),
            absences=tuple(
                one
                for one in state.absences.values()
                if found and one.resource == found.opening.resource and one.covers(found.opening.starts)
            ),
            upcoming=tuple(one for one in state.in_force() if card and one.patient in card.ids and one.ends > now),
        )

    def take(self, appointment: Appointment, consent: Consent | None, *, agenda: datetime | None = None) -> bool:
        slot = self._state.slots.get(appointment.slot)
        in_the_way = appointment.id in self._state.appointments or any(
            held.slot == appointment.slot or (held.patient, held.starts) == (appointment.patient, appointment.starts)
            for held in self._state.in_force()
        )
        if not isinstance(slot, FreeSlot) or in_the_way:
            return False
        if (slot.opening.resource, slot.opening.starts) != (appointment.resource, appointment.starts):
            return False
        self._state.slots[appointment.slot] = TakenSlot(slot.opening)
        self._state.appointments[appointment.id] = appointment
        if agenda is not None:
            self._state.agenda[appointment.id] = agenda
        if consent is not None:
            self._state.consents[appointment.id] = consent
        return True

    def find(self, appointment: AppointmentId) -> Appointment | ClosedAppointment | None:
        return self._state.appointments.get(appointment)

    def release(self, closed: ClosedAppointment, *, agenda: datetime | None = None) -> bool:
        held = self._state.appointments.get(closed.appointment.id)
        if not isinstance(held, Appointment):
            return False
        self._state.appointments[held.id] = attrs.evolve(closed, appointment=held)
        self._state.agenda.pop(held.id, None)
        if agenda is not None:
            self._state.agenda[held.id] = agenda
        slot = self._state.slots[held.slot]
        if closed.outcome in FREEING and isinstance(slot, TakenSlot):
            self._state.slots[held.slot] = FreeSlot(slot.opening)
        return True

    def coming(self, patients: Collection[PatientId], author: PatientId | None, now: datetime) -> Sequence[Appointment]:
        return tuple(
            held
            for held in self._state.in_force()
            if held.ends > now and (held.patient in patients or (author is not None and held.author == author))
        )
