"""Availability: how many times are free and how many taken, by day, doctor and age group."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta, timezone, tzinfo
from operator import attrgetter
from zoneinfo import ZoneInfo

import attrs

from registratura.domain.identifiers import OrganisationId, ResourceId, SpecialityId
from registratura.domain.moments import aware
from registratura.domain.schedule import AgeTag

DAYS = 14
"""How many days are shown when nobody says until when."""
LONGEST = 62
"""How many days may be asked for at once."""
_FIRST_CLOCK, _LAST_CLOCK = timezone(timedelta(hours=14)), timezone(timedelta(hours=-12))


@attrs.frozen(kw_only=True)
class AvailabilityQuery:
    """What is asked: the slots of one organisation's doctors of one speciality, between two days, both included."""

    organisation: OrganisationId
    speciality: SpecialityId
    now: datetime = attrs.field(validator=aware)
    """A free time that began before it is not counted."""
    since: date | None = None
    """None is today on the organisation's clocks."""
    until: date | None = None
    """None is `DAYS` days from the first on."""
    online_only: bool = False
    """Whether only slots for telemedicine (tag ONLINE) count."""

    def days(self, zone: tzinfo) -> tuple[date, date]:
        """The first and the last day, where the clocks are those of *zone*."""
        since = self.since or self.now.astimezone(zone).date()
        return since, self.until or since + timedelta(days=DAYS - 1)

    def widest(self) -> tuple[date, date]:
        """Days within which `days` lies wherever the organisation is."""
        return self.days(_LAST_CLOCK)[0], self.days(_FIRST_CLOCK)[1]


@attrs.frozen
class DayCount:
    """One doctor's times for one age group on one day."""

    day: date
    resource: ResourceId
    age: AgeTag
    available: int
    """AVAILABLE, not begun, the doctor not away."""
    recorded: int


@attrs.frozen(kw_only=True)
class Availability:
    """What there is from *since* to *until*; days and doctors without times are left out."""

    since: date
    until: date
    counts: tuple[DayCount, ...]


def shown(asked: AvailabilityQuery, zone: ZoneInfo, counts: Iterable[DayCount]) -> Availability:
    """Of *counts* those that were asked for, by day, doctor and age group."""
    since, until = asked.days(zone)
    within = [count for count in counts if since <= count.day <= until]
    within.sort(key=attrgetter("day", "resource", "age"))
    return Availability(since=since, until=until, counts=tuple(within))
