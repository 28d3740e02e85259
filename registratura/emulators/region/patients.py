"""Invented patients: who is known to the clinics of the region, and where each is attached."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from random import Random
from typing import Final

from attrs import frozen

from registratura.emulators.region import numbers
from registratura.emulators.region.catalogue import ADULT, Record, present
from registratura.emulators.region.chance import dice, guid, happens
from registratura.emulators.region.clinics import Clinic
from registratura.emulators.region.people import FEMALE, MALE, FullName, Gender, NameBook, age_on
from registratura.emulators.region.staff import Doctor, areas

FIRST_ORDINARY: Final = 1_000
"""Indexes below belong to the citizens who talk to the bot and their families."""


@frozen
class Attachment:
    """To which clinic and area a patient is attached, and since when; `until` for those who left."""

    clinic: Clinic
    area: str
    since: date
    until: date | None = None


@frozen
class Patient:
    """A person in the patient registry; the index decides the numbers of the papers."""

    index: int
    id: str
    name: FullName
    gender: Gender
    birthdate: date
    attachment: Attachment | None = None
    death_date: date | None = None
    united_guids: Sequence[str] = ()
    max_user_id: int | None = None
    with_phone: bool = True
    with_email: bool = False

    @property
    def snils(self) -> str:
        """Return the insurance number."""
        return numbers.patient_snils(self.index)

    @property
    def phone(self) -> str:
        """Return the telephone number."""
        return numbers.phone(2, self.index)

    @property
    def esia_id(self) -> str:
        """Return the identifier of the person in ESIA."""
        return str(1_000_000_000 + self.index)

    def records(self) -> Iterator[Record]:
        """Yield the load records of the patient and of the attachment."""
        linked = self.max_user_id is not None
        optional = {
            "phone": self.phone if self.with_phone else None,
            "email": f"patient{self.index}@example.com" if self.with_email else None,
            "death_date": self.death_date and str(self.death_date),
            "united_guids": list(self.united_guids) or None,
            "max_user_id": self.max_user_id,
            "max_phone": self.phone if linked else None,
            "esia_id": self.esia_id if linked else None,
        }
        yield {
            "kind": "patient",
            "id": self.id,
            "lastname": self.name.last,
            "firstname": self.name.first,
            "middlename": self.name.middle,
            "birthdate": str(self.birthdate),
            "gender": self.gender,
            "snils": self.snils,
            "oms_number": numbers.patient_enp(self.index),
        } | present(optional)
        if self.attachment:
            place = self.attachment
            yield {
                "kind": "attachment",
                "patient_id": self.id,
                "mo_id": place.clinic.id,
                "area": place.area,
                "since": str(place.since),
            } | present({"until": place.until and str(place.until)})


def ordinary_patients(
    seed: int, today: date, staff: Mapping[Clinic, Sequence[Doctor]], count: int
) -> Iterator[Patient]:
    """Yield patients of every age; birthdays hang on the year of `today`, so that they hold through the year."""
    rng = dice(seed, "patients")
    names = NameBook(f"{seed}/patients", rng)
    homes = {children: _homes(staff, children=children) for children in (False, True)}
    for index in range(FIRST_ORDINARY, FIRST_ORDINARY + count):
        gender = FEMALE if happens(rng, 54) else MALE
        birthdate = date(today.year, 1, 1) - timedelta(days=rng.randint(20, 93 * 365))
        child = age_on(birthdate, today) < ADULT
        attachment = _attachment(rng, today, birthdate, homes[child])
        died = happens(rng, 1.5) and not child
        yield Patient(
            index=index,
            id=guid(seed, "patient", index),
            name=names.take(gender),
            gender=gender,
            birthdate=birthdate,
            attachment=attachment,
            death_date=date(today.year, 1, 1) - timedelta(days=rng.randint(0, 15)) if died else None,
            united_guids=[guid(seed, "merged patient", index)] if happens(rng, 1) else (),
            with_phone=happens(rng, 85),
            with_email=happens(rng, 20),
        )


def _homes(staff: Mapping[Clinic, Sequence[Doctor]], *, children: bool) -> Sequence[tuple[Clinic, str]]:
    return [(clinic, area) for clinic, people in staff.items() for area in areas(people, children=children)]


def _attachment(rng: Random, today: date, birthdate: date, homes: Sequence[tuple[Clinic, str]]) -> Attachment | None:
    clinic, area = rng.choice(homes)
    since = max(birthdate, date(today.year, 1, 1) - timedelta(days=rng.randint(20, 3_000)))
    if happens(rng, 8):
        return None
    left = happens(rng, 2)
    return Attachment(clinic, area, since, until=since + timedelta(days=10) if left else None)
