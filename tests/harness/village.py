"""A small invented place as load records: one clinic, a few doctors, people with MAX. Every test has its own."""

import itertools
import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5
from zoneinfo import ZoneInfo

import attrs

Record = dict[str, Any]

ZONE = ZoneInfo("Europe/Moscow")
FIRST_NAMES = (
    *("Агния", "Богдан", "Веста", "Горазд", "Дарина", "Ефим", "Забава", "Игнат", "Купава", "Лад"),
    *("Милана", "Нестор", "Олеся", "Прохор", "Рада", "Святозар", "Таисья", "Устин", "Фаина", "Харитон"),
)
THERAPY, PAEDIATRICS, NEUROLOGY = "49", "31", "53"
FIRST_PURPOSE, SECOND_PURPOSE = "Первичная консультация", "Повторная консультация"
_MADE = {"create_ts": "2026-01-10T09:00:00"}
_NUMBERS = itertools.count(1)


@attrs.frozen
class Citizen:
    """An adult with a card and MAX."""

    id: str
    user: int
    first_name: str
    last_name: str


@attrs.frozen
class Doctor:
    """A doctor, by surname and initials as buttons show it."""

    id: str
    last_name: str
    speciality: str

    @property
    def label(self) -> str:
        """As it stands on a button."""
        return f"{self.last_name} С. В."


@attrs.frozen(kw_only=True)
class Village:
    """One clinic and everybody around it; `days` are the days with free times, `times` the clocks of each of them."""

    number: int
    days: Sequence[date]
    times: Sequence[str]
    citizens: Sequence[Citizen]
    therapist: Doctor
    paediatrician: Doctor
    neurologist: Doctor

    @classmethod
    def invent(cls, people: int = 4, times: int = 6, days: int = 3) -> "Village":
        """A village nobody has seen before."""
        number = next(_NUMBERS)
        today = datetime.now(ZONE).date()
        doctors = [
            Doctor(_guid(number, name), f"{name}-{number}", speciality)
            for name, speciality in (("Облаков", THERAPY), ("Росинкин", PAEDIATRICS), ("Ветров", NEUROLOGY))
        ]
        return cls(
            number=number,
            days=[today + timedelta(days=ahead) for ahead in range(1, days + 1)],
            times=[f"{10 + index // 3}:{index % 3 * 20:02}" for index in range(times)],
            citizens=[
                Citizen(
                    f"card-{number}-{index}", 20_000 + 100 * number + index, FIRST_NAMES[index], f"Жителев-{number}"
                )
                for index in range(people)
            ],
            therapist=doctors[0],
            paediatrician=doctors[1],
            neurologist=doctors[2],
        )

    @property
    def clinic(self) -> str:
        """Its name."""
        return f"Поликлиника № {self.number} на Лугу"

    @property
    def clinic_id(self) -> str:
        """Its id."""
        return _guid(self.number, "clinic")

    @property
    def child(self) -> str:
        """Id of the card of the first citizen's child."""
        return f"card-{self.number}-child"

    def slot_id(self, doctor: Doctor, day: date, clock: str) -> str:
        """Id of the slot at that time."""
        return _guid(self.number, f"{doctor.id} {day} {clock}")

    def records(self) -> Iterator[Record]:
        """Everything, in no useful order."""
        yield from self._people()
        for doctor in (self.therapist, self.paediatrician, self.neurologist):
            yield from self._doctor(doctor)
        yield {"kind": "purpose", "id": "first", "name": FIRST_PURPOSE, "order": 1}
        yield {"kind": "purpose", "id": "second", "name": SECOND_PURPOSE, "order": 2}
        yield {"kind": "speciality", "id": THERAPY, "name": "Терапия", "age_from": 18}
        yield {"kind": "speciality", "id": PAEDIATRICS, "name": "Педиатрия", "age_to": 17}
        yield {"kind": "speciality", "id": NEUROLOGY, "name": "Неврология"}
        yield {
            "kind": "mo",
            "id": self.clinic_id,
            "parent_id": "1.2.643.5.1.13.13.12.2.77.1",
            "branch_oid": f"1.2.643.5.1.13.13.12.2.77.1.0.{self.number}",
            "name": self.clinic,
            "address": f"Луговая улица, {self.number}",
            "phone": "88000000122",
            "licence": "Л041-00000-77/00000001",
            "enabled": "ATTACHED_MO",
            "tag_age": "ALL",
            "timezone": str(ZONE),
            **_MADE,
        }

    def _people(self) -> Iterator[Record]:
        for index, citizen in enumerate(self.citizens):
            yield {
                "kind": "patient",
                "id": citizen.id,
                "lastname": citizen.last_name,
                "firstname": citizen.first_name,
                "birthdate": "1985-03-04",
                "gender": "1" if index % 2 else "2",
                "max_user_id": citizen.user,
            }
            yield {"kind": "attachment", "patient_id": citizen.id, "mo_id": self.clinic_id, "since": "2020-01-01"}
        if not self.citizens:
            return
        born = self.days[0].replace(day=1) - timedelta(days=8 * 366)
        yield {
            "kind": "patient",
            "id": self.child,
            "lastname": f"Жителев-{self.number}",
            "firstname": "Малышка",
            "birthdate": str(born),
            "gender": "2",
        }
        yield {"kind": "attachment", "patient_id": self.child, "mo_id": self.clinic_id, "since": "2020-01-01"}
        yield {
            "kind": "representation",
            "representative_id": self.citizens[0].id,
            "patient_id": self.child,
            "relation": "epgu_child",
        }

    def _doctor(self, doctor: Doctor) -> Iterator[Record]:
        for day, clock in itertools.product(self.days, self.times):
            yield self.slot(doctor, day, clock)
        yield {
            "kind": "resource",
            "id": doctor.id,
            "type": "SPECIALIST",
            "mo_id": self.clinic_id,
            "enabled": "ALL",
            "post_id": "110",
            "speciality_id": doctor.speciality,
            "snils": "00000000123",
            "last_name": doctor.last_name,
            "first_name": "Светлозар",
            "middle_name": "Вениаминович",
            "max_user_id": int(f"9{self.number:04}{doctor.speciality}"),
            **_MADE,
        }

    def slot(self, doctor: Doctor, day: date, clock: str, **changes: Any) -> Record:
        """The record of one time of a doctor."""
        starts = datetime.combine(day, time.fromisoformat(clock))
        return {
            "kind": "slot",
            "id": self.slot_id(doctor, day, clock),
            "mo_id": self.clinic_id,
            "resource_id": doctor.id,
            "tag_type": "EPGU,ONLINE",
            "tag_age": "ALL",
            "visit_time": starts.isoformat(),
            "duration": 20,
            "status": "AVAILABLE",
            **_MADE,
            **changes,
        }


def ndjson(records: Iterable[Record]) -> bytes:
    """Records as a load."""
    return b"".join(json.dumps(record, ensure_ascii=False).encode() + b"\n" for record in records)


def _guid(number: int, name: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"village {number} {name}"))
