"""Specialities, posts and purposes of the invented region.

Codes of specialities are those of the dictionary 1.2.643.5.1.13.13.11.1066, posts of 1.2.643.5.1.13.13.11.1002,
profiles of 1.2.643.5.1.13.13.11.1119 and services of 1.2.643.5.1.13.13.11.1070; names of specialities are written as
people read them. Posts are the ones the FER profile lists (table 2).
"""

from collections.abc import Mapping, Sequence
from typing import Final

from attrs import frozen

from registratura.emulators.region.people import FEMALE, Gender

Record = dict[str, object]
"""One record of the load format."""


ADULT: Final = 18
"""The age from which a person is an adult."""


@frozen
class Speciality:
    """A speciality; ages are whole years, both limits inclusive."""

    id: str
    name: str
    gender: Gender | None = None
    age_from: int | None = None
    age_to: int | None = None

    def record(self) -> Record:
        """Return the load record; limits that are not set are left out."""
        limits = {"gender": self.gender, "age_from": self.age_from, "age_to": self.age_to}
        return {"kind": "speciality", "id": self.id, "name": self.name} | present(limits)

    @property
    def adults_only(self) -> bool:
        """Tell whether children are not seen."""
        return self.age_from == ADULT

    def suits(self, gender: Gender, age: int) -> bool:
        """Tell whether a patient of this gender and age may be seen."""
        return (
            self.gender in {None, gender}
            and (self.age_from or 0) <= age
            and (self.age_to is None or age <= self.age_to)
        )


@frozen
class Post:
    """A post in a clinic; `minutes` is the usual length of a visit there."""

    id: str
    name: str
    speciality: Speciality
    profile: str
    service: str
    minutes: int
    for_children: bool = False


def present(fields: Mapping[str, object]) -> Record:
    """Leave out fields that have no value: the load format has no nulls."""
    return {name: value for name, value in fields.items() if value is not None}


THERAPY: Final = Speciality("27", "Терапия", age_from=ADULT)
PAEDIATRICS: Final = Speciality("22", "Педиатрия", age_from=0, age_to=17)
FAMILY: Final = Speciality("16", "Общая врачебная практика (семейная медицина)")
SURGERY: Final = Speciality("30", "Хирургия", age_from=ADULT)
GYNAECOLOGY: Final = Speciality("8", "Акушерство и гинекология", gender=FEMALE)
OPHTHALMOLOGY: Final = Speciality("20", "Офтальмология")
OTORHINOLARYNGOLOGY: Final = Speciality("19", "Оториноларингология")
DENTISTRY: Final = Speciality("171", "Стоматология общей практики")
DENTAL_THERAPY: Final = Speciality("176", "Стоматология терапевтическая", age_from=ADULT)
CHILD_DENTISTRY: Final = Speciality("174", "Стоматология детская", age_from=0, age_to=17)
PSYCHIATRY: Final = Speciality("23", "Психиатрия")
NARCOLOGY: Final = Speciality("97", "Психиатрия-наркология", age_from=ADULT)
PHTHISIOLOGY: Final = Speciality("29", "Фтизиатрия")
CHILD_SURGERY: Final = Speciality("11", "Детская хирургия", age_from=0, age_to=17)

POSTS: Final[Mapping[str, Post]] = {
    post.id: post
    for post in (
        Post("110", "врач-терапевт участковый", THERAPY, "97", "B01.047.001", 15),
        Post("59", "врач-педиатр участковый", PAEDIATRICS, "68", "B01.031.001", 15, for_children=True),
        Post("49", "врач общей практики (семейный врач)", FAMILY, "57", "B01.026.001", 20),
        Post("122", "врач-хирург", SURGERY, "112", "B01.057.001", 15),
        Post("13", "врач-акушер-гинеколог", GYNAECOLOGY, "136", "B01.001.001", 20),
        Post("54", "врач-офтальмолог", OPHTHALMOLOGY, "65", "B01.029.001", 15),
        Post("53", "врач-оториноларинголог", OTORHINOLARYNGOLOGY, "162", "B01.028.001", 15),
        Post("100", "врач-стоматолог", DENTISTRY, "87", "B01.065.007", 30),
        Post("103", "врач-стоматолог-терапевт", DENTAL_THERAPY, "89", "B01.065.001", 30),
        Post("101", "врач-стоматолог детский", CHILD_DENTISTRY, "86", "B01.064.003", 30, for_children=True),
        Post("83", "врач-психиатр детский", PSYCHIATRY, "72", "B01.035.001", 30, for_children=True),
        Post("119", "врач-фтизиатр", PHTHISIOLOGY, "110", "B01.055.001", 20),
        Post("87", "врач психиатр-нарколог", NARCOLOGY, "73", "B01.036.001", 20),
        Post("28", "врач-детский хирург", CHILD_SURGERY, "20", "B01.010.001", 10, for_children=True),
        Post("120", "врач-фтизиатр участковый", PHTHISIOLOGY, "110", "B01.055.001", 20),
    )
}

SPECIALITIES: Final[Sequence[Speciality]] = tuple(
    {post.speciality.id: post.speciality for post in POSTS.values()}.values()
)

ULTRASOUND_SERVICE: Final = "A04.16.001"
INJECTION_SERVICE: Final = "A11.02.002"
ULTRASOUND_PROFILE: Final = "106"


def purposes() -> Sequence[Record]:
    """Return the purposes of a consultation; empty lists mean «all»."""
    adult_treatment = [THERAPY.id, FAMILY.id, SURGERY.id, GYNAECOLOGY.id, OTORHINOLARYNGOLOGY.id]
    return (
        _purpose(1, "Первичная"),
        _purpose(2, "Повторная"),
        _purpose(3, "Закрытие листа нетрудоспособности", speciality_ids=adult_treatment, age_from=ADULT),
        _purpose(4, "Разбор результатов обследования"),
        _purpose(5, "Уход за ребёнком и кормление", speciality_ids=[PAEDIATRICS.id], age_from=0, age_to=3),
        _purpose(6, "Ведение беременности", speciality_ids=[GYNAECOLOGY.id], age_from=15, age_to=50, gender=FEMALE),
        _purpose(7, "Справка в бассейн", active=False),
    )


def _purpose(
    order: int,
    name: str,
    *,
    active: bool = True,
    speciality_ids: Sequence[str] = (),
    age_from: int | None = None,
    age_to: int | None = None,
    gender: Gender | None = None,
) -> Record:
    whole = {"kind": "purpose", "id": str(order), "name": name, "active": active, "order": order}
    limits = {"age_from": age_from, "age_to": age_to, "gender": gender}
    return whole | present(limits) | {"speciality_ids": list(speciality_ids), "mo_ids": []}
