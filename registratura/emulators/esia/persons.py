"""Owners of accounts on the emulated Gosuslugi."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Literal

import attrs

from registratura.emulators.esia import texts

Gender = Literal["M", "F"]

OWN_ACCOUNT_AT = 14

_snils = attrs.validators.optional(attrs.validators.matches_re(r"\d{11}"))


@attrs.frozen(kw_only=True)
class Child:
    """A child in a parent's account; `snils` holds eleven digits."""

    oid: int
    last_name: str
    first_name: str
    middle_name: str | None = None
    born: date
    gender: Gender
    snils: str | None = attrs.field(default=None, validator=_snils)


@attrs.frozen(kw_only=True)
class Person:
    """The owner of an account. `trusted` is a confirmed account, «Подтвержденная».

    `snils` holds eleven digits, `mobile` is `+7` and ten digits, `passport` holds the ten digits of series and number.
    `note` is a short Russian line for the pages, never sent to a client.
    """

    oid: int
    last_name: str
    first_name: str
    middle_name: str | None = None
    born: date
    gender: Gender
    snils: str | None = attrs.field(default=None, validator=_snils)
    mobile: str | None = attrs.field(
        default=None, validator=attrs.validators.optional(attrs.validators.matches_re(r"\+7\d{10}"))
    )
    email: str | None = None
    passport: str | None = attrs.field(
        default=None, validator=attrs.validators.optional(attrs.validators.matches_re(r"\d{10}"))
    )
    address: str | None = None
    trusted: bool = True
    kids: Sequence[Child] = ()
    note: str = ""

    @property
    def full_name(self) -> str:
        """Surname, name and patronymic, if any."""
        return " ".join(filter(None, (self.last_name, self.first_name, self.middle_name)))


def snils_text(digits: str) -> str:
    """The way ESIA writes a SNILS: `000-000-600 06`."""
    return f"{digits[:3]}-{digits[3:6]}-{digits[6:9]} {digits[9:]}"


def age_on(born: date, day: date) -> int:
    """Age in whole years on that day."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def test_persons() -> tuple[Person, ...]:
    """Invented people, one for each case a client must cope with, of the right age in this year.

    Their insurance numbers begin with 96, far above those issued so far, and have right control sums.
    """
    year = datetime.now(UTC).year
    return (
        Person(
            oid=1_000_700_001,
            last_name="Ключевая",
            first_name="Анна",
            middle_name="Сергеевна",
            born=date(year - 36, 1, 1),
            gender="F",
            snils="96572524452",
            mobile="+75550000001",
            email="klyuchevaya@example.org",
            passport="0000123456",
            address="Вымышленная область, г. Ключи, ул. Родниковая, д. 1, кв. 2",
            kids=(
                Child(
                    oid=1_000_700_101,
                    last_name="Ключевая",
                    first_name="Вера",
                    middle_name="Ильинична",
                    born=date(year - 8, 1, 1),
                    gender="F",
                    snils="96693259584",
                ),
                Child(
                    oid=1_000_700_102,
                    last_name="Ключевой",
                    first_name="Пётр",
                    middle_name="Ильич",
                    born=date(year - 1, 1, 1),
                    gender="M",
                ),
            ),
            note=texts.NOTE_PARENT,
        ),
        Person(
            oid=1_000_700_002,
            last_name="Ли",
            first_name="Артур",
            born=date(year - 41, 1, 1),
            gender="M",
            snils="96813994681",
            mobile="+75550000002",
            note=texts.NOTE_NO_PATRONYMIC,
        ),
        Person(
            oid=1_000_700_003,
            last_name="Озёрная",
            first_name="Дарья",
            middle_name="Павловна",
            born=date(year - 29, 1, 1),
            gender="F",
            snils="96934729787",
            mobile="+75550000003",
            trusted=False,
            note=texts.NOTE_UNCONFIRMED,
        ),
        Person(
            oid=1_000_700_004,
            last_name="Луговой",
            first_name="Марк",
            middle_name="Андреевич",
            born=date(year - 52, 1, 1),
            gender="M",
            mobile="+75550000004",
            note=texts.NOTE_NO_SNILS,
        ),
        Person(
            oid=1_000_700_005,
            last_name="Берёзкин",
            first_name="Тимур",
            middle_name="Олегович",
            born=date(year - 16, 1, 1),
            gender="M",
            snils="96105546407",
            note=texts.NOTE_TEENAGER,
        ),
        Person(
            oid=1_000_700_006,
            last_name="Степная",
            first_name="Раиса",
            middle_name="Львовна",
            born=date(year - 63, 1, 1),
            gender="F",
            snils="96117619929",
            mobile="+75550000006",
            note=texts.NOTE_SNILS_OF_ANOTHER,
        ),
        Person(
            oid=1_000_700_007,
            last_name="Ёлкина",
            first_name="Алёна",
            middle_name="Семёновна",
            born=date(year - 33, 1, 1),
            gender="F",
            snils="96129693553",
            mobile="+75550000007",
            note=texts.NOTE_YO,
        ),
    )
