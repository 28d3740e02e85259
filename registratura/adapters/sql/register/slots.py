"""Loading slots: a booking of ours outlives stale states, but not a slot that the clinic withdrew."""

import json
from collections.abc import Collection, Iterator, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import repeat
from typing import NamedTuple
from zoneinfo import ZoneInfo

import attrs
from sqlalchemy import ARRAY, Connection, DateTime, Select, Text, func, literal, select, type_coerce, update

from registratura.adapters.sql import tables as t
from registratura.adapters.sql.engines import POSTGRESQL
from registratura.adapters.sql.mapping import in_utc
from registratura.adapters.sql.register.bulk import insert_new
from registratura.adapters.sql.register.rows import Owners, among, known, orphan, short
from registratura.adapters.sql.types import database_now, read_moment, write_moment
from registratura.adapters.sql.upsert import upsert
from registratura.application.records import Clash, Orphan, SlotRecord, Stored, Verdict
from registratura.domain.appointments import Outcome
from registratura.domain.moments import local_day
from registratura.domain.schedule import ChannelTag, SlotStatus, write_channels

Place = tuple[str, str]
"""A doctor and a moment: no two slots share them, whatever their states (OQ-09)."""


class _Row(NamedTuple):
    """A row of the table as both databases read it, moments and days as text; `digest` names all but id and status."""

    id: str
    organisation_id: str
    resource_id: str
    starts: str
    minutes: int
    local_day: str
    status: str
    channels: str
    online: bool
    age: str
    note_youngest: int | None
    note_oldest: int | None
    note_text: str | None
    digest: str

    @property
    def place(self) -> Place:
        return self.resource_id, self.starts

    @property
    def state(self) -> tuple[str, str]:
        """What tells whether the row differs from one of the same id."""
        return self.status, self.digest


def store_slots(connection: Connection, records: Sequence[SlotRecord]) -> list[Verdict]:
    """A visit without an offset is local time of its organisation.

    A schedule comes again and again, and mostly brings what stands already or what is all new: neither asks for more
    than one look at the ids.
    """
    ids = {record.id for record in records}
    zones = _zones(connection, {record.organisation for record in records})
    resources = known(connection, t.resource.c.id, {record.resource for record in records})
    states = _states(connection, ids)
    read = [
        orphan(("mo_id", record.organisation, zones), ("resource_id", record.resource, resources))
        or _row(record, zones[record.organisation])
        for record in records
    ]
    each_once = len(ids) == len(records)

    def is_news(row: _Row | Orphan) -> bool:
        return isinstance(row, _Row) and not (each_once and states.get(row.id) == row.state)

    news = [row for row in read if isinstance(row, _Row) and is_news(row)]
    all_new = each_once and states.keys().isdisjoint(row.id for row in news)
    if all_new and insert_new(connection, t.slot, _Row._fields, news):
        verdicts: Iterator[Verdict] = repeat(Stored.CREATED)
    else:
        verdicts = iter(_settle(connection, news))
    return [row if isinstance(row, Orphan) else next(verdicts) if is_news(row) else Stored.SAME for row in read]


def _settle(connection: Connection, rows: Sequence[_Row]) -> list[Verdict]:
    """Write *rows* one after another, with regard to bookings and to other slots in their places."""
    ids = {row.id for row in rows}
    # Locked, so that nobody books a slot between reading its bookings and writing its state.
    states = _states(connection, ids, lock=True)
    owners = _owners(connection, ids, {row.place for row in rows})
    held = _in_force(connection, ids)
    withdrawn: list[str] = []
    written: list[_Row] = []

    def settled(row: _Row) -> Verdict:
        owner = owners.of(row.place)
        if owner is not None and owner != row.id:
            return Clash(("resource_id", "visit_time"), owner)
        booking = held.get(row.id)
        if booking is not None and row.status == SlotStatus.CANCELED.value:
            del held[row.id]
            withdrawn.append(row.id)
        elif booking is not None:
            if booking.place != _told(row):
                # The patient was told another time or doctor: first the booking is moved or cancelled, then the slot.
                return Clash(("slot_id", "visit_time"), booking.id)
            row = row._replace(status=SlotStatus.RECORDED.value)
        owners.give(row.id, row.place)
        before = states.get(row.id)
        if before == row.state:
            return Stored.SAME
        states[row.id] = row.state
        written.append(row)
        return Stored.CREATED if before is None else Stored.CHANGED

    verdicts = [settled(row) for row in rows]
    if written:
        connection.execute(upsert(connection.dialect.name, t.slot), [_typed(row) for row in written])
    _close(connection, withdrawn)
    return verdicts


