"""Invented staff: doctors of every clinic, and its rooms and devices."""

from collections import Counter
from collections.abc import Iterator, Sequence
from random import Random
from typing import Final, Literal

from attrs import evolve, frozen

from registratura.emulators.region import numbers
from registratura.emulators.region.catalogue import (
    INJECTION_SERVICE,
    POSTS,
    ULTRASOUND_PROFILE,
    ULTRASOUND_SERVICE,
    Post,
    Record,
    present,
)
from registratura.emulators.region.chance import dice, guid, happens
from registratura.emulators.region.clinics import CREATED, Clinic, Kind
from registratura.emulators.region.people import FEMALE, MALE, FullName, NameBook

CORE: Final = 5
"""The first doctors of a clinic are the ones people can rely on: open to all, booked through the Internet, on MAX."""

_ROSTERS: Final[dict[Kind, str]] = {
    "adult": "110 122 13 54 110 53 110 87 110 120 49 119 110 122 13 54 110 53 100 110 103 13",
    "child": "59 28 53 83 59 54 59 101 59 28 59 53 59 54 59 13 59 83",
    "mixed": "110 53 59 122 13 49 110 54 59 28 120 110 100 59 101 110 87 59 83 122 49 13",
    "dental": "100 103 101 100 103 100 101",
}
_FIRST_MAX_USER: Final = 500_001


@frozen
class Note:
    """A controlling note: whom a doctor or a slot takes, ages in whole years and inclusive."""

    text: str
    age_from: int | None = None
    age_to: int | None = None

    def fields(self) -> Record:
        """Return the fields of the load format."""
        return present({"note_age_from": self.age_from, "note_age_to": self.age_to, "note_text": self.text})


CHILDREN_ONLY: Final = Note("Принимает детей и подростков до 18 лет", age_to=17)
_DOCTOR_NOTES: Final = (
    Note("Принимает пациентов от 15 лет", age_from=15),
    Note("Приём пациентов старше 60 лет", age_from=60),
)


@frozen
class Doctor:
    """A doctor in one clinic (Resource of the FER profile, table 2) with our additions.

    `position` counts the doctors of the clinic from 0; every second of them holds telemedicine hours.
    """

    index: int
    position: int
    id: str
    clinic: Clinic
    post: Post
    name: FullName
    enabled: str
    area: str | Sequence[str] | None
    internet_booking: bool
    on_max: bool
    note: Note | None

    @property
    def telemedicine(self) -> bool:
        """Tell whether the schedule has hours for telemedicine."""
        return self.position % 2 == 0

    def record(self) -> Record:
        """Return the load record."""
        optional = {
            "area": self.area,
            "internet_booking": None if self.internet_booking else False,
            "max_user_id": _FIRST_MAX_USER + self.index if self.on_max else None,
            "max_phone": numbers.phone(1, self.index) if self.on_max else None,
        }
        return {
            "kind": "resource",
            "id": self.id,
            "type": "SPECIALIST",
            "mo_id": self.clinic.id,
            "enabled": self.enabled,
            "create_ts": CREATED,
            "post_id": self.post.id,
            "speciality_id": self.post.speciality.id,
            "snils": numbers.doctor_snils(self.index),
            "last_name": self.name.last,
            "first_name": self.name.first,
            "middle_name": self.name.middle,
            **present(optional),
            **(self.note.fields() if self.note else {}),
        }


@frozen
class Equipment:
    """A room or a device of a clinic (Resource of the FER profile, table 2)."""

    id: str
    type: Literal["ROOM", "MACHINE"]
    clinic: Clinic
    service: str
    profile: str
    minutes: int

    def record(self) -> Record:
        """Return the load record."""
        names = (
            {"machine_name": "Аппарат ультразвуковой диагностики"}
            if self.type == "MACHINE"
            else {"room_number": "114", "room_name": "Процедурный кабинет"}
        )
        base = {
            "kind": "resource",
            "id": self.id,
            "type": self.type,
            "mo_id": self.clinic.id,
            "enabled": "ATTACHED_REG",
        }
        return {**base, "create_ts": CREATED, **names}


