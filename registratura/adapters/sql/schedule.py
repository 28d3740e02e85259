"""What is on offer: the region's lists and free slots."""

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import attrs
from sqlalchemy import (
    CTE,
    BindParameter,
    ColumnElement,
    Connection,
    Row,
    Select,
    Text,
    and_,
    bindparam,
    cast,
    exists,
    literal_column,
    select,
)

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
from registratura.adapters.sql.types import Moment
from registratura.application.availability import Availability, AvailabilityQuery
from registratura.application.ports.storage import DoctorOpening, Each, Window
from registratura.domain.identifiers import OrganisationId, PurposeId, ResourceId, SlotId, SpecialityId
from registratura.domain.moments import day_bounds
from registratura.domain.organisations import Accepts, Organisation, Resource, Speciality
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
_DOCTOR = select(*RESOURCE, *ORGANISATION).join_from(
    t.resource, t.organisation, t.organisation.c.id == t.resource.c.organisation_id
)
_PURPOSES = select(*PURPOSE)
_SPECIALITIES = select(*SPECIALITY)
_DOCTORS = _DOCTOR.where(t.resource.c.id.in_(bindparam("resources", expanding=True)))
_SPECIALITY = _SPECIALITIES.where(t.speciality.c.id == bindparam("speciality"))
_PURPOSE = _PURPOSES.where(t.purpose.c.id == bindparam("purpose"))
_OPENING = select(*OPENING).where(t.slot.c.id == bindparam("slot"))


_SLIM = (
    t.resource.c.id,
    t.resource.c.organisation_id,
    t.resource.c.speciality_id,
    t.resource.c.accepts,
    t.resource.c.internet_booking,
    t.resource.c.messenger,
    cast(t.resource.c.areas, Text).label("areas"),
)


def _probed(wanted: Sequence[ColumnElement[Any]], *, speciality: bool, organisation: bool) -> CTE:
    """Doctors of organisations with the same zone and limits, each with one probe of the index of free slots.

    The probes are materialised: otherwise the filter on their result would run them twice.
    """
    probes = select(*wanted, _NEAREST.label("nearest")).join_from(
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
    return probes.cte("probed").prefix_with("MATERIALIZED")


def _consultants(*, speciality: bool, organisation: bool) -> Select[Any]:
    probed = _probed([t.resource.c.id], speciality=speciality, organisation=organisation)
    return (
        select(*RESOURCE, probed.c.nearest)
        .join_from(probed, t.resource, t.resource.c.id == probed.c.id)
        .where(probed.c.nearest.is_not(None))
    )


def _slim(*, speciality: bool) -> Select[Any]:
    probed = _probed(_SLIM, speciality=speciality, organisation=False)
    return select(probed).where(probed.c.nearest.is_not(None))


_BOTH = (False, True)
_CONSULTANTS = {(one, other): _consultants(speciality=one, organisation=other) for one in _BOTH for other in _BOTH}
_FIRST_OF = {speciality: _slim(speciality=speciality) for speciality in _BOTH}
_ORGANISATIONS = select(*ORGANISATION)


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
        places = self._organisations(organisation)
        asked = {"speciality": speciality, "organisation": organisation}
        return tuple(
            DoctorOpening(resource_of(row), places[row[t.resource.c.organisation_id]], row["nearest"])
            for given in _groups(places.values(), window)
            for row in self._connection.execute(statement, given | asked).mappings()
        )

    def first_of(
        self,
        each: Each,
        window: Window,
        suits: Callable[[DoctorOpening], bool],
        *,
        speciality: SpecialityId | None = None,
    ) -> Sequence[DoctorOpening]:
        places = self._organisations(None)
        found: dict[str, DoctorOpening] = {}
        for given in _groups(places.values(), window):
            rows = self._connection.execute(_FIRST_OF[speciality is not None], given | {"speciality": speciality})
            for row in rows:
                key = row.speciality_id if each is Each.SPECIALITY else row.organisation_id
                if key is None or key in found:
                    continue
                one = DoctorOpening(_slim_resource(row), places[row.organisation_id], row.nearest)
                if suits(one):
                    found[key] = one
        return tuple(found.values())

    def _organisations(self, only: OrganisationId | None) -> dict[str, Organisation]:
        asked = _ORGANISATIONS if only is None else _ORGANISATIONS.where(t.organisation.c.id == only)
        return {place.id: place for place in map(organisation_of, self._connection.execute(asked).mappings())}

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


def _slim_resource(row: Row[Any]) -> Resource:
    return Resource(
        id=row.id,
        organisation=row.organisation_id,
        accepts=Accepts(row.accepts),
        speciality=row.speciality_id,
        areas=frozenset(json.loads(row.areas)),
        internet_booking=row.internet_booking,
        messenger=row.messenger,
    )


def _groups(places: Iterable[Organisation], window: Window) -> list[dict[str, object]]:
    """The questions to ask: which days are open is told by the domain, once for each zone and set of limits."""
    alike = {(place.zone.key, place.same_day, place.tomorrow_closes_at): place for place in places}
    ages = [age.value for age in window.ages]
    return [
        {
            "zone": zone,
            "same_day": same_day,
            "tomorrow_closes_at": tomorrow_closes_at,
            "ages": ages,
            **_bounds(window.days.at(place), place.zone, window.now),
        }
        for (zone, same_day, tomorrow_closes_at), place in alike.items()
    ]


def _bounds(days: DayLimits, zone: ZoneInfo, now: datetime) -> dict[str, datetime]:
    """What `DayLimits.shows` allows in a group of organisations, as moments."""
    closed = days.closed_days(now, zone)
    return {
        "now": now,
        "from": now + days.lead,
        "until": day_bounds(days.last_day(now, zone), zone)[1],
        # Today and tomorrow lie side by side: what is closed is one stretch, or none.
        "closed_from": day_bounds(min(closed), zone)[0] if closed else now,
        "closed_until": day_bounds(max(closed), zone)[1] if closed else now,
    }
