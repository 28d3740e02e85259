"""What the rules of booking need, in one statement; and the turns in which bookings of one patient are decided."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    FromClause,
    Label,
    Select,
    Text,
    bindparam,
    func,
    literal,
    select,
    union_all,
)

from registratura.adapters.sql import tables as t
from registratura.adapters.sql import upsert
from registratura.adapters.sql.engines import POSTGRESQL
from registratura.adapters.sql.mapping import (
    ABSENCE,
    APPOINTMENT,
    ATTACHMENT,
    PATIENT,
    REPRESENTATION,
    SLOT,
    absence_of,
    attachment_of,
    in_force,
    patient_in,
    representation_of,
    slot_in,
)
from registratura.adapters.sql.patients import card_id
from registratura.adapters.sql.prepared import Parameters, Prepared
from registratura.adapters.sql.questions import Asked, many_at_once, one_question
from registratura.adapters.sql.surroundings import DIGESTS, Around, Surroundings
from registratura.adapters.sql.types import Moment, Values, among, pack, packed, unpack
from registratura.application.ports.deciding import ToBook
from registratura.domain.appointments import Facts

_ASKED: Asked = {
    "patient": Text(),
    "slot": Text(),
    "now": Moment(),
    "author": Text(),
    "purpose": Text(),
    "scope": Text(),
    "key": Text(),
}
"""What a booking asks, by name."""
_LISTS = (REPRESENTATION, ATTACHMENT, ABSENCE, APPOINTMENT)
_NAMES = ("representations", "attachments", "absences", "upcoming")


def _of_this_person(column: Column[Any]) -> ColumnElement[bool]:
    """The card with those merged into it: all are one person."""
    own = select(t.patient.c.id).correlate(t.patient)
    merged = select(t.united_id.c.united_id).where(t.united_id.c.patient_id == t.patient.c.id).correlate(t.patient)
    # Not a condition with «or»: neither database would use an index for both sides of it.
    return among(column, union_all(own, merged).scalar_subquery())


def _upcoming(asked: FromClause) -> Select[Any]:
    c = t.appointment.c
    # In the order of the index on patient and start: it is the only one that gives it, so no plan made while the table
    # was empty can read the bookings of others.
    found = (
        select(*APPOINTMENT)
        .where(_of_this_person(c.patient_id), c.outcome.is_(None), c.ends > asked.c.now)
        .order_by(c.patient_id, c.starts)
        .correlate(t.patient, asked)
        .subquery("found")
    )
    return select(packed(*found.c)).correlate(t.patient, asked)


def _looking(asked: FromClause) -> Select[Any]:
    """A row for each of *asked*, even where nothing is found: card, slot, what they belong to, and lists beside them.

    Its last columns are the digest and the answer that stand under the key.
    """
    lists = (
        pack(REPRESENTATION).where(t.representation.c.representative_id == asked.c.author).correlate(asked),
        pack(ATTACHMENT).where(_of_this_person(t.attachment.c.patient_id)).correlate(t.patient),
        pack(ABSENCE)
        .where(
            t.absence.c.resource_id == t.slot.c.resource_id,
            t.absence.c.begins <= t.slot.c.starts,
            t.absence.c.ends >= t.slot.c.starts,
        )
        .correlate(t.slot),
        _upcoming(asked),
    )
    return select(
        *PATIENT,
        *SLOT,
        *DIGESTS,
        *(found.scalar_subquery().label(name) for found, name in zip(lists, _NAMES, strict=True)),
        func.coalesce(t.booking_turn.c.turn, 0).label("turn"),
        # Not joined: planned while the table was empty, it would be read whole for ever.
        *(_answered(asked, column) for column in (t.request.c.digest, t.request.c.answer)),
    ).select_from(
        asked.outerjoin(t.patient, t.patient.c.id == card_id(asked.c.patient))
        .outerjoin(t.booking_turn, t.booking_turn.c.patient_id == t.patient.c.id)
        .outerjoin(t.slot, t.slot.c.id == asked.c.slot)
        .outerjoin(t.organisation, t.organisation.c.id == t.slot.c.organisation_id)
        .outerjoin(t.resource, t.resource.c.id == t.slot.c.resource_id)
        .outerjoin(t.speciality, t.speciality.c.id == t.resource.c.speciality_id)
        .outerjoin(t.purpose, t.purpose.c.id == asked.c.purpose)
    )


def _answered(asked: FromClause, column: Column[Any]) -> Label[Any]:
    under_key = (t.request.c.scope == asked.c.scope, t.request.c.key == asked.c.key)
    return select(column).where(*under_key).correlate(asked).scalar_subquery().label(f"asked_{column.name}")


LOOK = Prepared(_looking(one_question(_ASKED)))
LOOK_TOGETHER = many_at_once(_looking, _ASKED)
"""The same for several at once."""
AROUND = len(PATIENT) + len(SLOT)
"""Where the digests of the surroundings begin in a row of `LOOK`."""
_LISTS_AT = AROUND + len(DIGESTS)
_TURN_AT = _LISTS_AT + len(_LISTS)
_TURN = (
    upsert.insert(POSTGRESQL, t.booking_turn)
    .from_select(
        ["patient_id", "turn"],
        select(t.patient.c.id, literal(1)).where(t.patient.c.id == card_id(bindparam("patient"))),
    )
    .on_conflict_do_update(index_elements=["patient_id"], set_={"turn": t.booking_turn.c.turn + 1})
)
_WAIT_FOR_TURN = Prepared(_TURN)


def asking(asked: ToBook) -> Parameters:
    """The parameters of `LOOK`."""
    return {
        "patient": asked.patient,
        "slot": asked.slot,
        "now": asked.now,
        # A person needs no representation to act for themselves.
        "author": asked.author if asked.author != asked.patient else None,
        "purpose": asked.purpose,
        "scope": asked.key.scope if asked.key else None,
        "key": asked.key.key if asked.key else None,
    }


def facts(connection: Connection, asked: Parameters, surroundings: Surroundings, *, locking: bool) -> Facts:
    """Everything about booking `asked["slot"]` for `asked["patient"]`; absences are those that cover the slot."""
    if locking and connection.dialect.name == POSTGRESQL:
        # Looking in a statement of its own, after the wait, shows what the one before us committed.
        _WAIT_FOR_TURN.run(connection, asked)
    row = LOOK.one(connection, asked)
    assert row is not None  # noqa: S101  # there is always one
    around = surroundings.known(row, AROUND) or surroundings.read(connection, asked)
    return facts_of(row, around)


def turn_of(row: Sequence[Any]) -> int:
    """How many bookings of this patient were decided before, by the row of `LOOK`."""
    turn: int = row[_TURN_AT]
    return turn


def facts_of(row: Sequence[Any], around: Around) -> Facts:
    """The facts in a row of `LOOK`."""
    card, slot = row[: len(PATIENT)], row[len(PATIENT) : AROUND]
    representations, attachments, absences, upcoming = map(_listed, _LISTS, row[_LISTS_AT:_TURN_AT])
    return Facts(
        patient=patient_in(card) if card[0] is not None else None,
        slot=slot_in(slot) if slot[0] is not None else None,
        organisation=around.organisation,
        resource=around.resource,
        speciality=around.speciality,
        purpose=around.purpose,
        representations=tuple(map(representation_of, representations)),
        attachments=tuple(map(attachment_of, attachments)),
        absences=tuple(map(absence_of, absences)),
        upcoming=in_force(upcoming),
    )


def _listed(columns: Sequence[Column[Any]], packed: str) -> Sequence[Values]:
    return unpack(columns, packed) if packed != "[]" else ()
