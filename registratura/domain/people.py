"""Patients, their identifiers and age, and who may act for whom."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from enum import Enum

import attrs

from registratura.domain.identifiers import MessengerId, OrganisationId, PatientId

ADULT_FROM = 18
"""Age in whole years from which a person is an adult."""

_SNILS_DIGITS = 11
_LAST_SNILS_WITHOUT_CONTROL = 1_001_998
_ENP_DIGITS = 16


class Sex(Enum):
    """Sex as the FER profile writes it (`patient_data_rrp.gender`)."""

    MALE = "1"
    FEMALE = "2"


def _hidden(_: object) -> str:
    """Personal data never reaches a log through a `repr`."""
    return "***"


@attrs.frozen(repr=False)
class Snils:
    """СНИЛС: eleven digits, the last two of which are a control number."""

    digits: str

    @classmethod
    def parse(cls, text: str) -> "Snils | None":
        """Read «112-233-445 95» or «11223344595»; None when these are not eleven digits.

        The control number is not judged here: the FER profile's own example fails it (I-46).
        """
        digits = text.replace("-", "").replace(" ", "")
        return cls(digits) if len(digits) == _SNILS_DIGITS and digits.isascii() and digits.isdigit() else None

    @property
    def is_issuable(self) -> bool:
        """Whether the control number fits; numbers up to 001-001-998 were issued without one."""
        if int(self.digits[:9]) <= _LAST_SNILS_WITHOUT_CONTROL:
            return True
        weighted = sum(int(digit) * weight for digit, weight in zip(self.digits[:9], range(9, 0, -1), strict=True))
        return weighted % 101 % 100 == int(self.digits[9:])

    @property
    def formatted(self) -> str:
        """«112-233-445 95»."""
        d = self.digits
        return f"{d[:3]}-{d[3:6]}-{d[6:9]} {d[9:]}"

    def __repr__(self) -> str:
        return "Snils(***)"


def is_valid_enp(number: str) -> bool:
    """Whether a policy number is a whole ЕНП: sixteen digits with a fitting control digit.

    The check is the Luhn-like one of the mandatory insurance rules: the digits before the control
    digit are read backwards, those on odd places as one number are doubled and joined with the rest.
    """
    if len(number) != _ENP_DIGITS or not (number.isascii() and number.isdigit()):
        return False
    reversed_body = number[14::-1]
    joined = reversed_body[1::2] + str(int(reversed_body[0::2]) * 2)
    return (10 - sum(map(int, joined)) % 10) % 10 == int(number[15])


def folded(text: str) -> str:
    """The form in which names are compared and looked for: no case, no extra spaces, ё as е."""
    return " ".join(text.casefold().replace("ё", "е").split())


@attrs.frozen(repr=False)
class PersonName:
    """Ф. И. О.: the patronymic may be absent."""

    last: str
    first: str
    middle: str | None = None

    @property
    def full(self) -> str:
        """«Иванова Мария Петровна»."""
        return " ".join(part for part in (self.last, self.first, self.middle) if part)

    @property
    def initials(self) -> str:
        """«Иванова М. П.»."""
        return " ".join([self.last, *(f"{part[0]}." for part in (self.first, self.middle) if part)])

    @property
    def discreet(self) -> str:
        """«Мария И.»: what a notice may show on a locked screen."""
        return f"{self.first} {self.last[:1]}."

    @property
    def compared(self) -> tuple[str, str, str]:
        """The form in which names are compared, see `folded`."""
        return folded(self.last), folded(self.first), folded(self.middle or "")

    def __repr__(self) -> str:
        return "PersonName(***)"


@attrs.frozen(kw_only=True)
class Patient:
    """A person who is booked. Everything that tells who it is stays out of `repr`."""

    id: PatientId
    name: PersonName = attrs.field(repr=_hidden)
    born: date = attrs.field(repr=_hidden)
    sex: Sex = attrs.field(repr=_hidden)
    snils: Snils | None = attrs.field(default=None, repr=_hidden)
    policy: str | None = attrs.field(default=None, repr=_hidden)
    phone: str | None = attrs.field(default=None, repr=_hidden)
    email: str | None = attrs.field(default=None, repr=_hidden)
    died: date | None = attrs.field(default=None, repr=_hidden)
    united: frozenset[PatientId] = frozenset()
    """Ids that the regional registry merged into this patient (`united_guids`)."""
    messenger: MessengerId | None = attrs.field(default=None, repr=_hidden)
    messenger_phone: str | None = attrs.field(default=None, repr=_hidden)
    esia: str | None = attrs.field(default=None, repr=_hidden)

    @property
    def ids(self) -> frozenset[PatientId]:
        """The patient's id with those merged into it."""
        return self.united | {self.id}

    def age_on(self, day: date) -> int:
        """Whole years on *day*; negative before birth."""
        return age_on(self.born, day)


