"""Moments of time: always with a zone, local only where people read them."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import attrs


def aware(_: object, attribute: "attrs.Attribute[datetime]", value: datetime) -> None:
    """Validate an attrs field: a moment without a zone is a mistake of the caller."""
    if value.tzinfo is None:
        msg = f"{attribute.name} has no time zone"
        raise ValueError(msg)


def local_day(moment: datetime, zone: ZoneInfo) -> date:
    """The calendar day of *moment* on the clocks of *zone*."""
    return moment.astimezone(zone).date()


def day_bounds(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The first moment of *day* in *zone* and the first moment after it."""
    return datetime.combine(day, time.min, zone), datetime.combine(day + timedelta(days=1), time.min, zone)
