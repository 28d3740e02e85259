"""Several bookings kept by one statement, on PostgreSQL: the busier it is, the less each of them costs.

Whoever stands in somebody's way there is left out and not waited for, so that nobody waits for a stranger.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    Column,
    Integer,
    Select,
    and_,
    case,
    insert,
    literal,
    literal_column,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.sql.selectable import CTE, FromClause
from sqlalchemy.types import TypeEngine

from registratura.adapters.sql import upsert
from registratura.adapters.sql.engines import POSTGRESQL
from registratura.adapters.sql.prepared import Prepared
from registratura.adapters.sql.questions import Asked, Batch, rows_of
from registratura.adapters.sql.races import AGREED, BOOKED, REMEMBERED
from registratura.adapters.sql.tables import appointment, booking_turn, consent, request, slot

KEPT, LOST, BUSY = "kept", "lost", "busy"
"""What became of a booking: it stands; somebody decided meanwhile; somebody has the slot in hand just now."""


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
    # Everybody takes the turns of patients in one order, so none waits for another in a circle.
    first = (
        select(asked.c.booked_patient_id.label("patient_id"), asked.c.place, asked.c.seen)
        .ext(distinct_on(asked.c.booked_patient_id))
        .order_by(asked.c.booked_patient_id)
        .cte("first")
    )
    turned = _turned(first)
    # Sorted, so that every turn is ours before a slot is locked: who waits for a turn holds no slot.
    ready = (
        select(first.c.place)
        .join_from(turned, first, first.c.patient_id == turned.c.patient_id)
        .order_by(first.c.place)
        .cte("ready")
    )
    free = (
        select(slot.c.id, ready.c.place)
        .select_from(ready)
        .join(asked, asked.c.place == ready.c.place)
        .join(slot, slot.c.id == asked.c.booked_slot_id)
        .where(*_as_seen(asked))
        .with_for_update(of=slot, skip_locked=True)
        .cte("free")
    )
    taken = (
        update(slot)
        .values(status=literal_column("'RECORDED'"))
        .where(slot.c.id == free.c.id)
        .returning(slot.c.id, free.c.place)
        .cte("taken")
    )

    def of_those_who_won(prefix: str, columns: Sequence[Column[Any]]) -> Select[Any]:
        values = select(*(asked.c[prefix + column.name] for column in columns))
        return values.join_from(taken, asked, asked.c.place == taken.c.place)

    booked = insert(appointment).from_select(BOOKED, of_those_who_won("booked_", BOOKED))
    agreed = insert(consent).from_select(
        AGREED, of_those_who_won("consent_", AGREED).where(asked.c.consent_appointment_id.is_not(None))
    )
    answered = insert(request).from_select(
        REMEMBERED, of_those_who_won("request_", REMEMBERED).where(asked.c.request_key.is_not(None))
    )
    is_free = select(slot.c.id).where(slot.c.id == asked.c.booked_slot_id, *_as_seen(asked)).correlate(asked).exists()
    is_in_hand = and_(
        asked.c.place.in_(select(ready.c.place)), asked.c.booked_slot_id.not_in(select(taken.c.id)), is_free
    )
    ends = case((taken.c.place.is_not(None), literal(KEPT)), (is_in_hand, literal(BUSY)), else_=literal(LOST))
    told = (
        select(ends)
        .select_from(asked.outerjoin(taken, taken.c.place == asked.c.place))
        .order_by(asked.c.place)
        .add_cte(booked.cte("booked"), agreed.cte("agreed"), answered.cte("answered"))
    )
    return Batch(Prepared(told), _ASKED)


def _turned(first: CTE) -> CTE:
    turns = upsert.insert(POSTGRESQL, booking_turn).from_select(
        ["patient_id", "turn"], select(first.c.patient_id, first.c.seen + 1)
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


def _as_seen(wanted: FromClause) -> tuple[Any, ...]:
    return (
        slot.c.status == literal_column("'AVAILABLE'"),
        slot.c.resource_id == wanted.c.booked_resource_id,
        slot.c.starts == wanted.c.booked_starts,
    )


KEEP_TOGETHER = _keep_together()
"""Keeps what it can of several bookings and tells, in their order, what became of each."""
