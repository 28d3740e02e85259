"""The clinic, the doctor, the speciality and the purpose of a booking: read once, known afterwards by their digests.

They change when somebody loads a schedule, and every booking needs them. The digest that a booking reads with its slot
tells whether the value read before is still the same, so nothing stale is ever used.
"""

from collections.abc import Callable, Sequence
from typing import Any

import attrs
from sqlalchemy import Column, Connection, FromClause, Select, Text, select

from registratura.adapters.sql import tables as t
from registratura.adapters.sql.mapping import (
    ORGANISATION,
    PURPOSE,
    RESOURCE,
    SPECIALITY,
    organisation_of,
    purpose_of,
    resource_of,
    speciality_of,
)
from registratura.adapters.sql.prepared import Parameters, Prepared
from registratura.adapters.sql.questions import Asked, many_at_once, one_question
from registratura.adapters.sql.types import Values
from registratura.application.ports.deciding import ToBook
from registratura.domain.organisations import Organisation, Resource, Speciality
from registratura.domain.telemedicine import Purpose

_PLACES = (t.organisation, t.resource, t.speciality, t.purpose)
_READERS: tuple[Callable[[Values], Any], ...] = (organisation_of, resource_of, speciality_of, purpose_of)
DIGESTS: tuple[Column[Any], ...] = tuple(column for place in _PLACES for column in (place.c.id, place.c.digest))
"""What names the four values: id and digest of each."""
_COLUMNS = (*DIGESTS, *ORGANISATION, *RESOURCE, *SPECIALITY, *PURPOSE)
MANY = 20_000
"""Values kept at most: every doctor of a region, and room to spare."""


_ASKED: Asked = {"slot": Text(), "purpose": Text()}


def _reading(asked: FromClause) -> Select[Any]:
    return select(*(column.label(f"c{place}") for place, column in enumerate(_COLUMNS))).select_from(
        asked.outerjoin(t.slot, t.slot.c.id == asked.c.slot)
        .outerjoin(t.organisation, t.organisation.c.id == t.slot.c.organisation_id)
        .outerjoin(t.resource, t.resource.c.id == t.slot.c.resource_id)
        .outerjoin(t.speciality, t.speciality.c.id == t.resource.c.speciality_id)
        .outerjoin(t.purpose, t.purpose.c.id == asked.c.purpose)
    )


READ = Prepared(_reading(one_question(_ASKED)))
READ_TOGETHER = many_at_once(_reading, _ASKED)
"""The same for several at once."""


def asking(asked: ToBook) -> Parameters:
    """The parameters of `READ`."""
    return {"slot": asked.slot, "purpose": asked.purpose}


@attrs.frozen(kw_only=True)
class Around:
    """What a slot belongs to, and the purpose of the visit."""

    organisation: Organisation | None
    resource: Resource | None
    speciality: Speciality | None
    purpose: Purpose | None


@attrs.define
class Surroundings:
    """Values read before, by kind, id and digest; safe in several threads."""

    _most: int = MANY
    _values: dict[tuple[str, str, str], Any] = attrs.field(factory=dict, init=False)

    def known(self, row: Sequence[Any], at: int) -> Around | None:
        """What the digests in *row*, which begin *at*, stand for; None when one of them was never read."""
        found = []
        for place, table in enumerate(_PLACES):
            id_, digest = row[at + 2 * place], row[at + 2 * place + 1]
            value = None if id_ is None else self._values.get((table.name, id_, digest))
            if id_ is not None and value is None:
                return None
            found.append(value)
        organisation, resource, speciality, purpose = found
        return Around(organisation=organisation, resource=resource, speciality=speciality, purpose=purpose)

    def read(self, connection: Connection, asked: Parameters) -> Around:
        """Read what the slot and the purpose in *asked* stand for, and know it from now on."""
        row = READ.one(connection, asked)
        assert row is not None  # noqa: S101  # there is always one
        return self.learn(row)

    def learn(self, row: Sequence[Any]) -> Around:
        """Know what a row of `READ` tells from now on, until there is too much to know."""
        values = dict(zip(_COLUMNS, row, strict=True))
        organisation, resource, speciality, purpose = found = [
            reader(values) if values[table.c.id] is not None else None
            for table, reader in zip(_PLACES, _READERS, strict=True)
        ]
        if len(self._values) > self._most:
            self._values.clear()
        for table, value in zip(_PLACES, found, strict=True):
            if value is not None:
                self._values[table.name, values[table.c.id], values[table.c.digest]] = value
        # Not from what is kept: another thread may have cleared it by now.
        return Around(organisation=organisation, resource=resource, speciality=speciality, purpose=purpose)
