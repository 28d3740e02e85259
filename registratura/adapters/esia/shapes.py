"""People as providers describe them, made into ours; the two protocols differ in names and in how a day is written."""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime

import attrs

from registratura.adapters.esia import fields
from registratura.adapters.esia.verdicts import NoIdentity, require
from registratura.application.ports.identity import NotSignedIn
from registratura.domain.identity import Child, Identity
from registratura.domain.people import PersonName, Sex

log = logging.getLogger(__name__)

MOST_LISTED = 100
"""More children, or ways to reach somebody, than anybody has: such a list was not made for one person."""


@attrs.frozen(kw_only=True)
class Shape:
    """What the fields of a person are called, and how days and sexes are written."""

    last: str
    first: str
    middle: str
    born: str
    sex: str
    snils: str
    day: Callable[[object], date | None]
    sexes: Mapping[str, Sex]

    def identity(
        self, raw: Mapping[str, object], *, subject: str, phone: object, children: tuple[Child, ...], at: datetime
    ) -> Identity:
        """The person. Raises `NoIdentity` when name or birth date is not told."""
        name, born = self._name(raw), self.day(raw.get(self.born))
        if name is None or born is None:
            raise NoIdentity(NotSignedIn.INCOMPLETE, "person.name" if name is None else "person.born")
        return Identity(
            subject=subject,
            name=name,
            born=born,
            sex=self._sex(raw),
            snils=fields.snils(raw.get(self.snils)),
            phone=fields.phone(phone),
            children=children,
            verified_at=at,
        )

    def children(self, listed: Sequence[object]) -> tuple[Child, ...]:
        """Those of the *listed* children of whom name and birth date are told. Raises `NoIdentity` for too many."""
        require(len(listed) <= MOST_LISTED, "children.too_many")
        known = [child for child in map(self._child, listed) if child is not None]
        if len(known) < len(listed):
            log.warning("esia.children.incomplete count=%d", len(listed) - len(known))
        return tuple(known)

    def _child(self, raw: object) -> Child | None:
        told = raw if isinstance(raw, dict) else {}
        name, born = self._name(told), self.day(told.get(self.born))
        if name is None or born is None:
            return None
        return Child(name=name, born=born, sex=self._sex(told), snils=fields.snils(told.get(self.snils)))

    def _name(self, raw: Mapping[str, object]) -> PersonName | None:
        last, first = fields.text(raw.get(self.last)), fields.text(raw.get(self.first))
        if last is None or first is None:
            return None
        return PersonName(last, first, fields.text(raw.get(self.middle)))

    def _sex(self, raw: Mapping[str, object]) -> Sex | None:
        word = raw.get(self.sex)
        return self.sexes.get(word) if isinstance(word, str) else None


ESIA = Shape(
    last="lastName",
    first="firstName",
    middle="middleName",
    born="birthDate",
    sex="gender",
    snils="snils",
    day=fields.dotted_day,
    sexes={"M": Sex.MALE, "F": Sex.FEMALE},
)
"""The person resource (ESIA methodology, table 6); children are described like their parents."""
