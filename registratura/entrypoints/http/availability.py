"""`GET /api/v1/availability`: free and taken times of one organisation and speciality."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response

from registratura.application.availability import LONGEST, Availability, AvailabilityQuery
from registratura.domain.identifiers import OrganisationId, SpecialityId
from registratura.entrypoints.composition import Registratura
from registratura.entrypoints.http import texts
from registratura.entrypoints.http.fields import read_day
from registratura.entrypoints.http.problems import Json, Problem
from registratura.entrypoints.http.wire import is_id

_REQUIRED = ("mo_id", "speciality_id")
_DAYS = ("from", "to")
_ONLINE = {"true": True, "false": False}
_KNOWN = frozenset({*_REQUIRED, *_DAYS, "online"})


async def availability(request: Request, product: Registratura) -> Response:
    """Counts by day, doctor and age group; 404 when there is no such organisation."""
    asked = read_query(request.query_params, product.clock.now(), product.settings.region.timezone)
    found = await product.storage.availability(asked)
    if found is None:
        raise Problem(404, "mo.unknown", texts.MO_UNKNOWN)
    return Json(availability_body(asked, found))


def read_query(given: Mapping[str, str], now: datetime, region: ZoneInfo) -> AvailabilityQuery:
    """What a caller asks for; raises `Problem` with every wrong parameter.

    *region* is the zone by which the length is measured when days are left to us.
    """
    faults = [{"field": name, "detail": texts.FIELD_UNKNOWN} for name in given if name not in _KNOWN]
    ids = {name: given.get(name, "").strip() for name in _REQUIRED}
    faults += [{"field": name, "detail": texts.FIELD_TEXT} for name, value in ids.items() if not is_id(value)]
    days = {name: read_day(given[name]) for name in _DAYS if name in given}
    faults += [{"field": name, "detail": texts.FIELD_DAY} for name, day in days.items() if day is None]
    online = _ONLINE.get(given.get("online", "false"))
    if online is None:
        faults.append({"field": "online", "detail": texts.FIELD_ONE_OF.format(values=", ".join(_ONLINE))})
    if faults:
        raise Problem(400, "query.fields", texts.BAD_FIELDS, faults)
    asked = AvailabilityQuery(
        organisation=OrganisationId(ids["mo_id"]),
        speciality=SpecialityId(ids["speciality_id"]),
        now=now,
        since=days.get("from"),
        until=days.get("to"),
        online_only=bool(online),
    )
    _check_length(asked, region)
    return asked


def _check_length(asked: AvailabilityQuery, region: ZoneInfo) -> None:
    try:
        since, until = asked.days(region)
        asked.widest()
    except OverflowError:
        raise _days_problem() from None
    if not 0 <= (until - since).days < LONGEST:
        raise _days_problem()


def _days_problem() -> Problem:
    fault = {"field": "to", "detail": texts.FIELD_DAYS.format(longest=LONGEST)}
    return Problem(400, "query.fields", texts.BAD_FIELDS, [fault])


def availability_body(asked: AvailabilityQuery, found: Availability) -> dict[str, Any]:
    """The answer; days are local to the organisation."""
    return {
        "mo_id": asked.organisation,
        "speciality_id": asked.speciality,
        "from": found.since,
        "to": found.until,
        "counts": [
            {
                "day": count.day,
                "resource_id": count.resource,
                "tag_age": count.age,
                "available": count.available,
                "recorded": count.recorded,
            }
            for count in found.counts
        ],
    }
