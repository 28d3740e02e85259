"""How many times are free and taken: one statement over one index, whatever the number of slots."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy import (
    CTE,
    Boolean,
    ColumnElement,
    Connection,
    Date,
    FromClause,
    Select,
    and_,
    bindparam,
    exists,
    func,
    literal_column,
    or_,
    select,
    true,
)

from registratura.adapters.sql import tables as t
from registratura.adapters.sql.engines import POSTGRESQL
from registratura.adapters.sql.prepared import Prepared
from registratura.adapters.sql.types import Moment, packed
from registratura.application.availability import Availability, AvailabilityQuery, DayCount, shown
from registratura.domain.schedule import AgeTag

_AGES = {age.value: age for age in AgeTag}
_NOW = bindparam("now", type_=Moment)
_FREE = t.slot.c.status == literal_column("'AVAILABLE'")
_TAKEN = t.slot.c.status == literal_column("'RECORDED'")


def _doctors() -> CTE:
    """Doctors of the organisation and speciality; most are not away, and need no look at each of their slots.

    Materialised: otherwise that look would move back to each slot.
    """
    absences = exists().where(t.absence.c.resource_id == t.resource.c.id, t.absence.c.ends >= _NOW)
    found = select(t.resource.c.id, absences.label("away")).where(
        t.resource.c.organisation_id == bindparam("organisation"),
        t.resource.c.speciality_id == bindparam("speciality"),
    )
    return found.cte("doctor").prefix_with("MATERIALIZED")


def _counted(doctor: CTE) -> ColumnElement[bool]:
    """Which slots of *doctor* count."""
    absent = exists().where(
        t.absence.c.resource_id == t.slot.c.resource_id,
        t.absence.c.begins <= t.slot.c.starts,
        t.absence.c.ends >= t.slot.c.starts,
    )
    return and_(
        t.slot.c.resource_id == doctor.c.id,
        t.slot.c.local_day >= bindparam("since", type_=Date),
        t.slot.c.local_day <= bindparam("until", type_=Date),
        or_(bindparam("any_channel", type_=Boolean), t.slot.c.online),
        or_(_TAKEN, and_(_FREE, t.slot.c.starts > _NOW, or_(~doctor.c.away, ~absent))),
    )


def _counts(slots: FromClause, *wanted: ColumnElement[bool]) -> Select[Any]:
    c = t.slot.c
    return (
        select(
            c.local_day,
            c.resource_id,
            c.age,
            func.count().filter(_FREE).label("available"),
            func.count().filter(_TAKEN).label("recorded"),
        )
        .select_from(slots)
        .where(*wanted)
        .group_by(c.local_day, c.resource_id, c.age)
    )


def _with_zone(counts: FromClause, columns: FromClause) -> Select[Any]:
    """One row: the zone of the organisation, and all counts packed into one value, which costs less than fifty rows."""
    c = columns.c
    values = packed(c.local_day, c.resource_id, c.age, c.available, c.recorded)
    return select(t.organisation.c.zone, select(values).select_from(counts).scalar_subquery()).where(
        t.organisation.c.id == bindparam("organisation")
    )


def _doctor_by_doctor() -> Select[Any]:
    """Each doctor's slots come from the index in the order in which they are grouped: nothing is sorted."""
    doctor = _doctors()
    counts = _counts(t.slot, _counted(doctor)).correlate(doctor).lateral("counts")
    return _with_zone(doctor.join(counts, true()), counts)


def _all_at_once() -> Select[Any]:
    """The same for SQLite, where no subquery in FROM may look at its neighbours."""
    doctor = _doctors()
    counts = _counts(doctor.join(t.slot, _counted(doctor))).subquery("counts")
    return _with_zone(counts, counts)


STATEMENTS = {POSTGRESQL: Prepared(_doctor_by_doctor()), "sqlite": Prepared(_all_at_once())}
"""By name of the dialect; `parameters` gives what they ask for."""


def parameters(asked: AvailabilityQuery) -> dict[str, object]:
    """What the statement is told. The zone is not known yet, so it reads a day more where days are left to it."""
    since, until = asked.widest()
    return {
        "organisation": asked.organisation,
        "speciality": asked.speciality,
        "now": asked.now,
        "since": since,
        "until": until,
        "any_channel": not asked.online_only,
    }


def availability_of(asked: AvailabilityQuery, rows: Sequence[Sequence[Any]]) -> Availability | None:
    """What the only row of the statement says; None when there is no such organisation."""
    if not rows:
        return None
    ((zone, counts),) = rows
    days: dict[str, date] = {}
    found = [
        # Many counts share a day: it is read once.
        DayCount(days.get(day) or days.setdefault(day, date.fromisoformat(day)), resource, _AGES[age], free, taken)
        for day, resource, age, free, taken in orjson.loads(counts)
    ]
    return shown(asked, ZoneInfo(zone), found)


def availability(connection: Connection, asked: AvailabilityQuery) -> Availability | None:
    """Ask over *connection*."""
    statement = STATEMENTS[connection.dialect.name]
    return availability_of(asked, statement.all(connection, parameters(asked)))