def doctors(seed: int, clinics: Sequence[Clinic], count: int) -> Sequence[Doctor]:
    """Share the doctors out among the clinics: the same number to each, the remainder to the first ones."""
    rng = dice(seed, "doctors")
    names = NameBook(f"{seed}/doctors", rng)
    share, rest = divmod(count, len(clinics))
    result: list[Doctor] = []
    for clinic in clinics:
        staff = range(share + (clinic.index < rest))
        result += _with_areas(
            [_doctor(seed, len(result) + position, position, clinic, names, rng) for position in staff]
        )
    return result


def equipment(seed: int, clinics: Sequence[Clinic]) -> Iterator[Equipment]:
    """Yield an ultrasound device and a treatment room for every clinic that is not a dental one."""
    for clinic in clinics:
        if clinic.kind != "dental":
            yield Equipment(
                guid(seed, "machine", clinic.index), "MACHINE", clinic, ULTRASOUND_SERVICE, ULTRASOUND_PROFILE, 30
            )
            yield Equipment(guid(seed, "room", clinic.index), "ROOM", clinic, INJECTION_SERVICE, "97", 10)


def services(seed: int, resources: Sequence[Doctor | Equipment]) -> Iterator[Record]:
    """Yield what each resource does (FER profile, table 3)."""
    for resource in resources:
        code = resource.post.service if isinstance(resource, Doctor) else resource.service
        yield {
            "kind": "service",
            "id": guid(seed, "service", resource.id),
            "resource_id": resource.id,
            "code": code,
            "create_ts": CREATED,
        }


def profiles(seed: int, resources: Sequence[Doctor | Equipment]) -> Iterator[Record]:
    """Yield the profile of each resource (FER profile, table 10): without it no referral leads to its schedule."""
    for resource in resources:
        code = resource.post.profile if isinstance(resource, Doctor) else resource.profile
        yield {
            "kind": "profilecode_resource",
            "id": guid(seed, "profile", resource.id),
            "resource_id": resource.id,
            "profile_code": code,
            "create_ts": CREATED,
        }


def _doctor(seed: int, index: int, position: int, clinic: Clinic, names: NameBook, rng: Random) -> Doctor:
    roster = _ROSTERS[clinic.kind].split()
    post = POSTS[roster[position % len(roster)]]
    core = position < CORE
    openness = "ALL" if core else rng.choices(("ALL", "ATTACHED_REG", "ATTACHED_MO", "NONE"), (72, 18, 8, 2))[0]
    note = rng.choice(_DOCTOR_NOTES) if not core and not post.for_children and happens(rng, 5) else None
    return Doctor(
        index=index,
        position=position,
        id=guid(seed, "doctor", clinic.index, position),
        clinic=clinic,
        post=post,
        name=names.take(FEMALE if happens(rng, 70) else MALE),
        enabled=openness,
        area=None,
        internet_booking=core or happens(rng, 96),
        on_max=core or happens(rng, 85),
        note=CHILDREN_ONLY if post.id == "83" else note,
    )


def _with_areas(staff: Sequence[Doctor]) -> list[Doctor]:
    """Give each district doctor an area: therapists from 1, paediatricians from 21, others several of those."""
    counters: Counter[str] = Counter({"110": 0, "59": 20})
    result: list[Doctor] = []
    for doctor in staff:
        post = doctor.post.id
        if post in counters:
            counters[post] += 1
            result.append(evolve(doctor, area=str(counters[post])))
        elif post in {"49", "120"}:
            result.append(evolve(doctor, area=[str(number) for number in range(1, counters["110"] + 1)][-3:]))
        else:
            result.append(doctor)
    return result


def areas(staff: Sequence[Doctor], *, children: bool) -> Sequence[str]:
    """Return the areas of the district therapists, or of the district paediatricians, among the staff."""
    post = "59" if children else "110"
    return [doctor.area for doctor in staff if doctor.post.id == post and isinstance(doctor.area, str)]
