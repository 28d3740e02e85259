"""Slots, their states and tags, periods of unavailability, and the days that are open for booking."""

from datetime import date, datetime, time, timedelta
from enum import Enum, StrEnum
from functools import cache
from zoneinfo import ZoneInfo

import attrs

from registratura.domain.identifiers import OrganisationId, ResourceId, SlotId
from registratura.domain.moments import aware, local_day
from registratura.domain.organisations import ControllingNote, Organisation
from registratura.domain.people import ADULT_FROM


class AgeTag(StrEnum):
    """Age group of a slot (`tag_age`, FER profile, table 4): exactly 1 year is CHILD, exactly 18 is ADULT."""

    BABY = "BABY"
    CHILD = "CHILD"
    ADULT = "ADULT"
    ALL = "ALL"

    def admits(self, age: int) -> bool:
        """Whether a patient of *age* whole years on the day of the visit belongs to the group."""
        match self:
            case AgeTag.ALL:
                return age >= 0
            case AgeTag.ADULT:
                return age >= ADULT_FROM
            case AgeTag.CHILD:
                return 1 <= age < ADULT_FROM
            case AgeTag.BABY:
                return 0 <= age < 1


class ChannelTag(Enum):
    """For whom a slot is meant (`tag_type`, FER profile, table 4)."""

    EPGU = "EPGU"
    ORDINARY = "ORDINARY"
    RESERVE = "RESERVE"
    PAID = "PAID"
    CENTER = "CENTER"
    REFERRAL = "REFERRAL"
    D_OBSERVATION = "D_OBSERVATION"
    INFOMAT = "INFOMAT"
    REGISTRY = "REGISTRY"
    EQUEUE = "EQUEUE"
    ONLINE = "ONLINE"


@cache
def parse_channels(text: str) -> frozenset[ChannelTag]:
    """Read a comma list such as «EPGU,REFERRAL»; spaces around commas are forgiven (FER-111).

    Raises ValueError naming the first tag that does not exist.
    """
    return frozenset(ChannelTag(tag.strip()) for tag in text.split(","))


@cache
def write_channels(channels: frozenset[ChannelTag]) -> str:
    """The same list in the profile's form: commas without spaces, in the order of its table."""
    return ",".join(tag.value for tag in ChannelTag if tag in channels)


@attrs.frozen(kw_only=True)
class Opening:
    """A place in a schedule: who, where, when and for whom; whether it is free is another matter."""

    id: SlotId
    organisation: OrganisationId
    resource: ResourceId
    starts: datetime = attrs.field(validator=aware)
    minutes: int = attrs.field(validator=attrs.validators.gt(0))
    channels: frozenset[ChannelTag]
    age: AgeTag = AgeTag.ALL
    note: ControllingNote | None = None

    @property
    def ends(self) -> datetime:
        """The first moment after the visit."""
        return self.starts + timedelta(minutes=self.minutes)


@attrs.frozen
class FreeSlot:
    """AVAILABLE: may be taken."""

    opening: Opening


@attrs.frozen
class TakenSlot:
    """RECORDED: somebody is booked on it."""

    opening: Opening


@attrs.frozen
class WithheldSlot:
    """RESERVED or BLOCKED: the clinic keeps it back."""

    opening: Opening
    blocked: bool


@attrs.frozen
class AnnulledSlot:
    """CANCELED: the clinic took it out of the schedule."""

    opening: Opening


Slot = FreeSlot | TakenSlot | WithheldSlot | AnnulledSlot


class SlotStatus(Enum):
    """The states of a slot as the FER profile spells them (table 4)."""

    AVAILABLE = "AVAILABLE"
    RECORDED = "RECORDED"
    CANCELED = "CANCELED"
    RESERVED = "RESERVED"
    BLOCKED = "BLOCKED"

    def of(self, opening: Opening) -> Slot:
        """The slot that *opening* is in this state."""
        match self:
            case SlotStatus.AVAILABLE:
                return FreeSlot(opening)
            case SlotStatus.RECORDED:
                return TakenSlot(opening)
            case SlotStatus.CANCELED:
                return AnnulledSlot(opening)
            case SlotStatus.RESERVED | SlotStatus.BLOCKED:
                return WithheldSlot(opening, blocked=self is SlotStatus.BLOCKED)


