"""Taking a slot and giving it back: one guarded statement decides, never what was read before."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Integer,
    bindparam,
    exists,
    func,
    insert,
    literal_column,
    select,
    update,
)
from sqlalchemy.sql.selectable import CTE

from registratura.adapters.sql import upsert
from registratura.adapters.sql.engines import POSTGRESQL
from registratura.adapters.sql.mapping import Row, appointment_row
from registratura.adapters.sql.prepared import Prepared
from registratura.adapters.sql.tables import appointment, booking_turn, consent, request, slot
from registratura.adapters.sql.types import Moment
from registratura.application.ports.deciding import Answer
from registratura.domain.appointments import FREEING, Appointment, ClosedAppointment
from registratura.domain.telemedicine import Consent

BOOKED = [column for column in appointment.c if column.name not in {"outcome", "closed_at", "moved_to"}]
AGREED = list(consent.c)
REMEMBERED = list(request.c)
_IS_FREE = (
    slot.c.id == bindparam("booked_slot_id"),
    slot.c.status == literal_column("'AVAILABLE'"),
    # A load may have moved the slot since it was seen: the patient was told this doctor and this time.
    slot.c.resource_id == bindparam("booked_resource_id"),
    slot.c.starts == bindparam("booked_starts", type_=Moment),
)
_RECORDED: dict[str, Any] = {"status": literal_column("'RECORDED'")}
_AVAILABLE: dict[str, Any] = {"status": literal_column("'AVAILABLE'")}
_CLOSED = {
    "outcome": bindparam("new_outcome", type_=appointment.c.outcome.type),
    "closed_at": bindparam("new_closed_at", type_=Moment),
    "moved_to": bindparam("new_moved_to", type_=appointment.c.moved_to.type),
    "agenda": bindparam("new_agenda", type_=Moment),
}
_IS_HELD = (appointment.c.id == bindparam("held"), appointment.c.outcome.is_(None))


def take(connection: Connection, booked: Appointment, agreed: Consent | None, agenda: datetime | None) -> bool:
    """Book a slot that is free, for a patient who is free at that time; False, and nothing done, otherwise."""
    values = taking(booked, agreed, agenda)
    if connection.dialect.name == POSTGRESQL:
        return _is_done(take_at_once(with_consent=agreed is not None), connection, values)
    if _BOOK.run(connection, values) != 1:
        return False
    _MARK_TAKEN.run(connection, values)
    if agreed:
        _AGREE.run(connection, values)
    return True


def release(connection: Connection, closed: ClosedAppointment, agenda: datetime | None) -> bool:
    """Close a booking in force and, if it was cancelled, free its slot; False, and nothing done, otherwise."""
    values = releasing(closed, agenda)
    frees = closed.outcome in FREEING
    if connection.dialect.name == POSTGRESQL:
        return _is_done(release_at_once(frees=frees), connection, values)
    if _CLOSE.run(connection, values) != 1:
        return False
    if frees:
        _MARK_FREE.run(connection, values)
    return True


def taking(booked: Appointment, agreed: Consent | None, agenda: datetime | None) -> Row:
    """The parameters of taking a slot."""
    row = appointment_row(booked) | {"agenda": agenda}
    return _named("booked_", row) | (_named("consent_", _consent_row(agreed)) if agreed else {})


def releasing(closed: ClosedAppointment, agenda: datetime | None) -> Row:
    """The parameters of giving a slot back."""
    return {
        "held": closed.appointment.id,
        "new_outcome": closed.outcome.value,
        "new_closed_at": closed.closed_at,
        "new_moved_to": closed.moved_to,
        "new_agenda": agenda,
    }


def remembering(answer: Answer) -> Row:
    """The parameters of keeping an answer under its key."""
    asked = answer.asked
    row = {"scope": asked.scope, "key": asked.key, "digest": asked.digest, "answer": answer.words, "at": answer.at}
    return _named("request_", row)


def _is_done(statement: Prepared, connection: Connection, values: Row) -> bool:
    row = statement.one(connection, values)
    return row is not None and bool(row[0])


def _named(prefix: str, row: Row) -> Row:
    """Values under names that are no column's: an update in the same statement would take those for its own."""
    return {prefix + name: value for name, value in row.items()}


def _bound(columns: Sequence[Column[Any]], prefix: str) -> list[Any]:
    return [bindparam(prefix + column.name, type_=column.type).label(column.name) for column in columns]


def _consent_row(agreed: Consent) -> Row:
    return {
        "appointment_id": agreed.appointment,
        "author_id": agreed.author,
        "patient_id": agreed.patient,
        "version": agreed.version,
        "given_at": agreed.given_at,
        "channel": agreed.channel,
    }


