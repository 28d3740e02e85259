"""What is on offer: the region's lists and free slots."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import attrs
from sqlalchemy import BindParameter, Connection, Select, and_, bindparam, exists, literal_column, select

from registratura.adapters.sql import tables as t
from registratura.adapters.sql.availability import availability
from registratura.adapters.sql.mapping import (
    OPENING,
    ORGANISATION,
    PURPOSE,
    RESOURCE,
    SPECIALITY,
    opening_of,
    organisation_of,
    purpose_of,
    resource_of,
    speciality_of,
)
from registratura.adapters.sql.types import Moment, Values
from registratura.application.availability import Availability, AvailabilityQuery
from registratura.application.ports.storage import DoctorOpening, Window
from registratura.domain.identifiers import OrganisationId, PurposeId, ResourceId, SlotId, SpecialityId
from registratura.domain.moments import day_bounds
from registratura.domain.organisations import Organisation, Resource, Speciality
from registratura.domain.schedule import DayLimits, Opening
from registratura.domain.telemedicine import Purpose


def _moment(name: str) -> BindParameter[datetime]:
    return bindparam(name, type_=Moment)


# Literals, not parameters: a partial index serves only statements that say what it says.
_FREE_ONLINE = and_(t.slot.c.status == literal_column("'AVAILABLE'"), t.slot.c.online)
_ABSENT = exists().where(
    t.absence.c.resource_id == t.slot.c.resource_id,
    t.absence.c.begins <= t.slot.c.starts,
    t.absence.c.ends >= t.slot.c.starts,
)
_OPENINGS = (
    select(*OPENING)
    .where(
        t.slot.c.resource_id == bindparam("resource"),
        t.slot.c.starts >= _moment("begins"),
        t.slot.c.starts < _moment("ends"),
        _FREE_ONLINE,
        ~_ABSENT,
    )
    .order_by(t.slot.c.starts)
)
_NEAREST = (
    select(t.slot.c.starts)
    .where(
        t.slot.c.resource_id == t.resource.c.id,
        t.slot.c.starts > _moment("now"),
        t.slot.c.starts >= _moment("from"),
        t.slot.c.starts < _moment("until"),
        (t.slot.c.starts < _moment("closed_from")) | (t.slot.c.starts >= _moment("closed_until")),
        t.slot.c.age.in_(bindparam("ages", expanding=True)),
        _FREE_ONLINE,
        ~_ABSENT,
    )
    .order_by(t.slot.c.starts)
    .limit(1)
    .correlate(t.resource)
    .scalar_subquery()
)
_LIMITS = select(t.organisation.c.zone, t.organisation.c.same_day, t.organisation.c.tomorrow_closes_at).distinct()
_DOCTOR = select(*RESOURCE, *ORGANISATION).join_from(
    t.resource, t.organisation, t.organisation.c.id == t.resource.c.organisation_id
)
_PURPOSES = select(*PURPOSE)
_SPECIALITIES = select(*SPECIALITY)
_DOCTORS = _DOCTOR.where(t.resource.c.id.in_(bindparam("resources", expanding=True)))
_SPECIALITY = _SPECIALITIES.where(t.speciality.c.id == bindparam("speciality"))
_PURPOSE = _PURPOSES.where(t.purpose.c.id == bindparam("purpose"))
_OPENING = select(*OPENING).where(t.slot.c.id == bindparam("slot"))


def _with_nearest(*, speciality: bool, organisation: bool) -> Select[Any]:
    """Doctors of organisations with the same zone and limits, each with one probe of the index of free slots.

    The probes are materialised: otherwise the filter on their result would run them twice.
    """
    probes = select(t.resource.c.id, _NEAREST.label("nearest")).join_from(
        t.resource, t.organisation, t.organisation.c.id == t.resource.c.organisation_id
    )
    probes = probes.where(
        t.organisation.c.zone == bindparam("zone"),
        t.organisation.c.same_day.is_not_distinct_from(bindparam("same_day", type_=t.organisation.c.same_day.type)),
        t.organisation.c.tomorrow_closes_at.is_not_distinct_from(
            bindparam("tomorrow_closes_at", type_=t.organisation.c.tomorrow_closes_at.type)
        ),
    )
    if speciality:
        probes = probes.where(t.resource.c.speciality_id == bindparam("speciality"))
    if organisation:
        probes = probes.where(t.resource.c.organisation_id == bindparam("organisation"))
    probed = probes.cte("probed").prefix_with("MATERIALIZED")
    return (
        select(*RESOURCE, *ORGANISATION, probed.c.nearest)
        .join_from(probed, t.resource, t.resource.c.id == probed.c.id)
        .join(t.organisation, t.organisation.c.id == t.resource.c.organisation_id)
        .where(probed.c.nearest.is_not(None))
    )


_CONSULTANTS = {
    (speciality, organisation): _with_nearest(speciality=speciality, organisation=organisation)
    for speciality in (False, True)
    for organisation in (False, True)
}


@attrs.frozen
class SqlSchedule:
    """`Schedule` over a connection."""

    _connection: Connection

    def purposes(self) -> Sequence[Purpose]:
        return tuple(map(purpose_of, self._connection.execute(_PURPOSES).mappings()))

    def specialities(self) -> Sequence[Speciality]:
        return tuple(map(speciality_of, self._connection.execute(_SPECIALITIES).mappings()))

    def consultants(
        self, window: Window, *, speciality: SpecialityId | None = None, organisation: OrganisationId | None = None
    ) -> Sequence[DoctorOpening]:
        statement = _CONSULTANTS[speciality is not None, organisation is not None]
        only = _LIMITS if organisation is None else _LIMITS.where(t.organisation.c.id == organisation)
        # Which days are open is asked of the domain, once for each zone and set of limits, so that it is told once.
        found = [
            self._connection.execute(
                statement,
                {
                    **group,
                    **_bounds(group, window),
                    "ages": [age.value for age in window.ages],
                    "speciality": speciality,
                    "organisation": organisation,
                },
            ).mappings()
            for group in self._connection.execute(only).mappings().all()
        ]
        return tuple(
            DoctorOpening(resource_of(row), organisation_of(row), row["nearest"]) for rows in found for row in rows
        )

    def openings(self, resource: ResourceId, begins: datetime, ends: datetime) -> Sequence[Opening]:
        asked = {"resource": resource, "begins": begins, "ends": ends}
        return tuple(map(opening_of, self._connection.execute(_OPENINGS, asked).mappings()))

    def doctors(self, resources: Collection[ResourceId]) -> Mapping[ResourceId, tuple[Resource, Organisation]]:
        rows = self._connection.execute(_DOCTORS, {"resources": list(resources)}).mappings().all()
        found = ((resource_of(row), organisation_of(row)) for row in rows)
        return {resource.id: (resource, organisation) for resource, organisation in found}

    def speciality(self, speciality: SpecialityId) -> Speciality | None:
        row = self._connection.execute(_SPECIALITY, {"speciality": speciality}).mappings().one_or_none()
        return speciality_of(row) if row else None

    def purpose(self, purpose: PurposeId) -> Purpose | None:
        row = self._connection.execute(_PURPOSE, {"purpose": purpose}).mappings().one_or_none()
        return purpose_of(row) if row else None

    def opening(self, slot: SlotId) -> Opening | None:
        row = self._connection.execute(_OPENING, {"slot": slot}).mappings().one_or_none()
        return opening_of(row) if row else None

    def availability(self, asked: AvailabilityQuery) -> Availability | None:
        return availability(self._connection, asked)


def _bounds(group: Values, window: Window) -> dict[str, datetime]:
    """What `DayLimits.shows` allows in a group of organisations, as moments."""
    zone = ZoneInfo(group["zone"])
    own = {name: group[name] for name in ("same_day", "tomorrow_closes_at") if group[name] is not None}
    days: DayLimits = attrs.evolve(window.days, **own)
    closed = days.closed_days(window.now, zone)
    return {
        "now": window.now,
        "from": window.now + days.lead,
        "until": day_bounds(days.last_day(window.now, zone), zone)[1],
        # Today and tomorrow lie side by side: what is closed is one stretch, or none.
        "closed_from": day_bounds(min(closed), zone)[0] if closed else window.now,
        "closed_until": day_bounds(max(closed), zone)[1] if closed else window.now,
    }