_PHONE_DIGITS = 11


def phone_digits(text: str | None) -> str | None:
    """«8 (912) 345-67-89» as 79123456789; None when *text* is no number of Russia, written in full."""
    digits = "".join(sign for sign in text or "" if sign in "0123456789")
    # Behind a «+» comes the code of a country: +84 is Vietnam, where a number may have eleven digits too.
    international = "+" in (text or "")
    if not international and len(digits) == _PHONE_DIGITS - 1 and digits.startswith("9"):
        digits = f"7{digits}"
    if len(digits) != _PHONE_DIGITS or digits[0] not in ("7" if international else "78"):
        return None
    return f"7{digits[1:]}"


def age_on(born: date, day: date) -> int:
    """Whole years from *born* to *day*; a person born on 29 February gets older on 1 March of common years."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def same_person(one: Patient, other: Patient) -> bool:
    """Whether two cards are of one person: by СНИЛС when both have it, else by name and birth date (AUTH-41)."""
    if one.id == other.id:
        return True
    if one.snils and other.snils:
        return one.snils == other.snils
    return one.name.compared == other.name.compared and one.born == other.born


class Relation(Enum):
    """On what ground one person acts for another."""

    EPGU_CHILD = "epgu_child"
    """A child from the parent's list on Gosuslugi."""
    LEGAL = "legal"
    """A legal representative (законный представитель) recorded by the clinic."""


@attrs.frozen(kw_only=True)
class Representation:
    """*representative* may act for *patient*, from *since* to *until* inclusive."""

    representative: PatientId
    patient: PatientId
    relation: Relation
    since: date | None = None
    until: date | None = None

    def holds_on(self, day: date) -> bool:
        """Whether the representation is in force on *day*."""
        return (self.since is None or self.since <= day) and (self.until is None or day <= self.until)

    def covers(self, patient: Patient, day: date) -> bool:
        """Whether it lets the representative act for *patient* on *day*.

        A child from Gosuslugi counts until the eighteenth birthday (AUTH-45); a legal representation has no age.
        """
        grown_up = self.relation is Relation.EPGU_CHILD and patient.age_on(day) >= ADULT_FROM
        return self.patient == patient.id and self.holds_on(day) and not grown_up


def may_act_for(author: PatientId, patient: Patient, representations: Iterable[Representation], day: date) -> bool:
    """Whether *author* may book for *patient* on *day*: for themselves always, for others by a representation."""
    return author == patient.id or any(
        held.representative == author and held.covers(patient, day) for held in representations
    )


def represented(
    author: PatientId,
    representations: Collection[Representation],
    patients: Mapping[PatientId, Patient],
    day: date,
) -> tuple[Patient, ...]:
    """Everybody *author* may book on *day*, children and wards together, each person once, by name."""
    chosen: list[Patient] = []
    for held in representations:
        patient = patients.get(held.patient)
        if patient is None or held.representative != author or not held.covers(patient, day):
            continue
        if not any(same_person(patient, known) for known in chosen):
            chosen.append(patient)
    return tuple(sorted(chosen, key=lambda patient: (patient.name.compared, patient.born)))


@attrs.frozen(kw_only=True)
class Attachment:
    """A patient is attached (прикреплён) to an organisation and, often, to one of its areas (участок)."""

    patient: PatientId
    organisation: OrganisationId
    area: str | None = None
    since: date | None = None
    until: date | None = None

    def holds_on(self, day: date) -> bool:
        """Whether the attachment is in force on *day*."""
        return (self.since is None or self.since <= day) and (self.until is None or day <= self.until)