def _row(record: SlotRecord, zone: ZoneInfo) -> _Row:
    starts, day = _when(record.visit, zone)
    channels = write_channels(record.channels)
    age = record.age.value
    note = (record.note.ages.youngest, record.note.ages.oldest, record.note.text) if record.note else (None, None, None)
    named = (record.organisation, record.resource, starts, record.minutes, day, channels, age, note)
    return _Row(
        record.id,
        record.organisation,
        record.resource,
        starts,
        record.minutes,
        day,
        record.status.value,
        channels,
        ChannelTag.ONLINE in record.channels,
        age,
        *note,
        short(repr(named)),
    )


@lru_cache(maxsize=4096)
def _when(visit: datetime, zone: ZoneInfo) -> tuple[str, str]:
    """The moment and the local day of *visit*; a schedule repeats them for doctor after doctor."""
    starts = in_utc(visit, zone)
    return write_moment(starts), local_day(starts, zone).isoformat()


def _typed(row: _Row) -> dict[str, object]:
    return row._asdict() | {"starts": read_moment(row.starts), "local_day": date.fromisoformat(row.local_day)}


def _told(row: _Row) -> tuple[str, datetime, datetime]:
    starts = read_moment(row.starts)
    return row.resource_id, starts, starts + timedelta(minutes=row.minutes)


def _zones(connection: Connection, organisations: Collection[str]) -> dict[str, ZoneInfo]:
    c = t.organisation.c
    asked = select(c.id, c.zone).where(among(connection, c.id, organisations))
    return {row.id: ZoneInfo(row.zone) for row in connection.execute(asked)}


def _states(connection: Connection, ids: Collection[str], *, lock: bool = False) -> dict[str, tuple[str, str]]:
    """The states of those of *ids* that are there."""
    c = t.slot.c
    asked = select(c.id, c.status, c.digest).where(among(connection, c.id, ids))
    if lock:
        asked = asked.order_by(c.id).with_for_update()
    return {row.id: (row.status, row.digest) for row in connection.execute(asked)}


def _owners(connection: Connection, ids: Collection[str], places: Collection[Place]) -> Owners:
    """Which slots stand on *places*, and where those of *ids* stand."""
    c = t.slot.c
    where_they_stand = select(c.id, c.resource_id, c.starts).where(among(connection, c.id, ids))
    owners = Owners()
    for asked in (where_they_stand, _standing_on(connection, places)):
        for row in connection.execute(asked):
            owners.give(row.id, (row.resource_id, write_moment(row.starts)))
    return owners


def _standing_on(connection: Connection, places: Collection[Place]) -> Select[str, str, datetime]:
    """The slots on *places*, which travel as one or two parameters: thousands would be planned as alternatives."""
    c = t.slot.c
    if connection.dialect.name == POSTGRESQL:
        resources = literal([resource for resource, _ in places], ARRAY(Text))
        moments = literal([moment for _, moment in places], ARRAY(DateTime(timezone=True)))
        unnested = func.unnest(resources, moments).table_valued("resource_id", "starts").render_derived(name="asked")
        there = (c.resource_id == unnested.c.resource_id) & (c.starts == unnested.c.starts)
        return select(c.id, c.resource_id, c.starts).join_from(unnested, t.slot, there)
    listed = func.json_each(json.dumps(list(places))).table_valued("value")
    resource, moment = (func.json_extract(listed.c.value, f"$[{number}]") for number in range(2))
    there = (c.resource_id == resource) & (type_coerce(c.starts, Text) == moment)
    return select(c.id, c.resource_id, c.starts).join_from(listed, t.slot, there)


@attrs.frozen
class _Booking:
    """A booking in force: its id, and the doctor and the time that the patient was told."""

    id: str
    place: tuple[str, datetime, datetime]


def _in_force(connection: Connection, slots: Collection[str]) -> dict[str, _Booking]:
    """The bookings in force of *slots*."""
    c = t.appointment.c
    asked = select(c.slot_id, c.id, c.resource_id, c.starts, c.ends)
    asked = asked.where(among(connection, c.slot_id, slots), c.outcome.is_(None))
    return {row.slot_id: _Booking(row.id, (row.resource_id, row.starts, row.ends)) for row in connection.execute(asked)}


def _close(connection: Connection, slots: Collection[str]) -> None:
    """The clinic withdrew these slots: their bookings end with them."""
    c = t.appointment.c
    if slots:
        connection.execute(
            update(t.appointment)
            .where(among(connection, c.slot_id, slots), c.outcome.is_(None))
            .values(outcome=Outcome.CANCELLED.value, closed_at=database_now(), agenda=database_now())
        )
