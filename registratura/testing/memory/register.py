"""Loading into memory: one record after the other, as the promise is worded."""

from collections.abc import Mapping, MutableMapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar, assert_never
from zoneinfo import ZoneInfo

import attrs

from registratura.application.ports.time import Clock
from registratura.application.records import (
    AbsenceRecord,
    BookRecord,
    BookStatus,
    Clash,
    Orphan,
    Record,
    ReferenceRecord,
    SlotRecord,
    Stored,
    Verdict,
)
from registratura.domain.appointments import FREEING, Appointment, ClosedAppointment, Outcome
from registratura.domain.identifiers import PatientId
from registratura.domain.notifications import is_to_come
from registratura.domain.organisations import Organisation, Resource, Speciality
from registratura.domain.people import Attachment, Patient, Representation
from registratura.domain.schedule import (
    Absence,
    FreeSlot,
    Opening,
    SlotStatus,
    TakenSlot,
)
from registratura.domain.telemedicine import Purpose
from registratura.testing.memory.state import Note, State

K = TypeVar("K")
V = TypeVar("V")


def _put(shelf: MutableMapping[K, V], key: K, value: V) -> Stored:
    before = shelf.get(key)
    shelf[key] = value
    if before is None:
        return Stored.CREATED
    return Stored.SAME if before == value else Stored.CHANGED


def _moment(moment: datetime, zone: ZoneInfo) -> datetime:
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)


