"""Invented clinics: towns, streets and organisations of a region that does not exist."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

from attrs import frozen

from registratura.emulators.region import numbers
from registratura.emulators.region.catalogue import Record, present
from registratura.emulators.region.chance import guid

Kind = Literal["adult", "child", "mixed", "dental"]

_CITIES: Final = ("Лугозёрск", "Вербогорск", "Медвянск", "Рябиногорск", "Журавинск", "Клюквогорск")
_DISTRICTS: Final = (
    ("Ольшаногорск", "Ольшаногорская"),
    ("Синеплёсск", "Синеплёсская"),
    ("Камышеград", "Камышеградская"),
    ("Зимородинск", "Зимородинская"),
    ("Выдрополье", "Выдропольская"),
    ("Ветлополь", "Ветлопольская"),
    ("Снегирёвка", "Снегирёвская"),
    ("Мятлинск", "Мятлинская"),
    ("Барсуковец", "Барсуковецкая"),
)
_STREETS: Final = (
    "Облачная", "Фонарная", "Ветряная", "Полуденная", "Рассветная", "Вербная", "Барвинковая", "Скворцовая",
    "Хрустальная", "Земляничная", "Причальная", "Кувшинковая", "Звонкая", "Иволгинская", "Стрижовая",
)  # fmt: skip
_RUSSIAN_ZONES: Final = (
    "Europe/Kaliningrad", "Europe/Moscow", "Europe/Samara", "Asia/Yekaterinburg", "Asia/Omsk", "Asia/Krasnoyarsk",
    "Asia/Irkutsk", "Asia/Yakutsk", "Asia/Vladivostok", "Asia/Magadan", "Asia/Kamchatka",
)  # fmt: skip

CREATED: Final = "2024-01-15T09:00:00"
"""When the clinics and their resources were entered: the same on every day, so that a later load changes nothing."""


@frozen
class Plan:
    """What clinics of one kind have in common."""

    kind: Kind
    enabled: str
    rural: bool = False
    neighbour_zone: bool = False
    same_day: bool | None = None
    tomorrow_closes_at: str | None = None
    conditions: str | None = None
    telephone: bool = True


_LICENCE: Final = "Лицензия ЛО-00-01-{number:06d} (вымышленная)."
_PLANS: Final[Sequence[Plan]] = (
    Plan("adult", "ALL", same_day=True, conditions="Подготовьте результаты анализов за последние полгода."),
    Plan("child", "ALL", conditions="С ребёнком младше 15 лет на связи должен быть родитель или опекун."),
    Plan("mixed", "ATTACHED_REG", rural=True, tomorrow_closes_at="20:00"),
    Plan("mixed", "ALL", rural=True, neighbour_zone=True, same_day=False, conditions="Время в расписании местное."),
    Plan("adult", "ATTACHED_MO", tomorrow_closes_at="18:00"),
    Plan("child", "ATTACHED_REG", same_day=True, telephone=False),
    Plan("mixed", "ALL", same_day=False),
    Plan("adult", "ALL", tomorrow_closes_at="17:30", conditions="Консультации идут только по будням."),
    Plan("mixed", "ATTACHED_MO", rural=True, telephone=False),
    Plan("dental", "ALL"),
)
_CLOSED: Final = 17
"""The clinic with this index is being repaired and sees nobody."""

_AGES: Final[dict[Kind, str]] = {"adult": "ADULT", "child": "CHILD", "mixed": "ALL", "dental": "ALL"}


@frozen
class Clinic:
    """A structural subdivision (MO of the FER profile, table 1) with our additions."""

    index: int
    id: str
    name: str
    address: str
    timezone: str
    enabled: str
    plan: Plan

    @property
    def head_oid(self) -> str:
        """Return the OID of the head organisation; the region 100 does not exist."""
        return f"1.2.643.5.1.13.13.12.2.100.{10_001 + self.index}"

    @property
    def branch_oid(self) -> str:
        """Return the OID of the subdivision."""
        return f"{self.head_oid}.0.{200_001 + self.index}"

    @property
    def kind(self) -> Kind:
        """Return whom the clinic is for."""
        return self.plan.kind

    def record(self) -> Record:
        """Return the load record."""
        licence = _LICENCE.format(number=4_001 + self.index)
        optional = {
            "phone": numbers.phone(0, self.index) if self.plan.telephone else None,
            "same_day": self.plan.same_day,
            "tomorrow_closes_at": self.plan.tomorrow_closes_at,
            "conditions": f"{self.plan.conditions} {licence}" if self.plan.conditions else None,
        }
        return {
            "kind": "mo",
            "id": self.id,
            "parent_id": self.head_oid,
            "branch_oid": self.branch_oid,
            "name": self.name,
            "address": self.address,
            "enabled": self.enabled,
            "create_ts": CREATED,
            "tag_age": _AGES[self.kind],
            "timezone": self.timezone,
        } | present(optional)


def clinics(seed: int, today: date, timezone: str, count: int) -> Iterator[Clinic]:
    """Yield the clinics; every tenth works in a zone one hour away from the zone of the region."""
    elsewhere = neighbour_zone(timezone, today)
    for index in range(count):
        plan = _PLANS[index % len(_PLANS)]
        town, name = _named(index, plan)
        yield Clinic(
            index=index,
            id=guid(seed, "mo", index),
            name=name,
            address=f"Лугозёрская область, {town}, ул. {_STREETS[index % len(_STREETS)]}, д. {3 + 2 * index}",
            timezone=elsewhere if plan.neighbour_zone else timezone,
            enabled="NONE" if index == _CLOSED else plan.enabled,
            plan=plan,
        )


def neighbour_zone(timezone: str, day: date) -> str:
    """Return the Russian zone one hour ahead on that day; where the country ends, the one an hour behind."""
    for hours in (1, -1):
        for name in _RUSSIAN_ZONES:
            if _offset(name, day) == _offset(timezone, day) + timedelta(hours=hours):
                return name
    return timezone


def _offset(timezone: str, day: date) -> timedelta:
    return datetime.combine(day, time(12), ZoneInfo(timezone)).utcoffset() or timedelta(0)


def _named(index: int, plan: Plan) -> tuple[str, str]:
    """Return the town and the name, which no other clinic has."""
    if plan.rural:
        rural = sum(_PLANS[earlier % len(_PLANS)].rural for earlier in range(index))
        town, adjective = _DISTRICTS[rural % len(_DISTRICTS)]
        return f"г. {town}", f"{adjective} районная больница, поликлиника{_numbered(rural // len(_DISTRICTS))}"
    town = _CITIES[index // 5 % len(_CITIES)]
    number = index + 1
    return f"г. {town}", {
        "adult": f"Городская поликлиника № {number} ({town})",
        "child": f"Детская городская поликлиника № {number} ({town})",
        "mixed": f"Городская больница № {number}, поликлиника ({town})",
        "dental": f"Стоматологическая поликлиника № {number} ({town})",
    }[plan.kind]


def _numbered(repetition: int) -> str:
    return f" № {repetition + 1}" if repetition else ""
