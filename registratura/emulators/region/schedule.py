"""Invented schedules: working hours, slots of many kinds, absences.

What a day of a doctor holds depends on the seed, the doctor and the day alone (absences on the month too), so that a
region invented tomorrow mostly agrees with the one invented today wherever they overlap.
"""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from random import Random
from typing import Final

from attrs import frozen

from registratura.emulators.region.catalogue import Record
from registratura.emulators.region.chance import dice, guid, happens
from registratura.emulators.region.clinics import CREATED
from registratura.emulators.region.staff import CORE, Doctor, Equipment, Note

_OFFICE_TAGS: Final = (
    ("EPGU", 22), ("ORDINARY", 20), ("EPGU,ORDINARY", 14), ("CENTER", 10), ("REGISTRY", 12), ("EPGU,INFOMAT", 8),
    ("REFERRAL", 6), ("D_OBSERVATION", 3), ("RESERVE", 2), ("PAID", 2), ("EQUEUE", 1),
)  # fmt: skip
_ONLINE_TAGS: Final = (("EPGU,ONLINE", 60), ("ONLINE", 30), ("CENTER,ONLINE", 10))
_OFFICE_STATUSES: Final = (("RECORDED", 58), ("AVAILABLE", 37), ("RESERVED", 2), ("CANCELED", 2), ("BLOCKED", 1))
_ONLINE_STATUSES: Final = (("RECORDED", 42), ("AVAILABLE", 56), ("RESERVED", 1), ("CANCELED", 1))
_ONLINE_BLOCK: Final = 60
_MORNING: Final = 8 * 60
_AFTERNOON: Final = 14 * 60
SATURDAY: Final = 5
_SLOT_NOTES: Final = (
    Note("Только дети до 7 лет", age_to=6),
    Note("Только пациенты от 60 лет", age_from=60),
)
_REASONS: Final = ("VACATION", "VACATION", "VACATION", "SICK_LEAVE", "FIRED")


@frozen
class Absence:
    """A span of days, both inclusive, on which the resource does not work (FER profile, table 9)."""

    resource_id: str
    reason: str
    first: date
    last: date

    def record(self, seed: int) -> Record:
        """Return the load record."""
        return {
            "kind": "unaccessable_period",
            "period_id": guid(seed, "absence", self.resource_id, self.first),
            "resource_id": self.resource_id,
            "reason": self.reason,
            "beg_date": f"{self.first}T00:00:00",
            "end_date": f"{self.last}T23:59:59",
            "create_ts": CREATED,
        }


def absences(seed: int, today: date, staff: Sequence[Doctor], units: Sequence[Equipment]) -> Iterator[Absence]:
    """Yield absences of the month: about one doctor of twenty, never one of the core, and one device under repair."""
    month = today.replace(day=1)
    for doctor in staff:
        rng = dice(seed, "absence", doctor.id, month)
        if doctor.position >= CORE and happens(rng, 5):
            first = month + timedelta(days=rng.randint(0, 27))
            yield Absence(doctor.id, rng.choice(_REASONS), first, first + timedelta(days=rng.choice((6, 13, 27))))
    for unit in units[:1]:
        yield Absence(unit.id, "REPAIR", month + timedelta(days=9), month + timedelta(days=22))


def doctor_day(seed: int, doctor: Doctor, day: date) -> Iterator[Record]:
    """Yield the slots of the doctor on that day: reception, then an hour of telemedicine for those who hold it."""
    rng = dice(seed, doctor.id, day)
    if not _works(doctor, day, rng):
        return
    start = _AFTERNOON if (doctor.position + day.toordinal()) % 2 else _MORNING
    reception = 240 if doctor.position < CORE else rng.choice((120, 150, 180, 210))
    step = doctor.post.minutes
    visits = reception // step
    tags = _drawn(rng, _OFFICE_TAGS, visits)
    statuses = _drawn(rng, _OFFICE_STATUSES, visits)
    ages = [_age_tag(doctor, day, number) for number in range(visits)]
    for number in range(visits):
        slot = _slot(seed, doctor, day, start + number * step, step)
        slot |= {"tag_type": tags[number], "tag_age": ages[number], "status": statuses[number]}
        yield slot | (rng.choice(_SLOT_NOTES).fields() if ages[number] == "ALL" and happens(rng, 1) else {})
    if doctor.telemedicine:
        yield from _online_hour(seed, doctor, day, start + visits * step, rng)


def equipment_day(seed: int, unit: Equipment, day: date) -> Iterator[Record]:
    """Yield the slots of a room or device on that day; devices take people by referral."""
    rng = dice(seed, unit.id, day)
    if day.weekday() >= SATURDAY:
        return
    machine = unit.type == "MACHINE"
    for number in range(8):
        slot = _slot(seed, unit, day, _MORNING + number * unit.minutes, unit.minutes)
        status = _drawn(rng, _OFFICE_STATUSES, 1)[0]
        tags = "REFERRAL" if machine else "EPGU,ORDINARY"
        yield slot | {"tag_type": tags, "tag_age": "ALL", "status": status}


def blocked(slot: Record, absence: Absence | None, day: date) -> Record:
    """Return the slot, blocked when the resource is away on that day."""
    away = absence is not None and absence.first <= day <= absence.last
    return slot | {"status": "BLOCKED"} if away else slot


def _works(doctor: Doctor, day: date, rng: Random) -> bool:
    if day.weekday() == SATURDAY:
        return doctor.position % 7 == CORE
    return day.weekday() < SATURDAY and (doctor.position < CORE or happens(rng, 85))


def _online_hour(seed: int, doctor: Doctor, day: date, start: int, rng: Random) -> Iterator[Record]:
    step = max(15, min(20, doctor.post.minutes))
    visits = _ONLINE_BLOCK // step
    tags = _drawn(rng, _ONLINE_TAGS, visits)
    statuses = _drawn(rng, _ONLINE_STATUSES, visits)
    for number in range(visits):
        slot = _slot(seed, doctor, day, start + number * step, step)
        yield slot | {"tag_type": tags[number], "tag_age": _age_tag(doctor, day, number), "status": statuses[number]}


def _age_tag(doctor: Doctor, day: date, number: int) -> str:
    """Paediatricians see infants in the first slot of every block and, on Tuesdays, in the first four."""
    if doctor.post.for_children:
        infants = 4 if day.weekday() == 1 else 1
        return "BABY" if doctor.post.id == "59" and number < infants else "CHILD"
    if doctor.post.speciality.adults_only or doctor.clinic.kind == "adult":
        return "ADULT"
    return "CHILD" if doctor.clinic.kind == "child" else "ALL"


def _slot(seed: int, resource: Doctor | Equipment, day: date, minute: int, duration: int) -> Record:
    """Return a slot (FER profile, table 4) without its tags and status; the time is local to the clinic."""
    visit_time = f"{day}T{minute // 60:02d}:{minute % 60:02d}:00"
    return {
        "kind": "slot",
        "id": guid(seed, "slot", resource.id, visit_time),
        "mo_id": resource.clinic.id,
        "resource_id": resource.id,
        "visit_time": visit_time,
        "duration": duration,
        "create_ts": f"{day - timedelta(days=14)}T06:00:00",
    }


def _drawn(rng: Random, weighted: Sequence[tuple[str, int]], count: int) -> Sequence[str]:
    values, weights = zip(*weighted, strict=True)
    return rng.choices(values, weights, k=count)
