"""Taking a slot and giving it back: one guarded statement decides, never what was read before."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Executable, bindparam, exists, func, insert, select, update

from registratura.adapters.sql import upsert
from registratura.adapters.sql.engines import POSTGRESQL
from registratura.adapters.sql.mapping import Row, appointment_row
from registratura.adapters.sql.tables import appointment, consent, slot
from registratura.adapters.sql.types import Moment
from registratura.domain.appointments import Appointment, ClosedAppointment
from registratura.domain.schedule import SlotStatus
from registratura.domain.telemedicine import Consent

_BOOKED = [column for column in appointment.c if column.name not in {"outcome", "closed_at"}]
_IS_FREE = (slot.c.id == bindparam("booked_slot_id"), slot.c.status == SlotStatus.AVAILABLE.value)
_RECORDED = {"status": SlotStatus.RECORDED.value}
_AVAILABLE = {"status": SlotStatus.AVAILABLE.value}
_CLOSED = {
    "outcome": bindparam("new_outcome", type_=appointment.c.outcome.type),
    "closed_at": bindparam("new_closed_at", type_=Moment),
}
_IS_HELD = (appointment.c.id == bindparam("held"), appointment.c.outcome.is_(None))


def take(connection: Connection, booked: Appointment, agreed: Consent | None) -> bool:
    """Book a slot that is free, for a patient who is free at that time; False, and nothing done, otherwise."""
    values = _named("booked_", appointment_row(booked))
    consented = _named("consent_", _consent_row(agreed)) if agreed else {}
    if connection.dialect.name == POSTGRESQL:
        statement = _take_at_once(with_consent=agreed is not None)
        return bool(connection.execute(statement, values | consented).scalar_one())
    if connection.execute(_BOOK, values).rowcount != 1:
        return False
    connection.execute(_MARK_TAKEN, {"slot_id": booked.slot})
    if agreed:
        connection.execute(_AGREE, consented)
    return True


def release(connection: Connection, closed: ClosedAppointment) -> bool:
    """Close a booking in force and free its slot if it is still ours; False, and nothing done, otherwise."""
    values = {
        "held": closed.appointment.id,
        "new_outcome": closed.outcome.value,
        "new_closed_at": closed.closed_at,
    }
    if connection.dialect.name == POSTGRESQL:
        return bool(connection.execute(_release_at_once(), values).scalar_one())
    if connection.execute(_CLOSE, values).rowcount != 1:
        return False
    connection.execute(_MARK_FREE, {"held": closed.appointment.id})
    return True


def _named(prefix: str, row: Row) -> Row:
    """Values under names that are no column's: an update in the same statement would take those for its own."""
    return {prefix + name: value for name, value in row.items()}


def _bound(columns: Sequence[Any], prefix: str) -> list[Any]:
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
_BOOK = (
    upsert.insert("sqlite", appointment)
    .from_select(_BOOKED, select(*_bound(_BOOKED, "booked_")).select_from(slot).where(*_IS_FREE))
    .on_conflict_do_nothing()
)
_MARK_TAKEN = update(slot).values(_RECORDED).where(slot.c.id == bindparam("slot_id"))
_AGREE = insert(consent).from_select(list(consent.c), select(*_bound(list(consent.c), "consent_")))
_CLOSE = update(appointment).values(_CLOSED).where(*_IS_HELD)
_MARK_FREE = (
    update(slot)
    .values(_AVAILABLE)
    .where(
        slot.c.status == SlotStatus.RECORDED.value,
        slot.c.id == select(appointment.c.slot_id).where(appointment.c.id == bindparam("held")).scalar_subquery(),
    )
)


@cache
def _take_at_once(*, with_consent: bool) -> Executable:
    """The same in one round trip: the slot is locked first, so that the loser waits and then finds it taken."""
    free = select(slot.c.id).where(*_IS_FREE).with_for_update().cte("free")
    booked = (
        upsert.insert(POSTGRESQL, appointment)
        .from_select(_BOOKED, select(*_bound(_BOOKED, "booked_")).select_from(free))
        .on_conflict_do_nothing()
        .returning(appointment.c.slot_id)
        .cte("booked")
    )
    taken = update(slot).values(_RECORDED).where(slot.c.id == booked.c.slot_id).returning(slot.c.id).cte("taken")
    counted = select(func.count()).select_from(booked).add_cte(taken)
    if not with_consent:
        return counted
    agreed = insert(consent).from_select(
        list(consent.c), select(*_bound(list(consent.c), "consent_")).select_from(booked)
    )
    return counted.add_cte(agreed.returning(consent.c.appointment_id).cte("agreed"))


@cache
def _release_at_once() -> Executable:
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
        .where(slot.c.id == closed.c.slot_id, slot.c.status == SlotStatus.RECORDED.value)
        .returning(slot.c.id)
        .cte("freed")
    )
    return select(func.count()).select_from(closed).add_cte(freed)
