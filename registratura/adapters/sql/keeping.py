"""Several bookings kept by one statement, on PostgreSQL: the busier it is, the less each of them costs.

What somebody else has in hand is passed over and not waited for, so that nobody waits for a stranger. Only the very
first turn of a patient, and a key that is used elsewhere at this moment, are waited for.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Integer,
    Select,
    and_,
    case,
    insert,
    literal,
    literal_column,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.sql.selectable import CTE
from sqlalchemy.types import TypeEngine

from registratura.adapters.sql import upsert
from registratura.adapters.sql.engines import POSTGRESQL
from registratura.adapters.sql.prepared import Prepared
from registratura.adapters.sql.questions import Asked, Batch, rows_of
from registratura.adapters.sql.races import AGREED, BOOKED, REMEMBERED
from registratura.adapters.sql.tables import appointment, booking_turn, consent, request, slot
from registratura.adapters.sql.types import among, opaque

KEPT, LOST, BUSY, APART = "kept", "lost", "busy", "apart"
"""What became of a booking: it stands; somebody decided meanwhile; the turn is ours and somebody has the slot in hand;
somebody has the turn in hand. The last two may be tried alone.
"""


def _named(prefix: str, columns: Sequence[Column[Any]]) -> dict[str, TypeEngine[Any]]:
    return {prefix + column.name: column.type for column in columns}


_ASKED: Asked = {
    **_named("booked_", BOOKED),
    **_named("consent_", AGREED),
    **_named("request_", REMEMBERED),
    "seen": Integer(),
}
"""Of each booking, consent and answer as `races` names it, and the turn that was seen."""


def _keep_together() -> Batch:
    asked = select(rows_of(_ASKED, "unpacked")).cte("asked")
    # Everybody takes the turns of patients in one order, so none waits for another in a circle. Of two bookings of one
    # patient the one that saw more goes first.
    first = (
        select(
            asked.c.booked_patient_id.label("patient_id"),
            asked.c.booked_slot_id.label("slot_id"),
            asked.c.place,
            asked.c.seen,
        )
        .ext(distinct_on(asked.c.booked_patient_id))
        .order_by(asked.c.booked_patient_id, asked.c.seen.desc(), asked.c.place)
        .cte("first")
    )
    held = _held(first)
    turned = _turned(first, held)
    # Sorted, so that every turn is ours before a slot is locked: who waits for a turn holds no slot.
    ready = (
        select(first.c.place, first.c.slot_id)
        .join_from(turned, first, first.c.patient_id == turned.c.patient_id)
        .ext(distinct_on(first.c.slot_id))
        .order_by(first.c.slot_id, first.c.place)
        .cte("ready")
    )
    free = _free(ready, asked)
    taken = (
        update(slot)
        .values(status=literal_column("'RECORDED'"))
        .where(among(slot.c.id, select(free.c.id).scalar_subquery()))
        .returning(slot.c.id)
        .cte("taken")
    )

    def of_those_who_won(prefix: str, columns: Sequence[Column[Any]]) -> Select[Any]:
        values = select(*(asked.c[prefix + column.name] for column in columns))
        return values.join_from(free, asked, asked.c.place == free.c.place)

    booked = insert(appointment).from_select(BOOKED, of_those_who_won("booked_", BOOKED))
    agreed = insert(consent).from_select(
        AGREED, of_those_who_won("consent_", AGREED).where(asked.c.consent_appointment_id.is_not(None))
    )
    answered = insert(request).from_select(
        REMEMBERED, of_those_who_won("request_", REMEMBERED).where(asked.c.request_key.is_not(None))
    )
    still_free = select(true()).where(*_is_as_seen(asked)).correlate(asked).scalar_subquery()
    still_in_turn = select(true()).where(*_is_in_turn(first)).correlate(first).scalar_subquery()
    ends = case(
        (free.c.place.is_not(None), literal(KEPT)),
        (and_(ready.c.place.is_not(None), still_free), literal(BUSY)),
        (and_(first.c.patient_id.not_in(select(turned.c.patient_id)), still_in_turn), literal(APART)),
        else_=literal(LOST),
    )
    told = (
        select(ends)
        .select_from(
            asked.outerjoin(first, first.c.place == asked.c.place)
            .outerjoin(ready, ready.c.place == asked.c.place)
            .outerjoin(free, free.c.place == asked.c.place)
        )
        .order_by(asked.c.place)
        .add_cte(taken, booked.cte("booked"), agreed.cte("agreed"), answered.cte("answered"))
    )
    return Batch(Prepared(told), _ASKED)


def _held(first: CTE) -> CTE:
    """Those whose turn is as it was seen and who have it; nobody is waited for."""
    locked = (
        select(booking_turn.c.patient_id)
        .where(*_is_in_turn(first))
        .limit(literal_column("1"))
        .with_for_update(skip_locked=True)
        .correlate(first)
        .lateral("locked")
    )
    return select(locked.c.patient_id).select_from(first.join(locked, true())).cte("held")


def _turned(first: CTE, held: CTE) -> CTE:
    """Whose turn is ours now: those who had it, and those who never booked before."""
    ours = or_(first.c.seen == literal(0), first.c.patient_id.in_(select(held.c.patient_id)))
    turns = upsert.insert(POSTGRESQL, booking_turn).from_select(
        ["patient_id", "turn"], select(first.c.patient_id, first.c.seen + 1).where(ours)
    )
    return (
        turns.on_conflict_do_update(
            index_elements=["patient_id"],
            set_={"turn": booking_turn.c.turn + 1},
            where=booking_turn.c.turn == turns.excluded.turn - 1,
        )
        .returning(booking_turn.c.patient_id)
        .cte("turned")
    )


def _free(ready: CTE, asked: CTE) -> CTE:
    """Which of the slots are free and ours now; nobody is waited for."""
    locked = (
        select(slot.c.id)
        .where(*_is_as_seen(asked))
        .limit(literal_column("1"))
        .with_for_update(skip_locked=True)
        .correlate(asked)
        .lateral("locked")
    )
    found = ready.join(asked, asked.c.place == ready.c.place).join(locked, true())
    return select(locked.c.id, ready.c.place).select_from(found).cte("free")


# Looked up one by one and by their keys alone: planned while the tables were small, anything else would read them whole
# for as long as the plan is kept.


def _is_in_turn(first: CTE) -> tuple[ColumnElement[bool], ...]:
    return booking_turn.c.patient_id == first.c.patient_id, opaque(booking_turn.c.turn == first.c.seen)


def _is_as_seen(asked: CTE) -> tuple[ColumnElement[bool], ...]:
    return (
        slot.c.id == asked.c.booked_slot_id,
        opaque(
            and_(
                slot.c.status == literal_column("'AVAILABLE'"),
                slot.c.resource_id == asked.c.booked_resource_id,
                slot.c.starts == asked.c.booked_starts,
            )
        ),
    )


KEEP_TOGETHER = _keep_together()
"""Keeps what it can of several bookings and tells, in their order, what became of each."""
