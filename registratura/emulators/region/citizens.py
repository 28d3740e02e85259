"""The invented people who talk to the bot, each chosen to show one rule at work."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Final, Literal

from attrs import evolve, field, frozen

from registratura.emulators.region.catalogue import Record, present
from registratura.emulators.region.chance import dice, guid
from registratura.emulators.region.clinics import Clinic, clinics
from registratura.emulators.region.patients import Attachment, Patient
from registratura.emulators.region.people import FEMALE, MALE, FullName, Gender, NameBook, aged

Relation = Literal["epgu_child", "legal"]

FIRST_CITIZEN: Final = 1_001
BOOKED_CITIZEN: Final = 1_005
REFERRED_CITIZEN: Final = 1_002
_ORDINARY: Final = (
    (1_011, MALE, 52, 0),
    (1_012, FEMALE, 29, 0),
    (1_013, FEMALE, 47, 3),
    (1_014, MALE, 66, 2),
    (1_015, FEMALE, 19, 0),
    (1_016, MALE, 38, 2),
    (1_017, FEMALE, 61, 3),
    (1_018, MALE, 24, 0),
    (1_019, FEMALE, 33, 2),
    (1_020, MALE, 45, 3),
)
"""Everyday users: MAX user, gender, age, clinic of attachment."""


@frozen
class Identity:
    """What ESIA knows of a person: the names, the birthday, the gender and the insurance number."""

    first_name: str
    last_name: str
    middle_name: str
    birthdate: date
    gender: Gender
    snils: str
    esia_id: str


@frozen
class Citizen:
    """A person with a MAX account; `note` says in Russian why this person is interesting.

    `patient_id` is absent for somebody no clinic knows; `children` are the ones in the ESIA profile.
    """

    max_user_id: int
    first_name: str
    last_name: str
    phone: str
    note: str
    identity: Identity
    patient_id: str | None = None
    children: Sequence[Identity] = ()


@frozen
class Relative:
    """Somebody whom a citizen may book, and by what right (both rights at once are possible); `until` if it ended."""

    patient: Patient
    relations: Sequence[Relation]
    until: date | None = None
    loaded: bool = True
    """Whether the clinics know of it; otherwise Gosuslugi alone does."""


@frozen
class Role:
    """A citizen with everything behind the scene: the card (if a clinic has it), the link to MAX, the relatives."""

    max_user_id: int
    person: Patient
    note: str
    known: bool = True
    linked: bool = True
    relatives: Sequence[Relative] = field(default=())

    def records(self) -> Iterator[Record]:
        """Yield the load records of the citizen and the relatives."""
        if self.known:
            yield from evolve(self.person, max_user_id=self.max_user_id if self.linked else None).records()
        for relative in self.relatives:
            yield from relative.patient.records()
            for relation in relative.relations if relative.loaded else ():
                yield {
                    "kind": "representation",
                    "representative_id": self.person.id,
                    "patient_id": relative.patient.id,
                    "relation": relation,
                    "since": str(max(relative.patient.birthdate, date(2020, 1, 1))),
                } | present({"until": relative.until and str(relative.until)})

    def citizen(self) -> Citizen:
        """Return what the outside sees of the role."""
        return Citizen(
            max_user_id=self.max_user_id,
            first_name=self.person.name.first,
            last_name=self.person.name.last,
            phone=self.person.phone,
            note=self.note,
            identity=_identity(self.person),
            patient_id=self.person.id if self.known else None,
            children=[_identity(one.patient) for one in self.relatives if "epgu_child" in one.relations],
        )


def citizens(seed: int, today: date) -> Sequence[Citizen]:
    """Return the invented people who talk to the bot, MAX users 1001 to 1020 in order."""
    return [role.citizen() for role in cast(seed, today, list(clinics(seed, today, "Europe/Moscow", 4)))]


def cast(seed: int, today: date, homes: Sequence[Clinic]) -> Sequence[Role]:
    """Return the roles; `homes` are the clinics of the region, of which the first four are used."""
    town, nursery, *_ = homes
    stage = _Stage(seed, today)

    def adult(number: int, name: str, gender: Gender, years: int, place: tuple[Clinic, str] | None) -> Patient:
        return stage.person(number, name, gender, aged(today, years, days=100), place)

    tim = stage.person(101, "Полевой Тимофей Ильич", MALE, today - timedelta(days=210), (nursery, "21"))
    varvara = stage.person(102, "Полевая Варвара Ильинична", FEMALE, aged(today, 8, days=60), (nursery, "21"))
    ward = adult(103, "Журавин Павел Игоревич", MALE, 31, (town, "1"))
    former = adult(106, "Журавина Зинаида Фёдоровна", FEMALE, 84, (town, "1"))
    kirill = stage.person(104, "Берестов Кирилл Денисович", MALE, aged(today, 12, days=30), (nursery, "21"))
    alisa = stage.person(105, "Берестова Алиса Денисовна", FEMALE, aged(today, 18), (nursery, "21"))
    egor = stage.person(107, "Тополев Егор Ильич", MALE, aged(today, 6, days=40), (nursery, "21"))
    late = adult(8, "Вершинин Борис Аркадьевич", MALE, 79, (town, "1"))
    special = (
        Role(
            1_001,
            adult(1, "Полевая Марина Андреевна", FEMALE, 36, (town, "1")),
            "Мама двоих детей из Госуслуг: сыну нет года, дочери 8 лет. Прикреплена к поликлинике и участку 1.",
            relatives=[Relative(tim, ["epgu_child"]), Relative(varvara, ["epgu_child"])],
        ),
        Role(
            1_002,
            adult(2, "Кедров Денис Олегович", MALE, 40, (town, "1")),
            "Мужчина 40 лет, записать может только себя. Акушерства и гинекологии не увидит. Есть направление.",
        ),
        Role(
            1_003,
            adult(3, "Журавина Светлана Петровна", FEMALE, 58, (town, "1")),
            "Опекун взрослого сына, детей в Госуслугах нет. Опека над свекровью закончилась: её не показывать.",
            relatives=[Relative(ward, ["legal"]), Relative(former, ["legal"], until=today - timedelta(days=30))],
        ),
        Role(
            1_004,
            adult(4, "Зимин Артём Валерьевич", MALE, 27, None),
            "Никуда не прикреплён: участковые врачи недоступны, остальные доступны.",
        ),
        Role(
            1_005,
            adult(5, "Ольховская Нина Васильевна", FEMALE, 71, (town, "1")),
            "Пенсионерка, уже записана на телемедицинскую консультацию к терапевту: повторной записи не будет.",
        ),
        Role(
            1_006,
            adult(6, "Берестова Ольга Николаевна", FEMALE, 44, (town, "1")),
            "Сын есть и в Госуслугах, и среди опекаемых: показать один раз. Дочери сегодня 18: не показывать.",
            relatives=[Relative(kirill, ["epgu_child", "legal"]), Relative(alisa, ["epgu_child"])],
        ),
        Role(
            1_007,
            adult(7, "Лугов Роман Сергеевич", MALE, 33, (town, "99")),
            "Прикреплён к участку 99, а участковые терапевты поликлиники ведут другие участки.",
        ),
        Role(
            1_008,
            evolve(late, death_date=today - timedelta(days=20)),
            "Карта закрыта: указана дата смерти, а пишут с его учётной записи. Запись не состоится.",
        ),
        Role(
            1_009,
            adult(9, "Ясенева Дарья Максимовна", FEMALE, 24, None),
            "В поликлиниках региона карты нет: после входа через Госуслуги карта не найдётся.",
            known=False,
            linked=False,
        ),
        Role(
            1_010,
            adult(10, "Тополева Ирина Львовна", FEMALE, 30, (town, "1")),
            "Карта есть, но с MAX не связана: бот предложит войти через Госуслуги. Найдутся и карта, и сын 6 лет.",
            linked=False,
            relatives=[Relative(egor, ["epgu_child"], loaded=False)],
        ),
    )
    return [*special, *_everyday(stage, homes)]


@frozen
class _Stage:
    """The seed and the day, from which people are made."""

    seed: int
    today: date

    def person(
        self, number: int, name: str, gender: Gender, birthdate: date, place: tuple[Clinic, str] | None
    ) -> Patient:
        last, first, middle = name.split()
        attachment = Attachment(*place, since=max(birthdate, date(2021, 3, 1))) if place else None
        identifier = guid(self.seed, "patient", number)
        return Patient(number, identifier, FullName(last, first, middle), gender, birthdate, attachment)


def _everyday(stage: _Stage, homes: Sequence[Clinic]) -> Iterator[Role]:
    rng = dice(stage.seed, "citizens")
    names = NameBook(f"{stage.seed}/citizens", rng)
    for user, gender, years, home in _ORDINARY:
        name = names.take(gender)
        birthdate = aged(stage.today, years, days=rng.randint(10, 350))
        place = (homes[home], "1")
        person = stage.person(user - 1_000, f"{name.last} {name.first} {name.middle}", gender, birthdate, place)
        who = "Женщина" if gender == FEMALE else "Мужчина"
        hour = " Время в этой поликлинике на час отличается." if homes[home].plan.neighbour_zone else ""
        yield Role(user, person, f"{who}, возраст {years}, прикрепление: {homes[home].name}.{hour}")


def _identity(person: Patient) -> Identity:
    return Identity(
        first_name=person.name.first,
        last_name=person.name.last,
        middle_name=person.name.middle,
        birthdate=person.birthdate,
        gender=person.gender,
        snils=person.snils,
        esia_id=person.esia_id,
    )
