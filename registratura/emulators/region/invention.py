"""The whole region as load records, one after another."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import groupby
from typing import Final

from attrs import Attribute, field, frozen
from attrs.validators import ge

from registratura.emulators.region.bookings import (
    Waiting,
    booking,
    consent_documents,
    desks,
    promised_slot,
    referrals,
)
from registratura.emulators.region.catalogue import SPECIALITIES, Record, purposes
from registratura.emulators.region.citizens import BOOKED_CITIZEN, FIRST_CITIZEN, REFERRED_CITIZEN, Role, cast
from registratura.emulators.region.clinics import Clinic, clinics
from registratura.emulators.region.patients import Patient, ordinary_patients
from registratura.emulators.region.schedule import Absence, absences, blocked, doctor_day, equipment_day
from registratura.emulators.region.staff import CORE, Doctor, Equipment, doctors, equipment, profiles, services

_REFERRED_EVERY: Final = 100


def _enough_doctors(size: "Size", _: "Attribute[int]", value: int) -> None:
    if value < CORE * size.organisations:
        message = f"{value} doctors are too few: every organisation needs {CORE}"
        raise ValueError(message)


@frozen
class Size:
    """How large a region to invent; the smallest one still holds every citizen with all that is promised."""

    organisations: int = field(default=30, validator=ge(4))
    doctors: int = field(default=600, validator=_enough_doctors)
    days: int = field(default=14, validator=ge(5))
    patients: int = field(default=3000, validator=ge(0))


@frozen
class _Region:
    """What the records refer to."""

    seed: int
    today: date
    clinics: Sequence[Clinic]
    staff: Sequence[Doctor]
    units: Sequence[Equipment]
    roles: Sequence[Role]

    def citizen(self, max_user_id: int) -> Patient:
        return self.roles[max_user_id - FIRST_CITIZEN].person


def invent(
    seed: int,
    today: date,
    timezone: str = "Europe/Moscow",
    size: Size = Size(),
) -> Iterator[Record]:
    """Yield the load records of an invented region: dictionaries, clinics, staff, patients, schedules, referrals.

    The same seed and day give the same records. Slots cover `size.days` days from `today`; their times are local to
    the clinic. `timezone` is the zone of the region; every tenth clinic lies one hour away from it.
    """
    places = tuple(clinics(seed, today, timezone, size.organisations))
    staff = doctors(seed, places, size.doctors)
    units = tuple(equipment(seed, places))
    resources: Sequence[Doctor | Equipment] = [*staff, *units]
    region = _Region(seed, today, places, staff, units, cast(seed, today, places))
    yield from (speciality.record() for speciality in SPECIALITIES)
    yield from purposes()
    yield from (clinic.record() for clinic in places)
    yield from (resource.record() for resource in resources)
    yield from services(seed, resources)
    yield from profiles(seed, resources)
    away = {one.resource_id: one for one in absences(seed, today, staff, units)}
    yield from (absence.record(seed) for absence in away.values())
    waiting = Waiting(today)
    yield from _patients(region, size.patients, waiting)
    yield from _schedules(region, size.days, away, waiting)


def _patients(region: _Region, count: int, waiting: Waiting) -> Iterator[Record]:
    for role in region.roles:
        yield from role.records()
    desk_of = desks(region.staff, region.units)
    referred = region.citizen(REFERRED_CITIZEN)
    yield from referrals(region.seed, region.today, desk_of[region.clinics[0].id], referred)
    by_clinic = {clinic: tuple(staff) for clinic, staff in groupby(region.staff, key=lambda doctor: doctor.clinic)}
    for patient in ordinary_patients(region.seed, region.today, by_clinic, count):
        yield from patient.records()
        if patient.index % _REFERRED_EVERY == 0 and patient.attachment and not patient.death_date:
            yield from referrals(region.seed, region.today, desk_of[patient.attachment.clinic.id], patient)
        waiting.add(patient)


def _schedules(region: _Region, days: int, away: Mapping[str, Absence], waiting: Waiting) -> Iterator[Record]:
    seed, today = region.seed, region.today
    span = [today + timedelta(days=number) for number in range(days)]
    promised = promised_slot(seed, today, region.staff[0]) | {"status": "RECORDED"}
    booked = booking(seed, today, promised, region.citizen(BOOKED_CITIZEN))
    yield booked
    yield from consent_documents(seed, booked)
    for doctor in region.staff:
        for day in span:
            for invented in doctor_day(seed, doctor, day):
                slot = promised if invented["id"] == promised["id"] else blocked(invented, away.get(doctor.id), day)
                yield slot
                patient = None if slot is promised else waiting.next_for(slot, doctor)
                if patient:
                    yield booking(seed, today, slot, patient)
    for unit in region.units:
        for day in span:
            yield from (blocked(slot, away.get(unit.id), day) for slot in equipment_day(seed, unit, day))
