"""Loading slots: a booking of ours outlives stale states, but not a slot that the clinic withdrew."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import attrs
from sqlalchemy import (
    ARRAY,
    Connection,
    DateTime,
    FromClause,
    Select,
    Text,
    bindparam,
    column,
    func,
    select,
    update,
    values,
)

from registratura.adapters.sql import tables as t
from registratura.adapters.sql.engines import POSTGRESQL
from registratura.adapters.sql.mapping import in_utc, slot_row
from registratura.adapters.sql.register.rows import Changes, Owners, chunks, known, orphan
from registratura.adapters.sql.types import Moment, database_now
from registratura.application.records import Clash, Orphan, SlotRecord, Verdict
from registratura.domain.appointments import Outcome
from registratura.domain.schedule import SlotStatus

Place = tuple[str, datetime]
"""A doctor and a moment: no two slots share them, whatever their states (OQ-09)."""


def store_slots(connection: Connection, records: Sequence[SlotRecord]) -> list[Verdict]:
    """A visit without an offset is local time of its organisation."""
    ids = {record.id for record in records}
    zones = _zones(connection, {record.organisation for record in records})
    resources = known(connection, t.resource.c.id, {record.resource for record in records})
    changes = Changes(connection, t.slot, apart=("status",))
    # Locked, so that nobody books a slot between reading its bookings and writing its state.
    changes.look(t.slot.c.id, ids, lock=True)
    places: list[Place | None] = [
        (record.resource, in_utc(record.visit, zones[record.organisation])) if record.organisation in zones else None
        for record in records
    ]
    owners = _owners(connection, ids, {place for place in places if place is not None})
    held = _in_force(connection, ids)
    withdrawn: list[str] = []
    verdicts: list[Verdict] = []
    for record, place in zip(records, places, strict=True):
        lost = orphan(("mo_id", record.organisation, zones), ("resource_id", record.resource, resources))
        if place is None or lost is not None:
            verdicts.append(lost or Orphan("mo_id", record.organisation))
            continue
        owner = owners.of(place)
        if owner is not None and owner != record.id:
            verdicts.append(Clash(("resource_id", "visit_time"), owner))
            continue
        status = record.status
        booking = held.get(record.id)
        if booking is not None and status is SlotStatus.CANCELED:
            del held[record.id]
            withdrawn.append(record.id)
        elif booking is not None:
            if booking.place != (*place, place[1] + timedelta(minutes=record.minutes)):
                # The patient was told another time or doctor: first the booking is moved or cancelled, then the slot.
                verdicts.append(Clash(("slot_id", "visit_time"), booking.id))
                continue
            status = SlotStatus.RECORDED
        owners.give(record.id, place)
        verdicts.append(changes.put(slot_row(record, place[1], zones[record.organisation], status)))
    changes.write()
    _close(connection, withdrawn)
    return verdicts


def _zones(connection: Connection, organisations: Collection[str]) -> dict[str, ZoneInfo]:
    c = t.organisation.c
    return {
        row.id: ZoneInfo(row.zone)
        for chunk in chunks(organisations)
        for row in connection.execute(select(c.id, c.zone).where(c.id.in_(chunk)))
    }


def _owners(connection: Connection, ids: Collection[str], places: Collection[Place]) -> Owners:
    """Which slots stand on *places*, and where those of *ids* stand."""
    c = t.slot.c
    owners = Owners()
    for chunk in chunks(ids):
        for row in connection.execute(select(c.id, c.resource_id, c.starts).where(c.id.in_(chunk))):
            owners.give(row.id, (row.resource_id, row.starts))
    for chunk in chunks(places):
        for row in connection.execute(_standing_on(connection, chunk)):
            owners.give(row.id, (row.resource_id, row.starts))
    return owners


def _standing_on(connection: Connection, places: Sequence[Place]) -> Select[str, str, datetime]:
    c = t.slot.c
    asked = (_unnested if connection.dialect.name == POSTGRESQL else _listed)(places)
    return select(c.id, c.resource_id, c.starts).join_from(
        asked, t.slot, (c.resource_id == asked.c.resource_id) & (c.starts == asked.c.starts)
    )


def _listed(places: Sequence[Place]) -> FromClause:
    """The places as rows: SQLite reads all slots where pairs are compared with a list."""
    return values(column("resource_id", Text), column("starts", Moment)).data(list(places)).cte("asked")


def _unnested(places: Sequence[Place]) -> FromClause:
    """The places as two arrays: PostgreSQL plans a list of pairs as thousands of alternatives."""
    return (
        func.unnest(
            bindparam("resources", [resource for resource, _ in places], type_=ARRAY(Text)),
            bindparam("moments", [moment for _, moment in places], type_=ARRAY(DateTime(timezone=True))),
        )
        .table_valued("resource_id", "starts")
        .render_derived(name="asked")
    )


@attrs.frozen
class _Booking:
    """A booking in force: its id, and the doctor and the time that the patient was told."""

    id: str
    place: tuple[str, datetime, datetime]


def _in_force(connection: Connection, slots: Collection[str]) -> dict[str, _Booking]:
    """The bookings in force of *slots*."""
    c = t.appointment.c
    return {
        row.slot_id: _Booking(row.id, (row.resource_id, row.starts, row.ends))
        for chunk in chunks(slots)
        for row in connection.execute(
            select(c.slot_id, c.id, c.resource_id, c.starts, c.ends).where(c.slot_id.in_(chunk), c.outcome.is_(None))
        )
    }


def _close(connection: Connection, slots: Collection[str]) -> None:
    """The clinic withdrew these slots: their bookings end with them."""
    c = t.appointment.c
    for chunk in chunks(slots):
        connection.execute(
            update(t.appointment)
            .where(c.slot_id.in_(chunk), c.outcome.is_(None))
            .values(outcome=Outcome.CANCELLED.value, closed_at=database_now())
        )