def status_of(slot: Slot) -> SlotStatus:
    """The profile's word for the state of *slot*."""
    match slot:
        case FreeSlot():
            return SlotStatus.AVAILABLE
        case TakenSlot():
            return SlotStatus.RECORDED
        case AnnulledSlot():
            return SlotStatus.CANCELED
        case WithheldSlot(blocked=blocked):
            return SlotStatus.BLOCKED if blocked else SlotStatus.RESERVED


class AbsenceReason(Enum):
    """Why a resource is unavailable (`reason`, FER profile, table 9)."""

    VACATION = "VACATION"
    SICK_LEAVE = "SICK_LEAVE"
    FIRED = "FIRED"
    REPAIR = "REPAIR"


@attrs.frozen(kw_only=True)
class Absence:
    """A period of unavailability (Unaccessable_period, FER profile, table 9), both ends inclusive."""

    id: str
    resource: ResourceId
    reason: AbsenceReason
    begins: datetime = attrs.field(validator=aware)
    ends: datetime = attrs.field(validator=aware)

    def covers(self, moment: datetime) -> bool:
        """Whether a visit that starts at *moment* falls into the period."""
        return self.begins <= moment <= self.ends


@attrs.frozen(kw_only=True)
class DayLimits:
    """Which days may be booked at all (TMK-48 to TMK-50)."""

    same_day: bool = True
    tomorrow_closes_at: time | None = None
    """Local time of the organisation from which tomorrow is closed; None never closes it."""
    lead: timedelta = timedelta(0)
    """The least time between booking and visit."""
    horizon_days: int = 14
    """How many days ahead of today are shown."""

    def at(self, organisation: Organisation) -> "DayLimits":
        """The same limits with what *organisation* sets for itself."""
        if organisation.same_day is None and organisation.tomorrow_closes_at is None:
            return self
        own: dict[str, object] = {}
        if organisation.same_day is not None:
            own["same_day"] = organisation.same_day
        if organisation.tomorrow_closes_at is not None:
            own["tomorrow_closes_at"] = organisation.tomorrow_closes_at
        return attrs.evolve(self, **own)  # type: ignore[arg-type]  # attrs.evolve has no typed keywords

    def closed_days(self, now: datetime, zone: ZoneInfo) -> frozenset[date]:
        """The local days that are closed at *now* although they are not over."""
        if self.same_day and self.tomorrow_closes_at is None:
            return frozenset()
        local = now.astimezone(zone)
        closed = set()
        if not self.same_day:
            closed.add(local.date())
        if self.tomorrow_closes_at is not None and local.time() >= self.tomorrow_closes_at:
            closed.add(local.date() + timedelta(days=1))
        return frozenset(closed)

    def day_is_closed(self, starts: datetime, now: datetime, zone: ZoneInfo) -> bool:
        """Whether the day of *starts* is closed at *now*."""
        return local_day(starts, zone) in self.closed_days(now, zone)

    def too_soon(self, starts: datetime, now: datetime) -> bool:
        """Whether a visit at *starts* has begun or is nearer than the lead allows (TMK-49)."""
        return starts <= now or starts < now + self.lead

    def last_day(self, now: datetime, zone: ZoneInfo) -> date:
        """The last local day that is shown at *now*."""
        return self.last_day_from(local_day(now, zone))

    def last_day_from(self, today: date) -> date:
        """The last day that is shown on the local day *today*."""
        return today + timedelta(days=self.horizon_days)

    def shows(self, starts: datetime, now: datetime, zone: ZoneInfo) -> bool:
        """Whether a visit at *starts* is offered at *now*."""
        return (
            not self.too_soon(starts, now)
            and not self.day_is_closed(starts, now, zone)
            and local_day(starts, zone) <= self.last_day(now, zone)
        )