@attrs.frozen
class MemoryRegister:
    """`Register` over a state."""

    _state: State
    _clock: Clock

    def store(self, records: Sequence[Record]) -> Sequence[Verdict]:
        if len({type(record) for record in records}) > 1:
            raise ValueError("records of one kind are stored together")
        return tuple(self._store(record) for record in records)

    def _store(self, record: Record) -> Verdict:  # noqa: C901, PLR0911 - one arm for each kind
        match record:
            case Organisation():
                return self._organisation(record)
            case Resource():
                lost = self._lost(mo_id=("mo", record.organisation))
                return lost or _put(self._state.resources, record.id, record)
            case Speciality():
                return _put(self._state.specialities, record.id, record)
            case Purpose():
                return _put(self._state.purposes, record.id, record)
            case Patient():
                return self._patient(record)
            case Attachment():
                return self._attachment(record)
            case Representation():
                return self._representation(record)
            case AbsenceRecord():
                return self._absence(record)
            case SlotRecord():
                return self._slot(record)
            case BookRecord():
                return self._book(record)
            case ReferenceRecord():
                lost = self._lost(**record.references)
                return lost or _put(self._state.references, (record.kind, record.id), dict(record.data))
            case _:
                assert_never(record)

    def _lost(self, **references: tuple[str, str]) -> Orphan | None:
        """The first reference, field → (kind, id), that leads nowhere."""
        for field, (kind, wanted) in references.items():
            if not self._is_there(kind, wanted):
                return Orphan(field, wanted)
        return None

    def _is_there(self, kind: str, wanted: str) -> bool:
        state = self._state
        if kind == "patient":
            return state.card(wanted) is not None
        shelves: dict[str, Mapping[str, object]] = {
            "mo": state.organisations,
            "resource": state.resources,
            "speciality": state.specialities,
            "purpose": state.purposes,
            "slot": state.slots,
            "unaccessable_period": state.absences,
            "book": state.appointments,
        }
        return wanted in shelves[kind] if kind in shelves else (kind, wanted) in state.references

    def _organisation(self, record: Organisation) -> Verdict:
        for other in self._state.organisations.values():
            if other.id != record.id and other.name.strip() == record.name.strip():
                return Clash(("name",), other.id)
        return _put(self._state.organisations, record.id, record)

    def _patient(self, record: Patient) -> Verdict:
        state = self._state
        cards = state.patients.values()
        holder = next((card for card in cards if record.messenger and card.messenger == record.messenger), None)
        is_tied = record.id in state.tied
        lost_and_free = record.messenger is not None and holder is None and not is_tied
        if state.loaded_patients.get(record.id) == record and not lost_and_free:
            return Stored.SAME
        state.united = {old: card for old, card in state.united.items() if card != record.id}
        state.united |= dict.fromkeys(record.united, record.id)
        state.loaded_patients[record.id] = record
        known = state.patients.get(record.id)
        if known is not None and is_tied:
            # Whoever signed in stays linked to what they signed in with.
            if record.messenger is not None and record.messenger != known.messenger:
                self._note("patient.messenger_kept", record.id)
            record = attrs.evolve(record, messenger=known.messenger)
        elif holder is not None and holder.id != record.id:
            record = self._contend(record, holder)
        if known is not None and record.esia is None:
            record = attrs.evolve(record, esia=known.esia)
        state.patients[record.id] = record
        return Stored.CREATED if known is None else Stored.CHANGED

    def _contend(self, record: Patient, holder: Patient) -> Patient:
        """*record* takes its messenger id from *holder*, or goes without it if the holder's person signed in."""
        is_kept = holder.esia is not None
        self._note("patient.messenger_kept" if is_kept else "patient.messenger_moved", holder.id)
        if is_kept:
            return attrs.evolve(record, messenger=None)
        self._state.patients[holder.id] = attrs.evolve(holder, messenger=None)
        return record

    def _note(self, event: str, card: PatientId) -> None:
        self._state.audit.append(Note(event, "register", card, self._clock.now()))

    def _attachment(self, record: Attachment) -> Verdict:
        lost = self._lost(patient_id=("patient", record.patient), mo_id=("mo", record.organisation))
        card = self._state.card(record.patient)
        if lost is not None or card is None:
            return lost or Orphan("patient_id", record.patient)
        key = (card.id, record.organisation, record.area or "")
        return _put(self._state.attachments, key, attrs.evolve(record, patient=card.id))

    def _representation(self, record: Representation) -> Verdict:
        one, other = self._state.card(record.representative), self._state.card(record.patient)
        if one is None:
            return Orphan("representative_id", record.representative)
        if other is None:
            return Orphan("patient_id", record.patient)
        held = attrs.evolve(record, representative=one.id, patient=other.id)
        return _put(self._state.representations, (one.id, other.id, held.relation.value), held)

    def _absence(self, record: AbsenceRecord) -> Verdict:
        doctor = self._state.resources.get(record.resource)
        if doctor is None:
            return Orphan("resource_id", record.resource)
        zone = self._state.organisations[doctor.organisation].zone
        absence = Absence(
            id=record.id,
            resource=record.resource,
            reason=record.reason,
            begins=_moment(record.begins, zone),
            ends=_moment(record.ends, zone),
        )
        return _put(self._state.absences, record.id, absence)

    def _slot(self, record: SlotRecord) -> Verdict:
        lost = self._lost(mo_id=("mo", record.organisation), resource_id=("resource", record.resource))
        if lost is not None:
            return lost
        opening = Opening(
            id=record.id,
            organisation=record.organisation,
            resource=record.resource,
            starts=_moment(record.visit, self._state.organisations[record.organisation].zone),
            minutes=record.minutes,
            channels=record.channels,
            age=record.age,
            note=record.note,
        )
        for other in (slot.opening for slot in self._state.slots.values()):
            if other.id != opening.id and (other.resource, other.starts) == (opening.resource, opening.starts):
                return Clash(("resource_id", "visit_time"), other.id)
        held = self._booked(record)
        if held is not None and record.status is not SlotStatus.CANCELED:
            place = (held.resource, held.starts, held.ends)
            if place != (opening.resource, opening.starts, opening.ends):
                return Clash(("slot_id", "visit_time"), held.id)
        return _put(self._state.slots, record.id, self._status(record).of(opening))

    def _booked(self, record: SlotRecord) -> Appointment | None:
        return next((booked for booked in self._state.in_force() if booked.slot == record.id), None)

    def _status(self, record: SlotRecord) -> SlotStatus:
        """The state of a slot in view of our booking, which a withdrawn slot takes with it."""
        held = self._booked(record)
        if held is None:
            return record.status
        if record.status is not SlotStatus.CANCELED:
            return SlotStatus.RECORDED
        self._close(held, Outcome.CANCELLED)
        return SlotStatus.CANCELED

    def _book(self, record: BookRecord) -> Verdict:
        lost = self._lost(patient_id=("patient", record.patient), slot_id=("slot", record.slot))
        card = self._state.card(record.patient)
        if lost is not None or card is None:
            return lost or Orphan("patient_id", record.patient)
        known = self._state.appointments.get(record.id)
        if known is None:
            return self._new_book(record, card)
        held = known.appointment if isinstance(known, ClosedAppointment) else known
        if (held.patient, held.slot) != (card.id, record.slot):
            return Clash(("id",), record.id)
        if isinstance(known, ClosedAppointment) or record.status is BookStatus.RECORDED:
            return Stored.SAME
        outcome = Outcome(record.status.value)
        self._close(known, outcome)
        slot = self._state.slots[held.slot]
        if outcome in FREEING and isinstance(slot, TakenSlot):
            self._state.slots[held.slot] = FreeSlot(slot.opening)
        return Stored.CHANGED

    def _new_book(self, record: BookRecord, card: Patient) -> Verdict:
        opening = self._state.slots[record.slot].opening
        held = Appointment(
            id=record.id,
            patient=card.id,
            slot=record.slot,
            organisation=opening.organisation,
            resource=opening.resource,
            speciality=self._state.resources[opening.resource].speciality,
            starts=opening.starts,
            ends=opening.starts + timedelta(minutes=opening.minutes),
            kind=record.kind,
            channel=record.channel,
            referral=record.referral,
            booked_at=self._clock.now(),
        )
        if record.status is not BookStatus.RECORDED:
            self._close(held, Outcome(record.status.value))
            return Stored.CREATED
        for other in self._state.in_force():
            if other.slot == held.slot:
                return Clash(("slot_id",), other.id)
        for other in self._state.in_force():
            if (other.patient, other.starts) == (held.patient, held.starts):
                return Clash(("patient_id", "visit_time"), other.id)
        self._state.appointments[held.id] = held
        self._state.slots[held.slot] = TakenSlot(opening)
        if is_to_come(held):
            self._state.agenda[held.id] = held.booked_at
        return Stored.CREATED

    def _close(self, held: Appointment, outcome: Outcome) -> None:
        now = self._clock.now()
        if self._state.appointments.get(held.id) == held:
            self._state.agenda.pop(held.id, None)
            if outcome is Outcome.CANCELLED:
                self._state.agenda[held.id] = now
        self._state.appointments[held.id] = ClosedAppointment(appointment=held, outcome=outcome, closed_at=now)