# A booking that stands in the way, of the slot or of the patient's hour, makes the insert do nothing.
_BOOK = Prepared(
    upsert.insert("sqlite", appointment)
    .from_select(BOOKED, select(*_bound(BOOKED, "booked_")).select_from(slot).where(*_IS_FREE))
    .on_conflict_do_nothing()
)
_MARK_TAKEN = Prepared(update(slot).values(_RECORDED).where(slot.c.id == bindparam("booked_slot_id")))
_AGREE = Prepared(insert(consent).from_select(AGREED, select(*_bound(AGREED, "consent_"))))
_CLOSE = Prepared(update(appointment).values(_CLOSED).where(*_IS_HELD))
_MARK_FREE = Prepared(
    update(slot)
    .values(_AVAILABLE)
    .where(
        slot.c.status == literal_column("'RECORDED'"),
        slot.c.id == select(appointment.c.slot_id).where(appointment.c.id == bindparam("held")).scalar_subquery(),
    )
)


@cache
def take_at_once(*, with_consent: bool) -> Prepared:
    """The same in one round trip: the slot is locked first, so that the loser waits and then finds it taken."""
    free = select(slot.c.id).where(*_IS_FREE).with_for_update().cte("free")
    booked = (
        upsert.insert(POSTGRESQL, appointment)
        .from_select(BOOKED, select(*_bound(BOOKED, "booked_")).select_from(free))
        .on_conflict_do_nothing()
        .returning(appointment.c.slot_id)
        .cte("booked")
    )
    taken = update(slot).values(_RECORDED).where(slot.c.id == booked.c.slot_id).returning(slot.c.id).cte("taken")
    counted = select(func.count()).select_from(booked).add_cte(taken)
    return Prepared(counted.add_cte(_agreed(booked)) if with_consent else counted)


@cache
def take_in_turn(*, with_consent: bool, with_answer: bool) -> Prepared:
    """All that a booking is in one statement that is a transaction by itself: nobody decided meanwhile, or nothing.

    What stands in the way, be it another booking or an answer under the same key, breaks the whole statement.
    """
    turned = (
        upsert.insert(POSTGRESQL, booking_turn)
        .values(patient_id=bindparam("booked_patient_id"), turn=bindparam("seen", type_=Integer) + 1)
        .on_conflict_do_update(
            index_elements=["patient_id"],
            set_={"turn": booking_turn.c.turn + 1},
            where=booking_turn.c.turn == bindparam("seen", type_=Integer),
        )
        .returning(booking_turn.c.patient_id)
        .cte("turned")
    )
    taken = (
        (update(slot).values(_RECORDED).where(*_IS_FREE, exists().where(turned.c.patient_id.is_not(None))))
        .returning(slot.c.id)
        .cte("taken")
    )
    booked = (
        insert(appointment)
        .from_select(BOOKED, select(*_bound(BOOKED, "booked_")).select_from(taken))
        .returning(appointment.c.slot_id)
        .cte("booked")
    )
    counted = select(func.count()).select_from(booked)
    if with_consent:
        counted = counted.add_cte(_agreed(booked))
    return Prepared(counted.add_cte(_remembered(booked)) if with_answer else counted)


@cache
def release_at_once(*, frees: bool = True, with_answer: bool = False) -> Prepared:
    """The same in one round trip; the slot is locked before the booking, as loading a schedule does."""
    holding = exists().where(appointment.c.slot_id == slot.c.id, *_IS_HELD)
    locked = select(slot.c.id).where(holding).with_for_update(of=slot).cte("locked")
    closed = (
        update(appointment)
        .values(_CLOSED)
        .where(appointment.c.slot_id == locked.c.id, *_IS_HELD)
        .returning(appointment.c.slot_id)
        .cte("closed")
    )
    freed = (
        update(slot)
        .values(_AVAILABLE)
        .where(slot.c.id == closed.c.slot_id, slot.c.status == literal_column("'RECORDED'"))
        .returning(slot.c.id)
        .cte("freed")
    )
    counted = select(func.count()).select_from(closed)
    if frees:
        counted = counted.add_cte(freed)
    return Prepared(counted.add_cte(_remembered(closed)) if with_answer else counted)


def _agreed(booked: CTE) -> CTE:
    values = select(*_bound(AGREED, "consent_")).select_from(booked)
    return insert(consent).from_select(AGREED, values).returning(consent.c.appointment_id).cte("agreed")


def _remembered(done: CTE) -> CTE:
    values = select(*_bound(REMEMBERED, "request_")).select_from(done)
    return insert(request).from_select(REMEMBERED, values).returning(request.c.key).cte("remembered")
