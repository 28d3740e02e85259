"""Names and ages of invented people."""

from datetime import date, timedelta
from random import Random
from typing import Final, Literal

from attrs import frozen
from mimesis import Gender as MimesisGender
from mimesis import Locale, Person

Gender = Literal["1", "2"]
"""Gender as FER writes it: 1 male, 2 female."""

MALE: Final[Gender] = "1"
FEMALE: Final[Gender] = "2"

_FIRST: Final[dict[Gender, str]] = {
    MALE: (
        "Александр Алексей Анатолий Андрей Антон Аркадий Арсений Артём Борис Вадим Валерий Василий Виктор Виталий "
        "Владислав Георгий Григорий Даниил Денис Дмитрий Евгений Егор Иван Игорь Илья Кирилл Константин Лев Максим "
        "Матвей Михаил Никита Николай Олег Павел Пётр Роман Семён Сергей Степан Тимофей Фёдор Юрий Ярослав"
    ),
    FEMALE: (
        "Александра Алина Алла Анастасия Анна Валентина Валерия Варвара Вера Вероника Виктория Галина Дарья Евгения "
        "Екатерина Елена Елизавета Жанна Зоя Инна Ирина Кира Ксения Лариса Лидия Любовь Людмила Маргарита Марина "
        "Мария Надежда Наталья Нина Оксана Ольга Полина Раиса Светлана Софья Таисия Тамара Татьяна Юлия Яна"
    ),
}
_MIDDLE: Final[dict[Gender, str]] = {
    MALE: (
        "Александрович Алексеевич Анатольевич Андреевич Борисович Вадимович Валерьевич Васильевич Викторович "
        "Геннадьевич Григорьевич Денисович Дмитриевич Евгеньевич Иванович Игоревич Константинович Леонидович "
        "Максимович Михайлович Николаевич Олегович Павлович Петрович Романович Сергеевич Степанович Юрьевич"
    ),
    FEMALE: (
        "Александровна Алексеевна Анатольевна Андреевна Борисовна Вадимовна Валерьевна Васильевна Викторовна "
        "Геннадьевна Григорьевна Денисовна Дмитриевна Евгеньевна Ивановна Игоревна Константиновна Леонидовна "
        "Максимовна Михайловна Николаевна Олеговна Павловна Петровна Романовна Сергеевна Степановна Юрьевна"
    ),
}


@frozen
class FullName:
    """Surname, first name and patronymic of a person."""

    last: str
    first: str
    middle: str


class NameBook:
    """An endless book of invented names; the same key opens it on the same page.

    Surnames come from the Russian provider of mimesis. Its first names are mostly rare old ones, so that a list of
    doctors would look odd; ours are those in use today.
    """

    def __init__(self, key: str, rng: Random) -> None:
        """Open the book of the key; `rng` chooses first names and patronymics."""
        self._surnames = Person(Locale.RU, seed=key)
        self._rng = rng

    def take(self, gender: Gender) -> FullName:
        """Return the next name of that gender."""
        choice = MimesisGender.MALE if gender == MALE else MimesisGender.FEMALE
        return FullName(
            last=self._surnames.surname(gender=choice),
            first=self._rng.choice(_FIRST[gender].split()),
            middle=self._rng.choice(_MIDDLE[gender].split()),
        )


def years_before(day: date, years: int) -> date:
    """Return the same day that many years earlier; 29 February becomes 28 February where it does not exist."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)


def aged(day: date, years: int, *, days: int = 0) -> date:
    """Return the birthday of somebody who is `years` and `days` old on that day."""
    return years_before(day, years) - timedelta(days=days)


def age_on(birthdate: date, day: date) -> int:
    """Return the age in whole years on that day."""
    return day.year - birthdate.year - ((day.month, day.day) < (birthdate.month, birthdate.day))
